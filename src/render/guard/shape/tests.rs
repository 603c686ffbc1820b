//! The shapes are what the models are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::fold::Folded;
use crate::notification::{Labels as Named, Notification, Sender, Severity, Status};
use crate::render::digest::{Digest as OfGroups, LADDER};
use crate::render::fit::Part;
use crate::render::model::{Model, View, by_severity};
use crate::render::summary::Summary;
use crate::render::{Circumstances, Style};

fn labels(pairs: &[(&str, &str)]) -> Named {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn alert(status: Status) -> crate::notification::Alert {
    crate::notification::Alert {
        status,
        labels: labels(&[("alertname", "Down"), ("pod", "a")]),
        annotations: labels(&[("summary", "is down")]),
        starts_at: "2026-11-20T09:00:00Z".to_owned(),
        ends_at: "2026-11-20T09:05:00Z".to_owned(),
        generator_url: "http://prom.test".to_owned(),
        fingerprint: "f".to_owned(),
        severity: Some(Severity::Critical),
    }
}

fn notification() -> Notification {
    Notification {
        receiver: "ops".to_owned(),
        meant_for: "dba".to_owned(),
        salvaged: true,
        truncated_alerts: 2,
        group_labels: labels(&[("alertname", "Down")]),
        route_labels: labels(&[("team", "a")]),
        external_url: "http://am.test".to_owned(),
        notification_reason: "first".to_owned(),
        ..Notification::new(Sender::Alertmanager, "{}".to_owned(), vec![alert(Status::Firing), alert(Status::Resolved)])
    }
}

/// A rendering for which everything is there that is only sometimes.
fn circumstances() -> Circumstances<'static> {
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    Circumstances {
        target: "ops",
        now: time("2026-11-20T10:00:00Z"),
        accepted_at: time("2026-11-20T09:00:00Z"),
        repeats: 3,
        digest_mentions: true,
    }
}

/// Panics where `value` is not what `shape` says; notes the shapes that were seen.
fn compare(shape: Shape, value: &Value, path: &str, seen: &mut BTreeSet<String>) {
    seen.insert(format!("{shape:?}"));
    let is = match shape {
        Text => value.is_string(),
        Number => value.is_number(),
        Flag => value.is_boolean(),
        Labels => value.as_object().is_some_and(|labels| labels.values().all(Value::is_string)),
        Unknown => true,
        _ if shape.item().is_some() => value.is_array(),
        _ => value.is_object(),
    };
    assert!(is, "{path} is no {shape:?}: {value}");
    if let Some(item) = shape.item() {
        for value in value.as_array().expect("a list") {
            compare(item, value, &format!("{path}[]"), seen);
        }
    }
    let fields: BTreeMap<&str, Shape> = shape.fields().iter().copied().collect();
    assert_eq!(fields.len(), shape.fields().len(), "{shape:?} names a field twice");
    if !fields.is_empty() {
        let there: BTreeSet<&str> = value.as_object().expect("names").keys().map(String::as_str).collect();
        assert_eq!(there, fields.keys().copied().collect(), "{path}");
    }
    for (name, shape) in fields {
        compare(shape, &value[name], &format!("{path}.{name}"), seen);
    }
}

#[test]
fn the_data_have_the_fields_that_templates_may_name_and_no_others() {
    let (style, circumstances, notification) = (Style::default(), circumstances(), notification());
    let mut seen = BTreeSet::new();
    let (firing, resolved) = by_severity(&notification, &style.severities);
    let view = View { notification: &notification, firing: &firing, resolved: &resolved, part: Part::WHOLE };
    let model = Model::of(view, &style, &circumstances, &BTreeSet::from(["this"]));
    compare(Group, &model.value, "group", &mut seen);

    let flaps = BTreeMap::from([("f".to_owned(), 2)]);
    let groups = [Folded { notification, gone: vec![alert(Status::Resolved)], flaps }];
    let digest = OfGroups::of(&groups, &style);
    let rows = digest.rows(LADDER[0]);
    let summary =
        Summary { digest: &digest, form: LADDER[0], rows: &rows, range: 0..rows.len(), last: true, part: Part::WHOLE };
    compare(Digest, &summary.model(&style, &circumstances), "digest", &mut seen);

    for shape in WITH_FIELDS.into_iter().filter(|shape| *shape != Pair) {
        assert!(seen.contains(&format!("{shape:?}")), "{shape:?} was in no data");
    }
}

#[test]
fn a_field_of_something_is_right_where_any_has_it() {
    assert_eq!(Any.field("labels"), Some(Labels));
    assert_eq!(Any.field("alerts"), Some(Any));
    assert_eq!(Any.field("0"), Some(Any));
    assert_eq!(Any.field("lables"), None);
    assert_eq!(Alerts.field("0"), Some(Alert));
    assert_eq!(Alerts.field("labels"), None);
    assert_eq!(Labels.field("k8s.pod/name"), Some(Text));
    assert_eq!(Text.field("x"), None);
    assert_eq!(Unknown.field("x"), Some(Unknown));
}
