//! What the senders' tests share.

use serde_json::Value;

use super::{Decoded, Request, Settings, decode, recognise};
use crate::notification::{Notification, Sender};

/// What `request` says, once it has been told from what it holds that it is `sender`'s.
#[track_caller]
pub(super) fn told(request: Request<'_>, sender: Sender) -> Notification {
    let recognised = recognise(request, None).expect("of a known form");
    assert_eq!(recognised.sender, sender, "{}", recognised.why);
    recognised.decode(&Settings::default()).expect("of its sender's form").notification
}

/// A body or a query that was kept in a file.
pub(super) fn kept(file: &str) -> String {
    let path = format!("{}/tests/fixtures/senders/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The JSON of a fixture.
pub(super) fn fixture(file: &str) -> Value {
    serde_json::from_str(&kept(file)).expect("JSON")
}

/// What `body` says when its path names its sender.
pub(super) fn named(body: &str, sender: Sender) -> Result<Notification, String> {
    let decoded = decode(Request::of_body(body.as_bytes()), Some(sender), &Settings::default());
    decoded.map(|Decoded { notification, .. }| notification).map_err(|error| error.reason)
}

#[test]
fn a_text_on_a_path_that_names_its_sender_is_told_as_a_text() {
    for sender in Sender::ALL {
        let strict = [Sender::Alertmanager, Sender::DingTalk].contains(&sender);
        match named("disk full on db1", sender) {
            Ok(_) if strict => panic!("{sender}"),
            Ok(notification) => {
                assert_eq!(notification.sender, sender);
                let said = serde_json::to_string(&notification.alerts).expect("JSON");
                assert!(said.contains("disk full on db1"), "{said}");
            }
            Err(refusal) => assert!(strict, "{sender}: {refusal}"),
        }
    }
}

#[test]
fn what_has_no_time_is_told_now_and_is_no_news_for_that() {
    let now = |text: &str| text.parse().expect("a time");
    let told = |at: &str| {
        let decoded = decode(Request::of_body(b"disk full"), None, &Settings::default()).expect("a text");
        decoded.told_at(now(at)).notification
    };
    let (first, later) = (told("2026-11-20T09:00:00Z"), told("2026-11-20T09:05:00Z"));
    assert_eq!(first.alerts[0].starts_at, "2026-11-20T09:00:00Z");
    assert_eq!(first.state_digest(), later.state_digest());
    let bare = r#"{"version":"4","groupKey":"k","alerts":[{"status":"firing","labels":{"a":"b"}}]}"#;
    let decoded = decode(Request::of_body(bare.as_bytes()), None, &Settings::default()).expect("Alertmanager's");
    assert_eq!(decoded.told_at(now("2026-11-20T09:00:00Z")).notification.alerts[0].starts_at, "");
}
