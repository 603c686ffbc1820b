//! Sets of OCP's variables as JSON, as the operator of an HTTP channel writes them into its template.

use serde_json::{Map, Value};

use super::super::fields::{present, shorten, text};
use super::super::mend::mend;
use super::alarm::{Alarm, span};
use super::words;
use crate::notification::Labels;

/// Variables that name people.
pub(super) const PERSONAL: [&str; 3] = ["recipients_uids", "at_recipients", "recipients_json_array"];

/// Where the text of the channel's template, or what it makes of JSON, may be.
const MESSAGES: [&str; 5] = ["message", "message_json", "content", "text", "title"];

/// Variables that have a place of their own, are said by another one, or are of no use to people.
const NOT_LABELS: [&str; 20] = [
    "alarm_name",
    "alarm_level",
    "alarm_status",
    "alarm_target",
    "alarm_summary",
    "alarm_description",
    "alarm_active_at",
    "alarm_resolved_at",
    "alarm_url",
    "alarm_id",
    "alarm_count",
    "alarm_group_by",
    "alarm_level_color",
    "alarm_is_build_in_rule",
    "alarm_evaluation_interval",
    "alarm_duration",
    "alarm_updated_at",
    "value_en_us",
    "value_zh_cn",
    "value_zh_tw",
];

/// Variables that people know by a shorter name.
const SHORT: [(&str, &str); 4] = [
    ("alarm_scope", "scope"),
    ("alarm_threshold", "threshold"),
    ("alarm_last_interval", "duration"),
    ("value_shown", "value"),
];

/// How many variables are kept, and how much of each in characters.
const MOST_LABELS: usize = 40;
const MOST_CHARS: usize = 500;

/// What a set tells, and the text that stands in it. `None` when it tells nothing.
pub(super) fn read(set: &Value) -> Option<(Alarm, String)> {
    let mut alarm = variables(set.as_object()?);
    let mut said = String::new();
    for name in MESSAGES {
        match &set[name] {
            Value::Object(inner) => alarm.complete(variables(inner)),
            Value::String(text) => {
                let text = unquoted(text);
                match object(&text) {
                    Some(inner) => alarm.complete(variables(&inner)),
                    None if present(&text).is_some() && said.is_empty() => {
                        alarm.complete(words::read("", &text));
                        said = text;
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }
    let told = [&said, &alarm.name, &alarm.summary, &alarm.description, &alarm.target, &alarm.level];
    let tells = told.iter().any(|text| !text.is_empty());
    tells.then_some((alarm, said))
}

fn variables(set: &Map<String, Value>) -> Alarm {
    let value = |name: &str| set.get(name).and_then(filled_in).unwrap_or_default();
    let mut alarm = Alarm {
        name: value("alarm_name"),
        level: value("alarm_level"),
        status: value("alarm_status"),
        target: value("alarm_target"),
        summary: value("alarm_summary"),
        description: value("alarm_description"),
        began: value("alarm_active_at"),
        ended: value("alarm_resolved_at"),
        url: value("alarm_url"),
        id: value("alarm_id"),
        count: value("alarm_count"),
        grouped_by: value("alarm_group_by"),
        ..Alarm::default()
    };
    if !alarm.url.starts_with("http://") && !alarm.url.starts_with("https://") {
        alarm.url.clear();
    }
    for (name, value) in set {
        let kept =
            ![&NOT_LABELS[..], &PERSONAL, &MESSAGES, &["source"]].iter().any(|list| list.contains(&name.as_str()));
        if let (true, Some(value)) = (kept && alarm.more.len() < MOST_LABELS, filled_in(value)) {
            put(&mut alarm.more, name, value);
        }
    }
    // Two names of one thing.
    if alarm.more.get("svrIp") == alarm.more.get("hostIp") {
        alarm.more.remove("svrIp");
    }
    alarm
}

fn put(labels: &mut Labels, name: &str, value: String) {
    let short = SHORT.iter().find(|(long, _)| *long == name).map(|(_, short)| (*short).to_owned());
    let value = if name == "alarm_last_interval" { span(&value) } else { shorten(&value, MOST_CHARS) };
    match short {
        Some(short) => drop(labels.insert(short, value)),
        None => drop(labels.entry(camel_case(name)).or_insert(value)),
    }
}

/// A variable's value; none when OCP left its name there.
fn filled_in(value: &Value) -> Option<String> {
    let value = text(value)?;
    let is_name = value.starts_with("${") && value.ends_with('}');
    (!is_name).then(|| value.into_owned())
}

/// `ob_cluster` as `obCluster`.
fn camel_case(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut chars = part.chars();
        camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(chars.as_str());
    }
    camel
}

/// A text without the quotes that it has when `"${message_json}"` was written for `${message_json}`.
fn unquoted(text: &str) -> String {
    let inner = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match (serde_json::from_str(text.trim()), inner) {
        (Ok(text), Some(_)) => text,
        (Err(_), Some(inner)) => inner.to_owned(),
        (_, None) => text.to_owned(),
    }
}

/// The object that a text is, mended where values stand in it as they came.
fn object(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim().strip_prefix('{').map(|_| text.trim())?;
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mend(text))).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_a_text_an_object_or_an_object_in_a_text() {
        let inner = json!({"alarm_status": "已消除", "alarm_target": "svr_ip=192.0.2.11"});
        for message in [
            inner.clone(),
            inner.to_string().into(),
            json!(inner.to_string()).to_string().into(),
            format!("\"{inner}\"").into(),
            "{\"alarm_status\":\"已消除\",\"alarm_summary\":\"said \"x\"\nand\",\"alarm_target\":\"svr_ip=192.0.2.11\"}".into(),
        ] {
            let (alarm, said) = read(&json!({"alarm_name": "a", "message": message})).expect("an alarm");
            assert_eq!((alarm.status.as_str(), alarm.target.as_str()), ("已消除", "svr_ip=192.0.2.11"), "{message}");
            assert_eq!((alarm.name.as_str(), said.as_str()), ("a", ""));
        }
        let (alarm, said) = read(&json!({"message": "\"plain\""})).expect("a text");
        assert_eq!((alarm, said.as_str()), (Alarm::default(), "plain"));
    }

    #[test]
    fn names_that_were_not_filled_in_and_people_are_left_out() {
        let set = json!({
            "alarm_name": "${alarm_name}", "alarm_target": "a=b", "ob_cluster": "null", "ob_tenant": "t1",
            "recipients_uids": "1001", "at_recipients": "@13800000000", "source": "ocp", "alarm_last_interval": "PT6M8S",
            "value": "5", "value_shown": "5 %", "host_ip": "192.0.2.11", "svr_ip": "192.0.2.11",
        });
        let (alarm, _) = read(&set).expect("an alarm");
        assert_eq!(alarm.name, "");
        let labels: Vec<_> = alarm.more.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(labels, ["duration=6m8s", "hostIp=192.0.2.11", "obTenant=t1", "value=5 %"]);
        assert_eq!(read(&json!({"source": "ocp", "alarm_name": "${alarm_name}"})), None);
    }

    #[test]
    fn names_are_in_camel_case() {
        for (name, camel) in
            [("ob_cluster_id", "obClusterId"), ("app", "app"), ("_", ""), ("a__b_", "aB"), ("ä_ö", "äö")]
        {
            assert_eq!(camel_case(name), camel);
        }
    }
}
