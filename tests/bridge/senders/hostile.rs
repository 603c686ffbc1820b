//! What nobody should send: whatever comes is decoded or refused with a reason, and what is decoded can be told.

use std::sync::LazyLock;

use dingbridge::clock::from_millis;
use dingbridge::fold::Folded;
use dingbridge::notification::Sender;
use dingbridge::render::{Circumstances, Language, Library, Style};
use dingbridge::sender::{self, Decoded, Request, Settings};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::Value;

use super::{bridge, generous, seen};
use crate::harness::fixture;

static LIBRARIES: LazyLock<[(Language, Library); 2]> = LazyLock::new(|| {
    Language::ALL.map(|language| (language, Library::compile(language, Vec::new()).expect("built-in templates")))
});
static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files = std::fs::read_dir(fixture("senders")).expect("a folder");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a fixture")).collect()
});

fn any_sender() -> impl Strategy<Value = Option<Sender>> {
    prop::option::of(prop::sample::select(Sender::ALL.to_vec()))
}

/// A fixture's body with some bytes replaced, removed, doubled or cut off.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let wound = (any::<prop::sample::Index>(), 0..5u8, any::<u8>());
    (any::<prop::sample::Index>(), prop::collection::vec(wound, 0..6)).prop_map(|(body, wounds)| {
        let mut body = BODIES[body.index(BODIES.len())].clone();
        for (at, how, byte) in wounds {
            if body.is_empty() {
                break;
            }
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => drop(body.remove(at)),
                2 => body.insert(at, byte),
                3 => body.truncate(at),
                _ => body.insert(at, b"\"{}[],:\\"[usize::from(byte) % 8]),
            }
        }
        body
    })
}

/// A fixture's JSON with one of its values replaced by a value of another kind.
fn disguised() -> impl Strategy<Value = Vec<u8>> {
    let values = prop::sample::select(vec![
        "null",
        "\"\"",
        "[]",
        "{}",
        "-1",
        "1e300",
        "true",
        "\"null\"",
        "[[1]]",
        "\"😀\\u0000@all\"",
    ]);
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), values).prop_map(|(body, place, value)| {
        let body = &BODIES[body.index(BODIES.len())];
        let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return body.clone() };
        let mut paths = Vec::new();
        places(&json, String::new(), &mut paths);
        let path = &paths[place.index(paths.len())];
        *json.pointer_mut(path).expect("a place") = serde_json::from_str(value).expect("JSON");
        json.to_string().into_bytes()
    })
}

fn places(value: &Value, path: String, paths: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| places(value, format!("{path}/{}", escaped(name)), paths));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| places(value, format!("{path}/{at}"), paths));
        }
        _ => {}
    }
    paths.push(path);
}

/// Decodes a body and tells what it said; what cannot be decoded says why.
fn decode_and_tell(body: &[u8], named: Option<Sender>, query: Option<&str>) -> Result<(), TestCaseError> {
    let request = Request { query, headers: &HeaderMap::new(), body };
    let notification = match sender::decode(request, named, &Settings::default()) {
        Ok(Decoded { notification, .. }) => notification,
        Err(refusal) => {
            prop_assert!(!refusal.reason.is_empty() && refusal.to_string().len() < 1_500, "{refusal}");
            return Ok(());
        }
    };
    prop_assert!(!notification.alerts.is_empty());
    let stored = serde_json::to_vec(&notification).expect("JSON");
    prop_assert!(stored.len() <= 64 * body.len() + 65_536, "{} bytes of {}", stored.len(), body.len());
    prop_assert_eq!(
        &serde_json::from_slice::<dingbridge::notification::Notification>(&stored).expect("as stored"),
        &notification
    );
    let now = from_millis(1_795_167_000_000);
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 1, digest_mentions: true };
    let groups = [Folded { notification, gone: Vec::new(), flaps: Default::default() }];
    for ((language, library), plain) in LIBRARIES.iter().flat_map(|library| [(library, false), (library, true)]) {
        let style = Style { language: *language, ..Style::default() };
        let packed = library.tell(&groups, &style, &circumstances, plain, 3);
        for part in packed.parts {
            prop_assert_eq!(&part.failure, &None);
            let wire: Value = serde_json::from_str(&part.body("u")).expect("JSON");
            let kind = wire["msgtype"].as_str().expect("a type");
            let said = wire[kind]["text"].as_str().or(wire[kind]["content"].as_str());
            let links = wire[kind]["links"].as_array().is_some_and(|links| !links.is_empty());
            prop_assert!(links || said.is_some_and(|said| !said.trim().is_empty()), "{}", wire);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn damaged_bodies_are_told_or_refused(body in damaged(), named in any_sender()) {
        decode_and_tell(&body, named, None)?;
    }

    #[test]
    fn unexpected_values_are_told_or_refused(body in disguised(), named in any_sender()) {
        decode_and_tell(&body, named, None)?;
        decode_and_tell(&body, None, None)?;
    }

    #[test]
    fn any_bytes_are_told_or_refused(
        body in prop::collection::vec(any::<u8>(), 0..120),
        text in "[ -~\n\u{4e00}-\u{4e20}]{0,120}",
        query in prop::option::of("[a-zA-Z=&%0-9+]{0,60}"),
        named in any_sender(),
    ) {
        decode_and_tell(&body, named, query.as_deref())?;
        decode_and_tell(text.as_bytes(), named, query.as_deref())?;
    }
}

#[tokio::test]
async fn text_and_what_only_looks_like_something_else_is_delivered_as_text() {
    let dingtalk = generous().await;
    let bridge = bridge(&dingtalk, "", "").await;
    let texts =
        ["disk full on db1", "[FIRING] 磁盘满了", "cpu=95% on db1", "<b>down</b>", "{not json}", "a: b\nc: d", "# *x*"];
    for (number, text) in texts.iter().enumerate() {
        let answer = bridge.send("ops", text.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::OK, "{text}: {answer:?}");
        let shown = dingtalk.until_shown(number + 1).await;
        assert!(seen(&shown[number]).contains(text), "{text}: {}", seen(&shown[number]));
    }
}

#[tokio::test]
async fn broken_json_of_a_known_sender_is_mended_told_and_counted() {
    let dingtalk = generous().await;
    let bridge = bridge(&dingtalk, "", "").await;
    let whole = crate::harness::payload("HostDown", "firing");
    for (number, (body, sender)) in [
        (whole[..whole.len() - 1].to_owned(), "alertmanager"),
        (format!("{}}}", crate::harness::payload("DiskFull", "firing")), "alertmanager"),
        (r#"{"title":"Disk "full"","text":"on db1",}"#.to_owned(), "generic"),
        ("{\"msgtype\":\"text\",\"text\":{\"content\":\"line\n\"two\" of it\"}}".to_owned(), "dingtalk"),
    ]
    .iter()
    .enumerate()
    {
        let series = format!("dingbridge_webhooks_salvaged_total{{sender=\"{sender}\"}}");
        let before = bridge.metric(&series).await.unwrap_or_default();
        let answer = bridge.send("ops", body.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{body}: {answer:?}");
        assert_eq!(bridge.metric(&series).await, Some(before + 1.0), "{body}");
        let shown = dingtalk.until_shown(number + 1).await;
        let told = seen(shown.last().expect("a message"));
        assert!(told.to_lowercase().contains("broken"), "{body}: it does not say so: {told}");
    }
}
