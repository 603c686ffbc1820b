//! What helpers make.

use super::shape::Shape;

/// What the helper `name` makes of such arguments; unknown where it depends on more than what they are.
pub(super) fn result(name: &str, arguments: &[Shape]) -> Shape {
    let nth = |index: usize| arguments.get(index).copied().unwrap_or(Shape::Unknown);
    let last = arguments.last().copied().unwrap_or(Shape::Unknown);
    match name {
        // The alerts of a list that have one state.
        "firing" | "resolved" => nth(0).item().map_or(Shape::Unknown, Shape::list),
        "first" | "last" => nth(0).item().unwrap_or_else(|| unknown_of(nth(0))),
        "rest" | "initial" | "reverse" | "uniq" | "compact" | "without" | "slice" | "sortAlpha" => list(nth(0)),
        "append" | "push" | "prepend" => match nth(0) {
            all if nth(1).list() == all => all,
            _ => Shape::Unknown,
        },
        "concat" | "or" | "and" | "coalesce" => all(arguments),
        "default" => all(arguments),
        "ternary" => nth(0).or(nth(1)),
        "remove" | "omit" => only(nth(0), Shape::Labels),
        "pick" | "merge" => only(all(arguments.get(..1).unwrap_or_default()), Shape::Labels),
        "sortedPairs" => Shape::Pairs,
        "keys" | "splitList" | "regexFindAll" | "regexSplit" | "stringSlice" | "toStrings" | "mobiles" => Shape::Texts,
        "names" => match nth(0) {
            Shape::Alerts | Shape::DigestAlerts | Shape::Entries => Shape::Text,
            Shape::Labels | Shape::Pairs => Shape::Texts,
            _ => Shape::Unknown,
        },
        "values" if matches!(nth(0), Shape::Labels | Shape::Pairs) => Shape::Texts,
        "raw" | "md" => last,
        "eq" | "ne" | "gt" | "gte" | "ge" | "lt" | "lte" | "le" | "not" | "match" | "regexMatch" | "contains"
        | "hasPrefix" | "hasSuffix" | "has" | "hasKey" | "empty" | "isZero" | "before" | "after" | "sameTime" => {
            Shape::Flag
        }
        "len" => Shape::Number,
        "pairs" | "link" | "breaks" | "oneLine" | "verbatim" | "date" | "when" | "duration" | "ago" | "color"
        | "level" | "icon" | "label" | "routeLabels" | "toUpper" | "toLower" | "upper" | "lower" | "title" | "trim"
        | "join" | "printf" | "print" | "println" | "toJson" | "mention" => Shape::Text,
        _ => Shape::Unknown,
    }
}

/// What one may be that is taken from a value by a name or number that is not known.
pub(super) fn one_of(shape: Shape) -> Shape {
    match shape {
        Shape::Labels => Shape::Text,
        _ => shape.item().unwrap_or_else(|| unknown_of(shape)),
    }
}

fn unknown_of(shape: Shape) -> Shape {
    if shape == Shape::Any { Shape::Any } else { Shape::Unknown }
}

fn list(shape: Shape) -> Shape {
    match shape {
        Shape::Any => Shape::Any,
        _ if shape.item().is_some() => shape,
        _ => Shape::Unknown,
    }
}

fn only(shape: Shape, wanted: Shape) -> Shape {
    if shape == wanted { wanted } else { Shape::Unknown }
}

/// The same as all of them; unknown when they differ.
fn all(shapes: &[Shape]) -> Shape {
    let Some((first, others)) = shapes.split_first() else { return Shape::Unknown };
    if others.iter().all(|other| other == first) { *first } else { Shape::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helpers_make_is_what_their_arguments_are() {
        use Shape::{Alert, Alerts, Any, DigestAlert, DigestAlerts, Labels, Pairs, Text, Texts, Unknown};
        for (name, arguments, makes) in [
            ("firing", &[Alerts][..], Alerts),
            ("resolved", &[DigestAlerts], DigestAlerts),
            ("firing", &[Unknown], Unknown),
            ("first", &[Alerts], Alert),
            ("last", &[DigestAlerts], DigestAlert),
            ("first", &[Any], Any),
            ("first", &[Text], Unknown),
            ("rest", &[Alerts], Alerts),
            ("sortedPairs", &[Labels], Pairs),
            ("sortedPairs", &[Unknown], Pairs),
            ("remove", &[Labels, Texts], Labels),
            ("remove", &[Unknown, Texts], Unknown),
            ("or", &[Alerts, Alerts], Alerts),
            ("or", &[Alerts, Labels], Unknown),
            ("and", &[], Unknown),
            ("names", &[Alerts], Text),
            ("names", &[Labels], Texts),
            ("raw", &[Labels], Labels),
            ("var", &[Text], Unknown),
            ("dict", &[Text, Text], Unknown),
        ] {
            assert_eq!(result(name, arguments), makes, "{name} {arguments:?}");
        }
    }
}
