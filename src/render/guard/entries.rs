//! Which templates messages begin with.

use super::shape::Shape;
use crate::notification::Sender;

/// The families of templates that are chosen by what a message tells.
const FAMILIES: [&str; 4] = ["default", "event", "plain", "legacy"];

/// What the template `name` is given when a message begins with it; `None` for one that only others call.
pub(super) fn data_of(name: &str, called: bool) -> Option<Shape> {
    let (family, part) = name.rsplit_once('.')?;
    if !matches!(part, "title" | "text" | "plain") {
        return None;
    }
    let spelt_out = family == "default_message" || (family.starts_with("targets.") && family.ends_with(".message"));
    let chosen = FAMILIES.contains(&family) || Sender::ALL.iter().any(|sender| sender.as_str() == family);
    match family {
        "digest" => Some(Shape::Digest),
        _ if spelt_out || chosen || !called => Some(Shape::Group),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_begin_with_what_is_configured_or_suits_their_sender() {
        for (name, called, data) in [
            ("targets.ops.message.text", false, Some(Shape::Group)),
            ("default_message.title", false, Some(Shape::Group)),
            ("default.text", true, Some(Shape::Group)),
            ("ocp.plain", true, Some(Shape::Group)),
            ("kube-eventer.title", true, Some(Shape::Group)),
            ("digest.text", true, Some(Shape::Digest)),
            ("node.text", false, Some(Shape::Group)),
            ("node.text", true, None),
            ("default.alert", false, None),
            ("digest.name", false, None),
            ("mine", false, None),
        ] {
            assert_eq!(data_of(name, called), data, "{name}");
        }
    }
}
