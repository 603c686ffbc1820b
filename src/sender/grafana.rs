//! Grafana's webhook contact point, and the webhook channel of the alerting that Grafana had before version 8.
//!
//! The contact point sends all that Alertmanager's webhook has, with protocol version 1, and more: for each alert links
//! to its panel, dashboard and silence, the values that were evaluated, and an image. An alert's link is its panel,
//! else its dashboard, else its rule. Values are told where no annotation says anything. `DatasourceNoData` and
//! `DatasourceError` are alerts as any other. The group is `receiver` and `groupKey`; the state is which alerts fire or
//! are resolved since when.
//!
//! The old channel tells of one rule: `ruleName`, `state`, `evalMatches`, `message`. Its group is the rule, its state
//! is Grafana's word for it: a reminder is a repetition, `no_data` after `alerting` is not, `ok` means that it is over.
//! It tells no times.
//!
//! Source:
//! <https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/>.

use std::fmt::Write;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

use super::alertmanager::Body;
use super::event::Event;
use super::fields::{field, first_of, gather, headline, put, shorten, text, without};
use super::request::{Json, Reading};
use super::signature::{compare, fresh};
use super::time::Zone;
use super::{DecodeError, Decoded, Request, Unverified, level};
use crate::notification::{Alert, Labels, Sender};
use crate::secret::Source;

/// The annotations that say what happened.
const SAYING: [&str; 3] = ["summary", "description", "message"];

/// How much of an alert's values is told, in characters.
const MOST_VALUES: usize = 300;

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    let json = reading.json()?;
    if json.has("alerts") && (json.has("orgId") || json.has("state")) {
        return Some("`alerts` beside `orgId` or `state`");
    }
    let legacy = json.has("ruleName") && (json.has("evalMatches") || json.has("ruleId"));
    legacy.then_some("`ruleName` and `evalMatches`, as Grafana's old alerting has them")
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, _zone: &Zone) -> Result<Decoded, DecodeError> {
    match reading.json() {
        Some(json) if json.has("alerts") => unified(json),
        Some(json) if ["ruleName", "title", "message"].iter().any(|name| json.has(name)) => legacy(json.value()),
        _ => Err(DecodeError::shape("no `alerts` and no `ruleName`: this is not what Grafana's webhook sends")),
    }
}

fn unified(json: &Json<'_>) -> Result<Decoded, DecodeError> {
    let mut notification = Body::parse(&json.text)?.notification(Sender::Grafana);
    let body = json.value();
    for (alert, sent) in notification.alerts.iter_mut().zip(body["alerts"].as_array().into_iter().flatten()) {
        let link = first_of([&field(sent, "panelURL"), &field(sent, "dashboardURL"), &alert.generator_url]);
        alert.generator_url = link;
        if !says_something(alert) {
            put(&mut alert.annotations, "summary", &values(sent));
        }
    }
    // An image inside the body is larger than all the rest.
    notification.raw = without(body, &["embeddedImage"]);
    Ok(notification.into())
}

fn says_something(alert: &Alert) -> bool {
    SAYING.iter().any(|name| alert.annotations.get(*name).is_some_and(|text| !text.trim().is_empty()))
}

/// What was evaluated: `A = 12, C = 1`.
fn values(alert: &Value) -> String {
    let mut told = String::new();
    for (name, value) in alert["values"].as_object().into_iter().flatten() {
        if let Some(value) = text(value) {
            let _ = write!(told, "{}{name} = {value}", if told.is_empty() { "" } else { ", " });
        }
    }
    shorten(&first_of([&told, &field(alert, "valueString")]), MOST_VALUES)
}

fn legacy(body: &Value) -> Result<Decoded, DecodeError> {
    let (rule, state, message) = (field(body, "ruleName"), field(body, "state"), field(body, "message"));
    let title = first_of([&rule, &field(body, "title"), &headline(&message, MOST_VALUES)]);
    if title.is_empty() {
        return Err(DecodeError::shape("`ruleName`, `title` and `message` are empty: there is nothing to tell"));
    }
    let mut labels = Labels::new();
    gather(&mut labels, &body["tags"], &[]);
    if !matches!(state.as_str(), "alerting" | "ok") {
        put(&mut labels, "state", &state);
    }
    let matches = matches(&body["evalMatches"]);
    let is_line = !message.is_empty() && !message.contains('\n');
    let (summary, description) = if is_line { (message, matches) } else { (matches, message) };
    let event = Event {
        title,
        resolved: state == "ok",
        severity: labels.get("severity").and_then(|word| level::severity(word)),
        summary,
        description,
        url: field(body, "ruleUrl"),
        // The number alone would be that of another Grafana's rule as well.
        key: if rule.is_empty() { rule } else { [field(body, "orgId"), field(body, "ruleId"), rule].join("\n") },
        state,
        labels,
        raw: body.clone(),
        ..Event::default()
    };
    Ok(event.notification(Sender::Grafana).into())
}

/// What made the rule fire, one series behind the other: `cpu (host web-3) = 93.4; cpu = 91`.
fn matches(list: &Value) -> String {
    let mut told = String::new();
    for series in list.as_array().into_iter().flatten() {
        let mut tags = Labels::new();
        gather(&mut tags, &series["tags"], &[]);
        let tags = tags.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ");
        let tags = if tags.is_empty() { tags } else { format!(" ({tags})") };
        let between = if told.is_empty() { "" } else { "; " };
        let value = first_of([&field(series, "value"), "no value"]);
        let _ = write!(told, "{between}{}{tags} = {value}", field(series, "metric"));
    }
    shorten(&told, MOST_VALUES)
}

/// The key that Grafana signs with.
#[derive(Debug, Clone)]
pub struct GrafanaKey {
    /// The secret of the contact point.
    pub secret: Source,
    /// The header that holds the signed time, when the contact point has one.
    pub timestamp_header: Option<HeaderName>,
    /// How far a signed time may be from the present.
    pub replay_window: Duration,
}

/// Where the signature stands.
const SIGNATURE: &str = "x-grafana-alerting-signature";

// === impl GrafanaKey ===

impl GrafanaKey {
    /// Whether the body was signed with the secret, and lately, if a time is signed.
    pub(super) fn verify<'a>(&self, request: &Request<'a>, now: Timestamp) -> Result<(), Unverified> {
        let text = |value: Option<&'a HeaderValue>| value.and_then(|value| value.to_str().ok());
        let signature =
            text(request.headers.get(SIGNATURE)).ok_or(Unverified::Missing("X-Grafana-Alerting-Signature"))?;
        let Some(name) = &self.timestamp_header else { return compare(&self.sign("", request.body), signature) };
        let time = text(request.headers.get(name)).ok_or(Unverified::Missing("the signed time (timestamp_header)"))?;
        compare(&self.sign(&format!("{time}:"), request.body), signature)?;
        let seconds: i64 = time.parse().map_err(|_| Unverified::Wrong)?;
        fresh(seconds.saturating_mul(1000), self.replay_window, now)
    }

    /// HMAC-SHA256 in lower-case hexadecimal.
    fn sign(&self, before: &str, body: &[u8]) -> String {
        let secret = self.secret.read();
        let key = secret.expose().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(before.as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::clock::from_millis;
    use crate::notification::{Notification, Severity, Status};
    use crate::secret::Secret;
    use crate::sender::tests::{named, told};
    use crate::sender::{Settings, recognise};

    const FIRING: &str = include_str!("../../tests/fixtures/senders/grafana-firing.json");
    const RESOLVED: &str = include_str!("../../tests/fixtures/senders/grafana-resolved.json");
    const NO_DATA: &str = include_str!("../../tests/fixtures/senders/grafana-nodata.json");
    const LEGACY: &str = include_str!("../../tests/fixtures/senders/grafana-legacy.json");

    fn of(body: &str) -> Notification {
        told(Request::of_body(body.as_bytes()), Sender::Grafana)
    }

    #[test]
    fn two_alerts_fire() {
        let notification = of(FIRING);
        assert_eq!((notification.status, notification.receiver.as_str()), (Status::Firing, "dingtalk (ops)"));
        assert_eq!(notification.external_url, "https://grafana.example.com/");
        assert_eq!(notification.raw["title"], "[FIRING:2] Queue is growing Orders (critical)");
        let [invoices, mails] = notification.alerts.as_slice() else { panic!("two alerts") };
        assert!(invoices.generator_url.ends_with("&viewPanel=4"), "{}", invoices.generator_url);
        assert_eq!(invoices.annotations["summary"], "invoices holds 12840 messages");
        assert_eq!(invoices.starts_at, "2024-03-05T09:12:40+08:00");
        assert!(mails.generator_url.contains("/ddk3v9o8w1c00b/view"), "{}", mails.generator_url);
        assert_eq!(mails.annotations["summary"], "A = 5021.5, C = 1");
        assert_eq!(mails.labels["severity"], "critical");
    }

    #[test]
    fn they_are_over_and_a_peer_says_so_too() {
        let (firing, resolved) = (of(FIRING), of(RESOLVED));
        assert_eq!(resolved.status, Status::Resolved);
        assert_eq!(resolved.group_id("t"), firing.group_id("t"));
        assert_ne!(resolved.state_digest(), firing.state_digest());
        let peer = FIRING.replace("12840", "12855");
        assert_eq!(of(&peer).state_digest(), firing.state_digest());
    }

    #[test]
    fn no_data_is_an_alert() {
        let notification = of(NO_DATA);
        assert_eq!(notification.alerts[0].labels["alertname"], "DatasourceNoData");
        assert_eq!(notification.alerts[0].labels["rulename"], "Queue is growing");
        assert!(notification.alerts[0].annotations.is_empty());
        let told = NO_DATA.replace(r#""valueString": """#, r#""valueString": "[ no value ]""#);
        assert_eq!(of(&told).alerts[0].annotations["summary"], "[ no value ]");
    }

    #[test]
    fn the_old_alerting_is_told() {
        let notification = of(LEGACY);
        insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts[0]).expect("JSON"), @r#"
        {
          "status": "firing",
          "labels": {
            "alertname": "Shop CPU",
            "severity": "warning",
            "team": "shop"
          },
          "annotations": {
            "description": "cpu (host web-3) = 93.4; cpu = 91",
            "summary": "CPU of the shop is busy"
          },
          "startsAt": "",
          "endsAt": "",
          "generatorURL": "https://grafana.example.com/d/shop7/shop?tab=alert&viewPanel=2&orgId=1",
          "fingerprint": "408d1091171bf095",
          "severity": "warning"
        }
        "#);
        let ok = of(&LEGACY.replace(r#""state": "alerting""#, r#""state": "ok""#));
        assert_eq!(ok.status, Status::Resolved);
        assert_eq!(ok.group_id("t"), notification.group_id("t"));
        assert_ne!(ok.state_digest(), notification.state_digest());
        let reminded = of(&LEGACY.replace("93.4", "97.1"));
        assert_eq!(reminded.state_digest(), notification.state_digest());
        let no_data = of(&LEGACY.replace(r#""state": "alerting""#, r#""state": "no_data""#));
        assert_ne!(no_data.state_digest(), notification.state_digest());
        assert_eq!(no_data.alerts[0].labels["state"], "no_data");
        assert_eq!(no_data.alerts[0].severity, Some(Severity::Warning));
    }

    #[test]
    fn odd_forms_are_told_when_they_say_something() {
        let bare = of(r#"{"ruleName":"x","ruleId":1,"evalMatches":[{"metric":"m","value":null}],"message":"a\nb"}"#);
        assert_eq!(bare.alerts[0].annotations["summary"], "m = no value");
        assert_eq!(bare.alerts[0].annotations["description"], "a\nb");
        let own = named(&json!({"title": "Disk", "message": "full"}).to_string(), Sender::Grafana).expect("told");
        assert_eq!(own.alerts[0].labels["alertname"], "Disk");
        for (body, refusal) in [
            (r#"{"text":"x"}"#, "no `alerts` and no `ruleName`: this is not what Grafana's webhook sends"),
            (r#"{"title":null}"#, "`ruleName`, `title` and `message` are empty: there is nothing to tell"),
            (r#"{"alerts":[]}"#, "`alerts` is empty: there is nothing to tell"),
        ] {
            assert_eq!(named(body, Sender::Grafana).expect_err(body), refusal);
        }
    }

    // --- signatures, made with Python's `hmac` ---

    const BODY: &[u8] = br#"{"orgId":1,"state":"alerting","alerts":[{"labels":{"alertname":"x"}}]}"#;
    const SECRET: &str = "s3cret";
    const PLAIN: &str = "f17064d4e68a4fef2a2ac77574ecfa5f3ce71eeea867d1ecd1b29a05d3890680";
    const TIMED: &str = "ba6190fa7256a339eb127e5e2ab53804f0d2657e23817d5ffe2cde6360c2eb0c";
    const AT: &str = "1709600000";

    fn verified(
        secret: &str,
        time: Option<&[u8]>,
        signature: Option<&[u8]>,
        body: &[u8],
        now: i64,
    ) -> Result<(), Unverified> {
        let timestamp_header = time.map(|_| HeaderName::from_static("x-time"));
        let key = GrafanaKey {
            secret: Source::Inline(Secret::new(secret)),
            timestamp_header,
            replay_window: Duration::from_secs(600),
        };
        let mut headers = HeaderMap::new();
        let mut add = |name: HeaderName, value: Option<&[u8]>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                headers.insert(name, HeaderValue::from_bytes(value).expect("a header's value"));
            }
        };
        add(HeaderName::from_static(SIGNATURE), signature);
        add(HeaderName::from_static("x-time"), time);
        key.verify(&Request { headers: &headers, ..Request::of_body(body) }, from_millis(now))
    }

    #[test]
    fn what_was_signed_is_believed_while_it_is_fresh() {
        let (plain, timed, at) = (Some(PLAIN.as_bytes()), Some(TIMED.as_bytes()), Some(AT.as_bytes()));
        let now = 1_709_600_000_000;
        assert_eq!(verified(SECRET, None, plain, BODY, 0), Ok(()));
        assert_eq!(verified(SECRET, at, timed, BODY, now), Ok(()));
        assert_eq!(verified(SECRET, at, timed, BODY, now + 600_000), Ok(()));
        assert_eq!(verified(SECRET, at, timed, BODY, now + 600_001), Err(Unverified::Replayed));
        assert_eq!(verified(SECRET, at, timed, BODY, now - 600_001), Err(Unverified::Replayed));
        assert_eq!(verified(SECRET, None, timed, BODY, now), Err(Unverified::Wrong));
        assert_eq!(verified(SECRET, at, plain, BODY, now), Err(Unverified::Wrong));
        assert_eq!(verified(SECRET, None, None, BODY, now), Err(Unverified::Missing("X-Grafana-Alerting-Signature")));
        let no_time = verified(SECRET, Some(b""), timed, BODY, now);
        assert_eq!(no_time, Err(Unverified::Missing("the signed time (timestamp_header)")));
        assert!(verified(SECRET, None, Some("é".as_bytes()), BODY, now).is_err());
        let upper = PLAIN.to_uppercase();
        assert_eq!(verified(SECRET, None, Some(upper.as_bytes()), BODY, now), Err(Unverified::Wrong));
        let key = Settings { grafana: None, ..Settings::default() };
        let recognised = recognise(Request::of_body(BODY), None).expect("known");
        assert_eq!(recognised.verify(&key, None, from_millis(0)), Ok(()));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let now = 1_709_600_000_000;
        let right = [SECRET.as_bytes(), AT.as_bytes(), TIMED.as_bytes(), BODY];
        for part in 0..right.len() {
            for bit in 0..right[part].len() * 8 {
                let mut flipped = right[part].to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let mut parts = right;
                parts[part] = &flipped;
                let [secret, time, signature, body] = parts;
                // What is neither text nor a header's value never comes here.
                let Ok(secret) = std::str::from_utf8(secret) else { continue };
                if [time, signature].iter().any(|value| HeaderValue::from_bytes(value).is_err()) {
                    continue;
                }
                let verdict = verified(secret, Some(time), Some(signature), body, now);
                let noticed = matches!(verdict, Err(Unverified::Wrong | Unverified::Missing(_)));
                assert!(noticed, "{part} {bit}: {verdict:?}");
                if part != 1 {
                    let plain = if part == 2 { signature } else { PLAIN.as_bytes() };
                    assert!(verified(secret, None, Some(plain), body, now).is_err(), "{part} {bit}");
                }
            }
        }
    }
}
