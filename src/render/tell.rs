//! Tells groups in a few messages: one group in its target's own templates or in its sender's own message, several or an
//! eventful one as a digest.
//!
//! What does not fit into one message is divided among several, alert by alert; what does not fit into those is told in
//! shorter forms (see `digest`). There is always something to send: templates that fail are reported, and what they
//! should have said is said without them.

mod rows;

use std::ops::Range;

use handlebars::Context;

use self::rows::{Fitting, Rows};
use super::digest::{Digest, LADDER};
use super::fit::{Part, UUID};
use super::mention::with_senders;
use super::model::{Model, View, by_severity};
use super::pack::{Pack, pack};
use super::run::{Head, Sheet, buttons};
use super::{Circumstances, Kind, Library, Packed, RenderFailure, Rendered, Style, plain, relay};
use crate::dingtalk::Mention;
use crate::fold::Folded;
use crate::notification::Notification;

/// How many bytes an alert, a row of a digest, is taken for at first.
const ALERT_BYTES: usize = 120;

/// Some groups to be told.
pub(super) struct Telling<'a> {
    /// The templates.
    pub library: &'a Library,
    /// The groups.
    pub groups: &'a [Folded],
    /// How the target wants its messages.
    pub style: &'a Style,
    /// What else is true.
    pub circumstances: &'a Circumstances<'a>,
    /// How many messages there may be; at least one.
    pub most: usize,
}

/// The template failed, if a reason is given; else it said nothing.
type Failed = Option<RenderFailure>;

// === impl Telling ===

impl Telling<'_> {
    /// The messages.
    pub(super) fn packed(&self, plain: bool) -> Packed {
        match self.simple() {
            Some(notification) if plain => self.plainly(notification, None),
            Some(notification) => self
                .passed_on(notification)
                .or_else(|| self.in_own_templates(notification))
                .unwrap_or_else(|| self.in_digest()),
            None if plain => self.in_plain(&self.digest(), None),
            None => self.in_digest(),
        }
    }

    /// The only group, when the target's own templates can say all there is to say.
    fn simple(&self) -> Option<&Notification> {
        match self.groups {
            [Folded { notification, gone, flaps }] if gone.is_empty() && flaps.is_empty() => Some(notification),
            _ => None,
        }
    }

    /// One group without templates.
    fn plainly(&self, notification: &Notification, failure: Failed) -> Packed {
        let (rendered, all) = self.library.plainly(notification, self.style, self.circumstances, failure);
        let shortened = rendered.cut_bytes > 0 || !all;
        Packed { parts: vec![rendered], digest: false, shortened }
    }

    /// One group in its sender's own message, if there is one that tells all of it.
    fn passed_on(&self, notification: &Notification) -> Option<Packed> {
        let rendered = relay::passed_on(notification, self.style, self.circumstances)?;
        Some(Packed { shortened: rendered.cut_bytes > 0, parts: vec![rendered], digest: false })
    }

    // --- one group in its target's own templates ---

    /// `None` when it takes too many messages.
    fn in_own_templates(&self, notification: &Notification) -> Option<Packed> {
        let (firing, resolved) = by_severity(notification, &self.style.severities);
        let view = View { notification, firing: &firing, resolved: &resolved, part: Part::WHOLE };
        match self.library.whole(view, self.style, self.circumstances) {
            Err(failure) => return Some(self.plainly(notification, failure)),
            Ok((rendered, left_out)) if rendered.cut_bytes == 0 || notification.alerts.len() <= 1 => {
                let shortened = rendered.cut_bytes > 0 || left_out > 0;
                return Some(Packed { parts: vec![rendered], digest: false, shortened });
            }
            Ok(_) if self.most == 1 => return None,
            Ok(_) => {}
        }
        let parts = match self.divided(view, self.most) {
            Ok(None) => return None,
            Ok(Some(packs)) => {
                let shortened = packs.iter().any(|pack| !pack.fits);
                self.numbered(&view, packs).map(|parts| Packed { parts, digest: false, shortened })
            }
            Err(failure) => Err(failure),
        };
        Some(parts.unwrap_or_else(|failure| self.plainly(notification, failure)))
    }

    /// The alerts of `view` in as many messages as it takes, numbered as if there were `of`.
    fn divided(&self, view: View<'_>, of: usize) -> Result<Option<Vec<Pack<Rendered>>>, Failed> {
        let count = view.firing.len() + view.resolved.len();
        let limit = self.style.message_limit;
        let mut failed = None;
        let mut heads: Vec<Head> = Vec::new();
        let packs = pack(count, of, limit, limit / ALERT_BYTES, |number, items| {
            let part = Part { number, of };
            if heads.len() < number {
                heads.push(self.head_of(View { part, ..view }));
            }
            let rendered = self.share(view, part, items, heads[number - 1].clone());
            rendered.map(|made| with_size(made, limit)).map_err(|failure| failed = Some(failure)).ok()
        });
        failed.map_or(Ok(packs), Err)
    }

    /// The messages, now that it is known how many there are.
    fn numbered(&self, view: &View<'_>, packs: Vec<Pack<Rendered>>) -> Result<Vec<Rendered>, Failed> {
        let of = packs.len();
        if of == self.most {
            return Ok(packs.into_iter().map(|pack| pack.made).collect());
        }
        let parts = packs.into_iter().enumerate().map(|(index, pack)| {
            let part = Part { number: index + 1, of };
            self.share(*view, part, pack.items, self.head_of(View { part, ..*view }))
        });
        parts.collect()
    }

    /// The title of a part: it is about the group as a whole.
    fn head_of(&self, view: View<'_>) -> Head {
        let title = self.library.title_of(self.style, view.notification.sender);
        let names = self.library.names(&[&title]);
        let context = Context::from(Model::of(view, self.style, self.circumstances, &names).value);
        self.library.own_head(view, &context, self.style, self.circumstances)
    }

    /// One message about some of the alerts: those that fire, then those that are over.
    fn share(&self, view: View<'_>, part: Part, items: Range<usize>, head: Head) -> Result<Rendered, Failed> {
        let fires = view.firing.len();
        let firing = &view.firing[items.start.min(fires)..items.end.min(fires)];
        let resolved = &view.resolved[items.start.max(fires) - fires..items.end.max(fires) - fires];
        let view = View { firing, resolved, part, ..view };
        let text = self.library.text_of(self.style, view.notification.sender);
        let names = self.library.names(&[&text]);
        let Model { value, left_out } = Model::of(view, self.style, self.circumstances, &names);
        let mention = match part.number {
            1 => self.style.mention.of(view.notification, &self.style.severities),
            _ => Mention::default(),
        };
        let sheet = Sheet { style: self.style, kind: self.style.kind, mention, left_out, part };
        let context = Context::from(value);
        self.library.compose(&text, &context, head, buttons(view, self.style), sheet, self.circumstances)
    }

    // --- a digest ---

    fn digest(&self) -> Digest<'_> {
        Digest::of(self.groups, self.style)
    }

    fn in_digest(&self) -> Packed {
        let digest = self.digest();
        let mention = self.mention(&digest);
        let mut fitting = Fitting::guessed(self.style.message_limit / ALERT_BYTES);
        for form in LADDER {
            let rows = digest.rows(form);
            if !fitting.worth(form, rows.len(), self) {
                continue;
            }
            let told = Rows { telling: self, digest: &digest, form, rows: &rows, mention: &mention };
            match told.packed(&mut fitting) {
                Ok(Some(packed)) => return packed,
                Ok(None) => {}
                Err(failure) => return self.in_plain(&digest, failure),
            }
        }
        let [.., form] = LADDER;
        let rows = digest.rows(form);
        let told = Rows { telling: self, digest: &digest, form, rows: &rows, mention: &mention };
        told.squeezed(&fitting).unwrap_or_else(|failure| self.in_plain(&digest, failure))
    }

    /// A digest without templates.
    fn in_plain(&self, digest: &Digest<'_>, failure: Failed) -> Packed {
        let (mut content, all) = plain::digest(digest, self.style, self.circumstances);
        plain::failed(&mut content, failure.as_ref(), self.style.language);
        let mention = self.mention(digest);
        let sheet = Sheet { style: self.style, kind: Kind::Text, mention, left_out: 0, part: Part::WHOLE };
        let rendered = Rendered { failure, ..sheet.plain(content) };
        Packed { shortened: rendered.cut_bytes > 0 || !all, parts: vec![rendered], digest: true }
    }

    /// Who is called. A single group that is a digest only for its size calls whom it would have called otherwise.
    fn mention(&self, digest: &Digest<'_>) -> Mention {
        let (policy, severities) = (&self.style.mention, &self.style.severities);
        if let Some(notification) = self.simple() {
            return policy.of(notification, severities);
        }
        let mention = match self.circumstances.digest_mentions {
            true => policy.in_digest(digest.calling(), severities),
            false => Mention::default(),
        };
        with_senders(mention, self.groups.iter().map(|folded| &folded.notification))
    }
}

/// A message with the size that its body would have, had nothing been cut: above `limit` if anything was.
fn with_size(rendered: Rendered, limit: usize) -> (Rendered, usize) {
    let size = rendered.body(UUID).len() + rendered.cut_bytes;
    let size = if rendered.cut_bytes > 0 { size.max(limit + 1) } else { size };
    (rendered, size)
}

#[cfg(test)]
mod tests;
