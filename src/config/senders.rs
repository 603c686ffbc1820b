//! How inbound requests are verified.

use std::path::Path;
use std::time::Duration;

use http::HeaderName;
use jiff::tz::TimeZone;

use super::credential::{credential, inline};
use super::fields::{Field, Section};
use super::value::{duration, range};
use crate::secret::Source;
use crate::sender::{AiccKey, GrafanaKey, RuleHitKey, Settings};

/// The shortest key that can be trusted to sign a request; AICC takes no shorter one.
const MIN_SHARED_KEY: usize = 16;

/// How far a signed time may be from the present.
const REPLAY_WINDOW: Duration = Duration::from_secs(10 * 60);

/// Reads `senders`; `time_zone` is the zone of times that name none.
pub(super) fn read(root: &Section<'_>, folder: &Path, time_zone: Option<TimeZone>) -> Settings {
    let mut settings = Settings { time_zone, ..Settings::default() };
    let Some(senders) = section(root, "senders") else { return settings };
    settings.rulehit = section(&senders, "rulehit").and_then(rulehit);
    settings.aicc = section(&senders, "aicc").and_then(|section| aicc(section, folder));
    settings.grafana = section(&senders, "grafana").and_then(|section| grafana(section, folder));
    if let Some(section) = section(&senders, "cloudmonitor") {
        settings.cloudmonitor = allow_from(&section);
        section.finish();
    }
    senders.finish();
    settings
}

fn section<'a>(of: &Section<'a>, key: &'static str) -> Option<Section<'a>> {
    of.get(key)?.section()
}

fn rulehit(section: Section<'_>) -> Option<RuleHitKey> {
    let ali_uid = section.get("ali_uid");
    if ali_uid.is_none() {
        section.fail("no `ali_uid`: the id of the Alibaba Cloud account, which its signatures are made with");
    }
    let replay_window = replay_window(&section);
    let ali_uid = ali_uid.and_then(|field| inline(&field));
    section.finish();
    ali_uid.map(|ali_uid| RuleHitKey { ali_uid: ali_uid.expose().to_owned(), replay_window })
}

fn aicc(section: Section<'_>, folder: &Path) -> Option<AiccKey> {
    let replay_window = replay_window(&section);
    let key = key(&section, "shared_key", "shared_key_file", folder, MIN_SHARED_KEY);
    section.finish();
    key.map(|key| AiccKey { key, replay_window })
}

fn grafana(section: Section<'_>, folder: &Path) -> Option<GrafanaKey> {
    let header = |field: Field<'_>| {
        field.parse(|text| text.parse::<HeaderName>().map_err(|_| "expected the name of a header".to_owned()))
    };
    let timestamp_header = section.get("timestamp_header").and_then(header);
    if timestamp_header.is_none()
        && let Some(field) = section.get("replay_window")
    {
        field.warn("has no effect without `timestamp_header`: Grafana then signs no time");
    }
    let replay_window = replay_window(&section);
    let secret = key(&section, "secret", "secret_file", folder, 1);
    section.finish();
    secret.map(|secret| GrafanaKey { secret, timestamp_header, replay_window })
}

fn key(section: &Section<'_>, name: &'static str, file: &'static str, folder: &Path, least: usize) -> Option<Source> {
    if section.get(name).is_none() && section.get(file).is_none() {
        section.fail(format!(
            "no `{name}` and no `{file}`: requests cannot be verified; remove this to take them unverified"
        ));
        return None;
    }
    let (source, _) = credential(section, name, file, folder)?;
    if source.read().expose().chars().count() < least {
        section.fail(format!("expected `{name}` to have at least {least} characters"));
    }
    Some(source)
}

fn replay_window(section: &Section<'_>) -> Duration {
    section.get("replay_window").and_then(|field| field.parse(duration)).unwrap_or(REPLAY_WINDOW)
}

fn allow_from(section: &Section<'_>) -> Vec<ipnet::IpNet> {
    let Some(field) = section.get("allow_from") else { return Vec::new() };
    let fields = field.list().unwrap_or_default();
    if fields.is_empty() {
        field.fail("expected at least one range; without `allow_from` any address may post");
    }
    fields.iter().filter_map(|field| field.parse(range)).collect()
}
