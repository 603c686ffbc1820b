//! What to write instead of a name that does not exist.

use super::scope::Scope;
use super::shape::{Shape, WITH_FIELDS};
use crate::nearest::nearest;

/// A name that a value does not have.
pub(super) struct Misnamed<'a> {
    /// The name.
    pub name: &'a str,
    /// The name after it, as `severity` in `labels.severity`.
    pub next: Option<&'a str>,
    /// What it was looked for in.
    pub within: Shape,
    /// The path to that, as `firing.[0]`; empty where it is what `this` is.
    pub before: &'a str,
    /// Names that are given beside those that the value has.
    pub given: Vec<&'a str>,
}

/// What is wrong and what to do.
pub(super) struct Advice {
    /// In words.
    pub message: String,
    /// Whether the name would be right elsewhere, so that it matters who calls a partial.
    pub right_elsewhere: bool,
}

/// Which values are met from which data.
const OF_GROUP: [Shape; 3] = [Shape::Group, Shape::Alert, Shape::Total];
const OF_DIGEST: [Shape; 5] = [Shape::Digest, Shape::Entry, Shape::DigestAlert, Shape::DigestTotal, Shape::Others];

// === impl Misnamed ===

impl Misnamed<'_> {
    /// What to write instead in `scope`.
    pub(super) fn advice(&self, scope: &Scope<'_>) -> Advice {
        let elsewhere = |message| Advice { message, right_elsewhere: true };
        let here = |message| Advice { message, right_elsewhere: false };
        if let Some(message) = self.of_list().or_else(|| self.near(0)) {
            return here(message);
        }
        if let Some(message) = self.around(scope).or_else(|| self.further_in(scope.root())).or_else(|| self.of_plain())
        {
            return elsewhere(message);
        }
        if let Some(message) = self.near(usize::MAX).or_else(|| self.near_elsewhere(scope)) {
            return here(message);
        }
        let known: Vec<&str> = self.within.fields().iter().map(|(name, _)| *name).collect();
        let hint = match self.within {
            Shape::Any => format!(
                "; no template calls this one: what a caller hands over, as in {{{{> part {}=status}}}}, is known once one does",
                self.name
            ),
            _ if known.is_empty() => String::new(),
            _ => format!(": it has {}", known.join(", ")),
        };
        here(format!("{}{hint}", self.missing()))
    }

    fn missing(&self) -> String {
        format!("there is no field {:?} of {}", self.name, self.within.noun())
    }

    /// The path to where it was looked for, or what that is.
    fn place(&self) -> String {
        match self.before {
            "" => "this".to_owned(),
            before => format!("`{before}`"),
        }
    }

    /// `alerts.labels`, `alerts.Firing`.
    fn of_list(&self) -> Option<String> {
        let place = self.place();
        self.within.item()?;
        let instead = match (self.name.to_lowercase().as_str(), self.before) {
            (state @ ("firing" | "resolved"), "alerts") => format!("write {state} for those alerts"),
            ("length" | "size" | "len" | "count", "") => "write {{len this}} for how many there are".to_owned(),
            ("length" | "size" | "len" | "count", before) => {
                format!("write {{{{len {before}}}}} for how many there are")
            }
            (_, before) => {
                let path = if before.is_empty() { "this" } else { before };
                format!("write {{{{#each {path}}}}} for all in it, or {path}.[0] for the first")
            }
        };
        Some(format!("{place} is a list and has no field {:?}: {instead}", self.name))
    }

    /// `status.x`, or a field of what a loop over texts is at.
    fn of_plain(&self) -> Option<String> {
        self.within.is_plain().then(|| match self.before {
            "" => self.missing(),
            _ => format!("{} is {}: it has no field {:?}", self.place(), self.within.noun(), self.name),
        })
    }

    /// A like name of the same value, at most so far from this one; 0 tells only of capital letters.
    fn near(&self, most: usize) -> Option<String> {
        let own = |shape: &Shape| shape.fields().iter().map(|(name, _)| *name);
        let known: Vec<&str> = match self.within {
            Shape::Any => WITH_FIELDS.iter().flat_map(own).chain(self.given.iter().copied()).collect(),
            within => own(&within).chain(self.given.iter().copied()).collect(),
        };
        let near = like(self.name, known.into_iter(), most)?;
        Some(format!("{}: did you mean {near:?}?", self.missing()))
    }

    /// The same name in what is around the place.
    fn around(&self, scope: &Scope<'_>) -> Option<String> {
        if self.within == Shape::Any {
            return None;
        }
        let mut around = scope.outwards();
        let (path, shape, name) = around.find_map(|(path, shape)| Some((path, shape, same(self.name, shape)?)))?;
        Some(format!("`{name}` is a field of {}: write {path}{name} here", shape.noun()))
    }

    /// The same name in what is further in, or in other data.
    fn further_in(&self, root: Shape) -> Option<String> {
        let find = |shapes: &[Shape]| shapes.iter().find_map(|shape| Some((*shape, same(self.name, *shape)?)));
        match root {
            Shape::Group => match find(&OF_GROUP) {
                Some((shape, name)) => Some(self.told(shape, name)),
                None => find(&OF_DIGEST)
                    .map(|(shape, name)| format!("`{name}` is a field of {}: here are no digests", shape.noun())),
            },
            Shape::Digest => match find(&OF_DIGEST) {
                Some((shape, name)) => Some(self.told(shape, name)),
                None => find(&OF_GROUP).map(|(shape, name)| {
                    format!("`{name}` is a field of {}: a digest has many of them and no such field", shape.noun())
                }),
            },
            _ => None,
        }
    }

    /// How to come to a field of `shape`.
    fn told(&self, shape: Shape, name: &str) -> String {
        let way = match shape {
            Shape::Alert => "use it inside {{#each alerts}}".to_owned(),
            Shape::Entry => "use it inside {{#each firing}}".to_owned(),
            Shape::DigestAlert => "use it inside {{#each alerts}} of an entry".to_owned(),
            Shape::Total | Shape::DigestTotal => format!("write @root.total.{name}"),
            Shape::Others => format!("write @root.others.{name}"),
            _ => format!("write @root.{name}"),
        };
        let common = match (shape, name, self.next) {
            (Shape::Alert, "labels", next) => Some(("commonLabels", next)),
            (Shape::Alert, "annotations", next) => Some(("commonAnnotations", next)),
            _ => None,
        };
        let or = common.map_or_else(String::new, |(common, next)| {
            let path = next.map_or(common.to_owned(), |next| format!("{common}.{next}"));
            format!(", or {path} for what all alerts have in common")
        });
        format!("`{name}` is a field of {}: {way}{or}", shape.noun())
    }

    /// A like name of what is around the place or further in.
    fn near_elsewhere(&self, scope: &Scope<'_>) -> Option<String> {
        let around = scope.outwards().find_map(|(path, shape)| {
            let near = like(self.name, shape.fields().iter().map(|(name, _)| *name), usize::MAX)?;
            Some(format!("{}: did you mean \"{path}{near}\"?", self.missing()))
        });
        let family: &[Shape] = match scope.root() {
            Shape::Group => &OF_GROUP,
            Shape::Digest => &OF_DIGEST,
            _ => &[],
        };
        around.or_else(|| {
            family.iter().find_map(|shape| {
                let near = like(self.name, shape.fields().iter().map(|(name, _)| *name), usize::MAX)?;
                Some(format!("{}: did you mean {near:?}? {}", self.missing(), self.told(*shape, near)))
            })
        })
    }
}

/// The name of `shape` that is this one in small or capital letters.
fn same(name: &str, shape: Shape) -> Option<&'static str> {
    let own = |shape: Shape| shape.fields().iter().map(|(field, _)| *field);
    match shape {
        Shape::Any => WITH_FIELDS.into_iter().flat_map(own).find(|field| field.eq_ignore_ascii_case(name)),
        _ => own(shape).find(|field| field.eq_ignore_ascii_case(name)),
    }
}

/// The known name that is most like `name`, at most so far from it.
fn like<'a>(name: &str, known: impl Iterator<Item = &'a str>, most: usize) -> Option<&'a str> {
    match most {
        0 => known.into_iter().find(|known| known.eq_ignore_ascii_case(name)),
        _ => nearest(name, known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::guard::scope::{Frame, Round};

    fn told(name: &str, next: Option<&str>, within: Shape, scope: &Scope<'_>) -> String {
        Misnamed { name, next, within, before: "", given: Vec::new() }.advice(scope).message
    }

    #[test]
    fn go_s_names_are_known_under_theirs() {
        let group = Scope::new(Shape::Group);
        for (go, name) in [
            ("Status", "status"),
            ("Receiver", "receiver"),
            ("GroupLabels", "groupLabels"),
            ("CommonLabels", "commonLabels"),
            ("CommonAnnotations", "commonAnnotations"),
            ("ExternalURL", "externalURL"),
            ("Alerts", "alerts"),
            ("TruncatedAlerts", "truncatedAlerts"),
            ("NotificationReason", "notificationReason"),
        ] {
            let means = format!("there is no field {go:?} of a group of alerts: did you mean {name:?}?");
            assert_eq!(told(go, None, Shape::Group, &group), means);
        }
        let mut alert = group.clone();
        alert.push(Frame { shape: Shape::Alert, names: Vec::new(), round: Round::List });
        for (go, name) in [
            ("Status", "status"),
            ("Labels", "labels"),
            ("Annotations", "annotations"),
            ("StartsAt", "startsAt"),
            ("EndsAt", "endsAt"),
            ("GeneratorURL", "generatorURL"),
            ("Fingerprint", "fingerprint"),
        ] {
            let means = format!("there is no field {go:?} of an alert: did you mean {name:?}?");
            assert_eq!(told(go, None, Shape::Alert, &alert), means);
        }
        assert_eq!(
            told("CommonLabels", None, Shape::Alert, &alert),
            "`commonLabels` is a field of a group of alerts: write @root.commonLabels here"
        );
        assert_eq!(
            told("Labels", Some("pod"), Shape::Group, &group),
            "`labels` is a field of an alert: use it inside {{#each alerts}}, or commonLabels.pod for what all alerts have in common"
        );
    }
}
