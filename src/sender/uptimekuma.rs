//! Uptime Kuma's webhook: a monitor is down, up again, about to be judged, or in maintenance.
//!
//! `heartbeat`, `monitor` and `msg`, as JSON, as one form field `data` that holds that JSON, or by GET, where the query
//! has `msg` and, as texts of JSON, the two others. A test and a notice that a certificate expires have only `msg`;
//! they are told as they are.
//!
//! The group is the monitor: its number, name and address, because every installation counts from one. The state is its
//! status, so that Uptime Kuma's own reminders within the window are repetitions. Down is critical, pending a warning,
//! maintenance info; up means that it is over. A notice is its own group.
//!
//! Of the monitor's settings only those are kept that say what it is: some releases send passwords along.
//!
//! Source: <https://github.com/louislam/uptime-kuma/blob/master/server/notification-providers/webhook.js>.

use serde_json::{Map, Value, json};

use super::event::{Event, fingerprint};
use super::fields::{field, first_of, gather, headline, put};
use super::request::{Content, Form, Reading};
use super::time::{Zone, time};
use super::{DecodeError, Decoded};
use crate::notification::{Labels, Sender, Severity};

/// What is kept of a monitor.
const MONITOR: [&str; 11] =
    ["id", "name", "pathName", "description", "type", "url", "hostname", "port", "keyword", "interval", "tags"];

/// How long a message's first line may be to stand for it, in characters.
const MOST_SUMMARY: usize = 200;

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    match &reading.content {
        Content::Json(json) => {
            (json.has("heartbeat") && json.has("monitor") && json.has("msg")).then_some("`heartbeat` and `monitor`")
        }
        Content::Form(form) => {
            let own = form.iter().all(|(name, _)| matches!(name, "msg" | "heartbeat" | "monitor"));
            (form.has("msg") && own).then_some("nothing but `msg`, `heartbeat` and `monitor` in a form")
        }
        Content::Text(_) => None,
    }
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let told = match &reading.content {
        Content::Json(json) => without_settings(json.value()),
        Content::Form(form) => without_settings(&unfolded(form)),
        Content::Text(text) => json!({ "msg": text.trim() }),
    };
    let event = match told["heartbeat"].is_object() {
        true => beat(&told, zone),
        false => notice(&told),
    };
    if event.title.is_empty() {
        return Err(DecodeError::shape("no `heartbeat` and no `msg`: this is not what Uptime Kuma posts"));
    }
    Ok(Event { raw: told, ..event }.notification(Sender::UptimeKuma).into())
}

/// What a query says, its texts of JSON read.
fn unfolded(form: &Form) -> Value {
    let read = |name| form.get(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    json!({ "msg": form.get("msg"), "heartbeat": read("heartbeat"), "monitor": read("monitor") })
}

/// It with nothing of the monitor but what says what it is.
fn without_settings(told: &Value) -> Value {
    let Value::Object(members) = told else { return Value::Null };
    let mut members = members.clone();
    if let Some(Value::Object(monitor)) = members.get("monitor") {
        let kept = monitor.iter().filter(|(name, value)| MONITOR.contains(&name.as_str()) && !value.is_null());
        let mut kept: Map<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        if let Some(url) = kept.get("url").and_then(Value::as_str) {
            let url = without_login(url);
            kept.insert("url".to_owned(), url.into());
        }
        members.insert("monitor".to_owned(), kept.into());
    }
    members.into()
}

/// `https://user:password@host/` without who logs in.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{behind}")
}

/// What a heartbeat says.
fn beat(told: &Value, zone: &Zone) -> Event {
    let (monitor, beat, said) = (&told["monitor"], &told["heartbeat"], field(told, "msg"));
    let (status, id) = (field(beat, "status"), first_of([&field(monitor, "id"), &field(beat, "monitorID")]));
    let name = first_of([&field(monitor, "name"), &field(monitor, "pathName"), &headline(&said, MOST_SUMMARY)]);
    let (resolved, severity) = match status.as_str() {
        "0" => (false, Some(Severity::Critical)),
        "1" => (true, Some(Severity::Critical)),
        "2" => (false, Some(Severity::Warning)),
        "3" => (false, Some(Severity::Info)),
        _ => (false, None),
    };
    // Monitors without a URL have the beginning of one.
    let url = Some(field(monitor, "url")).filter(|url| url.split_once("://").is_some_and(|(_, rest)| !rest.is_empty()));
    let url = url.unwrap_or_default();
    let (host, port) = (field(monitor, "hostname"), field(monitor, "port"));
    let host = if host.is_empty() || port.is_empty() { host } else { format!("{host}:{port}") };
    let object = first_of([&url, &host]);

    let mut labels = Labels::new();
    for tag in monitor["tags"].as_array().into_iter().flatten() {
        put(&mut labels, &field(tag, "name"), &first_of([&field(tag, "value"), "true"]));
    }
    labels.remove("");
    put(&mut labels, "type", &field(monitor, "type"));
    put(&mut labels, "ping", &with_unit(&field(beat, "ping")));
    let path = field(monitor, "pathName");
    put(&mut labels, "path", if path == name { "" } else { &path });
    if severity.is_none() {
        put(&mut labels, "status", &status);
    }
    // `time` is in UTC; releases that have the other two say it in the server's zone as well.
    let local = field(beat, "localDateTime");
    let when = match local.is_empty() {
        true => time(&field(beat, "time"), &zone.at_offset("Z")),
        false => time(&local, &zone.at_offset(&field(beat, "timezoneOffset"))),
    };
    let (starts_at, ends_at) = if resolved { (String::new(), when) } else { (when, String::new()) };
    Event {
        summary: first_of([&field(beat, "msg"), &said]),
        description: field(monitor, "description"),
        key: [&id, &name, &object].map(String::as_str).join("\n"),
        title: first_of([&name, "Uptime Kuma"]),
        object,
        resolved,
        severity,
        starts_at,
        ends_at,
        url,
        state: status,
        labels,
        ..Event::default()
    }
}

fn with_unit(ping: &str) -> String {
    if ping.is_empty() { String::new() } else { format!("{ping} ms") }
}

/// What is said without a heartbeat.
fn notice(told: &Value) -> Event {
    let said = field(told, "msg");
    let title = headline(&said, MOST_SUMMARY);
    let mut labels = Labels::new();
    gather(&mut labels, &told["monitor"], &["id", "name"]);
    Event {
        object: field(&told["monitor"], "name"),
        key: fingerprint(&said),
        description: if said == title { String::new() } else { said },
        title,
        labels,
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::CONTENT_TYPE;

    use super::*;
    use crate::notification::{Notification, Status};
    use crate::sender::Request;
    use crate::sender::tests::{named, told};

    const DOWN: &str = include_str!("../../tests/fixtures/senders/uptimekuma-down.json");
    const TEST: &str = include_str!("../../tests/fixtures/senders/uptimekuma-test.json");

    fn of(body: &str) -> Notification {
        told(Request::of_body(body.as_bytes()), Sender::UptimeKuma)
    }

    fn with_status(status: &str) -> Notification {
        of(&DOWN.replace(r#""status": 0"#, &format!(r#""status": {status}"#)))
    }

    #[test]
    fn a_monitor_that_is_down_is_told() {
        let notification = of(DOWN);
        insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts[0]).expect("JSON"), @r#"
        {
          "status": "firing",
          "labels": {
            "alertname": "web",
            "instance": "http://127.0.0.1",
            "severity": "critical",
            "type": "http"
          },
          "annotations": {
            "summary": "connect ECONNREFUSED 127.0.0.1:80"
          },
          "startsAt": "2024-01-01T04:00:00Z",
          "endsAt": "",
          "generatorURL": "http://127.0.0.1",
          "fingerprint": "9b420f7b6e2c9152",
          "severity": "critical"
        }
        "#);
        assert_eq!(notification.raw["heartbeat"]["timezone"], "Asia/Shanghai");
    }

    #[test]
    fn every_status_is_known() {
        let down = of(DOWN);
        for (status, over, severity) in [
            ("1", Status::Resolved, Some(Severity::Critical)),
            ("2", Status::Firing, Some(Severity::Warning)),
            ("\"3\"", Status::Firing, Some(Severity::Info)),
            ("9", Status::Firing, None),
        ] {
            let notification = with_status(status);
            assert_eq!((notification.status, notification.alerts[0].severity), (over, severity), "{status}");
            assert_eq!(notification.group_id("t"), down.group_id("t"));
            assert_ne!(notification.state_digest(), down.state_digest());
        }
        let up = with_status("1");
        assert_eq!((up.alerts[0].starts_at.as_str(), up.alerts[0].ends_at.as_str()), ("", "2024-01-01T04:00:00Z"));
        let again = of(&DOWN.replace("04:00:00", "04:05:00").replace("12:00:00", "12:05:00"));
        assert_eq!(again.state_digest(), down.state_digest());
        let elsewhere = of(&DOWN.replace("http://127.0.0.1", "http://127.0.0.2"));
        assert_ne!(elsewhere.group_id("t"), down.group_id("t"));
    }

    #[test]
    fn a_form_and_a_query_say_the_same() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "multipart/form-data; boundary=xyz".parse().expect("value"));
        let form = format!("--xyz\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{DOWN}\r\n--xyz--\r\n");
        let form = told(Request { headers: &headers, ..Request::of_body(form.as_bytes()) }, Sender::UptimeKuma);
        assert_eq!(form, of(DOWN));

        let value: Value = serde_json::from_str(DOWN).expect("JSON");
        let (heartbeat, monitor) = (value["heartbeat"].to_string(), value["monitor"].to_string());
        let pairs = [("msg", value["msg"].as_str().expect("text")), ("heartbeat", &heartbeat), ("monitor", &monitor)];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let get = Request { query: Some(&query), ..Request::of_body(b"") };
        assert_eq!(told(get, Sender::UptimeKuma), of(DOWN));
        let test = told(Request { query: Some("msg=Testing+it"), ..Request::of_body(b"") }, Sender::UptimeKuma);
        assert_eq!(test.alerts[0].labels["alertname"], "Testing it");
    }

    #[test]
    fn notices_are_told_as_they_are() {
        let test = of(TEST);
        let alert = &test.alerts[0];
        assert_eq!(alert.labels["alertname"], "My Notification Testing");
        assert_eq!((test.status, alert.severity, alert.annotations.len()), (Status::Firing, None, 0));
        let expiry = of(&TEST.replace("My Notification Testing", "[web][https://x] expires in 7 days"));
        assert_ne!(expiry.group_id("t"), test.group_id("t"));
        assert_eq!(named("it is down", Sender::UptimeKuma).expect("told").alerts[0].labels["alertname"], "it is down");
    }

    #[test]
    fn passwords_stay_out() {
        let settings = r#""mqttPassword": "hidden1", "headers": "hidden2", "pushToken": "hidden3", "hostname": null,
            "tags": [{"name": "team", "value": "shop", "color": "x"}, {"name": "prod", "value": ""}, {}], "id": 1"#;
        let body = DOWN.replace(r#""id": 1"#, settings).replace("http://127", "http://me:hidden4@127");
        let notification = of(&body);
        let all = serde_json::to_string(&notification).expect("JSON");
        assert!(!all.contains("hidden"), "{all}");
        let labels = &notification.alerts[0].labels;
        assert_eq!((labels["team"].as_str(), labels["prod"].as_str()), ("shop", "true"));
        assert_eq!(labels["instance"], "http://127.0.0.1");
    }

    #[test]
    fn odd_fields() {
        let ping = r#"{"heartbeat":{"status":0,"time":"2024-01-01 04:00:00.000","msg":"no answer","ping":12},"msg":"m",
            "monitor":{"id":2,"name":"gw","url":"https://","hostname":"10.0.0.1","port":22}}"#;
        let ping = of(ping);
        let alert = &ping.alerts[0];
        assert_eq!((alert.labels["instance"].as_str(), alert.labels["ping"].as_str()), ("10.0.0.1:22", "12 ms"));
        assert_eq!((alert.starts_at.as_str(), alert.generator_url.as_str()), ("2024-01-01T04:00:00Z", ""));
        let bare = of(r#"{"heartbeat":{"status":0},"monitor":null,"msg":"[web] down"}"#);
        assert_eq!(bare.alerts[0].labels["alertname"], "[web] down");
        for body in ["{}", "[{}]", "a=b", r#"{"heartbeat":null,"monitor":{},"msg":""}"#] {
            let refusal = named(body, Sender::UptimeKuma).expect_err(body);
            assert_eq!(refusal, "no `heartbeat` and no `msg`: this is not what Uptime Kuma posts");
        }
        assert_eq!(without_login("https://a@b@host:1/x@y"), "https://host:1/x@y");
        assert_eq!(without_login("host"), "host");
    }
}
