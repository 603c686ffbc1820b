//! What the samples become for each target. Targets whose messages are made alike are tried once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::command::compose;
use crate::command::samples::{self, Sample};
use crate::config::TargetConfig;
use crate::delivery::Target;
use crate::dingtalk::Message;
use crate::notification::Notification;
use crate::render::{Kind, Loss, Packed, Unseen, unseen};

/// How many targets are named where many are alike.
const MOST_NAMES: usize = 5;

/// How many characters of who is called are shown.
const MOST_CALLED: usize = 40;

/// In how many samples something must be lost to be the template's fault: of one, the sample may be odd.
const OFTEN: usize = 2;

/// What the samples become for every target of a configuration.
pub(super) struct Trials {
    trials: Vec<Trial>,
}

/// What the samples become for some targets.
struct Trial {
    targets: Vec<Arc<str>>,
    outcome: Outcome,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    /// A template failed: with this sample, for this reason.
    Failed(&'static str, String),
    Rendered {
        rows: Vec<Row>,
        /// What is lost in the messages, and in those of which samples.
        losses: BTreeMap<Loss, Vec<&'static str>>,
        /// What else becomes of which samples.
        oddities: BTreeMap<Oddity, Vec<&'static str>>,
    },
}

/// What is no failure, and hardly what the template's author wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Oddity {
    /// The templates write nothing.
    Silent,
    /// They write more than the messages can hold.
    TooMuch,
}

/// What one sample becomes.
#[derive(PartialEq, Eq)]
struct Row {
    sample: &'static str,
    /// The bytes of each message.
    bytes: Vec<usize>,
    called: String,
    shortened: bool,
}

// === impl Trials ===

impl Trials {
    /// Renders every sample for every target, as if it were `now`.
    pub(super) fn of(targets: &BTreeMap<Arc<str>, TargetConfig>, now: Timestamp) -> Self {
        let samples = samples::ALL.map(|sample| (sample, sample.notification(now)));
        let mut alike: BTreeMap<String, Vec<&Target>> = BTreeMap::new();
        for target in targets.values() {
            alike.entry(style_key(&target.lane)).or_default().push(&target.lane);
        }
        let mut trials: Vec<Trial> = Vec::new();
        for lanes in alike.values() {
            let outcome = Outcome::of(lanes[0], &samples, now);
            let names = lanes.iter().map(|lane| Arc::clone(&lane.name));
            match trials.iter_mut().find(|trial| trial.outcome == outcome) {
                Some(trial) => trial.targets.extend(names),
                None => trials.push(Trial { targets: names.collect(), outcome }),
            }
        }
        for trial in &mut trials {
            trial.targets.sort();
        }
        trials.sort_by(|one, other| one.targets.cmp(&other.targets));
        Self { trials }
    }

    /// What keeps the templates from being used.
    pub(super) fn failures(&self) -> Vec<String> {
        let failed = self.trials.iter().filter_map(|trial| match &trial.outcome {
            Outcome::Failed(sample, reason) => {
                Some(format!("targets.{}: sample {sample}: {reason}", names(&trial.targets)))
            }
            Outcome::Rendered { .. } => None,
        });
        failed.collect()
    }

    /// What groups will not see because of how templates are written.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for trial in &self.trials {
            let Outcome::Rendered { oddities, .. } = &trial.outcome else { continue };
            for (oddity, samples) in oddities {
                let (targets, samples) = (names(&trial.targets), samples.join(", "));
                notes.push(format!("{targets}: {} (samples {samples})", oddity.described()));
            }
        }
        notes.extend(self.losses());
        notes
    }

    fn losses(&self) -> Vec<String> {
        let mut found: BTreeMap<(&Loss, &[&str]), BTreeSet<Arc<str>>> = BTreeMap::new();
        for trial in &self.trials {
            let Outcome::Rendered { losses, .. } = &trial.outcome else { continue };
            for (loss, samples) in losses.iter().filter(|(_, samples)| samples.len() >= OFTEN) {
                found.entry((loss, samples.as_slice())).or_default().extend(trial.targets.iter().cloned());
            }
        }
        let shown = found.into_iter().map(|((loss, samples), targets)| {
            let targets: Vec<_> = targets.into_iter().collect();
            let (count, all) = (samples.len(), samples::ALL.len());
            format!("{}: {loss} (in {count} of {all} samples, such as {})", names(&targets), samples[0])
        });
        shown.collect()
    }

    /// All of it in a line.
    pub(super) fn summary(&self) -> String {
        let rows = || self.rows().flat_map(|(_, rows)| rows);
        let bytes = || rows().flat_map(|row| row.bytes.iter().copied());
        let (least, most) = (bytes().min().unwrap_or(0), bytes().max().unwrap_or(0));
        let parts = rows().map(|row| row.bytes.len()).max().unwrap_or(0);
        let shortened: BTreeSet<_> = rows().filter(|row| row.shortened).map(|row| row.sample).collect();
        let shortened = match shortened.len() {
            0 => "none shortened".to_owned(),
            _ => format!("shortened: {}", shortened.into_iter().collect::<Vec<_>>().join(", ")),
        };
        let samples = samples::ALL.len();
        format!("{samples} samples become {least} to {most} bytes in at most {}, {shortened}", messages(parts))
    }

    /// A table for each way of making messages.
    pub(super) fn tables(&self) -> String {
        let mut tables = String::new();
        for (targets, rows) in self.rows() {
            let _ = writeln!(tables, "{}:", names(targets));
            let wide = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or(0);
            let sample = wide(&mut rows.iter().map(|row| row.sample.len()));
            let bytes = wide(&mut rows.iter().map(|row| row.bytes().len()));
            for row in rows {
                let (called, shortened) = (&row.called, if row.shortened { ", shortened" } else { "" });
                let (name, size, messages) = (row.sample, row.bytes(), messages(row.bytes.len()));
                let _ =
                    writeln!(tables, "  {name:sample$}  {size:>bytes$} bytes, {messages}, calls {called}{shortened}");
            }
        }
        tables
    }

    fn rows(&self) -> impl Iterator<Item = (&[Arc<str>], &[Row])> {
        self.trials.iter().filter_map(|trial| match &trial.outcome {
            Outcome::Rendered { rows, .. } => Some((trial.targets.as_slice(), rows.as_slice())),
            Outcome::Failed(..) => None,
        })
    }
}

// === impl Outcome ===

impl Outcome {
    fn of(target: &Target, samples: &[(Sample, Notification)], now: Timestamp) -> Self {
        let (mut rows, mut losses) = (Vec::new(), BTreeMap::<Loss, Vec<_>>::new());
        let mut oddities = BTreeMap::<Oddity, Vec<_>>::new();
        for (sample, notification) in samples {
            let packed = compose(target, notification, now);
            if let Some(failure) = packed.parts.iter().find_map(|part| part.failure.as_ref()) {
                return Self::Failed(sample.name, failure.to_string());
            }
            // What a sender wrote for DingTalk is no template's fault.
            if notification.relay.is_none() {
                let lost = packed.parts.iter().flat_map(|part| unseen(&part.message));
                let lost: BTreeSet<Loss> = lost.map(|Unseen { loss, .. }| loss).collect();
                lost.into_iter().for_each(|loss| losses.entry(loss).or_default().push(sample.name));
                let odd = Oddity::of(&packed, target.style.kind);
                odd.into_iter().for_each(|oddity| oddities.entry(oddity).or_default().push(sample.name));
            }
            rows.push(Row::of(sample.name, &packed));
        }
        Self::Rendered { rows, losses, oddities }
    }
}

// === impl Oddity ===

impl Oddity {
    /// What is odd about messages that are wanted as a `kind`.
    fn of(packed: &Packed, kind: Kind) -> Option<Self> {
        let plain = packed.parts.iter().any(|part| matches!(part.message, Message::Text { .. }));
        match packed.digest {
            true => Some(Self::TooMuch),
            false => (plain && kind != Kind::Text).then_some(Self::Silent),
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Silent => "the template writes nothing, so a plain message goes out instead",
            Self::TooMuch => "the template writes more than the messages can hold, so a digest goes out instead",
        }
    }
}

// === impl Row ===

impl Row {
    fn of(sample: &'static str, packed: &Packed) -> Self {
        let called = packed.parts.first().map(|part| part.called()).unwrap_or_default();
        let called = match called.chars().count() > MOST_CALLED {
            true => format!("{} people", called.split(", ").count()),
            false => called,
        };
        let bytes = packed.parts.iter().map(|part| part.bytes()).collect();
        Self { sample, bytes, called, shortened: packed.shortened }
    }

    /// `19480+3021`
    fn bytes(&self) -> String {
        self.bytes.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
    }
}

/// What tells one target's messages from another's of the same configuration, but for what templates make of its name.
fn style_key(target: &Target) -> String {
    let style = &target.style;
    let parts = target.digest.max_parts;
    format!("{:?}", (style.kind, &style.title, &style.text, &style.mention, &style.keyword, parts))
}

fn messages(count: usize) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

/// `ops, payments and 98 more`
fn names(targets: &[Arc<str>]) -> String {
    let (named, others) = targets.split_at(targets.len().min(MOST_NAMES));
    match others.len() {
        0 => named.join(", "),
        others => format!("{} and {others} more", named.join(", ")),
    }
}
