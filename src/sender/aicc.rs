//! Huawei Cloud's AICC: a voice notification has ended, because it was heard, refused or never got through.
//!
//! JSON by POST, all values texts. The callback for calls between two people adds `serviceNo`, `caller`, `callData` and
//! the agent's times; its release reasons mean other things. Reasons are shown with their number and in both languages.
//!
//! The group is one call; the state is why it ended, so that a retry is a repetition. Nothing is ever over. A call that
//! was answered is told as info, any other as a warning. Numbers of people are masked wherever they stand. `callData`
//! is whatever the caller's systems attached to the call, often about a person: it is neither shown nor kept.
//!
//! With a shared key a body carries `timestamp`, `nonce` and `signature`. Without one, AICC signs nothing; a token in
//! the path, of letters and digits, is what its form for addresses admits.
//!
//! Source: <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_2805.html>,
//! <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_2804.html>.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::Sha256;

use super::event::{Event, fingerprint};
use super::fields::{field, first_of, gather, mask, put, without};
use super::request::Reading;
use super::signature::{compare, fresh};
use super::time::{Zone, time};
use super::{DecodeError, Decoded, Unverified};
use crate::notification::{Labels, Sender, Severity};
use crate::secret::{Secret, Source};

/// Why a voice notification ended: number, Chinese, English.
const NOTIFICATION_REASONS: [(&str, &str, &str); 8] = [
    ("0", "接通后对方挂机", "answered, then hung up"),
    ("1", "接通后播放完毕", "answered, played to the end"),
    ("4", "拒接或无人接听", "rejected or no answer"),
    ("6", "振铃前失败", "failed before ringing"),
    ("8", "无可用资源", "no resources"),
    ("9", "排队超时", "timed out in the queue"),
    ("10", "呼叫受限", "call restricted"),
    ("999", "UAP录音会议失败", "the UAP's recording conference failed"),
];

/// Why a call between two people ended.
const CALL_REASONS: [(&str, &str, &str); 6] = [
    ("0", "被叫挂机", "the callee hung up"),
    ("1", "主叫挂机", "the caller hung up"),
    ("2", "呼叫主叫失败", "the caller could not be called"),
    ("3", "呼叫被叫失败", "the callee could not be called"),
    ("4", "主叫无人接听", "the caller did not answer"),
    ("5", "被叫无人接听", "the callee did not answer"),
];

/// The reasons that only calls have that were answered, of either kind.
const ANSWERED: [&str; 2] = ["0", "1"];

/// Fields that hold the number of a person.
const NUMBERS: [&str; 3] = ["called", "caller", "callerPresent"];

/// What is neither shown nor kept.
const HIDDEN: [&str; 4] = ["signature", "timestamp", "nonce", "callData"];

/// What is no label: it is told in another place, or says nothing to people.
const UNTOLD: [&str; 5] = ["called", "createCallTime", "alertingTime", "talkingTime", "locationId"];

/// The members that are not among the signed ones.
const PROOF: [&str; 3] = ["timestamp", "nonce", "signature"];

/// How many digits a number has at least for being looked for in other fields.
const LEAST_DIGITS: usize = 6;

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    reading.json()?.has("callSerialNo").then_some("`callSerialNo`")
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let body = reading.json().map(|json| json.value()).unwrap_or(&Value::Null);
    let (serial, reason) = (field(body, "callSerialNo"), field(body, "releaseReason"));
    if serial.is_empty() && reason.is_empty() {
        return Err(DecodeError::shape("no `callSerialNo`: this is not what AICC posts when a call ends"));
    }
    let between_two = ["serviceNo", "callData", "caller"].iter().any(|name| body.get(name).is_some());
    let people = NUMBERS.map(|name| field(body, name)).map(|number| Person { shown: mask(&number), number });
    let raw = masked(&without(body, &HIDDEN), &people);

    let reasons: &[_] = if between_two { &CALL_REASONS } else { &NOTIFICATION_REASONS };
    let words = match reasons.iter().find(|(code, _, _)| *code == reason) {
        Some((code, chinese, english)) => format!("{code}: {chinese} / {english}"),
        None => reason.clone(),
    };
    let known = reasons.iter().any(|(code, _, _)| *code == reason);
    let answered = if known { ANSWERED.contains(&reason.as_str()) } else { !field(body, "talkingTime").is_empty() };

    let times = ["createCallTime", "alertingTime", "talkingTime", "releaseTime", "timestamp"];
    let began = time(&first_of(times.map(|name| field(body, name)).each_ref().map(String::as_str)), zone);
    let mut labels = Labels::new();
    put(&mut labels, "releaseTime", &time(&field(body, "releaseTime"), zone));
    gather(&mut labels, &raw, &UNTOLD);
    let event = Event {
        title: if between_two { "双向呼叫 / Two-way call" } else { "语音通知 / Voice notification" }.to_owned(),
        object: people[0].shown.clone(),
        severity: Some(if answered { Severity::Info } else { Severity::Warning }),
        summary: words,
        // The number itself would stand in the outbox.
        key: if serial.is_empty() { fingerprint(&format!("{}\n{began}", people[0].number)) } else { serial },
        starts_at: began,
        state: reason,
        labels,
        raw,
        ..Event::default()
    };
    Ok(event.notification(Sender::Aicc).into())
}

/// A person's number, and what is shown of it.
struct Person {
    number: String,
    shown: String,
}

/// The value without people's numbers, wherever they stand: a recording's file may be called by one. `people` are in
/// the order of [`NUMBERS`].
fn masked(value: &Value, people: &[Person]) -> Value {
    match value {
        Value::Object(members) => {
            let masked = members.iter().map(|(name, value)| {
                let person = NUMBERS.iter().position(|number| number == name).and_then(|at| people.get(at));
                let value = person.map_or_else(|| self::masked(value, people), |person| person.shown.as_str().into());
                (name.clone(), value)
            });
            Value::Object(masked.collect())
        }
        Value::Array(list) => list.iter().map(|value| self::masked(value, people)).collect(),
        Value::String(text) => hidden(text, people).map_or_else(|| value.clone(), Value::from),
        Value::Number(number) => hidden(&number.to_string(), people).map_or_else(|| value.clone(), Value::from),
        Value::Bool(_) | Value::Null => value.clone(),
    }
}

/// A text without people's numbers, if it holds any.
fn hidden(text: &str, people: &[Person]) -> Option<String> {
    let holds = |person: &&Person| person.number.len() >= LEAST_DIGITS && text.contains(person.number.as_str());
    let held: Vec<_> = people.iter().filter(holds).collect();
    let hide = |text: String, person: &&Person| text.replace(person.number.as_str(), &person.shown);
    (!held.is_empty()).then(|| held.iter().fold(text.to_owned(), hide))
}

/// The key that AICC signs with.
#[derive(Debug, Clone)]
pub struct AiccKey {
    /// The shared key.
    pub key: Source,
    /// How far a signature's time may be from the present.
    pub replay_window: Duration,
}

// === impl AiccKey ===

impl AiccKey {
    /// Whether the body was signed with the key, and lately.
    pub(super) fn verify(&self, reading: &Reading<'_>, now: Timestamp) -> Result<(), Unverified> {
        let json = reading.json().ok_or(Unverified::Missing("signature"))?;
        // Numbers are signed as they were printed, so none of them may be read as one.
        let members: Members<'_> = serde_json::from_str(&json.text).map_err(|_| Unverified::Missing("signature"))?;
        let part = |name| members.get(name).and_then(|raw| printed(raw)).ok_or(Unverified::Missing(name));
        let (signature, timestamp, nonce) = (part("signature")?, part("timestamp")?, part("nonce")?);
        compare(&sign(&self.key.read(), &timestamp, &nonce, &members), &signature)?;
        fresh(timestamp.parse().map_err(|_| Unverified::Wrong)?, self.replay_window, now)
    }
}

/// The members of a body by their names, in that order, as they are written.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// HMAC-SHA256 over key, time, nonce and all other members, which are printed as Java prints a sorted map: `name=value`
/// with commas between them, and without any space. The key is in the text as well.
fn sign(key: &Secret, timestamp: &str, nonce: &str, members: &Members<'_>) -> String {
    let signed = members.iter().filter(|(name, _)| !PROOF.contains(&name.as_str()));
    let printed = signed.map(|(name, raw)| format!("{name}={}", printed(raw).as_deref().unwrap_or("null")));
    let params = printed.collect::<Vec<_>>().join(",").replace(' ', "");
    let key = key.expose().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(key);
    mac.update(format!("_{timestamp}_{nonce}_{params}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A value as it is printed: a text itself, anything else as it is written; `None` for `null`.
fn printed(raw: &RawValue) -> Option<String> {
    match raw.get() {
        "null" => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        other => Some(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;
    use crate::clock::from_millis;
    use crate::notification::Notification;
    use crate::sender::tests::{named, told};
    use crate::sender::{Request, Settings, recognise};

    const UNSIGNED: &str = include_str!("../../tests/fixtures/senders/huawei-release-unsigned.json");
    const SIGNED: &str = include_str!("../../tests/fixtures/senders/huawei-release-signed.json");
    const SIGNED_AT: i64 = 1_645_074_645_300;

    fn of(body: &str) -> Notification {
        told(Request::of_body(body.as_bytes()), Sender::Aicc)
    }

    /// The call of the fixture with other members.
    fn call(change: &Value) -> Notification {
        let mut body: Value = serde_json::from_str(UNSIGNED).expect("JSON");
        let (body_members, change) = (body.as_object_mut().expect("object"), change.as_object().expect("object"));
        body_members.extend(change.clone());
        of(&body.to_string())
    }

    #[test]
    fn an_answered_call_is_told() {
        let notification = of(UNSIGNED);
        insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts[0]).expect("JSON"), @r#"
        {
          "status": "firing",
          "labels": {
            "alertname": "语音通知 / Voice notification",
            "callSerialNo": "1645074606-1234",
            "callerPresent": "075*****0000",
            "instance": "138****0000",
            "releaseReason": "1",
            "releaseTime": "2022-02-17T05:10:45.3Z",
            "severity": "info",
            "talkDuration": "30"
          },
          "annotations": {
            "summary": "1: 接通后播放完毕 / answered, played to the end"
          },
          "startsAt": "2022-02-17T05:10:06.836Z",
          "endsAt": "",
          "generatorURL": "",
          "fingerprint": "eef255d4ce67144b",
          "severity": "info"
        }
        "#);
        let all = serde_json::to_string(&of(SIGNED)).expect("JSON");
        for hidden in ["13800000000", "075500000000", "AGiQ1o3u", "a1b2c3d4"] {
            assert!(!all.contains(hidden), "{hidden}: {all}");
        }
    }

    #[test]
    fn every_reason_is_told_in_both_languages() {
        for (code, severity, words) in [
            ("0", Severity::Info, "0: 接通后对方挂机 / answered, then hung up"),
            ("4", Severity::Warning, "4: 拒接或无人接听 / rejected or no answer"),
            ("999", Severity::Warning, "999: UAP录音会议失败 / the UAP's recording conference failed"),
            ("77", Severity::Warning, "77"),
        ] {
            let notification = call(&json!({"releaseReason": code, "talkingTime": ""}));
            let alert = &notification.alerts[0];
            assert_eq!((alert.severity, alert.annotations["summary"].as_str()), (Some(severity), words));
            let between_two = call(&json!({"releaseReason": code, "serviceNo": "95000", "caller": "13911112222"}));
            assert_ne!(between_two.alerts[0].annotations["summary"] == words, code != "77", "{code}");
        }
        let unknown = call(&json!({"releaseReason": 77}));
        assert_eq!(unknown.alerts[0].severity, Some(Severity::Info), "it was answered");
    }

    #[test]
    fn a_retry_is_a_repetition_and_another_reason_is_not() {
        let (unsigned, signed) = (of(UNSIGNED), of(SIGNED));
        assert_eq!(unsigned.group_id("t"), signed.group_id("t"));
        assert_eq!(unsigned.state_digest(), signed.state_digest());
        let other = call(&json!({"releaseReason": "4"}));
        assert_eq!(other.group_id("t"), signed.group_id("t"));
        assert_ne!(other.state_digest(), signed.state_digest());
        assert_ne!(call(&json!({"callSerialNo": "x"})).group_id("t"), signed.group_id("t"));
        let (one, two) =
            (call(&json!({"callSerialNo": ""})), call(&json!({"callSerialNo": "", "called": "13811110000"})));
        assert_ne!(one.group_id("t"), two.group_id("t"), "only the masked middle differs");
    }

    #[test]
    fn numbers_are_hidden_wherever_they_stand() {
        let file = "/rec/13800000000_075500000000.wav";
        let told = call(&json!({
            "called": 13_800_000_000_i64, "caller": "13911112222", "recordfile": file, "callData": "Li Lei",
            "more": ["13911112222", {"called": "13800000000", "n": 13_911_112_222_i64}],
        }));
        assert_eq!(told.alerts[0].labels["instance"], "138****0000");
        assert_eq!(told.alerts[0].labels["recordfile"], "/rec/138****0000_075*****0000.wav");
        let all = serde_json::to_string(&told).expect("JSON");
        for hidden in ["13800000000", "075500000000", "13911112222", "Li Lei"] {
            assert!(!all.contains(hidden), "{hidden}: {all}");
        }
    }

    #[test]
    fn times_are_of_the_configured_zone() {
        let settings = Settings { time_zone: Some(TimeZone::UTC), ..Settings::default() };
        let recognised = recognise(Request::of_body(UNSIGNED.as_bytes()), None).expect("known");
        let decoded = recognised.decode(&settings).expect("valid");
        assert_eq!(decoded.notification.alerts[0].starts_at, "2022-02-17T13:10:06.836Z");
    }

    #[test]
    fn what_is_not_its_own_is_refused() {
        for body in ["{}", r#"{"title":"x"}"#, "a=b", "[1]", r#"{"callSerialNo":null}"#] {
            let refusal = named(body, Sender::Aicc).expect_err(body);
            assert_eq!(refusal, "no `callSerialNo`: this is not what AICC posts when a call ends");
        }
        assert!(named(r#"{"callSerialNo":"1"}"#, Sender::Aicc).is_ok());
    }

    // --- signatures ---

    fn verified(key: &str, body: &str, now: i64) -> Result<(), Unverified> {
        let key = AiccKey { key: Source::Inline(Secret::new(key)), replay_window: Duration::from_secs(600) };
        let settings = Settings { aicc: Some(key), ..Settings::default() };
        let recognised = recognise(Request::of_body(body.as_bytes()), Some(Sender::Aicc)).expect("readable");
        recognised.verify(&settings, None, from_millis(now))
    }

    const KEY: &str = "0123456789abcdef";

    #[test]
    fn a_signed_body_is_believed_while_it_is_fresh() {
        assert_eq!(verified(KEY, SIGNED, SIGNED_AT), Ok(()));
        assert_eq!(verified(KEY, SIGNED, SIGNED_AT + 600_000), Ok(()));
        assert_eq!(verified(KEY, SIGNED, SIGNED_AT + 600_001), Err(Unverified::Replayed));
        assert_eq!(verified(KEY, SIGNED, SIGNED_AT - 600_001), Err(Unverified::Replayed));
        assert_eq!(verified(KEY, UNSIGNED, SIGNED_AT), Err(Unverified::Missing("signature")));
        for missing in ["timestamp", "nonce"] {
            let body = SIGNED.replace(missing, "other");
            assert_eq!(verified(KEY, &body, SIGNED_AT), Err(Unverified::Missing(missing)));
        }
        for body in ["words", "a=b", "[1]", "{}"] {
            assert_eq!(verified(KEY, body, SIGNED_AT), Err(Unverified::Missing("signature")));
        }
    }

    /// Signed with Python's `hmac`: numbers as they were printed, `null`, spaces, no order.
    #[test]
    fn values_are_signed_as_they_are_printed() {
        let body = r#"{"z":1.50,"callSerialNo":"a b","n":null,"big":12345678901234567890123,"A":true,
            "text":"\u547c\u53eb \"x\"","timestamp":1645074645300,"nonce":"n 1","signature":"4cY6hOPQqZFO5rU3cyCcfCOnLlg+a6WbZ35e5zNs+4U="}"#;
        assert_eq!(verified(KEY, body, SIGNED_AT), Ok(()));
        for (from, to) in [("1.50", "1.5"), ("null", "\"\""), ("n 1", "n1"), ("true", "false")] {
            assert_eq!(verified(KEY, &body.replace(from, to), SIGNED_AT), Err(Unverified::Wrong), "{from}");
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let members: BTreeMap<String, String> = serde_json::from_str(SIGNED).expect("texts");
        for (name, value) in &members {
            for (at, part) in [name, value].into_iter().enumerate() {
                for bit in 0..part.len() * 7 {
                    let mut bytes = part.clone().into_bytes();
                    bytes[bit / 7] ^= 1 << (bit % 7);
                    let flipped = String::from_utf8(bytes).expect("ASCII");
                    let mut changed = members.clone();
                    changed.remove(name);
                    let (name, value) = if at == 0 { (&flipped, value) } else { (name, &flipped) };
                    changed.insert(name.clone(), value.clone());
                    let body = serde_json::to_string(&changed).expect("JSON");
                    let verdict = verified(KEY, &body, SIGNED_AT);
                    assert!(matches!(verdict, Err(Unverified::Wrong | Unverified::Missing(_))), "{body}");
                }
            }
        }
        for bit in 0..KEY.len() * 7 {
            let mut key = KEY.as_bytes().to_vec();
            key[bit / 7] ^= 1 << (bit % 7);
            let key = String::from_utf8(key).expect("ASCII");
            assert_eq!(verified(&key, SIGNED, SIGNED_AT), Err(Unverified::Wrong), "{key:?}");
        }
    }
}
