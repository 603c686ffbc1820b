//! Which templates make a message: what its target spells out, else what suits the sender.
//!
//! For a sender `ocp` that is the template `ocp.title` or `ocp.text` (`ocp.plain` where a message has no formatting), if
//! there is one; none is built in, so that whoever wants one adds a file of that name. Else it is one of the family
//! `event`, for senders that tell of one thing at a time, or `default`, for those whose notifications are groups of alerts.

use std::borrow::Cow;

use super::{Kind, Library, Style};
use crate::notification::Sender;

// === impl Library ===

impl Library {
    /// The name of the template that makes the title of a message about what `sender` says.
    pub(super) fn title_of<'a>(&self, style: &'a Style, sender: Sender) -> Cow<'a, str> {
        match &style.title {
            Some(own) => Cow::Borrowed(own),
            None => self.suitable(sender, "title", ["event.title", "default.title"]),
        }
    }

    /// The name of the template that makes its text.
    pub(super) fn text_of<'a>(&self, style: &'a Style, sender: Sender) -> Cow<'a, str> {
        match (&style.text, style.kind) {
            (Some(own), _) => Cow::Borrowed(own),
            // Markdown would show as it is written.
            (None, Kind::Text) => self.suitable(sender, "plain", ["event.plain", "plain.text"]),
            (None, Kind::Markdown | Kind::ActionCard) => self.suitable(sender, "text", ["event.text", "default.text"]),
        }
    }

    fn suitable(&self, sender: Sender, part: &str, [event, group]: [&'static str; 2]) -> Cow<'static, str> {
        let own = format!("{sender}.{part}");
        match self.has(&own) {
            true => Cow::Owned(own),
            false if is_event(sender) => Cow::Borrowed(event),
            false => Cow::Borrowed(group),
        }
    }
}

/// Whether `sender` tells of one thing at a time. What the bridge says of itself has the form of an alert.
pub(super) fn is_event(sender: Sender) -> bool {
    !matches!(sender, Sender::Alertmanager | Sender::Grafana | Sender::Dingbridge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Language, TemplateSource};

    fn chosen(library: &Library, style: &Style, sender: Sender) -> [String; 2] {
        [library.title_of(style, sender).into_owned(), library.text_of(style, sender).into_owned()]
    }

    #[test]
    fn each_sender_has_what_suits_it() {
        let library = Library::compile(Language::En, Vec::new()).expect("built-in");
        let (markdown, card) = (Style::default(), Style { kind: Kind::ActionCard, ..Style::default() });
        let text = Style { kind: Kind::Text, ..Style::default() };
        for sender in Sender::ALL.into_iter().chain([Sender::Dingbridge]) {
            let group = matches!(sender, Sender::Alertmanager | Sender::Grafana | Sender::Dingbridge);
            let (family, plain) = if group { ("default", "plain.text") } else { ("event", "event.plain") };
            for style in [&markdown, &card] {
                assert_eq!(chosen(&library, style, sender), [format!("{family}.title"), format!("{family}.text")]);
            }
            let [_, chosen] = chosen(&library, &text, sender);
            assert!(chosen == plain && library.has(plain), "{chosen}");
        }
    }

    #[test]
    fn a_template_of_the_senders_name_goes_before_and_what_is_spelt_out_before_that() {
        let source = |name: &str| TemplateSource { name: name.to_owned(), text: "x".to_owned(), origin: String::new() };
        let sources = ["ocp.text", "kube-eventer.plain", "alertmanager.title"].map(source);
        let library = Library::compile(Language::Zh, sources.into()).expect("compiles");
        let style = Style::default();
        assert_eq!(chosen(&library, &style, Sender::Ocp), ["event.title", "ocp.text"]);
        assert_eq!(chosen(&library, &style, Sender::Sls), ["event.title", "event.text"]);
        assert_eq!(chosen(&library, &style, Sender::Alertmanager), ["alertmanager.title", "default.text"]);
        let style = Style { kind: Kind::Text, title: Some("mine".to_owned()), ..style };
        assert_eq!(chosen(&library, &style, Sender::KubeEventer), ["mine", "kube-eventer.plain"]);
        let style = Style { text: Some("ours".to_owned()), ..style };
        assert_eq!(chosen(&library, &style, Sender::KubeEventer), ["mine", "ours"]);
    }
}
