//! The message of last resort, made without templates, markdown and links.
//!
//! It is sent when a template fails, and when DingTalk refused the full form. It must come through, so it is short
//! and holds nothing that DingTalk's filters look for.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::digest::{Digest, Name, Section};
use super::helper::{between, period, span};
use super::model::{Ranked, by_severity, delayed};
use super::{Circumstances, Style, escape};
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
pub(super) fn title(notification: &Notification) -> String {
    let (status, count) = match notification.status {
        Status::Firing => ("FIRING", notification.firing().count()),
        Status::Resolved => ("RESOLVED", notification.resolved().count()),
    };
    let mut names: Vec<&str> = Vec::new();
    for alert in notification.alerts.iter().filter(|alert| alert.status == notification.status) {
        let name = alert.labels.get("alertname").map_or("", String::as_str);
        if names.len() < MOST_NAMES && !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let names = if names.is_empty() { value(&notification.receiver) } else { value(&names.join(", ")) };
    format!("[{status}:{count}] {names}").trim_end().to_owned()
}

/// The whole message, and whether every alert is shown in it.
pub(super) fn text(notification: &Notification, style: &Style, circumstances: &Circumstances<'_>) -> (String, bool) {
    let mut text = title(notification);
    let common = pairs(&notification.common_labels, &Labels::new());
    if !common.is_empty() {
        let _ = write!(text, "\n{}", shortened(common));
    }
    circumstantial(&mut text, &notification.meant_for, circumstances);
    let (firing, resolved) = by_severity(notification, &style.severities);
    let line = |alert: &Alert| line(alert, &notification.common_labels, style, circumstances);
    let all_firing = section(&mut text, "Firing", &firing, line);
    let all_resolved = section(&mut text, "Resolved", &resolved, line);
    truncated(&mut text, notification.truncated_alerts);
    if notification.status == Status::Resolved && circumstances.repeats > 0 {
        let _ = write!(text, "\nIdentical repeats held back meanwhile: {}", circumstances.repeats);
    }
    (text, all_firing && all_resolved)
}

/// What a message says before it comes to its alerts.
fn circumstantial(text: &mut String, meant_for: &str, circumstances: &Circumstances<'_>) {
    if !meant_for.is_empty() {
        let _ = write!(text, "\nMeant for {}, which cannot be reached", value(meant_for));
    }
    if let Some(delayed) = delayed(circumstances) {
        let _ = write!(text, "\nDelivered {} late", span(delayed));
    }
}

fn truncated(text: &mut String, count: u64) {
    if count > 0 {
        let _ = write!(text, "\n{count} more not sent by the sender");
    }
}

/// Some alerts under a heading; whether all of them are shown.
fn section(text: &mut String, heading: &str, alerts: &Ranked<'_>, line: impl Fn(&Alert) -> String) -> bool {
    if alerts.is_empty() {
        return true;
    }
    let _ = write!(text, "\n{heading} ({})", alerts.len());
    for (shown, (_, alert)) in alerts.iter().enumerate() {
        let line = line(alert);
        if text.len() + line.len() > MOST {
            let _ = write!(text, "\n… {} more", alerts.len() - shown);
            return false;
        }
        text.push_str(&line);
    }
    true
}

/// A title for a digest when there is none: `[FIRING:37] HostDown, DiskFull in 12 groups`.
pub(super) fn digest_title(digest: &Digest<'_>) -> String {
    let told = Section::ALL.into_iter().find(|section| digest.total(*section) > 0).unwrap_or(Section::Firing);
    let word = match told {
        Section::Firing => "FIRING",
        Section::Resolved => "RESOLVED",
        Section::Gone => "CAME AND WENT",
    };
    let mut names: Vec<&str> = Vec::new();
    for name in digest.names.iter().filter(|name| name.section == told) {
        if names.len() < MOST_NAMES && !names.contains(&name.name) {
            names.push(name.name);
        }
    }
    let names = value(&names.join(", "));
    match digest.groups.len() {
        1 => format!("[{word}:{}] {names}", digest.total(told)),
        groups => format!("[{word}:{}] {names} in {groups} groups", digest.total(told)),
    }
}

/// A whole digest, and whether every alert is shown in it.
pub(super) fn digest(digest: &Digest<'_>, style: &Style, circumstances: &Circumstances<'_>) -> (String, bool) {
    let most = MOST_OF_DIGEST.min(style.message_limit.saturating_sub(BESIDE) / 2);
    let mut text = digest_title(digest);
    circumstantial(&mut text, &digest.meant_for(), circumstances);
    truncated(&mut text, digest.groups.iter().map(|folded| folded.notification.truncated_alerts).sum());
    let mut section = None;
    let mut all = true;
    for (index, name) in digest.names.iter().enumerate() {
        let mut lines = String::new();
        if section.replace(name.section) != Some(name.section) {
            let heading = match name.section {
                Section::Firing => "Firing",
                Section::Resolved => "Resolved",
                Section::Gone => "Fired and over before it could be told",
            };
            let _ = write!(lines, "\n{heading} ({})", digest.total(name.section));
        }
        lines.push_str(&name_line(name, style, circumstances));
        if text.len() + lines.len() > most {
            let rest = &digest.names[index..];
            let alerts: usize = rest.iter().map(|name| name.alerts.len()).sum();
            let _ = write!(text, "\n… and {alerts} more under {} names", rest.len());
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
    match name.alerts.as_slice() {
        [told] => {
            let line = line(told.alert, &known, style, circumstances);
            let what = line.trim_start_matches("\n- ");
            format!("\n- {}{}{what}", value(name.name), if what.is_empty() { "" } else { " | " })
        }
        alerts => {
            let common = pairs(&name.common, &known);
            let common = if common.is_empty() { common } else { format!(" | {common}") };
            format!("\n- {} x{}{}", value(name.name), alerts.len(), shortened(common))
        }
    }
}

/// One alert on a line, without the labels that are `common` to those around it.
fn line(alert: &Alert, common: &Labels, style: &Style, circumstances: &Circumstances<'_>) -> String {
    let mut parts = Vec::new();
    if !common.contains_key("alertname") {
        parts.extend(alert.labels.get("alertname").map(|name| value(name)));
    }
    parts.extend(
        ["summary", "description", "message"]
            .iter()
            .find_map(|name| alert.annotations.get(*name))
            .map(|text| value(text)),
    );
    let own = pairs(&alert.labels, common);
    parts.push(own);
    match alert.status {
        Status::Firing => parts.push(format!("since {}", local(&alert.starts_at, style))),
        Status::Resolved => parts.push(over(alert, style, circumstances)),
    }
    parts.retain(|part| !part.is_empty());
    format!("\n- {}", shortened(parts.join(" | ")))
}

/// `10:02–10:07, lasted 5m`: when it began and how long it lasted, as far as it is known.
fn over(alert: &Alert, style: &Style, circumstances: &Circumstances<'_>) -> String {
    let (start, end) = (value(&alert.starts_at), value(&alert.ends_at));
    let when = period(&start, &end, circumstances.now, &style.time_zone);
    let lasted =
        between(&start, &end).filter(|seconds| *seconds >= 0).map(|seconds| format!("lasted {}", span(seconds)));
    let told = [when, lasted.unwrap_or_default()];
    told.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// `name=value, …` of the labels that are not in `without`. The name of the alert is in the title.
fn pairs(labels: &Labels, without: &Labels) -> String {
    let shown = labels
        .iter()
        .filter(|(name, value)| *name != "alertname" && !value.is_empty() && without.get(*name) != Some(value));
    let pairs: Vec<_> = shown.map(|(name, text)| format!("{}={}", value(name), value(text))).collect();
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
        |_| value(time),
        |time| time.to_zoned(style.time_zone.clone()).strftime("%m-%d %H:%M %Z").to_string(),
    )
}

/// A value on one line, without addresses, not too long.
fn value(text: &str) -> String {
    let text = escape::line(text, false);
    let words: Vec<_> =
        text.split_whitespace().map(|word| if word.contains("://") { "(link)" } else { word }).collect();
    let text = words.join(" ");
    match text.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
