//! Who is called, by whom they are and by what a label of the alerts says.

use std::collections::BTreeMap;

use super::fields::{Field, Section};
use crate::dingtalk::Mention;
use crate::notification::Severity;
use crate::render::{ByLabel, MentionPolicy, Occasion};

const MOBILE: &str = "a mobile number";
const USER_ID: &str = "a user id";

/// Reads a target's `mention`.
pub(super) fn read(section: Section<'_>) -> MentionPolicy {
    let mut policy = MentionPolicy::default();
    let words = |key, what: &'static str| -> Vec<String> {
        let fields = section.get(key).and_then(|field| field.list()).unwrap_or_default();
        fields.iter().filter_map(|field| who(field, what)).collect()
    };
    let all = section.get("all");
    policy.mention = Mention {
        all: all.as_ref().and_then(Field::flag).unwrap_or_default(),
        mobiles: words("mobiles", MOBILE),
        user_ids: words("user_ids", USER_ID),
    };
    let people = policy.mention.mobiles.len() + policy.mention.user_ids.len();
    let most = MentionPolicy::MAX_PEOPLE;
    if people > most {
        section.fail(format!("DingTalk mentions at most {most} people in one message; use `all`"));
    }
    if let Some(fields) = section.get("severities").and_then(|field| field.list()) {
        policy.severities = Some(fields.iter().filter_map(severity).collect());
    }
    if let Some(fields) = section.get("when").and_then(|field| field.list()) {
        policy.when = fields.iter().filter_map(occasion).collect();
    }
    policy.by_label = section.get("by_label").and_then(|field| field.section()).and_then(by_label);
    if let Some(all) = all.filter(|_| policy.mention.all && (people > 0 || policy.by_label.is_some())) {
        all.warn("everybody is called anyway: the people beside it make no difference");
    }
    section.finish();
    policy
}

fn by_label(section: Section<'_>) -> Option<ByLabel> {
    let label = match section.get("label") {
        Some(field) => field.parse(|text| match text.trim() {
            "" => Err("expected the name of a label, such as owner".into()),
            label => Ok(label.to_owned()),
        }),
        None => {
            section.fail("no `label`: name the label whose value says who is called, such as owner");
            None
        }
    };
    let named = section.get("people").map(|field| field.section().map(|section| section.named()));
    let people = match named {
        Some(None) => None,
        Some(Some(named)) if !named.is_empty() => Some(named),
        _ => {
            section.fail("no `people`: say whom each value of the label calls, such as `alice: {user_id: alice01}`");
            None
        }
    };
    section.finish();
    let person = |(value, field): (String, Field<'_>)| Some((value, person(&field)?));
    let people: BTreeMap<_, _> = people?.into_iter().filter_map(person).collect();
    Some(ByLabel { label: label?, people })
}

fn person(field: &Field<'_>) -> Option<Mention> {
    const EXPECTED: &str = "expected who it is: `{mobile: …}`, `{user_id: …}` or both";
    let section = field.section_or(EXPECTED)?;
    let (mobile, user_id) = (section.get("mobile"), section.get("user_id"));
    if mobile.is_none() && user_id.is_none() {
        section.fail(EXPECTED);
    }
    section.finish();
    let mobiles = mobile.and_then(|field| who(&field, MOBILE)).into_iter().collect();
    let user_ids = user_id.and_then(|field| who(&field, USER_ID)).into_iter().collect();
    Some(Mention { all: false, mobiles, user_ids })
}

/// The word that calls somebody, without the `@` that people write before it.
fn who(field: &Field<'_>, what: &'static str) -> Option<String> {
    field.parse(|text| match text.trim_start_matches('@') {
        "" => Err(format!("expected {what}")),
        word if word.contains(|c: char| c.is_whitespace() || c == '@') => Err(format!("expected {what}")),
        word => Ok(word.to_owned()),
    })
}

fn severity(field: &Field<'_>) -> Option<Severity> {
    field.parse(|text| Severity::named(text).ok_or_else(|| "expected critical, warning, info or unknown".to_owned()))
}

fn occasion(field: &Field<'_>) -> Option<Occasion> {
    field.parse(|text| match text {
        "firing" => Ok(Occasion::Firing),
        "repeat" => Ok(Occasion::Repeat),
        "digest" => Ok(Occasion::Digest),
        "resolved" => Ok(Occasion::Resolved),
        _ => Err("expected firing, repeat, digest or resolved".into()),
    })
}
