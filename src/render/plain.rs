//! The message of last resort, made without templates, markdown and links.
//!
//! It is sent when a template fails, and when DingTalk refused the full form. It must come through, so it is short
//! and holds nothing that DingTalk's filters look for.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::helper::{between, span};
use super::model::{DELAY_WORTH_TELLING, Ranked, by_severity};
use super::{Circumstances, Style, escape};
use crate::notification::{Alert, Labels, Notification, Status};

/// How many bytes the text may have.
const MOST: usize = 1_900;
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

/// The whole message.
pub(super) fn text(notification: &Notification, style: &Style, circumstances: &Circumstances<'_>) -> String {
    let mut text = title(notification);
    let common = pairs(&notification.common_labels, &Labels::new());
    if !common.is_empty() {
        let _ = write!(text, "\n{}", shortened(common));
    }
    let delayed = circumstances.now.as_second() - circumstances.accepted_at.as_second();
    if delayed >= DELAY_WORTH_TELLING {
        let _ = write!(text, "\nDelivered {} late", span(delayed));
    }
    let (firing, resolved) = by_severity(notification, &style.severities);
    section(&mut text, "Firing", &firing, notification, style);
    section(&mut text, "Resolved", &resolved, notification, style);
    if notification.truncated_alerts > 0 {
        let _ = write!(text, "\n{} more not sent by the sender", notification.truncated_alerts);
    }
    text
}

fn section(text: &mut String, heading: &str, alerts: &Ranked<'_>, notification: &Notification, style: &Style) {
    if alerts.is_empty() {
        return;
    }
    let _ = write!(text, "\n{heading} ({})", alerts.len());
    for (shown, (_, alert)) in alerts.iter().enumerate() {
        let line = line(alert, notification, style);
        if text.len() + line.len() > MOST {
            let _ = write!(text, "\n… {} more", alerts.len() - shown);
            return;
        }
        text.push_str(&line);
    }
}

fn line(alert: &Alert, notification: &Notification, style: &Style) -> String {
    let mut parts = Vec::new();
    if !notification.common_labels.contains_key("alertname") {
        parts.extend(alert.labels.get("alertname").map(|name| value(name)));
    }
    parts.extend(
        ["summary", "description", "message"]
            .iter()
            .find_map(|name| alert.annotations.get(*name))
            .map(|text| value(text)),
    );
    let own = pairs(&alert.labels, &notification.common_labels);
    parts.push(own);
    match alert.status {
        Status::Firing => parts.push(format!("since {}", local(&alert.starts_at, style))),
        Status::Resolved => {
            let lasted = between(&alert.starts_at, &alert.ends_at).filter(|seconds| *seconds >= 0);
            parts.extend(lasted.map(|seconds| format!("lasted {}", span(seconds))));
        }
    }
    parts.retain(|part| !part.is_empty());
    format!("\n- {}", shortened(parts.join(" | ")))
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
