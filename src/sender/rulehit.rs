//! Alibaba Cloud's Smart Conversation Analysis (智能对话分析): a recorded call has hit a rule.
//!
//! It calls an address, which must have a domain name, and appends `taskId`, `timestamp`, `signature` and `event` to
//! it.
//!
//! - `event=RuleHit`: JSON with `fileName`, `taskId`, `fileId`, `ruleIds`, `ruleNames`, `date` and `message`, which
//!   repeats the others in one line. The two lists are documented as lists and printed as texts that hold lists, one of
//!   them without escaping its quotes; all of it is read.
//! - Any other event, such as a task's end: GET or POST, with or without a body. Their names and bodies are not
//!   documented, so whatever they hold is shown.
//!
//! The group is one file of one task, and the event; the state is which rules it hit. Nothing is ever over: a call
//! stays as it was. It has no levels. A hit is told as a warning: somebody chose that rule because a person should look
//! at such calls soon, but nothing is down.
//!
//! The signature covers the task and the time, not what is said; a token in the path is worth having beside it.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::{Digest, Md5};
use serde_json::Value;

use super::event::{Event, fingerprint};
use super::fields::{field, first_of, gather, present, put, text, without};
use super::request::{Content, Reading};
use super::signature::{compare, fresh};
use super::time::{Zone, parse, time};
use super::{DecodeError, Decoded, Unverified};
use crate::notification::{Labels, Sender, Severity};

/// The event of a rule that was hit.
const RULE_HIT: &str = "RuleHit";

/// What is read below by its name.
const KNOWN: [&str; 8] = ["ruleIds", "ruleNames", "fileName", "fileId", "taskId", "date", "message", "event"];

/// What is neither shown nor kept: the proof, when it was made, and whose account it is.
const HIDDEN: [&str; 5] = ["signature", "timestamp", "aliUid", "aliuid", "userId"];

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    if ["taskId", "signature", "event"].iter().all(|name| reading.query.has(name)) {
        return Some("`taskId`, `signature` and `event` in its address");
    }
    let json = reading.json()?;
    (json.has("ruleIds") && json.has("fileId")).then_some("`ruleIds` and `fileId`")
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let (body, words) = match &reading.content {
        Content::Json(json) => (Cow::Borrowed(json.value()), ""),
        Content::Form(form) => (Cow::Owned(form.to_value()), ""),
        Content::Text(text) => (Cow::Owned(Value::Null), text.trim()),
    };
    let asked = |name: &str| first_of([&field(&body, name), reading.query.get(name).unwrap_or_default()]);
    let (ids, names) = (list(&body["ruleIds"]), list(&body["ruleNames"]));
    let (event, task, file, said) = (asked("event"), asked("taskId"), field(&body, "fileId"), field(&body, "message"));
    let hit = !ids.is_empty() || !names.is_empty();
    if !hit && event.is_empty() && said.is_empty() {
        return Err(DecodeError::shape("no `ruleIds`, no `message` and no `event`: not Smart Conversation Analysis'"));
    }

    let mut labels = Labels::new();
    put(&mut labels, "ruleIds", &ids.join(", "));
    put(&mut labels, "fileId", &file);
    put(&mut labels, "taskId", &task);
    gather(&mut labels, &body, &[KNOWN.as_slice(), &HIDDEN].concat());
    let raw = without(&body, &HIDDEN);
    let same = if event.eq_ignore_ascii_case(RULE_HIT) { "" } else { event.as_str() };
    let date = field(&body, "date");
    let when = if parse(&date, zone).is_some() { date } else { first_of([&asked("timestamp"), &date]) };
    let event = Event {
        title: first_of([&names.join(", "), &event, RULE_HIT]),
        object: first_of([&field(&body, "fileName"), &file]),
        severity: hit.then_some(Severity::Warning),
        summary: without_prefix(&said, &task, &file, zone).to_owned(),
        description: words.to_owned(),
        starts_at: time(&when, zone),
        key: if task.is_empty() && file.is_empty() { String::new() } else { [&task, &file, same].join("\n") },
        state: match first_of([&ids.join(","), &names.join(",")]) {
            rules if rules.is_empty() => fingerprint(&format!("{raw}{words}")),
            rules => rules,
        },
        labels,
        raw,
        ..Event::default()
    };
    Ok(event.notification(Sender::RuleHit).into())
}

/// The members of a list, of a text that holds a list, or of a text that holds one of them.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(members) => members.iter().filter_map(text).map(Cow::into_owned).collect(),
        Value::String(written) => match serde_json::from_str(written) {
            Ok(inside @ Value::Array(_)) => list(&inside),
            _ => present(written).map(str::to_owned).into_iter().collect(),
        },
        other => text(other).map(Cow::into_owned).into_iter().collect(),
    }
}

/// A summary without the time, the task and the file that stand before it in brackets: they are shown anyway.
fn without_prefix<'a>(said: &'a str, task: &str, file: &str, zone: &Zone) -> &'a str {
    let mut rest = said;
    while let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if inside != task && inside != file && parse(inside, zone).is_none() {
            break;
        }
        rest = behind.trim_start();
    }
    if rest.is_empty() { said } else { rest }
}

/// What Smart Conversation Analysis' signatures are made with.
#[derive(Debug, Clone)]
pub struct RuleHitKey {
    /// The id of the Alibaba Cloud account.
    pub ali_uid: String,
    /// How far a signature's time may be from the present.
    pub replay_window: Duration,
}

// === impl RuleHitKey ===

impl RuleHitKey {
    /// Whether the address was made by the account's own Smart Conversation Analysis, and lately.
    pub(super) fn verify(&self, reading: &Reading<'_>, now: Timestamp) -> Result<(), Unverified> {
        let given = |name| reading.query.get(name).filter(|value| !value.is_empty());
        let part = |name| given(name).ok_or(Unverified::Missing(name));
        let (signature, task, timestamp) = (part("signature")?, part("taskId")?, part("timestamp")?);
        // A `+` of Base64 that was not encoded on its way reads as a space.
        compare(&self.sign(task, timestamp), &signature.replace(' ', "+"))?;
        fresh(timestamp.parse().map_err(|_| Unverified::Wrong)?, self.replay_window, now)
    }

    fn sign(&self, task: &str, timestamp: &str) -> String {
        STANDARD.encode(Md5::digest(format!("taskId={task}&timestamp={timestamp}&aliUid={}", self.ali_uid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;
    use crate::notification::{Notification, Status};
    use crate::sender::tests::{named, told};
    use crate::sender::{Request, Settings, recognise};

    const TASK: &str = "7352C9F1-6E2E-41F4-A1CF-B8939D17B68E";
    const UID: &str = "1234567890123456";
    const AT: &str = "1559054024678";

    const PRINTED: &[u8] = include_bytes!("../../tests/fixtures/senders/sca-rulehit-as-printed-invalid.json");
    const STRINGIFIED: &[u8] = include_bytes!("../../tests/fixtures/senders/sca-rulehit-stringified.json");
    const LIST: &[u8] = include_bytes!("../../tests/fixtures/senders/sca-rulehit-list.json");

    fn of(body: &[u8]) -> Notification {
        told(Request::of_body(body), Sender::RuleHit)
    }

    fn label<'a>(notification: &'a Notification, name: &str) -> &'a str {
        notification.alerts[0].labels.get(name).map_or("", String::as_str)
    }

    #[test]
    fn every_form_of_the_lists_is_read() {
        for (body, ids, names, salvaged) in [
            (PRINTED, "4140", "AlertTest01", true),
            (STRINGIFIED, "4140", "AlertTest01", false),
            (LIST, "213, 434, 675", "[Preset] Customer may complain, Insulting customer", false),
            (br#"{"ruleIds":4140,"fileId":"f","ruleNames":"[Preset] A"}"#, "4140", "[Preset] A", false),
            (br#"{"ruleIds":"","fileId":"f","ruleNames":["A",null,5]}"#, "", "A, 5", false),
        ] {
            let notification = of(body);
            assert_eq!(label(&notification, "ruleIds"), ids);
            assert_eq!(label(&notification, "alertname"), names);
            assert_eq!(notification.salvaged, salvaged);
        }
    }

    #[test]
    fn a_hit_is_told() {
        let notification = of(PRINTED);
        let alert = &notification.alerts[0];
        insta::assert_snapshot!(serde_json::to_string_pretty(alert).expect("JSON"), @r#"
        {
          "status": "firing",
          "labels": {
            "alertname": "AlertTest01",
            "fileId": "0c03f497644e4ead928e293678055725",
            "instance": "Voice-StudyAbroadRecording.wav",
            "ruleIds": "4140",
            "severity": "warning",
            "taskId": "7352C9F1-6E2E-41F4-A1CF-B8939D17B68E"
          },
          "annotations": {
            "summary": "Voice-StudyAbroadRecording.wav hit rule:AlertTest01"
          },
          "startsAt": "2019-05-28T14:33:44.678Z",
          "endsAt": "",
          "generatorURL": "",
          "fingerprint": "6e1c4f1bb3600ca4",
          "severity": "warning"
        }
        "#);
        assert_eq!(notification.status, Status::Firing);
        assert_eq!(notification.raw["date"], 1_559_054_024_678_i64);
    }

    #[test]
    fn the_same_rules_of_a_file_are_a_repetition() {
        let (printed, stringified, list) = (of(PRINTED), of(STRINGIFIED), of(LIST));
        assert_eq!(printed.group_id("t"), list.group_id("t"));
        assert_eq!(printed.state_digest(), stringified.state_digest());
        assert_ne!(printed.state_digest(), list.state_digest());
        let other = String::from_utf8_lossy(STRINGIFIED).replace("0c03f497644e4ead928e293678055725", "other");
        assert_ne!(of(other.as_bytes()).group_id("t"), printed.group_id("t"));
        let later = String::from_utf8_lossy(STRINGIFIED).replace(AT, "1559054099999");
        assert_eq!(of(later.as_bytes()).state_digest(), printed.state_digest());
    }

    #[test]
    fn the_query_alone_tells_of_other_events() {
        let query = format!("taskId={TASK}&timestamp={AT}&signature=c2VjcmV0&event=TaskComplete&aliUid={UID}");
        let get = told(Request { query: Some(&query), ..Request::of_body(b"") }, Sender::RuleHit);
        assert_eq!(label(&get, "alertname"), "TaskComplete");
        assert_eq!(label(&get, "taskId"), TASK);
        assert_eq!(get.alerts[0].starts_at, "2019-05-28T14:33:44.678Z");
        assert_eq!(get.alerts[0].severity, None);
        let retried = query.replace(AT, "1559054025000");
        let retried = told(Request { query: Some(&retried), ..Request::of_body(b"") }, Sender::RuleHit);
        assert_eq!((retried.group_id("t"), retried.state_digest()), (get.group_id("t"), get.state_digest()));
        let json = Request { query: Some(&query), ..Request::of_body(br#"{"result":{"score":5}}"#) };
        let json = told(json, Sender::RuleHit);
        assert_eq!(label(&json, "result.score"), "5");
        assert_ne!(json.state_digest(), get.state_digest());
        let text = told(Request { query: Some(&query), ..Request::of_body(b"done") }, Sender::RuleHit);
        assert_eq!(text.alerts[0].annotations["description"], "done");
        for notification in [get, json, text] {
            let all = serde_json::to_string(&notification).expect("JSON");
            assert!(!all.contains("c2VjcmV0") && !all.contains(UID), "{all}");
        }
    }

    #[test]
    fn a_summary_keeps_what_is_not_said_elsewhere() {
        let china = Zone::of(None);
        for (said, shown) in [
            ("[2019-05-28 22:33:44][t][f]a.wav hit rule:x", "a.wav hit rule:x"),
            ("[Preset] x", "[Preset] x"),
            ("[t][f]", "[t][f]"),
            ("[t", "[t"),
            ("", ""),
        ] {
            assert_eq!(without_prefix(said, "t", "f", &china), shown);
        }
    }

    #[test]
    fn what_is_not_its_own_is_refused() {
        let refusal = "no `ruleIds`, no `message` and no `event`: not Smart Conversation Analysis'";
        for body in ["{}", r#"{"title":"x"}"#, "a=b", "[1]"] {
            assert_eq!(named(body, Sender::RuleHit).expect_err(body), refusal);
        }
        assert!(named(r#"{"message":"x hit rule:y"}"#, Sender::RuleHit).is_ok());
    }

    // --- signatures ---

    fn key(ali_uid: &str) -> RuleHitKey {
        RuleHitKey { ali_uid: ali_uid.to_owned(), replay_window: Duration::from_secs(600) }
    }

    fn verified(ali_uid: &str, parts: [(&str, &str); 3], now: i64) -> Result<(), Unverified> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parts).finish();
        let reading = Reading::of(Request { query: Some(&query), ..Request::of_body(LIST) }).expect("readable");
        key(ali_uid).verify(&reading, from_millis(now))
    }

    #[test]
    fn vectors_match_and_a_corrupted_one_does_not() {
        assert_eq!(key(UID).sign(TASK, AT), "BuVBd26rVAneB1vx1ai13Q==");
        assert_eq!(key(UID).sign(TASK, "1559054024685"), "wKxZkkI3l+pqP/Wtc4MDUg==");
        let with = |signature| {
            verified(UID, [("taskId", TASK), ("timestamp", AT), ("signature", signature)], 1_559_054_024_678)
        };
        assert_eq!(with("BuVBd26rVAneB1vx1ai13Q=="), Ok(()));
        // Signed as the vendor's page prints it, where `&times` has become a sign.
        assert_eq!(with("ycDBWDDRE3Vb7Ioi+VeCHw=="), Err(Unverified::Wrong));
        assert_eq!(with("BuVBd26rVAneB1vx1ai13Q="), Err(Unverified::Wrong));
        assert_eq!(with(""), Err(Unverified::Missing("signature")));
    }

    #[test]
    fn a_signature_passes_encoded_and_as_it_is() {
        let settings = Settings { rulehit: Some(key(UID)), ..Settings::default() };
        for signature in ["wKxZkkI3l%2BpqP%2FWtc4MDUg%3D%3D", "wKxZkkI3l+pqP/Wtc4MDUg=="] {
            let query = format!("taskId={TASK}&timestamp=1559054024685&signature={signature}&event=RuleHit");
            let request = Request { query: Some(&query), ..Request::of_body(PRINTED) };
            let recognised = recognise(request, None).expect("known");
            assert_eq!(recognised.why, "`taskId`, `signature` and `event` in its address");
            let at = |millis| recognised.verify(&settings, None, from_millis(millis));
            assert_eq!(at(1_559_054_024_685), Ok(()));
            assert_eq!(at(1_559_054_624_685), Ok(()));
            assert_eq!(at(1_559_054_624_686), Err(Unverified::Replayed));
            assert_eq!(at(1_559_053_424_684), Err(Unverified::Replayed));
            let all = serde_json::to_string(&recognised.decode(&settings).expect("valid").notification).expect("JSON");
            assert!(!all.contains("wKxZ"), "{all}");
        }
        let unsigned = recognise(Request::of_body(LIST), None).expect("known");
        assert_eq!(unsigned.verify(&settings, None, from_millis(0)), Err(Unverified::Missing("signature")));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let right = [TASK, AT, "BuVBd26rVAneB1vx1ai13Q==", UID];
        let now = 1_559_054_024_678;
        for part in 0..right.len() {
            for bit in 0..right[part].len() * 7 {
                let mut bytes = right[part].as_bytes().to_vec();
                bytes[bit / 7] ^= 1 << (bit % 7);
                let flipped = String::from_utf8(bytes).expect("ASCII");
                let mut parts = right;
                parts[part] = &flipped;
                let [task, timestamp, signature, uid] = parts;
                let parts = [("taskId", task), ("timestamp", timestamp), ("signature", signature)];
                assert_eq!(verified(uid, parts, now), Err(Unverified::Wrong), "{part} {flipped:?}");
            }
        }
    }
}
