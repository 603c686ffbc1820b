//! HTML that is being written. What is not ours becomes text.

use super::super::terminal::clean;

/// What has been written so far.
#[derive(Debug, Default)]
pub(super) struct Html {
    written: String,
}

// === impl Html ===

impl Html {
    /// Markup of our own. Nothing that comes from an alert or a template may be in it.
    pub(super) fn markup(&mut self, markup: &str) {
        self.written.push_str(markup);
    }

    /// Text that stands for itself, whatever is in it; its line breaks are spaces.
    pub(super) fn text(&mut self, text: &str) {
        self.written.push_str(&escaped(text));
    }

    /// Text whose line breaks count.
    pub(super) fn lines(&mut self, text: &str) {
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                self.markup("<br>");
            }
            self.text(line);
        }
    }

    /// An element of this class, or of none, around what `inside` writes.
    pub(super) fn element(&mut self, name: &'static str, class: &'static str, inside: impl FnOnce(&mut Self)) {
        self.open(name, class);
        inside(self);
        self.close(name);
    }

    /// An element that holds text and nothing else.
    pub(super) fn words(&mut self, name: &'static str, class: &'static str, text: &str) {
        self.element(name, class, |html| html.lines(text));
    }

    /// Opens a link. An address that does not lead into the web makes it one to look at only.
    pub(super) fn open_link(&mut self, url: &str, class: &str) {
        let web = ["http://", "https://"].iter().any(|scheme| starts_with(url, scheme));
        let class = if class.is_empty() { String::new() } else { format!("class=\"{class}\" ") };
        let (name, url) = (if web { "href" } else { "title" }, escaped(url));
        self.markup(&format!("<a {class}{name}=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer\">"));
    }

    /// Opens an element; see [`element`](Self::element).
    pub(super) fn open(&mut self, name: &str, class: &str) {
        match class {
            "" => self.markup(&format!("<{name}>")),
            class => self.markup(&format!("<{name} class=\"{class}\">")),
        }
    }

    /// Closes an element.
    pub(super) fn close(&mut self, name: &str) {
        self.markup(&format!("</{name}>"));
    }

    pub(super) fn into_string(self) -> String {
        self.written
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// `text` with nothing in it that is markup, in text as in a quoted attribute, or that turns the reading direction.
fn escaped(text: &str) -> String {
    let spaced: String = text.chars().map(|char| if matches!(char, '\n' | '\t') { ' ' } else { char }).collect();
    let mut escaped = String::with_capacity(text.len() + 16);
    for char in clean(&spaced).chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}
