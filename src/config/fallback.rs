//! Fallbacks: each names another target, and no chain of them leads back to where it began.

use std::collections::HashMap;
use std::iter::{once, successors};

use super::fields::{Field, list};
use super::target::TargetDraft;
use crate::nearest::nearest;

/// Checks the fallbacks of all targets, in the order of the file; `names` are those of all targets, the ones that could
/// not be read included.
pub(super) fn check(drafts: &[TargetDraft<'_>], names: &[&str]) {
    let places: HashMap<&str, usize> = drafts.iter().enumerate().map(|(at, draft)| (&*draft.name, at)).collect();
    for draft in drafts {
        let Some((field, to)) = &draft.fallback else { continue };
        if !names.contains(&&**to) {
            field.fail(unknown(to, names.iter().copied().filter(|name| *name != &*draft.name)));
        } else if places.get(&**to).is_some_and(|at| drafts[*at].is_sandbox()) && !draft.is_sandbox() {
            field.warn("falls back to the built-in stand-in: nobody is told what this target cannot deliver");
        }
    }
    let next = |at: usize| drafts[at].fallback.as_ref().and_then(|(_, to)| places.get(&**to).copied());
    for (start, draft) in drafts.iter().enumerate() {
        if let Some((field, _)) = &draft.fallback {
            refuse_circle(field, start, drafts, next);
        }
    }
}

fn unknown<'a>(name: &str, others: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, others.clone()) {
        Some(known) => format!("no such target; did you mean `{known}`?"),
        None if others.clone().next().is_none() => "no such target, and there is no other; remove it".into(),
        None => format!("no such target; known are {}", list(others)),
    }
}

/// Refuses a circle that begins at `start`, the first of its targets in the file: so each is told once.
fn refuse_circle(field: &Field<'_>, start: usize, drafts: &[TargetDraft<'_>], next: impl Fn(usize) -> Option<usize>) {
    let onward = |at: &usize| if *at > start { next(*at) } else { None };
    // A circle further on that does not lead back here would never end.
    let chain: Vec<usize> = successors(next(start), onward).take(drafts.len()).collect();
    if chain.last() == Some(&start) {
        let names: Vec<&str> = once(start).chain(chain).map(|at| &*drafts[at].name).collect();
        let names = names.join(" → ");
        field.fail(format!("leads back to where it began ({names}); remove `fallback` from one of them"));
    }
}
