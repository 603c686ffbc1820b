//! One rendering: data, templates, safety, size.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::AtomicUsize;

use handlebars::{Context, Output, RenderContext, RenderError, RenderErrorReason, Renderable};

use super::escape::{self, Medium};
use super::fit::Frame;
use super::helper::{self, FUEL, Scope};
use super::model::Model;
use super::{Circumstances, Kind, Library, RenderFailure, Rendered, Style, plain};
use crate::dingtalk::{Button, Message};
use crate::notification::Notification;

/// How many times the message limit a template may write before it is stopped.
const QUOTA_FACTOR: usize = 4;

/// What a template wrote.
struct Written {
    text: String,
    /// Whether it was stopped by its quota.
    stopped: bool,
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
        let names = self.names(&[&style.title, &style.text]);
        let model = Model::of(notification, style, circumstances, &names);
        let left_out_alerts = model.left_out;
        let context = Context::from(model.value);
        let scope = |fuel| Scope {
            now: circumstances.now,
            time_zone: &style.time_zone,
            severities: &style.severities,
            extents: &self.extents,
            fuel: AtomicUsize::new(fuel),
        };
        let most = style.message_limit.saturating_mul(QUOTA_FACTOR);
        let (title, mut failure) = match style.kind {
            // DingTalk has no place for it.
            Kind::Text => (String::new(), None),
            Kind::Markdown | Kind::ActionCard => match self.run(&style.title, &context, &scope(FUEL), most) {
                Ok(written) => (escape::finish_title(&written.text), None),
                Err(failure) => (String::new(), Some(failure)),
            },
        };
        let title = if title.is_empty() { plain::title(notification) } else { title };
        let written = match self.run(&style.text, &context, &scope(FUEL), most) {
            Ok(written) => written,
            Err(error) => {
                failure = failure.or(Some(error));
                return Rendered { failure, ..self.render_plain(notification, style, circumstances) };
            }
        };
        let medium = if style.kind == Kind::Text { Medium::Plain } else { Medium::Markdown };
        let text = escape::finish(&written.text, medium);
        if text.is_empty() {
            // DingTalk refuses a message without text.
            return Rendered { failure, ..self.render_plain(notification, style, circumstances) };
        }
        let message = match style.kind {
            Kind::Text => Message::Text { content: text },
            Kind::Markdown => Message::Markdown { title, text },
            Kind::ActionCard => match buttons(notification) {
                buttons if buttons.is_empty() => Message::Markdown { title, text },
                buttons => Message::ActionCard { title, text, buttons },
            },
        };
        complete(message, notification, style, left_out_alerts, written.stopped, failure)
    }

    /// A short message without templates, markdown and links: for when the full one was refused.
    pub fn render_plain(
        &self,
        notification: &Notification,
        style: &Style,
        circumstances: &Circumstances<'_>,
    ) -> Rendered {
        let message = Message::Text { content: plain::text(notification, style, circumstances) };
        complete(message, notification, style, 0, false, None)
    }

    /// The names that templates look up, their partials included.
    fn names(&self, templates: &[&String]) -> BTreeSet<&str> {
        let extents = templates.iter().filter_map(|template| self.extents.get(*template));
        extents.flat_map(|extent| extent.names.iter().map(String::as_str)).collect()
    }

    fn run(&self, name: &str, context: &Context, scope: &Scope<'_>, most: usize) -> Result<Written, RenderFailure> {
        let Some(template) = self.registry.get_template(name) else {
            let reason = "there is no template of this name".to_owned();
            return Err(RenderFailure { template: name.to_owned(), line: 0, column: 0, reason });
        };
        let mut rc = RenderContext::new(template.name.as_ref());
        helper::register_local(&mut rc, scope);
        let mut out = Quota { text: String::with_capacity(most.min(4_096)), most, full: false };
        match template.render(&self.registry, context, &mut rc, &mut out) {
            Ok(()) => Ok(Written { text: out.text, stopped: false }),
            Err(_) if out.full => Ok(Written { text: out.text, stopped: true }),
            Err(error) => Err(RenderFailure::of(name, &error)),
        }
    }
}

/// The message with its mentions and keyword, in its limit.
fn complete(
    message: Message,
    notification: &Notification,
    style: &Style,
    left_out_alerts: usize,
    stopped: bool,
    failure: Option<RenderFailure>,
) -> Rendered {
    let mention = style.mention.of(notification, &style.severities);
    let frame = Frame {
        mention: &mention,
        keyword: style.keyword.as_deref(),
        limit: style.message_limit,
        left_out_alerts,
        stopped,
    };
    let (message, cut_bytes) = frame.fit(message);
    Rendered { message, mention, cut_bytes, failure }
}

/// The links of a notification: where its first alert comes from, what to do about it, and its sender.
fn buttons(notification: &Notification) -> Vec<Button> {
    let first = notification.firing().next().or(notification.alerts.first());
    let source = first.map_or("", |alert| &alert.generator_url);
    let runbook = first.and_then(|alert| alert.annotations.get("runbook_url")).map_or("", String::as_str);
    let links = [("Source", source), ("Runbook", runbook), ("Alertmanager", &notification.external_url)];
    let links = links.map(|(title, url)| Button { title: title.to_owned(), url: escape::url(url) });
    links.into_iter().filter(|button| !button.url.is_empty()).collect()
}

// === impl RenderFailure ===

impl RenderFailure {
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
