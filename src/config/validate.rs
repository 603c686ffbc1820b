//! What the file as a whole means.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::fields::{Field, Findings, Section};
use super::message::Messages;
use super::target::{self, Defaults, TargetDraft};
use super::value::{DAY, count, duration_up_to, size, time_zone};
use super::{Config, Storage, Web, credential, fallback, senders, unsupported, value};
use crate::dingtalk;
use crate::render::{Escape, Language, Severities, Style};

/// DingTalk's limit for one message, in bytes.
const DINGTALK_BYTES: usize = 20_000;

/// The smallest limit that leaves room for a title, mentions and some text.
const MIN_MESSAGE: usize = 1_000;

/// Fewer calls a month than this are hardly meant.
const FEW_CALLS: u64 = 100;

const NO_TARGETS: &str = "no `targets`: name at least one DingTalk group, with the `url` of its robot";

/// What the file means, with findings for everything that it cannot mean. What is returned then is not to be used.
pub(super) fn validate(root: Section<'_>, findings: &Findings, folder: &Path) -> Option<Config> {
    let timeout = root.get("timeout").and_then(|field| field.parse(duration_up_to(Duration::from_secs(60))));
    let ca_file = root.get("ca_file").and_then(|field| Some(folder.join(field.text()?)));
    let allow_http = root.get("allow_http").and_then(|field| field.flag()).unwrap_or_default();
    let dedupe_window = target::window(&root).unwrap_or(Duration::from_secs(600));
    let mut messages = Messages::read(&root, folder);
    let zone = chosen_zone(&root);
    let mut style = style(&root);
    style.time_zone = zone.clone().unwrap_or(TimeZone::UTC);
    let language = style.language;
    let message = messages.default_message(&root);
    let monthly = root.get("budget").and_then(|field| field.section()).and_then(monthly).unwrap_or_default();
    let senders = Arc::new(senders::read(&root, folder, zone));
    let defaults = Defaults { folder, allow_http, dedupe_window, style, message, monthly, senders };

    let web = root.get("web").and_then(|field| field.section());
    let web = web.map_or_else(Web::default, |section| read_web(section, folder));
    let storage = root.get("storage").and_then(|field| field.section());
    let storage = storage.map_or_else(Storage::default, |section| read_storage(section, folder));
    unsupported::of_file(&root);

    let targets = read_targets(&root, &defaults, &mut messages);
    let client = dingtalk::Settings { timeout: timeout.unwrap_or(Duration::from_secs(5)), ca_file };
    if let Some(field) = root.get("ca_file")
        && let Err(error) = dingtalk::Client::new(&client)
    {
        field.fail(error.to_string());
    }
    root.finish();

    let (library, digest) = messages.compile(language, findings)?;
    Some(Config {
        client,
        targets: targets
            .into_iter()
            .map(|target| (Arc::clone(&target.name), target.build(&library, storage.retention)))
            .collect(),
        web,
        storage,
        warnings: Vec::new(),
        digest,
    })
}

fn read_targets<'a>(root: &Section<'a>, defaults: &Defaults<'_>, messages: &mut Messages) -> Vec<TargetDraft<'a>> {
    let Some(field) = root.get("targets") else {
        root.fail(NO_TARGETS);
        return Vec::new();
    };
    let Some(section) = field.section() else { return Vec::new() };
    let named = section.named();
    if named.is_empty() {
        section.fail(NO_TARGETS);
    }
    let read = |(name, field): &(String, Field<'a>)| target::read(name, field, defaults, messages);
    let drafts: Vec<_> = named.iter().filter_map(read).collect();
    target::warn_of_shared_tokens(&named, &drafts);
    let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    fallback::check(&drafts, &names);
    drafts
}

/// How many calls a month the whole organisation has; 0 when they are only counted.
fn monthly(section: Section<'_>) -> Option<u64> {
    let field = section.get("monthly");
    section.finish();
    let field = field?;
    let monthly = field.parse(|text| {
        text.parse().map_err(|_| "expected a number of calls, such as 5000; 0 to only count them".to_owned())
    })?;
    if (1..FEW_CALLS).contains(&monthly) {
        field.warn("fewer than four calls a day for the whole organisation; 0 only counts them");
    }
    Some(monthly)
}

fn style(root: &Section<'_>) -> Style {
    let escape = root.get("escape").and_then(|field| {
        field.parse(|text| match text {
            "labels" => Ok(Escape::Labels),
            "all" => Ok(Escape::All),
            "none" => Ok(Escape::None),
            _ => Err("expected labels, all or none".into()),
        })
    });
    let message_limit = root.get("message_limit").and_then(|field| {
        field.parse(|text| match text.parse() {
            Ok(limit) if (MIN_MESSAGE..=DINGTALK_BYTES).contains(&limit) => Ok(limit),
            _ => Err(format!("expected a number of bytes from {MIN_MESSAGE} to {DINGTALK_BYTES}")),
        })
    });
    let language = root
        .get("language")
        .and_then(|field| field.parse(|text| Language::named(text).ok_or_else(|| "expected en or zh".to_owned())));
    let mut style = Style::default();
    style.language = language.unwrap_or_default();
    style.escape = escape.unwrap_or(style.escape);
    style.message_limit = message_limit.unwrap_or(style.message_limit);
    style.severities = Arc::new(severities(root));
    style
}

/// The zone that somebody chose, in the file or by the environment; none when nobody did.
fn chosen_zone(root: &Section<'_>) -> Option<TimeZone> {
    if let Some(field) = root.get("timezone") {
        return field.parse(time_zone);
    }
    let name = std::env::var("TZ").ok().filter(|name| !name.is_empty())?;
    let zone = time_zone(name.trim_start_matches(':'));
    zone.map_err(|error| root.fail(format!("the environment variable TZ: {error}"))).ok()
}

fn severities(root: &Section<'_>) -> Severities {
    let mut severities = Severities::default();
    let Some(section) = root.get("severity").and_then(|field| field.section()) else { return severities };
    if let Some(label) = section.get("label").and_then(|field| field.text()) {
        severities.label = label;
    }
    let read = |key, values: &mut Vec<String>| {
        if let Some(fields) = section.get(key).and_then(|field| field.list()) {
            *values = fields.iter().filter_map(Field::text).collect();
        }
    };
    read("critical", &mut severities.critical);
    read("warning", &mut severities.warning);
    read("info", &mut severities.info);
    section.finish();
    severities
}

fn read_web(section: Section<'_>, folder: &Path) -> Web {
    let mut web = Web::default();
    let bytes = |key| section.get(key).and_then(|field| field.parse(size)).map(|bytes| bytes as usize);
    web.max_body = bytes("max_body").unwrap_or(web.max_body);
    web.max_in_flight = bytes("max_in_flight").unwrap_or(web.max_in_flight);
    if let Some(connections) = section.get("max_connections").and_then(|field| field.parse(count)) {
        web.max_connections = connections as usize;
    }
    for range in section.get("trusted_proxies").and_then(|field| field.list()).unwrap_or_default() {
        web.trusted_proxies.extend(range.parse(value::range));
    }
    web.admin_token = section.get("admin_token_file").and_then(|field| {
        web.admin_token_file = Some(folder.join(field.text()?));
        credential::long_token(&field, folder)
    });
    if web.max_in_flight < web.max_body {
        section.fail("`max_in_flight` is smaller than `max_body`: no body of that size would be accepted");
    }
    section.finish();
    web
}

fn read_storage(section: Section<'_>, folder: &Path) -> Storage {
    let path = section.get("path").and_then(|field| Some(folder.join(field.text()?)));
    let mut storage = Storage { path, ..Storage::default() };
    let longest = 366 * DAY;
    if let Some(retention) = section.get("retention").and_then(|field| field.parse(duration_up_to(longest))) {
        storage.retention = retention;
    }
    if let Some(backlog) = section.get("backlog").and_then(|field| field.parse(count)) {
        storage.backlog = backlog;
    }
    if let Some(max_bytes) = section.get("max_bytes").and_then(|field| field.parse(size)) {
        storage.max_bytes = max_bytes;
    }
    section.finish();
    storage
}

// === impl Web ===

impl Default for Web {
    fn default() -> Self {
        Self {
            max_body: 32 << 20,
            max_in_flight: 256 << 20,
            max_connections: 512,
            trusted_proxies: Vec::new(),
            admin_token: None,
            admin_token_file: None,
        }
    }
}

// === impl Storage ===

impl Default for Storage {
    fn default() -> Self {
        Self { path: None, retention: 7 * DAY, backlog: 100_000, max_bytes: 1 << 30 }
    }
}
