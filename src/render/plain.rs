//! The message of last resort, made without templates, markdown and links.
//!
//! It is sent when a template fails, and when DingTalk refused the full form. It must come through, so it is short
//! and holds nothing that DingTalk's filters look for.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::choice::is_event;
use super::digest::{Digest, Name, Section};
use super::helper::{between, period};
use super::language::Language;
use super::model::{Ranked, by_severity, delayed};
use super::{Circumstances, RenderFailure, Style, escape};
use crate::notification::{Alert, Labels, Notification, Status};

/// How many bytes the text may have.
const MOST: usize = 1_900;
/// How many bytes a digest may have. It is not as short, because whoever it does not name is only counted.
const MOST_OF_DIGEST: usize = 9_000;
/// How many bytes a body has beside the text, roughly: names of fields, who is called, the last line.
const BESIDE: usize = 400;
/// How many names of alerts a title shows.
const MOST_NAMES: usize = 3;
/// How many bytes of one line are shown.
const LINE_BYTES: usize = 450;
/// How many characters of one value are shown.
const VALUE_CHARS: usize = 160;

/// A title for when there is none: `[FIRING:1] HostDown`.
pub(super) fn title(notification: &Notification, language: Language) -> String {
    let (section, count) = match notification.status {
        Status::Firing => (Section::Firing, notification.firing().count()),
        Status::Resolved => (Section::Resolved, notification.resolved().count()),
    };
    let mut names: Vec<&str> = Vec::new();
    for alert in notification.alerts.iter().filter(|alert| alert.status == notification.status) {
        let name = alert.labels.get("alertname").map_or("", String::as_str);
        if names.len() < MOST_NAMES && !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let names = match names.is_empty() {
        true => value(&notification.receiver, language),
        false => value(&names.join(language.comma()), language),
    };
    language.headline(section, count, &names)
}

/// The whole message, and whether every alert is shown in it.
pub(super) fn text(notification: &Notification, style: &Style, circumstances: &Circumstances<'_>) -> (String, bool) {
    let language = style.language;
    let mut text = title(notification, language);
    let common = pairs(&notification.common_labels, &Labels::new(), language);
    if !common.is_empty() {
        let _ = write!(text, "\n{}", shortened(common));
    }
    let salvaged = if notification.salvaged { language.salvaged() } else { "" };
    circumstantial(&mut text, &notification.meant_for, salvaged, language, circumstances);
    let (firing, resolved) = by_severity(notification, &style.severities);
    let line = |alert: &Alert| line(alert, &notification.common_labels, style, circumstances);
    let all_firing = section(&mut text, (Section::Firing, language), &firing, line);
    let all_resolved = section(&mut text, (Section::Resolved, language), &resolved, line);
    truncated(&mut text, notification.truncated_alerts, language);
    let tells_repeats = notification.status == Status::Resolved || is_event(notification.sender);
    if tells_repeats && circumstances.repeats > 0 {
        let _ = write!(text, "\n{}", language.repeats(circumstances.repeats));
    }
    (text, all_firing && all_resolved)
}

/// Which template failed and how, on a line of its own: whoever reads the message can have it mended.
pub(super) fn failed(text: &mut String, failure: Option<&RenderFailure>, language: Language) {
    if let Some(failure) = failure {
        let _ = write!(text, "\n{}", value(&language.failed(failure), language));
    }
}

/// What a message says before it comes to its alerts.
fn circumstantial(
    text: &mut String,
    meant_for: &str,
    salvaged: &str,
    language: Language,
    circumstances: &Circumstances<'_>,
) {
    if !meant_for.is_empty() {
        let _ = write!(text, "\n{}", language.meant_for(&value(meant_for, language)));
    }
    if let Some(delayed) = delayed(circumstances) {
        let _ = write!(text, "\n{}", language.delayed(delayed));
    }
    if !salvaged.is_empty() {
        let _ = write!(text, "\n{salvaged}");
    }
}

fn truncated(text: &mut String, count: u64, language: Language) {
    if count > 0 {
        let _ = write!(text, "\n{}", language.truncated(count));
    }
}

/// Some alerts under the heading of their section; whether all of them are shown.
fn section(
    text: &mut String,
    (section, language): (Section, Language),
    alerts: &Ranked<'_>,
    line: impl Fn(&Alert) -> String,
) -> bool {
    if alerts.is_empty() {
        return true;
    }
    let _ = write!(text, "\n{}", language.heading(section, alerts.len()));
    for (shown, (_, alert)) in alerts.iter().enumerate() {
        let line = line(alert);
        if text.len() + line.len() > MOST {
            let _ = write!(text, "\n{}", language.more(alerts.len() - shown));
            return false;
        }
        text.push_str(&line);
    }
    true
}

/// A title for a digest when there is none: `[FIRING:37] HostDown, DiskFull in 12 groups`.
pub(super) fn digest_title(digest: &Digest<'_>, language: Language) -> String {
    let told = Section::ALL.into_iter().find(|section| digest.total(*section) > 0).unwrap_or(Section::Firing);
    let mut names: Vec<&str> = Vec::new();
    for name in digest.names.iter().filter(|name| name.section == told) {
        if names.len() < MOST_NAMES && !names.contains(&name.name) {
            names.push(name.name);
        }
    }
    let names = value(&names.join(language.comma()), language);
    match digest.groups.len() {
        1 => language.headline(told, digest.total(told), &names),
        groups => language.headline_of_groups(told, digest.total(told), &names, groups),
    }
}

/// A whole digest, and whether every alert is shown in it.
pub(super) fn digest(digest: &Digest<'_>, style: &Style, circumstances: &Circumstances<'_>) -> (String, bool) {
    let most = MOST_OF_DIGEST.min(style.message_limit.saturating_sub(BESIDE) / 2);
    let language = style.language;
    let mut text = digest_title(digest, language);
    let salvaged = if digest.salvaged() > 0 { language.some_salvaged() } else { "" };
    circumstantial(&mut text, &digest.meant_for(), salvaged, language, circumstances);
    truncated(&mut text, digest.groups.iter().map(|folded| folded.notification.truncated_alerts).sum(), language);
    let mut section = None;
    let mut all = true;
    for (index, name) in digest.names.iter().enumerate() {
        let mut lines = String::new();
        if section.replace(name.section) != Some(name.section) {
            let _ = write!(lines, "\n{}", language.heading(name.section, digest.total(name.section)));
        }
        lines.push_str(&name_line(name, style, circumstances));
        if text.len() + lines.len() > most {
            let rest = &digest.names[index..];
            let alerts: usize = rest.iter().map(|name| name.alerts.len()).sum();
            let _ = write!(text, "\n{}", language.others(alerts, rest.len()));
            return (text, false);
        }
        text.push_str(&lines);
        all &= name.alerts.len() == 1;
    }
    (text, all)
}

/// How many there are of a name; of a single one, what there is to say.
fn name_line(name: &Name<'_>, style: &Style, circumstances: &Circumstances<'_>) -> String {
    let known = Labels::from_iter(
        name.alerts
            .first()
            .and_then(|told| told.alert.labels.get_key_value("alertname"))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let language = style.language;
    match name.alerts.as_slice() {
        [told] => {
            let line = line(told.alert, &known, style, circumstances);
            let what = line.trim_start_matches("\n- ");
            format!("\n- {}{}{what}", value(name.name, language), if what.is_empty() { "" } else { " | " })
        }
        alerts => {
            let common = pairs(&name.common, &known, language);
            let common = if common.is_empty() { common } else { format!(" | {common}") };
            format!("\n- {} x{}{}", value(name.name, language), alerts.len(), shortened(common))
        }
    }
}

/// One alert on a line, without the labels that are `common` to those around it.
fn line(alert: &Alert, common: &Labels, style: &Style, circumstances: &Circumstances<'_>) -> String {
    let language = style.language;
    let mut parts = Vec::new();
    if !common.contains_key("alertname") {
        parts.extend(alert.labels.get("alertname").map(|name| value(name, language)));
    }
    parts.extend(
        ["summary", "description", "message"]
            .iter()
            .find_map(|name| alert.annotations.get(*name))
            .map(|text| value(text, language)),
    );
    let own = pairs(&alert.labels, common, language);
    parts.push(own);
    match alert.status {
        Status::Firing => parts.push(language.since(&local(&alert.starts_at, style))),
        Status::Resolved => parts.push(over(alert, style, circumstances)),
    }
    parts.retain(|part| !part.is_empty());
    format!("\n- {}", shortened(parts.join(" | ")))
}

/// `10:02–10:07, lasted 5m`: when it began and how long it lasted, as far as it is known.
fn over(alert: &Alert, style: &Style, circumstances: &Circumstances<'_>) -> String {
    let (start, end) = (value(&alert.starts_at, style.language), value(&alert.ends_at, style.language));
    let when = period(&start, &end, circumstances.now, &style.time_zone);
    style.language.over(&when, between(&start, &end).filter(|seconds| *seconds >= 0))
}

/// `name=value, …` of the labels that are not in `without`. The name of the alert is in the title.
fn pairs(labels: &Labels, without: &Labels, language: Language) -> String {
    let shown = labels
        .iter()
        .filter(|(name, value)| *name != "alertname" && !value.is_empty() && without.get(*name) != Some(value));
    let pairs: Vec<_> =
        shown.map(|(name, text)| format!("{}={}", value(name, language), value(text, language))).collect();
    pairs.join(", ")
}

/// At most [`LINE_BYTES`] of `line`.
fn shortened(mut line: String) -> String {
    if line.len() > LINE_BYTES {
        let end = (0..=LINE_BYTES).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}

/// A time in the target's zone; what is no time as it is.
fn local(time: &str, style: &Style) -> String {
    time.parse::<Timestamp>().map_or_else(
        |_| value(time, style.language),
        |time| time.to_zoned(style.time_zone.clone()).strftime("%m-%d %H:%M %Z").to_string(),
    )
}

/// A value on one line, without addresses, not too long.
fn value(text: &str, language: Language) -> String {
    let text = escape::line(text, false);
    let words: Vec<_> =
        text.split_whitespace().map(|word| if word.contains("://") { language.link() } else { word }).collect();
    let text = words.join(" ");
    match text.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
