use proptest::prelude::*;

use super::*;
use crate::notification::Sender;

/// An alert by a digit: `1` fires, `-1` is over.
fn alert(number: i32) -> Alert {
    let name = number.abs().to_string();
    Alert {
        status: if number > 0 { Status::Firing } else { Status::Resolved },
        labels: Labels::from([("job".to_owned(), "x".to_owned()), ("instance".to_owned(), name.clone())]),
        annotations: Labels::new(),
        starts_at: "2026-11-20T09:00:00Z".to_owned(),
        ends_at: String::new(),
        generator_url: String::new(),
        fingerprint: name,
        severity: None,
    }
}

fn state(numbers: &[i32]) -> Notification {
    Notification {
        status: if numbers.iter().any(|number| *number > 0) { Status::Firing } else { Status::Resolved },
        receiver: "ops".to_owned(),
        common_labels: Labels::from([("job".to_owned(), "x".to_owned()), ("instance".to_owned(), "1".to_owned())]),
        common_annotations: Labels::new(),
        truncated_alerts: numbers.len() as u64,
        notification_reason: "first notification".to_owned(),
        ..Notification::new(Sender::Alertmanager, "{}".to_owned(), numbers.iter().copied().map(alert).collect())
    }
}

fn folded(states: &[&[i32]], shown: &[i32]) -> Folded {
    let shown = shown.iter().map(ToString::to_string).collect();
    fold(states.iter().map(|numbers| state(numbers)).collect(), &shown).expect("states")
}

/// The alerts as digits again.
fn numbers(alerts: &[Alert]) -> Vec<i32> {
    let sign = |alert: &Alert| if alert.status == Status::Firing { 1 } else { -1 };
    alerts.iter().map(|alert| sign(alert) * alert.fingerprint.parse::<i32>().expect("number")).collect()
}

#[test]
fn nothing_and_one_state_are_as_they_were() {
    assert_eq!(fold(Vec::new(), &BTreeSet::new()), None);
    for numbers in [&[1, -2][..], &[-1], &[]] {
        let one = folded(&[numbers], &[]);
        assert_eq!((one.notification, one.gone.len(), one.flaps.len()), (state(numbers), 0, 0));
    }
}

#[test]
fn the_newest_comes_first_and_each_alert_once() {
    let folded = folded(&[&[4, 1, 2], &[1, 3], &[2, 1]], &[]);
    assert_eq!(numbers(&folded.notification.alerts), [2, 1, 3, 4]);
    assert_eq!((folded.gone.len(), folded.flaps.len()), (0, 0));
    assert_eq!(folded.notification.truncated_alerts, 2);
}

#[test]
fn what_came_and_went_is_gone_unless_it_was_shown() {
    let unseen = folded(&[&[1, 2], &[-1, 2]], &[]);
    assert_eq!((numbers(&unseen.notification.alerts), numbers(&unseen.gone)), (vec![2], vec![-1]));
    let seen = folded(&[&[1, 2], &[-1, 2]], &[1]);
    assert_eq!((numbers(&seen.notification.alerts), numbers(&seen.gone)), (vec![-1, 2], vec![]));
    let never_fired = folded(&[&[2], &[-1, 2]], &[]);
    assert_eq!((numbers(&never_fired.notification.alerts), numbers(&never_fired.gone)), (vec![-1, 2], vec![]));
    let all = folded(&[&[1], &[-1]], &[]);
    assert_eq!((all.notification.alerts.len(), all.notification.status), (0, Status::Resolved));
}

#[test]
fn firing_anew_is_counted() {
    let flaps = |states: &[&[i32]], shown: &[i32]| folded(states, shown).flaps.get("1").copied();
    assert_eq!(flaps(&[&[1], &[1]], &[]), None);
    assert_eq!(flaps(&[&[1], &[-1], &[1]], &[]), Some(1));
    assert_eq!(flaps(&[&[-1], &[1]], &[1]), Some(1));
    assert_eq!(flaps(&[&[-1], &[1], &[-1], &[1, 2], &[2]], &[1]), Some(2));
    let again = folded(&[&[-1], &[1]], &[1]);
    assert_eq!((numbers(&again.notification.alerts), again.notification.status), (vec![1], Status::Firing));
}

#[test]
fn what_all_share_is_true_of_all() {
    let one = folded(&[&[1], &[1]], &[]).notification;
    assert_eq!(one.common_labels.len(), 2);
    let two = folded(&[&[2], &[1]], &[]).notification;
    assert_eq!(two.common_labels, Labels::from([("job".to_owned(), "x".to_owned())]));
    assert_eq!(folded(&[&[2], &[-1]], &[1]).notification.status, Status::Firing);
}

#[test]
fn without_a_fingerprint_labels_tell_alerts_apart() {
    let bare = |numbers: &[i32]| {
        let mut state = state(numbers);
        state.alerts.iter_mut().for_each(|alert| alert.fingerprint.clear());
        state
    };
    let folded = fold(vec![bare(&[1, 2]), bare(&[-1, 2]), bare(&[1])], &BTreeSet::new()).expect("states");
    assert_eq!((folded.notification.alerts.len(), folded.gone.len(), folded.flaps.len()), (2, 0, 0));
}

#[test]
fn a_repetition_at_the_end_does_not_hide_news() {
    let mut repeat = state(&[1, 2]);
    repeat.notification_reason = "repeat interval elapsed".to_owned();
    assert!(repeat.is_repeat());
    let news = fold(vec![state(&[1, 2]), repeat.clone()], &BTreeSet::new()).expect("states");
    assert!(!news.notification.is_repeat());
    let none = fold(vec![repeat.clone(), repeat], &BTreeSet::new()).expect("states");
    assert!(none.notification.is_repeat());
}

#[test]
fn what_had_to_be_mended_stays_marked() {
    let salvaged = Notification { salvaged: true, ..state(&[1]) };
    assert!(fold(vec![salvaged, state(&[2])], &BTreeSet::new()).expect("states").notification.salvaged);
}

/// Some states, each naming some of eight alerts once.
fn history() -> impl Strategy<Value = Vec<Vec<i32>>> {
    let some = proptest::sample::subsequence((1..=8).collect::<Vec<i32>>(), 0..=8).prop_shuffle();
    let signed = some.prop_flat_map(|numbers| {
        let count = numbers.len();
        (Just(numbers), proptest::collection::vec(any::<bool>(), count))
    });
    let state = signed.prop_map(|(numbers, fire)| {
        numbers.into_iter().zip(fire).map(|(number, fires)| if fires { number } else { -number }).collect()
    });
    proptest::collection::vec(state, 1..7)
}

proptest! {
    #[test]
    fn every_alert_ends_once_with_its_last_word(
        states in history(),
        shown in proptest::collection::btree_set(1..=8i32, 0..8),
    ) {
        let shown: Vec<i32> = shown.into_iter().collect();
        let states: Vec<&[i32]> = states.iter().map(Vec::as_slice).collect();
        let folded = folded(&states, &shown);
        let told = numbers(&folded.notification.alerts);
        let gone = numbers(&folded.gone);
        for number in 1..=8 {
            let words: Vec<i32> = states.iter().flat_map(|state| state.iter()).copied().filter(|word| word.abs() == number).collect();
            let ended: Vec<i32> = told.iter().chain(&gone).copied().filter(|word| word.abs() == number).collect();
            prop_assert_eq!(ended, words.last().copied().into_iter().collect::<Vec<_>>());
            let anew = words.windows(2).filter(|pair| pair[0] < 0 && pair[1] > 0).count();
            let flaps = folded.flaps.get(&number.to_string()).copied().unwrap_or(0);
            prop_assert_eq!(flaps as usize, if states.len() == 1 { 0 } else { anew });
            let away = states.len() > 1 && words.last().is_some_and(|word| *word < 0) && words.contains(&number) && !shown.contains(&number);
            prop_assert_eq!(gone.contains(&-number), away);
        }
        prop_assert_eq!(folded.notification.status == Status::Firing, told.iter().any(|word| *word > 0));
        if states.len() == 1 {
            prop_assert_eq!(folded.notification, state(states[0]));
        } else {
            for (name, value) in &folded.notification.common_labels {
                prop_assert!(folded.notification.alerts.iter().all(|alert| alert.labels.get(name) == Some(value)));
            }
        }
    }
}
