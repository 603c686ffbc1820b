//! What a threshold alert is about: a map that Java printed (`{instanceId=i-1, device=/dev/vdb}`), JSON, or
//! `name=value` with commas between, in English or Chinese.

use serde_json::Value;

use crate::notification::Labels;
use crate::sender::fields::{gather, present, put};

/// Names whose values are nobody's business.
const HIDDEN: [&str; 2] = ["userId", "aliUid"];

/// Names that say where something is rather than what.
const PLACES: [&str; 4] = ["region", "regionId", "port", "period"];

/// The names and values of `dimensions`. What cannot be taken apart is kept whole under that name.
pub(super) fn parse(dimensions: &Value) -> Labels {
    let mut labels = Labels::new();
    match dimensions {
        Value::String(text) => match json(text) {
            Some(value) => labels = parse(&value),
            None => read_map(&mut labels, text),
        },
        // A list of one map is that map.
        Value::Array(list) if list.len() == 1 => list.iter().for_each(|only| gather(&mut labels, only, &HIDDEN)),
        other => gather(&mut labels, other, &HIDDEN),
    }
    labels
}

fn json(text: &str) -> Option<Value> {
    let text = text.trim();
    let looks = text.starts_with('[') || text.starts_with("{\"");
    looks
        .then(|| serde_json::from_str(text).ok())
        .flatten()
        .filter(|value: &Value| value.is_object() || value.is_array())
}

fn read_map(labels: &mut Labels, text: &str) {
    let whole = text.trim();
    let printed = whole.strip_prefix('{').map(|inside| inside.strip_suffix('}').unwrap_or(inside));
    let inside = printed.unwrap_or(whole);
    let between = if printed.is_some() || inside.contains(", ") { ", " } else { "," };
    if inside.trim().is_empty() {
        return;
    }
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for part in inside.split(between) {
        match (part.split_once('='), pairs.last_mut()) {
            (Some((name, value)), _) if !name.trim().is_empty() => pairs.push((name.trim(), value.to_owned())),
            // A value with a comma in it.
            (_, Some((_, value))) => {
                value.push_str(between);
                value.push_str(part);
            }
            _ => {
                put(labels, "dimensions", whole);
                return;
            }
        }
    }
    for (name, value) in pairs.iter().filter(|(name, _)| !HIDDEN.contains(name)) {
        put(labels, name, value);
    }
}

/// The value that tells people best what it is about: a name of an instance before its id, any id before any name.
pub(super) fn telling(dimensions: &Labels) -> Option<&str> {
    let ends = |name: &str, ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let rank = |name: &str| match name {
        name if PLACES.contains(&name) => None,
        "instanceName" => Some(0),
        name if ends(name, &["名称"]) => Some(0),
        "instanceId" => Some(1),
        name if ends(name, &["实例ID"]) => Some(1),
        name if ends(name, &["Id", "ID", "Uid"]) => Some(2),
        name if ends(name, &["Name", "name"]) => Some(3),
        _ => Some(4),
    };
    let ranked = dimensions.iter().filter_map(|(name, value)| Some((rank(name)?, present(value)?)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn parsed(dimensions: &Value, pairs: &[(&str, &str)], what: Option<&str>) {
        let labels = parse(dimensions);
        let found: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, pairs, "{dimensions}");
        assert_eq!(telling(&labels), what, "{dimensions}");
    }

    #[test]
    fn every_form_is_taken_apart() {
        parsed(&json!("{userId=1, instanceId=i-8}"), &[("instanceId", "i-8")], Some("i-8"));
        parsed(
            &json!("{apiStageName=RELEASE, apiUid=42d, region=cn-shenzhen, userId=1}"),
            &[("apiStageName", "RELEASE"), ("apiUid", "42d"), ("region", "cn-shenzhen")],
            Some("42d"),
        );
        parsed(&json!([{"userId": "1", "instanceId": "i-1"}]), &[("instanceId", "i-1")], Some("i-1"));
        parsed(&json!(r#"[{"instanceId":"i-1","port":80}]"#), &[("instanceId", "i-1"), ("port", "80")], Some("i-1"));
        parsed(&json!(r#"{"instanceId":"i-1"}"#), &[("instanceId", "i-1")], Some("i-1"));
        parsed(
            &json!("云服务器名称=web,云服务器实例ID=AY1,mountpoint=/mnt"),
            &[("mountpoint", "/mnt"), ("云服务器名称", "web"), ("云服务器实例ID", "AY1")],
            Some("web"),
        );
    }

    #[test]
    fn odd_ones_lose_nothing() {
        parsed(&json!("{a=x, y, b=1=2}"), &[("a", "x, y"), ("b", "1=2")], Some("x, y"));
        parsed(&json!("{a=b"), &[("a", "b")], Some("b"));
        parsed(&json!("i-1"), &[("dimensions", "i-1")], Some("i-1"));
        parsed(&json!("{i-1, a=b}"), &[("dimensions", "{i-1, a=b}")], Some("{i-1, a=b}"));
        parsed(&json!("{region=cn-hangzhou}"), &[("region", "cn-hangzhou")], None);
        for nothing in [json!(null), json!("{}"), json!(""), json!("null"), json!([]), json!(5)] {
            parsed(&nothing, &[], None);
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked(text in ".{0,60}", like in "[{]?[a-z=, \\[\"}]{0,40}") {
            for text in [text, like] {
                let labels = parse(&json!(text));
                let _ = telling(&labels);
            }
        }

        #[test]
        fn what_java_prints_comes_out(map in prop::collection::btree_map("[a-z]{1,6}", "[a-z0-9:/.-]{1,9}", 1..5)) {
            prop_assume!(!map.values().any(|value| value == "null"));
            let printed: Vec<String> = map.iter().map(|(name, value)| format!("{name}={value}")).collect();
            prop_assert_eq!(parse(&json!(format!("{{{}}}", printed.join(", ")))), map);
        }
    }
}
