//! Prometheus Alertmanager's webhook, protocol version 4, as every release from 0.19 to 0.34 sends it.
//!
//! Unknown fields are ignored, missing and `null` ones are empty. The group is `receiver` and `groupKey`; the state
//! is which alerts fire or are resolved since when.
//!
//! Source: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::event::fingerprint;
use super::request::Reading;
use super::time::Zone;
use super::{DecodeError, Decoded};
use crate::notification::{Alert, Labels, Notification, Sender, Status};

/// The only protocol version there has been since 2017.
const VERSION: &str = "4";

/// The body as it is sent; all text that Alertmanager leaves out in some release has a default.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a JSON object as Alertmanager's webhook sends it")]
pub(super) struct Body {
    alerts: Option<Vec<BodyAlert>>,
    version: Option<String>,
    group_key: Option<String>,
    status: Option<Status>,
    #[serde(default, deserialize_with = "null_is_empty")]
    receiver: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    group_labels: Labels,
    #[serde(default, deserialize_with = "null_is_empty")]
    common_labels: Labels,
    #[serde(default, deserialize_with = "null_is_empty")]
    common_annotations: Labels,
    #[serde(default, deserialize_with = "null_is_empty")]
    route_labels: Labels,
    #[serde(default, rename = "externalURL", deserialize_with = "null_is_empty")]
    external_url: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    truncated_alerts: u64,
    // The one name of the protocol in snake case.
    #[serde(default, rename = "notification_reason", deserialize_with = "null_is_empty")]
    notification_reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an alert as Alertmanager's webhook sends it")]
struct BodyAlert {
    status: Option<Status>,
    #[serde(default, deserialize_with = "null_is_empty")]
    labels: Labels,
    #[serde(default, deserialize_with = "null_is_empty")]
    annotations: Labels,
    #[serde(default, deserialize_with = "null_is_empty")]
    starts_at: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    ends_at: String,
    #[serde(default, rename = "generatorURL", deserialize_with = "null_is_empty")]
    generator_url: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    fingerprint: String,
}

/// Why a request is Alertmanager's: nobody else has `alerts` without a mark of their own.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    reading.json()?.has("alerts").then_some("`alerts`, and no other sender's marks")
}

/// Reads a webhook body.
pub(super) fn decode(reading: &Reading<'_>, _zone: &Zone) -> Result<Decoded, DecodeError> {
    read(&reading.text())
}

fn read(body: &str) -> Result<Decoded, DecodeError> {
    let body = Body::parse(body)?;
    if body.version.is_none() && body.group_key.is_none() {
        return Err(DecodeError::shape(
            "`alerts` without `version` and `groupKey`: remove `payload:` from the webhook_config, so that \
             Alertmanager sends its own format",
        ));
    }
    let oddity = match body.version.as_deref() {
        Some(VERSION) => None,
        Some(other) => Some(format!("protocol version {other:?} instead of {VERSION:?}")),
        None => Some(format!("no protocol version; read as {VERSION:?}")),
    };
    Ok(Decoded { notification: body.notification(Sender::Alertmanager), oddity })
}

// === impl Body ===

impl Body {
    /// Reads a body that has alerts, as Alertmanager and those who follow it send it.
    ///
    /// # Errors
    /// When it is of another form, or there are none.
    pub(super) fn parse(text: &str) -> Result<Self, DecodeError> {
        let body: Self = serde_json::from_str(text)?;
        match body.alerts.as_deref() {
            None => Err(DecodeError::shape("no `alerts`: this is not what Alertmanager's webhook sends")),
            Some([]) => Err(DecodeError::shape("`alerts` is empty: there is nothing to tell")),
            Some(_) => Ok(body),
        }
    }

    /// It as `sender` told it.
    pub(super) fn notification(self, sender: Sender) -> Notification {
        let group_status = self.status.unwrap_or(Status::Firing);
        let alerts = self.alerts.unwrap_or_default();
        let alerts: Vec<Alert> = alerts.into_iter().map(|alert| alert.into_alert(group_status)).collect();
        let fires = alerts.iter().any(|alert| alert.status == Status::Firing);
        Notification {
            sender,
            status: self.status.unwrap_or(if fires { Status::Firing } else { Status::Resolved }),
            receiver: unquote_meta(&self.receiver),
            group_key: self.group_key.unwrap_or_else(|| format!("{:?}", self.group_labels)),
            group_labels: self.group_labels,
            common_labels: self.common_labels,
            common_annotations: self.common_annotations,
            route_labels: self.route_labels,
            external_url: self.external_url,
            truncated_alerts: self.truncated_alerts,
            notification_reason: self.notification_reason,
            meant_for: String::new(),
            state: String::new(),
            salvaged: false,
            relay: None,
            raw: Value::Null,
            alerts,
        }
    }
}

// === impl BodyAlert ===

impl BodyAlert {
    fn into_alert(self, group_status: Status) -> Alert {
        let fingerprint = if self.fingerprint.is_empty() { identity(&self.labels) } else { self.fingerprint };
        Alert {
            status: self.status.unwrap_or(group_status),
            labels: self.labels,
            annotations: self.annotations,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            generator_url: self.generator_url,
            fingerprint,
            severity: None,
        }
    }
}

/// An identity of the labels for a body without fingerprints. It need not be Alertmanager's own, only stable.
fn identity(labels: &Labels) -> String {
    fingerprint(&labels.iter().map(|(name, value)| format!("{name}\0{value}\0")).collect::<String>())
}

/// Undoes Go's `regexp.QuoteMeta`, which Alertmanager applies to the receiver's name.
fn unquote_meta(quoted: &str) -> String {
    let mut name = String::with_capacity(quoted.len());
    let mut chars = quoted.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && r"\.+*?()|[]{}^$".contains(next) => {
                name.push(next);
                chars.next();
            }
            _ => name.push(c),
        }
    }
    name
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        read(body).expect_err(body).to_string()
    }

    #[test]
    fn missing_and_null_fields_are_empty() {
        let body = r#"{"version":"4","groupLabels":null,"commonLabels":null,"truncatedAlerts":null,"x":1,
            "alerts":[{"status":"firing","labels":{"a":"b"},"annotations":null,"endsAt":null},{"labels":null}]}"#;
        let Decoded { notification, oddity } = read(body).expect("valid");
        assert_eq!(oddity, None);
        assert_eq!(notification.status, Status::Firing);
        assert_eq!(notification.group_key, "{}");
        assert_eq!(notification.truncated_alerts, 0);
        assert!(notification.alerts[0].annotations.is_empty());
        assert_eq!(notification.alerts[0].fingerprint.len(), 16);
        assert_ne!(notification.alerts[0].fingerprint, notification.alerts[1].fingerprint);
    }

    #[test]
    fn another_version_is_read_and_told() {
        let body = r#"{"version":"1","groupKey":"k","alerts":[{"status":"resolved"}],"status":"resolved"}"#;
        let decoded = read(body).expect("valid");
        assert_eq!(decoded.notification.status, Status::Resolved);
        assert_eq!(decoded.oddity.as_deref(), Some("protocol version \"1\" instead of \"4\""));
    }

    #[test]
    fn what_is_refused_is_told_with_its_place() {
        for (body, told) in [
            ("", "line 1 column 0: EOF while parsing a value"),
            ("alert!", "line 1 column 1: expected value"),
            ("{}", "line 1 column 1: no `alerts`: this is not what Alertmanager's webhook sends"),
            ("null", "line 1 column 4: invalid type: null, expected a JSON object as Alertmanager's webhook sends it"),
            ("{\"alerts\":\n 5}", "line 2 column 2: invalid type: integer `5`, expected a sequence"),
            (r#"{"version":"4","alerts":[]}"#, "line 1 column 1: `alerts` is empty: there is nothing to tell"),
            (
                r#"{"version":"4","alerts":[{"status":"maybe"}]}"#,
                "line 1 column 42: unknown variant `maybe`, expected `firing` or `resolved`",
            ),
            (r#"{"version":"4","alerts":[{}]} x"#, "line 1 column 31: trailing characters"),
        ] {
            assert_eq!(refusal(body), told, "{body}");
        }
        assert!(refusal(r#"{"alerts":[{}]}"#).contains("remove `payload:`"));
    }

    #[test]
    fn a_refusal_stays_on_one_short_line() {
        let told = refusal(&format!(r#"{{"alerts":"{}\n"}}"#, "x".repeat(10_000)));
        assert!(told.len() < 300 && !told.contains('\n'), "{told}");
    }

    #[test]
    fn the_receiver_is_as_people_write_it() {
        assert_eq!(unquote_meta(r"team\.dingtalk \(ops\+dba\) 运维"), "team.dingtalk (ops+dba) 运维");
        assert_eq!(unquote_meta(r"a\\d\d"), r"a\d\d");
        assert_eq!(unquote_meta(r"end\"), r"end\");
    }
}
