//! One rendering: data, templates, safety, size.

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use handlebars::{Context, Output, RenderContext, RenderError, RenderErrorReason, Renderable};

use super::escape::{self, Medium};
use super::fit::{Frame, Part};
use super::helper::{self, Scope};
use super::model::{Model, View, by_severity};
use super::tell::Telling;
use super::{Circumstances, Kind, Library, Packed, RenderFailure, Rendered, Style, plain};
use crate::dingtalk::{Button, Mention, Message, Orientation};
use crate::fold::Folded;
use crate::notification::Notification;

/// How many times the message limit a template may write before it is stopped.
const QUOTA_FACTOR: usize = 4;

/// What a template wrote.
struct Written {
    text: String,
    /// Whether it was stopped by its quota.
    stopped: bool,
    /// Whether it is to be sent as it is.
    exact: bool,
}

/// A title, and the template that failed to make it.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    /// The title.
    pub title: String,
    /// Why it is a plain one.
    pub failure: Option<RenderFailure>,
}

/// What a message is beside its title and text.
pub(super) struct Sheet<'a> {
    /// How the target wants it.
    pub style: &'a Style,
    /// The type of message, which may be another than the target's.
    pub kind: Kind,
    /// Who is called.
    pub mention: Mention,
    /// How many alerts the text does not even try to show.
    pub left_out: usize,
    /// Which message of how many it is.
    pub part: Part,
}

/// An output that refuses to grow beyond its quota.
struct Quota {
    text: String,
    most: usize,
    full: bool,
}

// === impl Library ===

impl Library {
    /// The message about `notification` in this style.
    ///
    /// Never fails: see [`Rendered::failure`].
    pub fn render(&self, notification: &Notification, style: &Style, circumstances: &Circumstances<'_>) -> Rendered {
        let (firing, resolved) = by_severity(notification, &style.severities);
        let view = View { notification, firing: &firing, resolved: &resolved, part: Part::WHOLE };
        let whole = self.whole(view, style, circumstances);
        whole.map_or_else(
            |failure| self.plainly(notification, style, circumstances, failure).0,
            |(rendered, _)| rendered,
        )
    }

    /// The messages that tell `groups`, one or more: by the target's own templates when one group says no more than they
    /// can show, else as a digest. `plain` ones have neither templates' markup nor links. There are at most `most`
    /// messages, at least one; what they cannot hold is told in shorter forms.
    ///
    /// Never fails: see [`Rendered::failure`].
    pub fn tell(
        &self,
        groups: &[Folded],
        style: &Style,
        circumstances: &Circumstances<'_>,
        plain: bool,
        most: usize,
    ) -> Packed {
        Telling { library: self, groups, style, circumstances, most: most.max(1) }.packed(plain)
    }

    /// A short message without templates, markdown and links: for when the full one was refused.
    pub fn render_plain(
        &self,
        notification: &Notification,
        style: &Style,
        circumstances: &Circumstances<'_>,
    ) -> Rendered {
        self.plainly(notification, style, circumstances, None).0
    }

    /// [`Library::render_plain`] in place of a template that failed, if one did, and whether every alert is shown in it.
    pub(super) fn plainly(
        &self,
        notification: &Notification,
        style: &Style,
        circumstances: &Circumstances<'_>,
        failure: Option<RenderFailure>,
    ) -> (Rendered, bool) {
        let (mut content, all) = plain::text(notification, style, circumstances);
        plain::failed(&mut content, failure.as_ref(), style.language);
        let mention = style.mention.of(notification, &style.severities);
        let sheet = Sheet { style, kind: Kind::Text, mention, left_out: 0, part: Part::WHOLE };
        (Rendered { failure, ..sheet.plain(content) }, all)
    }

    /// The whole of `view` in one message of the target's own templates, and how many alerts it leaves out.
    ///
    /// # Errors
    /// There is no text; why, if it failed.
    pub(super) fn whole(
        &self,
        view: View<'_>,
        style: &Style,
        circumstances: &Circumstances<'_>,
    ) -> Result<(Rendered, usize), Option<RenderFailure>> {
        let sender = view.notification.sender;
        let (title, text) = (self.title_of(style, sender), self.text_of(style, sender));
        let names = self.names(&[&title, &text]);
        let Model { value, left_out } = Model::of(view, style, circumstances, &names);
        let context = Context::from(value);
        let head = self.own_head(view, &context, style, circumstances);
        let mention = style.mention.of(view.notification, &style.severities);
        let sheet = Sheet { style, kind: style.kind, mention, left_out, part: view.part };
        let rendered = self.compose(&text, &context, head, buttons(view, style), sheet, circumstances)?;
        Ok((rendered, left_out))
    }

    /// The title of a message in the target's own template.
    pub(super) fn own_head(
        &self,
        view: View<'_>,
        context: &Context,
        style: &Style,
        circumstances: &Circumstances<'_>,
    ) -> Head {
        match style.kind {
            // DingTalk has no place for it.
            Kind::Text => Head::default(),
            Kind::Markdown | Kind::ActionCard => {
                let title = self.title_of(style, view.notification.sender);
                self.head(&title, context, style, circumstances, || plain::title(view.notification, style.language))
            }
        }
    }

    /// The title that the template `name` gives, or `fallback` when it gives none.
    pub(super) fn head(
        &self,
        name: &str,
        context: &Context,
        style: &Style,
        circumstances: &Circumstances<'_>,
        fallback: impl FnOnce() -> String,
    ) -> Head {
        let (title, failure) = match self.run(name, context, style, circumstances, &Mention::default()) {
            Ok(Written { text, exact: true, .. }) => (escape::plain(&text).into_owned(), None),
            Ok(written) => (escape::finish_title(&written.text), None),
            Err(failure) => (String::new(), Some(failure)),
        };
        Head { title: if title.trim().is_empty() { fallback() } else { title }, failure }
    }

    /// A message with the text that the template `name` gives.
    ///
    /// # Errors
    /// There is no text; why, if it or the title failed.
    pub(super) fn compose(
        &self,
        name: &str,
        context: &Context,
        head: Head,
        buttons: Vec<Button>,
        sheet: Sheet<'_>,
        circumstances: &Circumstances<'_>,
    ) -> Result<Rendered, Option<RenderFailure>> {
        let Head { title, failure } = head;
        let written = match self.run(name, context, sheet.style, circumstances, &sheet.mention) {
            Ok(written) => written,
            Err(error) => return Err(failure.or(Some(error))),
        };
        let medium = if sheet.kind == Kind::Text { Medium::Plain } else { Medium::Markdown };
        let text = match written.exact {
            true => escape::plain(&written.text).into_owned(),
            false => escape::finish(&written.text, medium),
        };
        if text.trim().is_empty() {
            // DingTalk refuses a message without text.
            return Err(failure);
        }
        let message = match sheet.kind {
            Kind::Text => Message::Text { content: text },
            Kind::ActionCard if !buttons.is_empty() => {
                Message::ActionCard { title, text, buttons, orientation: Orientation::default() }
            }
            Kind::Markdown | Kind::ActionCard => Message::Markdown { title, text },
        };
        Ok(Rendered { failure, ..sheet.fit(message, written.stopped) })
    }

    /// What the template `name` writes about `notification`, before it is made fit to be sent.
    #[cfg(test)]
    pub(crate) fn written(
        &self,
        name: &str,
        notification: &Notification,
        style: &Style,
        circumstances: &Circumstances<'_>,
    ) -> Result<String, RenderFailure> {
        let (firing, resolved) = by_severity(notification, &style.severities);
        let view = View { notification, firing: &firing, resolved: &resolved, part: Part::WHOLE };
        let context = Context::from(Model::of(view, style, circumstances, &self.names(&[name])).value);
        let mention = style.mention.of(notification, &style.severities);
        let written = self.run(name, &context, style, circumstances, &mention)?;
        Ok(escape::plain(&written.text).into_owned())
    }

    /// The names that templates look up, their partials included.
    pub(super) fn names(&self, templates: &[&str]) -> BTreeSet<&str> {
        let extents = templates.iter().filter_map(|template| self.extents.get(*template));
        extents.flat_map(|extent| extent.names.iter().map(String::as_str)).collect()
    }

    fn run(
        &self,
        name: &str,
        context: &Context,
        style: &Style,
        circumstances: &Circumstances<'_>,
        mention: &Mention,
    ) -> Result<Written, RenderFailure> {
        let (Some(template), Some(extent)) = (self.registry.get_template(name), self.extents.get(name)) else {
            return Err(RenderFailure::unplaced(name, "there is no template of this name"));
        };
        let scope = Scope::new(style, circumstances, mention, &self.extents);
        let most = style.message_limit.saturating_mul(QUOTA_FACTOR);
        let mut out = Quota { text: String::with_capacity(most.min(4_096)), most, full: false };
        let render = || {
            let mut rc = RenderContext::new(template.name.as_ref());
            helper::register_local(&mut rc, &scope, &extent.helpers);
            template.render(&self.registry, context, &mut rc, &mut out)
        };
        // What a rendering leaves half done is dropped with it.
        match catch_unwind(AssertUnwindSafe(render)) {
            Ok(Ok(())) => Ok(Written { text: out.text, stopped: false, exact: scope.is_exact() }),
            Ok(Err(_)) if out.full => Ok(Written { text: out.text, stopped: true, exact: scope.is_exact() }),
            Ok(Err(error)) => Err(RenderFailure::of(name, &error)),
            Err(_) => Err(RenderFailure::unplaced(name, "it panicked, which is a mistake in dingbridge")),
        }
    }
}

// === impl Sheet ===

impl Sheet<'_> {
    /// A message without templates.
    pub(super) fn plain(self, content: String) -> Rendered {
        self.fit(Message::Text { content }, false)
    }

    /// The message with its mentions and keyword, in its limit.
    fn fit(self, message: Message, stopped: bool) -> Rendered {
        let frame = Frame {
            mention: &self.mention,
            keyword: self.style.keyword.as_deref(),
            limit: self.style.message_limit,
            left_out_alerts: self.left_out,
            stopped,
            part: self.part,
            relay: None,
            language: self.style.language,
        };
        let (message, cut_bytes) = frame.fit(message);
        Rendered { message, mention: self.mention, cut_bytes, failure: None }
    }
}

/// The links of a message: where its first alert comes from, what to do about it, and its sender.
pub(super) fn buttons(view: View<'_>, style: &Style) -> Vec<Button> {
    let View { notification, part, .. } = view;
    let first = match part.of {
        1 => notification.firing().next().or(notification.alerts.first()),
        _ => view.firing.first().or(view.resolved.first()).map(|(_, alert)| *alert),
    };
    let source = first.map_or("", |alert| &alert.generator_url);
    let runbook = first.and_then(|alert| alert.annotations.get("runbook_url")).map_or("", String::as_str);
    let (language, sender) = (style.language, notification.sender);
    let home = (language.home(sender), notification.external_url.as_str());
    let links = [(language.source(sender), source), (language.runbook(), runbook), home];
    let links = links.map(|(title, url)| Button { title: title.to_owned(), url: escape::url(url) });
    links.into_iter().filter(|button| !button.url.is_empty()).collect()
}

// === impl RenderFailure ===

impl RenderFailure {
    fn unplaced(template: &str, reason: &str) -> Self {
        Self { template: template.to_owned(), line: 0, column: 0, reason: reason.to_owned() }
    }

    fn of(template: &str, error: &RenderError) -> Self {
        let reason = match error.reason() {
            RenderErrorReason::Other(reason) => reason.clone(),
            reason => reason.to_string(),
        };
        Self {
            template: error.template_name.clone().unwrap_or_else(|| template.to_owned()),
            line: error.line_no.unwrap_or(0),
            column: error.column_no.unwrap_or(0),
            reason,
        }
    }
}

// === impl Quota ===

impl Output for Quota {
    fn write(&mut self, text: &str) -> Result<(), io::Error> {
        let room = self.most - self.text.len();
        if text.len() <= room {
            self.text.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.text.push_str(&text[..end]);
        self.full = true;
        Err(io::Error::other("the template writes more than its quota"))
    }
}
