//! Each rule of who is called, and what holds whatever labels say.

use std::collections::BTreeSet;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::notification::{Labels, Sender};

/// An alert of that severity with that owner; empty for none.
fn alert(status: Status, severity: &str, owner: &str) -> Alert {
    let labels = [("severity", severity), ("owner", owner)].into_iter().filter(|(_, value)| !value.is_empty());
    Alert {
        status,
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        annotations: Labels::new(),
        starts_at: String::new(),
        ends_at: String::new(),
        generator_url: String::new(),
        fingerprint: String::new(),
        severity: None,
    }
}

fn firing(severity: &str, owner: &str) -> Alert {
    alert(Status::Firing, severity, owner)
}

fn notification(alerts: Vec<Alert>) -> Notification {
    let fires = alerts.is_empty() || alerts.iter().any(|alert| alert.status == Status::Firing);
    Notification {
        status: if fires { Status::Firing } else { Status::Resolved },
        common_labels: Labels::new(),
        common_annotations: Labels::new(),
        ..Notification::new(Sender::Alertmanager, String::new(), alerts)
    }
}

fn mobile(who: &str) -> Mention {
    Mention { mobiles: vec![who.to_owned()], ..Mention::default() }
}

fn user_id(who: &str) -> Mention {
    Mention { user_ids: vec![who.to_owned()], ..Mention::default() }
}

fn always() -> MentionPolicy {
    MentionPolicy { mention: mobile("138"), ..MentionPolicy::default() }
}

fn by_owner(people: impl IntoIterator<Item = (String, Mention)>) -> MentionPolicy {
    let by_label = ByLabel { label: "owner".to_owned(), people: people.into_iter().collect() };
    MentionPolicy { by_label: Some(by_label), ..MentionPolicy::default() }
}

fn owners() -> MentionPolicy {
    by_owner([("alice".to_owned(), mobile("139")), ("bob".to_owned(), user_id("bob01"))])
}

/// The words that call those whom `alerts` call.
fn called(policy: &MentionPolicy, alerts: Vec<Alert>) -> String {
    policy.of(&notification(alerts), &Severities::default()).text()
}

fn called_in_digest(policy: &MentionPolicy, alerts: &[Alert]) -> String {
    policy.in_digest(alerts.iter(), &Severities::default()).text()
}

#[test]
fn nobody_is_called_on_an_occasion_that_is_not_listed() {
    for mut policy in [always(), owners()] {
        let over = || vec![alert(Status::Resolved, "critical", "alice")];
        assert_ne!(called(&policy, vec![firing("info", "alice")]), "");
        assert_eq!(called(&policy, over()), "");
        policy.when.push(Occasion::Resolved);
        assert_ne!(called(&policy, over()), "");
        policy.when.retain(|occasion| *occasion == Occasion::Repeat);
        let mut told = notification(vec![firing("critical", "alice")]);
        assert!(policy.of(&told, &Severities::default()).is_empty());
        told.notification_reason = "repeat interval elapsed".to_owned();
        assert!(!policy.of(&told, &Severities::default()).is_empty());
        assert_eq!(called_in_digest(&policy, &[firing("critical", "alice")]), "");
    }
}

#[test]
fn severities_restrict() {
    let severities = Some(vec![Severity::Critical]);
    let policy = MentionPolicy { severities: severities.clone(), ..always() };
    assert_eq!(called(&policy, vec![firing("warning", "")]), "");
    assert_eq!(called(&policy, vec![firing("warning", ""), firing("critical", "")]), "@138");
    // A critical alert that is over wakes nobody for a warning that goes on.
    assert_eq!(called(&policy, vec![alert(Status::Resolved, "critical", ""), firing("warning", "")]), "");
    let policy = MentionPolicy { severities, ..owners() };
    assert_eq!(called(&policy, vec![firing("warning", "alice"), firing("critical", "bob")]), "@bob01");
}

#[test]
fn alerts_that_the_sender_left_out_may_have_any_severity() {
    assert_eq!(called(&always(), vec![]), "@138");
    let policy = MentionPolicy { severities: Some(vec![Severity::Critical]), ..always() };
    assert_eq!(called(&policy, vec![]), "");
}

#[test]
fn a_digest_calls_for_what_is_critical_unless_severities_are_listed() {
    let mut policy = MentionPolicy { mention: mobile("138"), ..owners() };
    assert_eq!(called_in_digest(&policy, &[firing("warning", "alice"), firing("", "bob")]), "");
    assert_eq!(called_in_digest(&policy, &[firing("warning", "alice"), firing("critical", "bob")]), "@138 @bob01");
    policy.severities = Some(vec![Severity::Warning]);
    assert_eq!(called_in_digest(&policy, &[firing("warning", "alice"), firing("critical", "bob")]), "@138 @139");
}

#[test]
fn a_label_calls_only_whom_its_value_names() {
    assert_eq!(called(&owners(), vec![firing("critical", "bob")]), "@bob01");
    assert_eq!(called(&owners(), vec![firing("critical", "mallory"), firing("critical", "")]), "");
    assert_eq!(called(&owners(), vec![alert(Status::Resolved, "", "bob"), firing("", "alice")]), "@139");
}

#[test]
fn nobody_is_called_twice() {
    let both = Mention { mobiles: vec!["138".to_owned()], user_ids: vec!["carol01".to_owned()], all: false };
    let mut policy = by_owner([("alice".to_owned(), mobile("139")), ("carol".to_owned(), both)]);
    let alerts = || vec![firing("", "carol"), firing("", "alice"), firing("", "carol")];
    assert_eq!(called(&policy, alerts()), "@138 @139 @carol01");
    policy.mention = mobile("138");
    assert_eq!(called(&policy, alerts()), "@138 @139");
    policy.mention.mobiles = ["139", "139"].map(str::to_owned).to_vec();
    assert_eq!(called(&policy, vec![firing("", "alice")]), "@139");
}

#[test]
fn the_most_severe_alerts_people_come_first_and_those_beyond_fifty_not_at_all() {
    let name = |number: usize| format!("p{number:02}");
    let mut policy = by_owner((0..60).map(|number| (name(number), user_id(&name(number)))));
    let mut alerts: Vec<_> = (0..58).map(|number| firing("warning", &name(number))).collect();
    alerts.extend([firing("critical", "p59"), firing("info", "p58"), firing("critical", "p58")]);
    policy.mention = mobile("138");
    let mention = policy.of(&notification(alerts), &Severities::default());
    let expected: Vec<_> = [59, 58].into_iter().chain(0..47).map(name).collect();
    assert_eq!((mention.mobiles, mention.user_ids), (vec!["138".to_owned()], expected));
}

proptest! {
    /// Whatever the labels say, a message calls no more people than DingTalk takes and nobody who is not configured.
    #[test]
    fn only_who_is_configured_and_never_too_many(
        alerts in vec((any::<bool>(), "critical|warning|[a-z]{0,3}", "[a-d][0-9]{0,2}|@?1[0-9]{2}|\\PC{0,8}"), 0..120),
        people in btree_map("[a-d][0-9]{0,2}", ("1[0-9]{2}", "u[0-9]{2}", 0u8..3), 0..120),
        always in vec("1[0-9]{2}", 0..60),
        digest in any::<bool>(),
    ) {
        let person = |(mobile, user_id, which): (String, String, u8)| Mention {
            all: false,
            mobiles: (which != 1).then_some(mobile).into_iter().collect(),
            user_ids: (which != 0).then_some(user_id).into_iter().collect(),
        };
        let mut policy = by_owner(people.into_iter().map(|(owner, who)| (owner, person(who))));
        policy.mention.mobiles = always;
        policy.when.push(Occasion::Resolved);
        let status = |fires| if fires { Status::Firing } else { Status::Resolved };
        let alerts: Vec<_> =
            alerts.iter().map(|(fires, severity, owner)| alert(status(*fires), severity, owner)).collect();
        let mention = if digest {
            policy.in_digest(alerts.iter(), &Severities::default())
        } else {
            policy.of(&notification(alerts), &Severities::default())
        };
        let ByLabel { people, .. } = policy.by_label.as_ref().expect("people");
        let mobiles = people.values().flat_map(|person| &person.mobiles).chain(&policy.mention.mobiles);
        let mobiles: BTreeSet<_> = mobiles.collect();
        let user_ids: BTreeSet<_> = people.values().flat_map(|person| &person.user_ids).collect();
        prop_assert!(!mention.all && mention.mobiles.len() + mention.user_ids.len() <= 50);
        prop_assert!(mention.mobiles.iter().all(|mobile| mobiles.contains(mobile)));
        prop_assert!(mention.user_ids.iter().all(|user_id| user_ids.contains(user_id)));
        for words in [&mention.mobiles, &mention.user_ids] {
            prop_assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        }
    }
}

#[test]
fn only_missing_words_are_added() {
    let mention = Mention { mobiles: vec!["1380".into()], user_ids: vec!["bob".into()], all: false };
    assert_eq!(missing_words("hello @1380, see", &mention, Some("Alert")), "@bob Alert");
    assert_eq!(missing_words("@13800 @bob2 Alert", &mention, Some("Alert")), "@1380 @bob");
    assert_eq!(missing_words("@1380 @bob Alert", &mention, Some("Alert")), "");
}
