//! What helpers know beside their arguments.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use handlebars::RenderError;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::Value;

use super::flow::Flow;
use super::{Extent, wrong};
use crate::dingtalk::Mention;
use crate::render::language::Language;
use crate::render::severity::Severities;
use crate::render::{Circumstances, Style};

/// What helpers know beside their arguments: one for each rendering.
pub(in crate::render) struct Scope<'a> {
    /// The present.
    pub now: Timestamp,
    /// Where times are shown for.
    pub time_zone: &'a TimeZone,
    /// What severities mean.
    pub severities: &'a Severities,
    /// What helpers write in.
    pub language: Language,
    /// Whom the message calls.
    pub mention: &'a Mention,
    /// What templates weigh with their partials.
    pub extents: &'a HashMap<String, Extent>,
    fuel: AtomicUsize,
    variables: Mutex<BTreeMap<String, Value>>,
    patterns: Mutex<HashMap<String, Regex>>,
    exact: AtomicBool,
    flow: Mutex<Option<Flow>>,
}

/// How much one rendering may do: an element that a loop renders, a call of a helper and a piece of text it works on
/// cost one each. It is above what 2,000 alerts need.
pub(in crate::render) const FUEL: usize = 2_000_000;
/// How many bytes of text a helper works on for one more piece of fuel.
const BYTES_PER_FUEL: usize = 64;

// === impl Scope ===

impl<'a> Scope<'a> {
    /// What is true of one rendering, before it began.
    pub(in crate::render) fn new(
        style: &'a Style,
        circumstances: &Circumstances<'_>,
        mention: &'a Mention,
        extents: &'a HashMap<String, Extent>,
    ) -> Self {
        Self {
            now: circumstances.now,
            time_zone: &style.time_zone,
            severities: &style.severities,
            language: style.language,
            mention,
            extents,
            fuel: AtomicUsize::new(FUEL),
            variables: Mutex::default(),
            patterns: Mutex::default(),
            exact: AtomicBool::new(false),
            flow: Mutex::default(),
        }
    }

    /// Whether a template asked to be taken exactly.
    pub(in crate::render) fn is_exact(&self) -> bool {
        self.exact.load(Ordering::Relaxed)
    }

    /// Takes what is rendered exactly.
    pub(super) fn set_exact(&self) {
        self.exact.store(true, Ordering::Relaxed);
    }

    /// Says where to go on; what is rendered ends with an error, which the loop around it takes for no error.
    pub(super) fn stop(&self, flow: Flow) {
        *self.flow.lock().unwrap_or_else(PoisonError::into_inner) = Some(flow);
    }

    /// Where to go on after an error that is none.
    pub(super) fn take_flow(&self) -> Option<Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes fuel, if there is as much.
    pub(super) fn burn(&self, fuel: usize) -> bool {
        let spent = |left: usize| left.checked_sub(fuel);
        self.fuel.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent).is_ok()
    }

    /// Pays for a helper's work on so many bytes of text. Every call pays for its arguments and its result anyway (see
    /// `call`); a helper whose work grows faster pays for the rest itself.
    ///
    /// # Errors
    /// There is not enough fuel left.
    pub(super) fn pay(&self, helper: &str, bytes: usize) -> Result<(), RenderError> {
        if self.burn(1 + bytes / BYTES_PER_FUEL) {
            return Ok(());
        }
        Err(wrong(helper, "the template would work for too long: call fewer helpers inside of loops"))
    }

    /// The variable of that name; null when it was never set.
    pub(super) fn variable(&self, name: &str) -> Value {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned().unwrap_or_default()
    }

    /// Remembers `value` until the rendering ends, unless there are `most` variables beside it.
    pub(super) fn set_variable(&self, name: String, value: Value, most: usize) -> bool {
        let mut variables = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = variables.len() < most || variables.contains_key(&name);
        if fits {
            variables.insert(name, value);
        }
        fits
    }

    /// The compiled form of `pattern`, made once by `compile`.
    ///
    /// # Errors
    /// Those of `compile`.
    pub(super) fn pattern<E>(&self, pattern: &str, compile: impl FnOnce(&str) -> Result<Regex, E>) -> Result<Regex, E> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = patterns.get(pattern) {
            return Ok(known.clone());
        }
        let compiled = compile(pattern)?;
        patterns.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }
}
