//! How a message looks to a person on a terminal.

use std::io::{self, IsTerminal};

use crate::dingtalk::Message;
use crate::render::terminal;
use crate::sandbox::Arrival;

/// The widest that messages are shown, in columns: about as wide as in a chat window.
pub(super) const WIDTH: usize = 80;

/// Whether colours reach a person.
pub(super) fn color() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Prints what the stand-in got, as the group would see it.
pub(super) fn arrival(arrival: &Arrival) {
    super::out(&describe(arrival, color()));
}

/// What the stand-in got, as the group would see it.
pub(super) fn describe(arrival: &Arrival, color: bool) -> String {
    let robot = &arrival.token;
    let Some(seen) = arrival.message().filter(|_| arrival.shown()) else {
        let answer = match (arrival.fault, arrival.errcode) {
            (Some(fault), _) => format!("met the fault {fault}"),
            (None, Some(0)) => "was a repetition, which DingTalk drops".into(),
            (None, errcode) => format!("was refused with errcode {}", errcode.unwrap_or(-1)),
        };
        return format!("── a message for {robot} {answer} ──\n\n");
    };
    let message = match seen.kind.as_str() {
        "text" => Message::Text { content: seen.text },
        _ => Message::Markdown { title: seen.title, text: seen.text },
    };
    let shown = terminal(&message, &seen.mention, color, WIDTH);
    format!("── the group of {robot} sees ──\n{}\n\n", shown.trim_end())
}
