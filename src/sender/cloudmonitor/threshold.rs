//! Alert callbacks of threshold rules: a metric of an instance crosses a line, or comes back.
//!
//! Today's is a form, and documents print it without the escapes that it has on the wire. Older ones are JSON: that of 2019
//! (`alertState: ALARM`, dimensions as a list, the expression as JSON in a text) and that of the message queue (`message`
//! and `type`, with 发生告警 or 恢复告警 in `levelDescription`). More parameters may come any day, so what is not known is
//! gathered.
//!
//! **Group**: `transId`, which stays the same from trigger to recovery of one instance under one rule; without it rule and
//! dimensions. **State**: state and level; the value, the time and how long it has lasted differ in every repetition.
//!
//! `OK` is the recovery. `INSUFFICIENT_DATA` is told as firing for information: nobody knows whether anything is wrong.
//!
//! Source: <https://www.alibabacloud.com/help/en/cms/cloudmonitor-1-0/user-guide/use-the-alert-callback-feature-to-send-notifications-about-threshold-triggered-alerts>

use serde_json::Value;

use super::dimensions;
use super::event::put_group;
use crate::notification::{Labels, Severity};
use crate::sender::event::Event;
use crate::sender::fields::{field, first_of, gather_beside, present, put};
use crate::sender::level;
use crate::sender::time::{Zone, time};

/// What a rule found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Alert,
    Ok,
    NoData,
}

/// Fields that are shown in other words, or that say nothing to people.
const KNOWN: [&str; 26] = [
    "alertName",
    "alertState",
    "curValue",
    "unit",
    "dimensions",
    "expression",
    "lastTime",
    "instanceName",
    "productGroupName",
    "groupId",
    "metricName",
    "rawMetricName",
    "metricProject",
    "namespace",
    "regionId",
    "regionName",
    "triggerLevel",
    "preTriggerLevel",
    "ruleId",
    "transId",
    "timestamp",
    "time",
    "levelDescription",
    "customLabels",
    "type",
    "ruleName",
];

/// Reads what a threshold rule tells.
pub(super) fn decode(body: &Value, zone: &Zone) -> Event {
    let body = if body["message"].is_object() { &body["message"] } else { body };
    let state = State::of(body);
    let level = first_of([&field(body, "triggerLevel"), &field(body, "levelDescription")]);
    let name = first_of([&field(body, "alertName"), &field(body, "ruleName")]);
    let about = dimensions::parse(&body["dimensions"]);
    let object = first_of([&field(body, "instanceName"), dimensions::telling(&about).unwrap_or_default()]);
    let metric = first_of([&field(body, "metricName"), &field(body, "rawMetricName")]);
    let told = time(&first_of([&field(body, "timestamp"), &field(body, "time")]), zone);
    let (starts_at, ends_at) = if state == State::Ok { (String::new(), told) } else { (told, String::new()) };
    Event {
        resolved: state == State::Ok,
        severity: severity(body, state),
        summary: summary(body, &metric, state),
        starts_at,
        ends_at,
        state: format!("{state:?} {level}"),
        key: key(body, &name, &about),
        labels: labels(body, &metric, about),
        title: first_of([&name, &metric, "CloudMonitor"]),
        object,
        ..Event::default()
    }
}

fn key(body: &Value, name: &str, about: &Labels) -> String {
    let trans = field(body, "transId");
    if !trans.is_empty() {
        return format!("threshold {trans}");
    }
    let about: Vec<String> = about.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let rule = first_of([&field(body, "ruleId"), name, &field(body, "metricName")]);
    format!("threshold {rule} {}", about.join(", "))
}

/// How bad it is; of a recovery, how bad it was.
fn severity(body: &Value, state: State) -> Option<Severity> {
    if state == State::NoData {
        return Some(Severity::Info);
    }
    [field(body, "triggerLevel"), field(body, "preTriggerLevel")].iter().find_map(|word| level::severity(word))
}

/// `code5XX_stage 9个 ($Value >= 5)`.
fn summary(body: &Value, metric: &str, state: State) -> String {
    let value = match state {
        State::NoData => "no data".to_owned(),
        _ => format!("{}{}", field(body, "curValue"), field(body, "unit")),
    };
    let condition = present(&expression(&body["expression"])).map(|text| format!("({text})")).unwrap_or_default();
    let parts = [metric, &value, &condition];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The condition, as people read it.
fn expression(expression: &Value) -> String {
    match expression {
        Value::Array(all) => {
            let all = all.iter().map(|one| field(one, "expression")).filter(|one| !one.is_empty());
            all.collect::<Vec<_>>().join(", ")
        }
        Value::Object(_) => field(expression, "expression"),
        single => present(single.as_str().unwrap_or_default()).unwrap_or_default().to_owned(),
    }
}

fn labels(body: &Value, metric: &str, about: Labels) -> Labels {
    let mut labels = Labels::new();
    put(&mut labels, "metricName", metric);
    put(&mut labels, "rawMetricName", &field(body, "rawMetricName"));
    put(&mut labels, "namespace", &first_of([&field(body, "namespace"), &field(body, "metricProject")]));
    put(&mut labels, "lastTime", &field(body, "lastTime"));
    put(&mut labels, "region", &first_of([&field(body, "regionName"), &field(body, "regionId")]));
    put(&mut labels, "groupName", &field(body, "productGroupName"));
    put_group(&mut labels, &field(body, "groupId"));
    let level = field(body, "triggerLevel");
    let before = field(body, "preTriggerLevel");
    if before != level {
        put(&mut labels, "preTriggerLevel", &before);
    }
    if labels.get("rawMetricName").is_some_and(|raw| raw == metric) {
        labels.remove("rawMetricName");
    }
    let about = about.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    gather_beside(&mut labels, &Value::Object(about), &[], "dimensions");
    let own = dimensions::parse(&body["customLabels"]).into_iter().map(|(name, value)| (name, Value::from(value)));
    gather_beside(&mut labels, &Value::Object(own.collect()), &["dimensions"], "customLabels");
    gather_beside(&mut labels, body, &KNOWN, "alert");
    labels
}

// === impl State ===

impl State {
    fn of(body: &Value) -> Self {
        let level = field(body, "triggerLevel").to_ascii_uppercase();
        match field(body, "alertState").to_ascii_uppercase().as_str() {
            "INSUFFICIENT_DATA" | "NODATA" => Self::NoData,
            "OK" => Self::Ok,
            _ if matches!(level.as_str(), "NODATA" | "INSUFFICIENT_DATA") => Self::NoData,
            "" if level == "OK" || field(body, "levelDescription").contains("恢复") => Self::Ok,
            _ => Self::Alert,
        }
    }
}
