//! The functions that templates call.
//!
//! Each module has a table of the helpers it holds; all of them are declared, so that a call with the wrong number of
//! arguments is refused when the template is loaded. Handlebars' own are kept where they are right. Those that compare
//! or look up are replaced, because a value may be marked as foreign (see `escape`) and must be compared without its
//! mark; `each` is replaced, because a loop must end (see [`Each`](each::Each)).
//!
//! What every helper promises: a missing value is no error, a value of a wrong kind is one that says what to write,
//! what is made of foreign text is foreign, and neither the result nor the work has no bound (see [`call`]).

mod arguments;
mod call;
mod case;
mod compare;
mod declared;
mod each;
mod encode;
mod extent;
mod flow;
mod go;
mod json;
mod label;
mod list;
mod logic;
mod map;
mod message;
mod number;
mod partial;
mod path;
mod pattern;
mod print;
mod scope;
mod shown;
mod text;
mod time;
mod variable;

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use handlebars::template::Parameter;
use handlebars::{Handlebars, Helper, RenderContext, RenderError, RenderErrorReason};
use serde_json::Value;

use self::arguments::{Arguments, kind};
use self::call::Call;
use self::declared::{Declared, How, MANY, both, value};
pub(super) use self::extent::{Extent, weigh};
pub(super) use self::label::WHERE;
pub(super) use self::partial::{CALL, without_copies};
pub(super) use self::scope::{FUEL, Scope};
pub(super) use self::time::{between, period};
use crate::nearest::nearest;

/// Every helper there is, by the module that holds it.
static TABLES: &[&[Declared]] = &[
    BLOCKS,
    flow::HELPERS,
    compare::HELPERS,
    logic::HELPERS,
    number::HELPERS,
    case::HELPERS,
    text::HELPERS,
    encode::HELPERS,
    pattern::HELPERS,
    path::HELPERS,
    list::HELPERS,
    map::HELPERS,
    json::HELPERS,
    label::HELPERS,
    message::HELPERS,
    print::HELPERS,
    time::HELPERS,
    variable::HELPERS,
];

/// The blocks that are not functions of their arguments.
#[rustfmt::skip]
const BLOCKS: &[Declared] = &[
    declared::block("if", "{{#if labels.pod}}…{{else}}…{{/if}}", How::Handlebars).named(&["includeZero"]),
    declared::block("unless", "{{#unless labels.pod}}…{{/unless}}", How::Handlebars).named(&["includeZero"]),
    declared::block("each", "{{#each firing}}…{{/each}}", How::Loop),
];

/// The helpers by name.
static HELPERS: LazyLock<HashMap<&str, &Declared>> =
    LazyLock::new(|| TABLES.iter().copied().flatten().map(|declared| (declared.name, declared)).collect());

/// Whether there is a helper of that name.
pub(super) fn is_helper(name: &str) -> bool {
    HELPERS.contains_key(name)
}

/// Whether `name` may be called with these arguments, as far as it can be told before rendering.
///
/// # Errors
/// What is wrong and what to write instead.
pub(super) fn check(name: &str, arguments: &[Parameter], named: &[&str], block: bool) -> Result<(), String> {
    if let Some(helper) = HELPERS.get(name) {
        return helper.check(arguments, named, block);
    }
    let call = if block { format!("{{{{#{name}}}}}") } else { format!("{{{{{name} …}}}}") };
    let known = TABLES.iter().copied().flatten().map(|helper| helper.name);
    Err(match nearest(name, known) {
        Some(near) => format!("there is no helper {name:?} for {call}: did you mean {near:?}?"),
        None => format!(
            "there is no helper {name:?} for {call}: to show a value, write its name alone; to test it, {{{{#if {name}}}}}"
        ),
    })
}

/// Puts in place what every rendering needs, and takes away what alerts must not reach.
pub(super) fn register(registry: &mut Handlebars<'static>) {
    // `log` would let an alert write to the log; `raw` would hide the field of that name.
    registry.unregister_helper("log");
    registry.unregister_helper("raw");
    registry.register_helper(CALL, Box::new(partial::Partial));
}

/// Puts the helpers that a template calls in place, for one rendering: all there are would cost more than it does.
pub(super) fn register_local<'rc>(
    rc: &mut RenderContext<'_, 'rc>,
    scope: &'rc Scope<'rc>,
    called: &'rc BTreeSet<String>,
) {
    for declared in called.iter().filter_map(|name| HELPERS.get(name.as_str())) {
        match declared.how {
            How::Handlebars => {}
            How::With => rc.register_local_helper(declared.name, Box::new(flow::With)),
            How::Loop => rc.register_local_helper(declared.name, Box::new(each::Each { scope })),
            How::Function(_) | How::Here(_) => {
                rc.register_local_helper(declared.name, Box::new(Call { scope, declared }));
            }
        }
    }
}

/// The argument at `index`; null when there is none.
fn argument<'a>(helper: &'a Helper<'_>, index: usize) -> &'a Value {
    helper.param(index).map_or(&Value::Null, |argument| argument.value())
}

/// The text given under `name`, as in `before=" · "`.
fn named<'a>(helper: &'a Helper<'_>, name: &str) -> &'a str {
    helper.hash_get(name).and_then(|value| value.value().as_str()).unwrap_or_default()
}

/// The error of a helper that got a value it can do nothing with.
fn wrong(helper: &str, message: impl std::fmt::Display) -> RenderError {
    let usage = HELPERS.get(helper).map_or("", |declared| declared.usage);
    RenderErrorReason::Other(format!("{helper}: {message}; write {usage}")).into()
}

#[cfg(test)]
mod tests;
