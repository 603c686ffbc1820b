//! What a target means: who may post to it, how its messages look, which robot brings them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::credential::{credential, inline};
use super::fields::{Field, Section, list};
use super::message::{MessageNames, Messages};
use super::value::{DAY, duration, rate_limit};
use super::{TargetConfig, unsupported};
use crate::delivery::{Address, DigestPolicy, Robot, Target};
use crate::dingtalk::{Mention, Webhook};
use crate::intake::{Gate, Tokens};
use crate::notification::Sender;
use crate::outbox::pace::RateLimit;
use crate::render::{Library, MentionPolicy, Occasion, Severity, Style};
use crate::secret::Secret;

/// What targets take from the whole file.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    pub(super) folder: &'a Path,
    pub(super) allow_http: bool,
    pub(super) dedupe_window: Duration,
    pub(super) style: Style,
    pub(super) message: MessageNames,
}

/// A target before its templates are compiled.
#[derive(Debug)]
pub(super) struct TargetDraft {
    gate: Gate,
    name: Arc<str>,
    robot: Robot,
    style: Style,
}

/// How many people one message may mention, by DingTalk's rules.
const MAX_MENTIONS: usize = 50;

/// What a `url` is for the built-in stand-in.
const SANDBOX: &str = "sandbox";

/// The senders that later versions will accept; naming one is no mistake.
const LATER_SENDERS: [&str; 11] = [
    "aicc",
    "cloudmonitor",
    "dingtalk",
    "eventbridge",
    "generic",
    "grafana",
    "kube-eventer",
    "ocp",
    "rulehit",
    "sls",
    "uptimekuma",
];

/// Reads a target. `None` when it lacks what makes it one; that is a finding.
pub(super) fn read(
    name: &str,
    field: &Field<'_>,
    defaults: &Defaults<'_>,
    messages: &mut Messages,
) -> Option<TargetDraft> {
    if !is_name(name) {
        field.fail("a target's name is letters, digits, `-` and `_`, and begins with a letter");
    }
    let section = field.section()?;
    let gate = Gate {
        tokens: tokens(&section, defaults.folder),
        accept: accept(&section),
        dedupe_window: window(&section).unwrap_or(defaults.dedupe_window),
        severities: Arc::clone(&defaults.style.severities),
    };
    let message = section.get("message").map(|field| messages.message(&field, &defaults.message));
    let message = message.unwrap_or_else(|| defaults.message.clone());
    let style = Style {
        kind: message.kind,
        title: message.title,
        text: message.text,
        keyword: section.get("keyword").and_then(|field| keyword(&field)),
        mention: section.get("mention").and_then(|field| field.section()).map(mention).unwrap_or_default(),
        ..defaults.style.clone()
    };
    unsupported::of_target(&section);
    let robot = robot(&section, defaults);
    section.finish();
    Some(TargetDraft { gate, name: name.into(), robot: robot?, style })
}

/// The `dedupe_window` of the file or of a target.
pub(super) fn window(section: &Section<'_>) -> Option<Duration> {
    section.get("dedupe_window")?.parse(|text| match duration(text)? {
        window if window > DAY => Err("expected at most 1d".into()),
        window => Ok(window),
    })
}

/// The robot of a target: its own `url`, or the one entry of `robots`.
fn robot(section: &Section<'_>, defaults: &Defaults<'_>) -> Option<Robot> {
    let Some(pool) = section.get("robots") else { return read_robot(section, defaults) };
    for key in ["url", "url_file", "secret", "secret_file", "rate_limit"] {
        if let Some(field) = section.get(key) {
            field.fail("stands beside `robots`; move it into one of them");
        }
    }
    let pooled = pool.list()?;
    if pooled.is_empty() {
        pool.fail("expected a robot: copy the webhook URL from its settings into `url`");
    }
    let robots: Vec<_> = pooled
        .iter()
        .filter_map(|field| {
            let section = field.section()?;
            let robot = read_robot(&section, defaults);
            section.finish();
            robot
        })
        .collect();
    if robots.len() > 1 {
        pool.fail("more than one robot is not supported by this version; keep one");
    }
    robots.into_iter().next()
}

fn read_robot(section: &Section<'_>, defaults: &Defaults<'_>) -> Option<Robot> {
    let allow_http = defaults.allow_http;
    let secret = credential(section, "secret", "secret_file", defaults.folder).map(|(source, _)| source);
    let limits = limits(section);
    let field = section.get("url").or_else(|| section.get("url_file"));
    let Some((url, written)) = credential(section, "url", "url_file", defaults.folder) else {
        if field.is_none() {
            section.fail("no `url`: copy the webhook URL from the robot's settings, or write `url: sandbox` to try");
        }
        return None;
    };
    let field = field?;
    if written && url.read().expose() == SANDBOX {
        field.warn("messages go to the built-in stand-in: nobody is told");
        return Some(Robot { address: Address::Sandbox, secret, limits });
    }
    if let Err(error) = Webhook::parse(url.read().expose(), allow_http) {
        field.fail(error.to_string());
        return None;
    }
    Some(Robot { address: Address::Webhook { url, allow_http }, secret, limits })
}

fn limits(section: &Section<'_>) -> Vec<RateLimit> {
    let Some(field) = section.get("rate_limit") else { return vec![RateLimit::DINGTALK] };
    let fields = field.one_or_many().unwrap_or_default();
    let limits: Vec<_> = fields.iter().filter_map(|field| field.parse(rate_limit)).collect();
    let within = |limit: &RateLimit| {
        limit.messages <= RateLimit::DINGTALK.messages && limit.period >= RateLimit::DINGTALK.period
    };
    if fields.is_empty() {
        field.fail("expected at least one limit, such as 20/1m");
    } else if !limits.is_empty() && !limits.iter().any(within) {
        field.warn("more than DingTalk's 20 messages a minute: it bans a robot that exceeds them for ten minutes");
    }
    limits
}

fn tokens(section: &Section<'_>, folder: &Path) -> Tokens {
    let token = |field: &Field<'_>| -> Option<Secret> {
        let token = inline(field)?;
        if !is_token(token.expose()) {
            field.fail("a token is letters, digits, `-` and `_`");
        }
        Some(token)
    };
    for key in ["tokens", "tokens_file"] {
        // A variable that was not filled in must not open the target.
        section.fail_if_empty(key, "expected a value, got nothing; without this key anybody may post");
    }
    match (section.get("tokens"), section.get("tokens_file")) {
        (Some(_), Some(file)) => {
            file.fail("expected one of `tokens` and `tokens_file`, got both");
            Tokens::default()
        }
        (Some(list), None) => {
            let written = list.list().unwrap_or_default();
            if written.is_empty() {
                list.fail("expected at least one token; without `tokens` anybody may post");
            }
            Tokens::Written(written.iter().filter_map(token).collect())
        }
        (None, Some(file)) => {
            let Some((source, _)) = credential(section, "tokens", "tokens_file", folder) else {
                return Tokens::default();
            };
            let tokens = Tokens::File(source);
            if !tokens.all(is_token) {
                file.fail("expected one token of letters, digits, `-` and `_` on each line");
            }
            tokens
        }
        (None, None) => Tokens::default(),
    }
}

fn accept(section: &Section<'_>) -> Option<BTreeSet<Sender>> {
    let fields = section.get("accept")?.list()?;
    let known = || Sender::ALL.iter().map(|sender| sender.as_str()).chain(LATER_SENDERS);
    let mut accepted = BTreeSet::new();
    for field in fields {
        let Some(name) = field.text() else { continue };
        match Sender::named(&name) {
            Some(sender) => drop(accepted.insert(sender)),
            None if LATER_SENDERS.contains(&name.as_str()) => {
                field.warn("this version does not understand that sender")
            }
            None => field.fail(format!("no such sender; known are {}", list(known()))),
        }
    }
    Some(accepted)
}

fn keyword(field: &Field<'_>) -> Option<String> {
    field.parse(|text| match text.trim() {
        "" => Err("expected a word that the robot's security settings ask for".into()),
        keyword => Ok(keyword.to_owned()),
    })
}

fn mention(section: Section<'_>) -> MentionPolicy {
    let mut policy = MentionPolicy::default();
    let words = |key, what: &'static str| -> Vec<String> {
        let fields = section.get(key).and_then(|field| field.list()).unwrap_or_default();
        let word = |field: &Field<'_>| {
            field.parse(|text| match text.trim_start_matches('@') {
                "" => Err(format!("expected {what}")),
                word if word.contains(|c: char| c.is_whitespace() || c == '@') => Err(format!("expected {what}")),
                word => Ok(word.to_owned()),
            })
        };
        fields.iter().filter_map(word).collect()
    };
    policy.mention = Mention {
        all: section.get("all").and_then(|field| field.flag()).unwrap_or_default(),
        mobiles: words("mobiles", "a mobile number"),
        user_ids: words("user_ids", "a user id"),
    };
    if policy.mention.mobiles.len() + policy.mention.user_ids.len() > MAX_MENTIONS {
        section.fail(format!("DingTalk mentions at most {MAX_MENTIONS} people in one message; use `all`"));
    }
    let severity = |field: &Field<'_>| {
        field
            .parse(|text| Severity::named(text).ok_or_else(|| "expected critical, warning, info or unknown".to_owned()))
    };
    if let Some(fields) = section.get("severities").and_then(|field| field.list()) {
        policy.severities = Some(fields.iter().filter_map(severity).collect());
    }
    let occasion = |field: &Field<'_>| {
        field.parse(|text| match text {
            "firing" => Ok(Occasion::Firing),
            "repeat" => Ok(Occasion::Repeat),
            "digest" => Ok(Occasion::Digest),
            "resolved" => Ok(Occasion::Resolved),
            _ => Err("expected firing, repeat, digest or resolved".into()),
        })
    };
    if let Some(fields) = section.get("when").and_then(|field| field.list()) {
        policy.when = fields.iter().filter_map(occasion).collect();
    }
    unsupported::of_mention(&section);
    section.finish();
    policy
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && is_token(name)
}

fn is_token(token: &str) -> bool {
    !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

// === impl TargetDraft ===

impl TargetDraft {
    /// The target with the templates it was made for.
    pub(super) fn build(self, library: &Arc<Library>, retention: Duration) -> TargetConfig {
        let Self { gate, name, robot, style } = self;
        let lane = Target {
            name,
            robots: vec![robot],
            style,
            library: Arc::clone(library),
            retention,
            digest: DigestPolicy::default(),
            fallback: None,
            monthly: 0,
        };
        TargetConfig { gate: Arc::new(gate), lane: Arc::new(lane) }
    }
}
