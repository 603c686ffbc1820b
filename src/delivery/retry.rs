//! What an answer leads to. Pure but for the jitter.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::clock::{Timestamp, later};
use crate::dingtalk::{self, Cause, Misconfiguration, RobotId, Verdict};
use crate::outbox::{Fate, Form, Pause, Scope, Standing};

/// The first wait between two attempts of one message.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest wait between two attempts of one message.
const LAST_RETRY: Duration = Duration::from_secs(5 * 60);

/// How long a misconfigured robot is left alone at first; then twice as long each time.
const FIRST_PROBE: Duration = Duration::from_secs(60);

/// The longest time between two probes of a misconfigured robot.
const LAST_PROBE: Duration = Duration::from_secs(30 * 60);

/// After so many calls in a row that did not get through, a robot is left alone for a moment.
const TROUBLE: u32 = 3;

/// The longest moment.
const LAST_TROUBLE: Duration = Duration::from_secs(60);

/// The attempt that an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// How often the message was tried, this attempt included.
    pub attempts: u32,
    /// Whether other messages of its plan have arrived before.
    pub partly: bool,
    /// How its entries were rendered.
    pub form: Form,
    /// The entries that it tells, by group.
    pub groups: Vec<Vec<i64>>,
    /// The robot that was called.
    pub robot: RobotId,
    /// Its host.
    pub host: String,
    /// How often in a row the robot has been paused before.
    pub strikes: u32,
}

/// Decides what becomes of the plan and of the robot.
///
/// Only an answer that proves that nothing was delivered thaws a plan; otherwise the same bytes go again, so that
/// DingTalk can drop a second copy.
pub fn conclude(verdict: &Verdict, attempt: &Attempt, now: Timestamp) -> (Fate, Standing) {
    let robot = Scope::Robot(attempt.robot);
    let host = Scope::Host(attempt.host.clone());
    // What others of its messages have told must not be told again.
    let anew = |form, not_before| if attempt.partly { Fate::Moved } else { Fate::Thawed(form, not_before) };
    match verdict {
        Verdict::Delivered => (Fate::Delivered, Standing::Healthy(vec![robot, host])),
        Verdict::Retry(..) => {
            (Fate::Again(later(now, backoff(FIRST_RETRY, LAST_RETRY, attempt.attempts))), Standing::Unchanged)
        }
        Verdict::Throttled { scope, pause, cause, .. } => {
            let scope = match scope {
                dingtalk::Scope::Robot => robot,
                dingtalk::Scope::Host => host,
            };
            let until = later(now, *pause);
            let standing = match cause {
                Cause::Quota => Standing::UsedUp(scope, until),
                Cause::Rate | Cause::Banned => Standing::Throttled(scope, until),
            };
            (anew(attempt.form, now), standing)
        }
        // One message may lack the keyword while others have it, so the message is blamed first.
        Verdict::Misconfigured(Misconfiguration::Keyword, _) if attempt.form == Form::Full => {
            (Fate::Thawed(Form::Plain, now), Standing::Unchanged)
        }
        // The answer's date has corrected the next signature's time.
        Verdict::Misconfigured(Misconfiguration::Clock, _) if attempt.attempts == 1 => {
            (Fate::Again(now), Standing::Unchanged)
        }
        Verdict::Misconfigured(what, _) => {
            let strikes = attempt.strikes.saturating_add(1);
            let until = later(now, backoff(FIRST_PROBE, LAST_PROBE, strikes));
            // The probe should be another message where this one may be all that the robot does not like.
            let not_before = if *what == Misconfiguration::Keyword { later(until, FIRST_RETRY) } else { now };
            (anew(attempt.form, not_before), Standing::Misconfigured(robot, Pause { until, strikes }))
        }
        Verdict::Rejected(..) if attempt.form == Form::Full => (Fate::Thawed(Form::Plain, now), Standing::Unchanged),
        Verdict::Rejected(..) => (apart(&attempt.groups, verdict), Standing::Unchanged),
    }
}

/// For how long a robot is left alone after so many calls in a row that did not get through; `None` while that may be
/// one message's fault.
pub fn trouble(failures: u32) -> Option<Duration> {
    (failures >= TROUBLE).then(|| backoff(FIRST_RETRY, LAST_TROUBLE, failures - TROUBLE + 1))
}

/// One of the groups is what DingTalk refuses: halves of them find it in few messages.
fn apart(groups: &[Vec<i64>], verdict: &Verdict) -> Fate {
    match groups {
        [] | [_] => Fate::Dead(verdict.to_string()),
        _ => {
            let (one, other) = groups.split_at(groups.len() / 2);
            Fate::Split(vec![one.concat(), other.concat()])
        }
    }
}

/// How long to wait after the `count`th failure: twice as long each time, with up to as much again at random, so
/// that what failed together is not tried together.
fn backoff(first: Duration, longest: Duration, count: u32) -> Duration {
    let delays = ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_delay(longest / 2)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times();
    let delay = delays.build().nth(count.saturating_sub(1).min(16) as usize).unwrap_or(longest);
    // Whole milliseconds, as clocks tell them.
    Duration::from_millis(delay.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::clock::from_millis;
    use crate::dingtalk::{Outcome, verdict};

    const NOW: i64 = 1_000_000;

    fn answered(body: &str) -> Verdict {
        verdict(&Outcome::Answer { status: 200, body: Bytes::copy_from_slice(body.as_bytes()) })
    }

    fn attempt(form: Form, attempts: u32, strikes: u32) -> Attempt {
        let robot = RobotId::from_bytes([7; 16]);
        let host = "oapi.dingtalk.com".into();
        Attempt { attempts, partly: false, form, groups: vec![vec![1]], robot, host, strikes }
    }

    fn concluded(body: &str, attempt: &Attempt) -> (Fate, Standing) {
        conclude(&answered(body), attempt, from_millis(NOW))
    }

    fn seconds_from_now(time: Timestamp) -> i64 {
        (time.as_millisecond() - NOW) / 1000
    }

    #[test]
    fn a_delivery_lifts_the_pauses_of_robot_and_host() {
        let robot = Scope::Robot(RobotId::from_bytes([7; 16]));
        let healthy = Standing::Healthy(vec![robot, Scope::Host("oapi.dingtalk.com".into())]);
        assert_eq!(concluded(r#"{"errcode":0}"#, &attempt(Form::Full, 3, 2)), (Fate::Delivered, healthy));
    }

    #[test]
    fn what_may_have_arrived_goes_again_as_it_is() {
        for (attempts, shortest, longest) in [(1, 1, 2), (2, 2, 4), (5, 16, 32), (1000, 150, 300)] {
            let (fate, standing) = concluded(r#"{"errcode":-1}"#, &attempt(Form::Full, attempts, 0));
            let Fate::Again(at) = fate else { panic!("{fate:?}") };
            assert!((shortest..=longest).contains(&seconds_from_now(at)), "{attempts}: {at}");
            assert_eq!(standing, Standing::Unchanged);
        }
    }

    #[test]
    fn a_throttle_thaws_the_message_and_freezes_who_is_throttled() {
        let robot = attempt(Form::Full, 1, 0);
        let (fate, standing) = concluded(r#"{"errcode":660026}"#, &robot);
        assert_eq!(fate, Fate::Thawed(Form::Full, from_millis(NOW)));
        let until = |seconds: i64| from_millis(NOW + seconds * 1000);
        assert_eq!(standing, Standing::Throttled(Scope::Robot(robot.robot), until(600)));
        let (_, standing) = concluded(r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#, &robot);
        assert_eq!(standing, Standing::Throttled(Scope::Host(robot.host.clone()), until(300)));
        let (_, standing) = concluded(r#"{"errcode":90030}"#, &robot);
        assert_eq!(standing, Standing::UsedUp(Scope::Robot(robot.robot), until(3600)));
    }

    #[test]
    fn what_has_partly_arrived_is_never_told_anew_but_may_go_by_another_robot() {
        let partly = Attempt { partly: true, ..attempt(Form::Full, 1, 0) };
        for refused in [r#"{"errcode":660026}"#, r#"{"errcode":300005}"#, r#"{"errcode":90030}"#] {
            assert_eq!(concluded(refused, &partly).0, Fate::Moved, "{refused}");
        }
        assert!(matches!(concluded(r#"{"errcode":-1}"#, &partly).0, Fate::Again(_)));
    }

    #[test]
    fn a_digest_that_dingtalk_refuses_is_halved_until_the_culprit_is_alone() {
        let digest = Attempt { groups: vec![vec![1, 4], vec![2], vec![3]], ..attempt(Form::Plain, 1, 0) };
        let (fate, _) = concluded(r#"{"errcode":430104,"errmsg":"x"}"#, &digest);
        assert_eq!(fate, Fate::Split(vec![vec![1, 4], vec![2, 3]]));
    }

    #[test]
    fn a_robot_that_does_not_get_through_is_left_alone_for_a_moment() {
        assert_eq!((trouble(0), trouble(2)), (None, None));
        let seconds = |failures| trouble(failures).expect("trouble").as_secs();
        assert!((1..=2).contains(&seconds(3)) && (30..=60).contains(&seconds(50)));
    }

    #[test]
    fn a_misconfigured_robot_is_probed_less_and_less_often() {
        for (strikes, shortest, longest) in [(0, 60, 120), (1, 120, 240), (9, 900, 1800)] {
            let (fate, standing) = concluded(r#"{"errcode":300005}"#, &attempt(Form::Full, 1, strikes));
            let Standing::Misconfigured(Scope::Robot(_), pause) = standing else { panic!("{standing:?}") };
            assert!((shortest..=longest).contains(&seconds_from_now(pause.until)), "{strikes}: {pause:?}");
            assert_eq!(pause.strikes, strikes + 1);
            assert_eq!(fate, Fate::Thawed(Form::Full, from_millis(NOW)));
        }
    }

    #[test]
    fn a_missing_keyword_is_the_messages_fault_first() {
        let keyword = r#"{"errcode":310000,"errmsg":"keywords not in content"}"#;
        let (fate, standing) = concluded(keyword, &attempt(Form::Full, 1, 0));
        assert_eq!((fate, standing), (Fate::Thawed(Form::Plain, from_millis(NOW)), Standing::Unchanged));
        let (fate, standing) = concluded(keyword, &attempt(Form::Plain, 1, 0));
        let Standing::Misconfigured(Scope::Robot(_), pause) = standing else { panic!("{standing:?}") };
        assert!(matches!(fate, Fate::Thawed(Form::Plain, at) if at > pause.until), "another goes first: {fate:?}");
    }

    #[test]
    fn a_wrong_clock_is_corrected_by_the_answer_and_tried_again_at_once() {
        let expired = r#"{"errcode":310000,"errmsg":"invalid timestamp"}"#;
        let (fate, standing) = concluded(expired, &attempt(Form::Full, 1, 0));
        assert_eq!((fate, standing), (Fate::Again(from_millis(NOW)), Standing::Unchanged));
        let (_, standing) = concluded(expired, &attempt(Form::Full, 2, 0));
        assert!(matches!(standing, Standing::Misconfigured(..)), "{standing:?}");
    }

    #[test]
    fn what_dingtalk_rejects_goes_once_more_in_plain_text_and_then_dies() {
        let unsafe_link = r#"{"errcode":430101,"errmsg":"x"}"#;
        let (fate, standing) = concluded(unsafe_link, &attempt(Form::Full, 1, 0));
        assert_eq!((fate, standing), (Fate::Thawed(Form::Plain, from_millis(NOW)), Standing::Unchanged));
        let (fate, standing) = concluded(unsafe_link, &attempt(Form::Plain, 1, 0));
        assert!(matches!(&fate, Fate::Dead(reason) if reason.contains("430101")), "{fate:?}");
        assert_eq!(standing, Standing::Unchanged);
    }
}
