//! What a target means: who may post to it, how its messages look and are told together, which robots bring them.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::credential::{credential, inline};
use super::fields::{Field, Section, list};
use super::message::{MessageNames, Messages};
use super::value::{DAY, duration, duration_up_to};
use super::{TargetConfig, mention, robot};
use crate::delivery::{DigestMode, DigestPolicy, Robot, Target};
use crate::intake::{Gate, Tokens};
use crate::notification::Sender;
use crate::render::{Library, Style};
use crate::secret::Secret;
use crate::sender;

/// What targets take from the whole file.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    pub(super) folder: &'a Path,
    pub(super) allow_http: bool,
    pub(super) dedupe_window: Duration,
    pub(super) style: Style,
    pub(super) message: MessageNames,
    /// DingTalk's calls per month; 0 when they are only counted.
    pub(super) monthly: u64,
    /// How requests are read and verified.
    pub(super) senders: Arc<sender::Settings>,
}

/// A target before its templates are compiled and its fallback is known to exist.
#[derive(Debug)]
pub(super) struct TargetDraft<'a> {
    pub(super) name: Arc<str>,
    /// Empty only beside a finding.
    pub(super) robots: Vec<Robot>,
    /// Where the fallback is named, and its name.
    pub(super) fallback: Option<(Field<'a>, Arc<str>)>,
    gate: Gate,
    style: Style,
    digest: DigestPolicy,
    monthly: u64,
}

/// How many messages one digest or notification may be told in.
const MAX_PARTS: usize = 10;

/// Reads a target. `None` when it is not even keys and values; that is a finding.
pub(super) fn read<'a>(
    name: &str,
    field: &Field<'a>,
    defaults: &Defaults<'_>,
    messages: &mut Messages,
) -> Option<TargetDraft<'a>> {
    if !is_name(name) {
        field.fail("a target's name is letters, digits, `-` and `_`, and begins with a letter");
    }
    let section = field.section()?;
    let gate = Gate {
        tokens: tokens(&section, defaults.folder),
        accept: accept(&section),
        dedupe_window: window(&section).unwrap_or(defaults.dedupe_window),
        severities: Arc::clone(&defaults.style.severities),
        senders: Arc::clone(&defaults.senders),
    };
    let message = section.get("message").map(|field| messages.message(&field, &defaults.message));
    let message = message.unwrap_or_else(|| defaults.message.clone());
    let style = Style {
        kind: message.kind,
        title: message.title,
        text: message.text,
        keyword: section.get("keyword").and_then(|field| keyword(&field)),
        mention: section.get("mention").and_then(|field| field.section()).map(mention::read).unwrap_or_default(),
        ..defaults.style.clone()
    };
    let draft = TargetDraft {
        name: name.into(),
        robots: robot::read(&section, defaults),
        fallback: section.get("fallback").and_then(|field| field.text().map(|name| (field, name.into()))),
        gate,
        style,
        digest: section.get("digest").and_then(|field| field.section()).map(digest).unwrap_or_default(),
        monthly: defaults.monthly,
    };
    section.finish();
    Some(draft)
}

/// The `dedupe_window` of the file or of a target.
pub(super) fn window(section: &Section<'_>) -> Option<Duration> {
    section.get("dedupe_window")?.parse(|text| match duration(text)? {
        window if window > DAY => Err("expected at most 1d".into()),
        window => Ok(window),
    })
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
    let known = || list(Sender::ALL.iter().map(|sender| sender.as_str()));
    let sender = |name: &str| Sender::named(name).ok_or_else(|| format!("no such sender; known are {}", known()));
    Some(fields.iter().filter_map(|field| field.parse(sender)).collect())
}

/// Warns of tokens that several targets have: `/robot/send` has nothing else to tell them by.
pub(super) fn warn_of_shared_tokens(named: &[(String, Field<'_>)], drafts: &[TargetDraft<'_>]) {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for draft in drafts {
        let Tokens::Written(tokens) = &draft.gate.tokens else { continue };
        for token in tokens {
            let Some(owner) = owners.insert(token.expose(), &draft.name) else { continue };
            let field = named.iter().find(|(name, _)| **name == *draft.name).map(|(_, field)| field);
            if let Some(field) = field.filter(|_| owner != &*draft.name) {
                field.warn(format!(
                    "has a token of {owner}, too: /robot/send refuses it, because it cannot tell which is meant"
                ));
            }
        }
    }
}

fn keyword(field: &Field<'_>) -> Option<String> {
    field.parse(|text| match text.trim() {
        "" => Err("expected a word that the robot's security settings ask for".into()),
        keyword => Ok(keyword.to_owned()),
    })
}

fn digest(section: Section<'_>) -> DigestPolicy {
    let default = DigestPolicy::default();
    let mode = section.get("mode").and_then(|field| {
        field.parse(|text| match text {
            "auto" => Ok(DigestMode::Auto),
            "always" => Ok(DigestMode::Always),
            "never" => Ok(DigestMode::Never),
            _ => Err("expected auto, always or never".into()),
        })
    });
    let interval = section.get("interval").and_then(|field| field.parse(duration_up_to(DAY)));
    let max_parts = section.get("max_parts").and_then(|field| {
        field.parse(|text| match text.parse() {
            Ok(parts) if (1..=MAX_PARTS).contains(&parts) => Ok(parts),
            _ => Err(format!(
                "expected a number from 1 to {MAX_PARTS}: each part is one of the 20 messages that DingTalk takes in a minute"
            )),
        })
    });
    section.finish();
    DigestPolicy {
        mode: mode.unwrap_or(default.mode),
        interval: interval.unwrap_or(default.interval),
        max_parts: max_parts.unwrap_or(default.max_parts),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && is_token(name)
}

fn is_token(token: &str) -> bool {
    !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

// === impl TargetDraft ===

impl TargetDraft<'_> {
    /// Whether all its messages go to the stand-in.
    pub(super) fn is_sandbox(&self) -> bool {
        self.robots.iter().all(Robot::is_sandbox)
    }

    /// The target with the templates it was made for.
    pub(super) fn build(self, library: &Arc<Library>, retention: Duration) -> TargetConfig {
        let Self { name, robots, fallback, gate, style, digest, monthly } = self;
        let fallback = fallback.map(|(_, name)| name);
        let library = Arc::clone(library);
        let lane = Target { name, robots, style, library, retention, digest, fallback, monthly };
        TargetConfig { gate: Arc::new(gate), lane: Arc::new(lane) }
    }
}
