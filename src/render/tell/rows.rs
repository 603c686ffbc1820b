//! A digest in one of its forms, as messages.

use std::ops::Range;

use handlebars::Context;

use super::{Failed, Telling, with_size};
use crate::dingtalk::Mention;
use crate::render::digest::{Detail, Digest, Form, Row};
use crate::render::fit::Part;
use crate::render::pack::{longest, pack};
use crate::render::run::{Head, Sheet};
use crate::render::summary::Summary;
use crate::render::{Kind, Packed, Rendered, plain};

/// What the title is made from: how many names, the first alert of each.
const TITLE_ROWS: usize = 50;
/// How few bytes a row has: a form of which not even so much would fit is not tried.
const ROW_BYTES: usize = 16;

/// The templates of digests.
const TITLE: &str = "digest.title";
const TEXT: &str = "digest.text";
const PLAIN: &str = "digest.plain";

/// A digest in one of its forms.
pub(super) struct Rows<'a> {
    /// Who tells it.
    pub telling: &'a Telling<'a>,
    /// The digest.
    pub digest: &'a Digest<'a>,
    /// The form.
    pub form: Form,
    /// The digest in this form.
    pub rows: &'a [Row],
    /// Who is called by the first message.
    pub mention: &'a Mention,
}

/// How many rows a message was found to hold, so that forms with many more are not tried.
pub(super) struct Fitting {
    /// In forms that say as much of each alert.
    detail: Detail,
    /// The most rows of one message.
    rows: usize,
    /// Whether that is more than a guess.
    known: bool,
}

// === impl Fitting ===

impl Fitting {
    /// Nothing is known but a guess.
    pub(super) fn guessed(rows: usize) -> Self {
        Self { detail: Detail::Full, rows, known: false }
    }

    /// Whether it may be that so many rows in `form` fit.
    pub(super) fn worth(&self, form: Form, rows: usize, telling: &Telling<'_>) -> bool {
        let most = match self.known && self.detail == form.detail {
            true => self.rows.max(1) * 2,
            false => telling.style.message_limit / ROW_BYTES,
        };
        rows <= most.saturating_mul(telling.most)
    }
}

// === impl Rows ===

impl Rows<'_> {
    /// All of it in messages; `None` when it takes too many.
    pub(super) fn packed(&self, fitting: &mut Fitting) -> Result<Option<Packed>, Failed> {
        let (most, limit) = (self.telling.most, self.telling.style.message_limit);
        let mut heads: Vec<Head> = Vec::new();
        let mut failed = None;
        let mut fits = 0;
        let packs = pack(self.rows.len(), most, limit, fitting.rows, |number, range| {
            let part = Part { number, of: most };
            if heads.len() < number {
                heads.push(self.head(part));
            }
            let rows = range.len();
            let made = self.message(range, false, part, heads[number - 1].clone());
            let sized = made.map(|made| with_size(made, limit)).map_err(|failure| failed = Some(failure)).ok();
            if sized.as_ref().is_some_and(|(_, size)| *size <= limit) {
                fits = rows.max(fits);
            }
            sized
        });
        *fitting = Fitting { detail: self.form.detail, rows: fits, known: true };
        if let Some(failure) = failed {
            return Err(failure);
        }
        match packs {
            // A digest without anything in it is told, too.
            Some(packs) if packs.is_empty() => self.numbered(std::iter::once(0..0).collect()).map(Some),
            Some(packs) if packs.iter().all(|pack| pack.fits) => {
                let ranges = packs.iter().map(|pack| pack.items.clone()).collect();
                if packs.len() == most {
                    let parts = packs.into_iter().map(|pack| pack.made).collect();
                    return Ok(Some(self.done(parts, self.rows.len())));
                }
                self.numbered(ranges).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// As much of it as the messages hold; the rest is counted in the last one.
    pub(super) fn squeezed(&self, fitting: &Fitting) -> Result<Packed, Failed> {
        let (most, limit) = (self.telling.most, self.telling.style.message_limit);
        let mut ranges = Vec::new();
        let mut start = 0;
        for number in 1..=most {
            let left = self.rows.len() - start;
            if left == 0 && number > 1 {
                break;
            }
            let part = Part { number, of: most };
            let head = self.head(part);
            let mut failed = None;
            let pack = longest(left, fitting.rows, limit, |length| {
                let made = self.message(start..start + length, number == most, part, head.clone());
                made.map(|made| with_size(made, limit)).map_err(|failure| failed = failure).ok()
            });
            let Some(pack) = pack else { return Err(failed) };
            let length = if pack.fits { pack.items.len() } else { 0 };
            ranges.push(start..start + length);
            start += length;
        }
        self.numbered(ranges)
    }

    /// The messages with these rows, now that it is known how many there are.
    fn numbered(&self, ranges: Vec<Range<usize>>) -> Result<Packed, Failed> {
        let of = ranges.len();
        let told = ranges.last().map_or(0, |range| range.end);
        let messages = ranges.into_iter().enumerate().map(|(index, range)| {
            let part = Part { number: index + 1, of };
            self.message(range, part.number == of, part, self.head(part))
        });
        messages.collect::<Result<_, _>>().map(|parts| self.done(parts, told))
    }

    /// These messages, which show the first rows.
    fn done(&self, parts: Vec<Rendered>, told: usize) -> Packed {
        let counted = told < self.rows.len() || self.rows.iter().any(|row| row.more > 0);
        let shortened = counted || parts.iter().any(|part| part.cut_bytes > 0);
        Packed { parts, digest: true, shortened }
    }

    /// The title of a part: it is about the digest as a whole, by the first alert of the first names.
    fn head(&self, part: Part) -> Head {
        let Telling { library, style, circumstances, .. } = self.telling;
        if style.kind == Kind::Text {
            return Head::default();
        }
        let named = self.digest.names.iter().take(TITLE_ROWS).enumerate();
        let rows: Vec<Row> = named
            .map(|(name, of_it)| Row { name, alert: Some(0), more: of_it.alerts.len() - 1, first: true })
            .collect();
        let Rows { digest, form, .. } = *self;
        let summary = Summary { digest, form, rows: &rows, range: 0..rows.len(), last: false, part };
        let context = Context::from(summary.model(style, circumstances));
        library.head(TITLE, &context, style, circumstances, || plain::digest_title(digest, style.language))
    }

    /// One message with some rows; the `last` one counts those after them.
    fn message(&self, range: Range<usize>, last: bool, part: Part, head: Head) -> Result<Rendered, Failed> {
        let Telling { library, style, circumstances, .. } = self.telling;
        let Rows { digest, form, rows, .. } = *self;
        let context = Context::from(Summary { digest, form, rows, range, last, part }.model(style, circumstances));
        let mention = if part.number == 1 { self.mention.clone() } else { Mention::default() };
        let (kind, text) = match style.kind {
            Kind::Text => (Kind::Text, PLAIN),
            Kind::Markdown | Kind::ActionCard => (Kind::Markdown, TEXT),
        };
        let sheet = Sheet { style, kind, mention, left_out: 0, part };
        library.compose(text, &context, head, Vec::new(), sheet, circumstances)
    }
}
