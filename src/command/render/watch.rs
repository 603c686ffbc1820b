//! Rendering again whenever what is read has changed.
//!
//! Contents are compared a few times a second. A watch on files would miss a link that is swapped (a ConfigMap) and a
//! template that comes to match a pattern, and differs with every editor's way to save.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use super::{Failure, Posted, Render, out};
use crate::command::{complain, serve, with_causes};
use crate::config::Config;

/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(150);

/// Erases a terminal, with what has scrolled out of it.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// What is printed between two renderings where nothing can be erased.
const BETWEEN: &str = "\n════════════════════════════════ changed ════════════════════════════════\n\n";

/// A rendering that goes on.
pub(super) struct Watch<'a> {
    render: &'a Render,
    given: Option<Posted>,
}

/// All that a rendering depends on but the time. Of a configuration that does not load, what is wrong with it.
#[derive(Clone, PartialEq, Eq)]
struct Seen {
    config: Result<[u8; 32], String>,
    payload: Result<Vec<u8>, String>,
}

// === impl Watch ===

impl<'a> Watch<'a> {
    /// Watches what `render` reads, or only its configuration when the payload is `given`.
    pub(super) fn new(render: &'a Render, given: Option<Posted>) -> Self {
        Self { render, given }
    }

    /// Renders until a signal comes.
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let mut stop = std::pin::pin!(serve::until_signalled()?);
        let (mut shown, mut before) = (None, None);
        loop {
            let seen = Some(self.look());
            // A file that is being written is looked at again: half of it would only be a mistake to tell of.
            let settled = shown.is_none() || before == seen;
            if settled && shown != seen {
                self.show(shown.is_some())?;
                shown.clone_from(&seen);
            }
            before = seen;
            tokio::select! {
                () = &mut stop => return Ok(ExitCode::SUCCESS),
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    fn look(&self) -> Seen {
        let payload = match &self.given {
            Some(posted) => Ok(posted.body.clone()),
            None => self.render.payload.read().map(|posted| posted.body).map_err(|error| error.to_string()),
        };
        let config = Config::load(&self.render.payload.config.path);
        Seen { config: config.map(|config| config.digest).map_err(|error| with_causes(&error)), payload }
    }

    fn show(&self, again: bool) -> Result<(), Failure> {
        match (io::stdout().is_terminal(), again) {
            (true, _) => out(CLEAR),
            // Lines of JSON are for programs.
            (false, true) if !self.render.json => out(BETWEEN),
            _ => {}
        }
        let Err(failure) = self.render.once(self.given.clone()) else { return Ok(()) };
        self.render.write_failure(&failure)?;
        complain(&with_causes(&*failure));
        Ok(())
    }
}
