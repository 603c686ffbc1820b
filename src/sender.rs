//! The sending systems: what each one's request body means.
//!
//! One file per system, each a pure function from bytes to a [`Notification`]. Nothing here knows of servers, queues
//! or templates.

use crate::notification::{Notification, Sender};

mod alertmanager;

/// What a request body turned out to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What was said.
    pub notification: Notification,
    /// What was unexpected but did no harm; worth a line in the log.
    pub oddity: Option<String>,
}

/// Why a request body is refused. Its text goes back to the sender, which logs it: one line, no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} column {column}: {reason}")]
pub struct DecodeError {
    /// The line where the reading ended, from 1.
    pub line: usize,
    /// The column where the reading ended, from 1; 0 before the first byte.
    pub column: usize,
    /// What is wrong and, where it can be known, what to change.
    pub reason: String,
}

/// The longest reason that is given, in characters: values that are quoted in it are the sender's and can be long.
const MAX_REASON: usize = 200;

/// Reads what `sender` said.
///
/// # Errors
/// When the body is not of that sender's form.
pub fn decode(sender: Sender, body: &[u8]) -> Result<Decoded, DecodeError> {
    match sender {
        Sender::Alertmanager => alertmanager::decode(body),
        _ => Err(DecodeError::shape("nobody else speaks in the bridge's name")),
    }
}

/// Tells which sender's form a body has.
///
/// This version knows one; what is not of its form is refused when it is decoded, with the place.
pub fn recognise(_body: &[u8]) -> Sender {
    Sender::Alertmanager
}

// === impl DecodeError ===

impl DecodeError {
    /// The body could be read, but it is not of the form that was looked for.
    fn shape(reason: &str) -> Self {
        Self { line: 1, column: 1, reason: reason.to_owned() }
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        // serde_json puts the place at the end; people look for it at the front.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _place)| reason);
        let reason = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
        Self { line: error.line(), column: error.column(), reason }
    }
}
