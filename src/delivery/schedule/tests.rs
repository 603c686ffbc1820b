//! What the lane does in each situation.

use super::*;
use crate::clock::from_millis;
use crate::outbox::Frozen;
use crate::outbox::pace::RateLimit;

const DAY: Duration = Duration::from_secs(86_400);
const ROBOT: RobotId = RobotId::from_bytes([1; 16]);

pub(super) fn at(seconds: i64) -> Timestamp {
    from_millis(seconds * 1000)
}

pub(super) fn entry(seq: i64, group: u8, severity: Option<Severity>) -> Waiting {
    Waiting {
        seq,
        id: uuid::Uuid::nil(),
        group: GroupId::from_bytes([group; 16]),
        accepted_at: at(0),
        not_before: at(0),
        severity,
        resolves: severity.is_none(),
        bytes: 500,
        form: Form::Full,
        batch: Batch::Any,
        copied: false,
        plan: None,
    }
}

fn warning(seq: i64, group: u8) -> Waiting {
    entry(seq, group, Some(Severity::Warning))
}

fn critical(seq: i64, group: u8) -> Waiting {
    entry(seq, group, Some(Severity::Critical))
}

fn backlog(entries: impl IntoIterator<Item = Waiting>) -> Backlog {
    Backlog::new(entries.into_iter().collect(), &[])
}

/// A robot that has been sent so many messages at that second.
fn robot_at(id: RobotId, sent: usize, second: i64, now: i64) -> RobotState {
    let slots: Vec<_> =
        (0..sent).map(|id| crate::outbox::pace::Slot { id: id as i64, settled_at: Some(at(second)) }).collect();
    let tempo = |share| crate::outbox::pace::tempo(slots.iter(), &[RateLimit::DINGTALK], share, at(now));
    RobotState { id, paused: None, critical: tempo(Share::Critical), common: tempo(Share::Common) }
}

fn robot(sent: usize, now: i64) -> RobotState {
    robot_at(ROBOT, sent, 0, now)
}

fn situation<'a>(backlog: &'a Backlog, robots: &'a [RobotState]) -> Situation<'a> {
    Situation { backlog, robots, digest: DigestPolicy::default(), thrift: None, retention: DAY, forwarded: None }
}

fn step(backlog: &Backlog, robot: RobotState, now: i64) -> Step {
    schedule(&situation(backlog, &[robot]), at(now))
}

fn tell(members: &[i64], room: u32, share: Share) -> Step {
    Step::Tell { members: members.to_vec(), robot: 0, room, share }
}

#[test]
fn few_get_a_message_each_the_worst_first() {
    assert_eq!(step(&backlog([]), robot(0, 1), 1), Step::Idle);
    let waiting =
        [warning(1, 1), warning(2, 2), critical(3, 3), entry(4, 4, Some(Severity::Unknown)), entry(5, 5, None)];
    let mut backlog = backlog(waiting);
    for (seq, share) in
        [(3, Share::Critical), (4, Share::Common), (1, Share::Common), (2, Share::Common), (5, Share::Common)]
    {
        assert_eq!(step(&backlog, robot(0, 1), 1), tell(&[seq], 3, share));
        backlog.remove(&[seq]);
    }
}

#[test]
fn the_states_of_a_group_go_together() {
    assert_eq!(
        step(&backlog([warning(1, 1), warning(2, 2), warning(3, 1)]), robot(0, 1), 1),
        tell(&[1, 3], 3, Share::Common)
    );
    // Its newest state says how bad it is.
    let over = backlog([critical(1, 1), entry(2, 1, None), warning(3, 2)]);
    assert_eq!(step(&over, robot(0, 1), 1), tell(&[3], 3, Share::Common));
}

#[test]
fn many_go_in_one_plan_at_a_distance_that_leaves_room() {
    let many = backlog((1..=40).map(|seq| warning(seq, seq as u8)));
    let half_used = robot(10, 1);
    assert_eq!(step(&many, half_used, 1), Step::Wait(half_used.common.due));
    let all: Vec<i64> = (1..=40).collect();
    assert_eq!(step(&many, robot(10, 7), 7), tell(&all, 3, Share::Common));
    // Little room is left: the plan has to do with fewer messages.
    assert_eq!(step(&many, robot(17, 31), 31), tell(&all, 1, Share::Common));
}

#[test]
fn the_reserve_is_for_what_is_critical() {
    let mixed = backlog([warning(1, 1), critical(2, 2), warning(3, 3), critical(4, 4)]);
    let reserve_left = robot(18, 40);
    assert_eq!(step(&mixed, reserve_left, 40), tell(&[2, 4, 1, 3], 1, Share::Critical), "the others ride along");
    assert_eq!(step(&backlog([warning(1, 1)]), reserve_left, 40), Step::Wait(from_millis(60_020)));
}

#[test]
fn a_plan_is_bounded() {
    let large = (1..=9_000).map(|seq| Waiting { group: group_of(seq), ..warning(seq, 0) });
    let Step::Tell { members, .. } = step(&backlog(large), robot(10, 30), 30) else { panic!("due") };
    assert_eq!(members.len(), MOST_ENTRIES);
    let heavy = (1..=40).map(|seq| Waiting { bytes: 1 << 20, ..warning(seq, seq as u8) });
    let Step::Tell { members, .. } = step(&backlog(heavy), robot(10, 30), 30) else { panic!("due") };
    assert_eq!(members.len(), 9);
}

fn group_of(seq: i64) -> GroupId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seq.to_be_bytes());
    GroupId::from_bytes(bytes)
}

#[test]
fn never_is_one_message_for_each_notification() {
    let never = DigestPolicy { mode: DigestMode::Never, ..DigestPolicy::default() };
    let waiting = backlog([warning(1, 1), warning(2, 1), warning(3, 2)]);
    let robots = [robot(15, 1)];
    let situation = Situation { digest: never, ..situation(&waiting, &robots) };
    assert_eq!(schedule(&situation, at(1)), tell(&[1], 3, Share::Common));
}

#[test]
fn always_gathers_what_is_not_urgent() {
    let always = DigestPolicy { mode: DigestMode::Always, interval: Duration::from_secs(600), max_parts: 3 };
    let later = Waiting { accepted_at: at(500), ..warning(2, 2) };
    let mut waiting = backlog([warning(1, 1), later, critical(3, 3), entry(4, 4, Some(Severity::Unknown))]);
    let robots = [robot(0, 700)];
    for seq in [3, 4] {
        let share = if seq == 3 { Share::Critical } else { Share::Common };
        assert_eq!(
            schedule(&Situation { digest: always, ..situation(&waiting, &robots) }, at(1)),
            tell(&[seq], 3, share)
        );
        waiting.remove(&[seq]);
    }
    let situation = Situation { digest: always, ..situation(&waiting, &robots) };
    assert_eq!(schedule(&situation, at(1)), Step::Wait(at(600)));
    assert_eq!(schedule(&situation, at(600)), tell(&[1, 2], 3, Share::Common));
}

#[test]
fn thrift_gathers_in_every_mode() {
    let waiting = backlog([warning(1, 1), warning(2, 2)]);
    let robots = [robot(0, 1)];
    for mode in [DigestMode::Auto, DigestMode::Always, DigestMode::Never] {
        let digest = DigestPolicy { mode, ..DigestPolicy::default() };
        let thrifty = Situation { digest, thrift: Some(Duration::from_secs(1_800)), ..situation(&waiting, &robots) };
        assert_eq!(schedule(&thrifty, at(1)), Step::Wait(at(1_800)), "{mode:?}");
        assert_eq!(schedule(&thrifty, at(1_800)), tell(&[1, 2], 3, Share::Common), "{mode:?}");
    }
}

#[test]
fn a_plan_under_way_goes_first_and_holds_its_groups() {
    let frozen = |not_before| [Frozen { plan: 1, robot: Some(ROBOT), not_before }];
    let in_plan = Waiting { plan: Some(1), ..warning(1, 1) };
    let waiting = vec![in_plan, critical(2, 1), warning(3, 2)];
    let resume = Step::Resume { plan: 1, robot: 0, share: Share::Common };
    assert_eq!(step(&Backlog::new(waiting.clone(), &frozen(at(0))), robot(0, 1), 1), resume);
    // While it waits for its next attempt, others go, but not a newer state of its group.
    let mut postponed = Backlog::new(waiting, &frozen(at(60)));
    assert_eq!(step(&postponed, robot(0, 1), 1), tell(&[3], 3, Share::Common));
    postponed.remove(&[3]);
    assert_eq!(step(&postponed, robot(0, 1), 1), Step::Wait(at(60)));
    assert_eq!(step(&postponed, robot(0, 60), 60), resume);
}

#[test]
fn an_entry_that_has_to_wait_holds_back_nobody_else() {
    let waiting = backlog([Waiting { not_before: at(30), ..warning(1, 1) }, warning(2, 2)]);
    assert_eq!(step(&waiting, robot(0, 1), 1), tell(&[2], 3, Share::Common));
    let alone = backlog([Waiting { not_before: at(30), ..warning(1, 1) }]);
    assert_eq!(step(&alone, robot(0, 1), 1), Step::Wait(at(30)));
}

#[test]
fn a_paused_robot_is_waited_for_but_not_for_ever() {
    let waiting = backlog([critical(1, 1)]);
    let paused = |until| RobotState { paused: Some((at(until), Why::Refusing)), ..robot(0, 1) };
    assert_eq!(step(&waiting, paused(600), 1), Step::Wait(at(600)));
    assert_eq!(step(&waiting, paused(600), 600), tell(&[1], 3, Share::Critical));
    assert_eq!(step(&waiting, paused(100_000), 1), Step::Wait(at(86_400)));
    assert_eq!(step(&waiting, paused(100_000), 86_400), Step::Expire(vec![1]));
}

#[test]
fn several_robots_share_the_groups_and_the_healthy_carry_on() {
    let ids = [1, 2, 3].map(|id| RobotId::from_bytes([id; 16]));
    let waiting = backlog((1..=200).map(|seq| Waiting { group: group_of(seq), ..warning(seq, 0) }));
    let homes = |robots: &[RobotState]| -> Vec<usize> {
        let up: Vec<usize> = (0..robots.len()).filter(|robot| robots[*robot].is_up(at(1))).collect();
        (1..=200).map(|seq| home(&group_of(seq), &up, robots)).collect()
    };
    let all = ids.map(|id| robot_at(id, 0, 0, 1));
    let before = homes(&all);
    for robot in 0..3 {
        let share = before.iter().filter(|home| **home == robot).count();
        assert!((40..=95).contains(&share), "robot {robot} has {share} of 200");
    }
    let mut banned = all;
    banned[1].paused = Some((at(600), Why::Refusing));
    for (before, now) in before.iter().zip(homes(&banned)) {
        assert!(if *before == 1 { now != 1 } else { now == *before }, "only the banned robot's groups move");
    }
    let Step::Tell { robot, .. } = schedule(&situation(&waiting, &banned), at(1)) else { panic!("two are healthy") };
    assert_ne!(robot, 1);
}

#[test]
fn what_was_set_apart_is_told_only_with_its_like() {
    let apart = |seq, batch| Waiting { batch: Batch::Apart(batch), form: Form::Plain, ..warning(seq, seq as u8) };
    let mut waiting = backlog([apart(1, 1), apart(2, 2), apart(3, 2), warning(4, 4)]);
    assert_eq!(step(&waiting, robot(10, 30), 30), tell(&[1], 3, Share::Common));
    waiting.remove(&[1]);
    assert_eq!(step(&waiting, robot(0, 1), 1), tell(&[2, 3], 3, Share::Common), "together even when there is room");
}

#[test]
fn what_was_missed_is_told_together() {
    let missed = |seq| Waiting { batch: Batch::Missed, copied: true, ..warning(seq, seq as u8) };
    let waiting = backlog([missed(1), missed(2), warning(3, 3), critical(4, 4)]);
    assert_eq!(step(&waiting, robot(0, 1), 1), tell(&[4], 3, Share::Critical));
    let waiting = backlog([missed(1), missed(2), warning(3, 3)]);
    assert_eq!(step(&waiting, robot(0, 1), 1), tell(&[1, 2], 3, Share::Common));
    assert_eq!(step(&waiting, robot(10, 30), 30), tell(&[1, 2, 3], 3, Share::Common));
}

mod fallback {
    use super::*;

    fn forwarding(backlog: &Backlog, robot: RobotState, forwarded: &[u8], now: i64) -> Step {
        let forwarded: HashSet<GroupId> = forwarded.iter().map(|group| GroupId::from_bytes([*group; 16])).collect();
        let robots = [robot];
        schedule(&Situation { forwarded: Some(&forwarded), ..situation(backlog, &robots) }, at(now))
    }

    fn paused(why: Why) -> RobotState {
        RobotState { paused: Some((at(600), why)), ..robot(0, 1) }
    }

    #[test]
    fn hears_of_what_is_urgent_at_once_when_every_robot_refuses() {
        let waiting = backlog([warning(1, 1), critical(2, 2), entry(3, 3, Some(Severity::Unknown))]);
        assert_eq!(forwarding(&waiting, paused(Why::Refusing), &[], 1), Step::Forward(vec![2, 3]));
        assert_eq!(forwarding(&waiting, paused(Why::Trouble), &[], 1), Step::Wait(at(300)));
        assert_eq!(forwarding(&waiting, robot(0, 1), &[], 1), tell(&[2], 3, Share::Critical));
    }

    #[test]
    fn hears_of_everything_after_five_minutes_whatever_the_reason() {
        for robot in [paused(Why::Refusing), paused(Why::Trouble), robot_at(ROBOT, 20, 290, 300)] {
            let mut waiting = backlog([warning(1, 1), entry(2, 1, None)]);
            assert_eq!(forwarding(&waiting, robot, &[], 299), Step::Wait(at(300)));
            assert_eq!(forwarding(&waiting, robot, &[], 300), Step::Forward(vec![1, 2]));
            waiting.copied(&[1, 2]);
            assert!(!matches!(forwarding(&waiting, robot, &[], 300), Step::Forward(_)), "told once");
        }
    }

    #[test]
    fn hears_that_it_is_over_where_it_was_shown_to_fire() {
        let waiting = backlog([entry(1, 1, None), entry(2, 2, None)]);
        assert_eq!(forwarding(&waiting, robot(0, 1), &[2], 1), Step::Forward(vec![2]));
    }

    #[test]
    fn does_not_hear_of_what_is_only_gathered() {
        let waiting = backlog([warning(1, 1)]);
        let (robots, forwarded) = ([robot(0, 1)], HashSet::new());
        let gathering = Situation {
            thrift: Some(Duration::from_secs(1_800)),
            forwarded: Some(&forwarded),
            ..situation(&waiting, &robots)
        };
        assert_eq!(schedule(&gathering, at(1_000)), Step::Wait(at(1_800)));
        let down = [RobotState { paused: Some((at(9_000), Why::Trouble)), ..robot(0, 1) }];
        assert_eq!(schedule(&Situation { robots: &down, ..gathering }, at(2_100)), Step::Forward(vec![1]));
    }
}
