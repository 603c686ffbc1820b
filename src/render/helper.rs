//! The functions that templates call.
//!
//! Handlebars' own are kept where they are right. Those that compare or look up are replaced, because a value may be
//! marked as foreign (see `escape`) and must be compared without its mark; `each` is replaced, because a loop must end
//! (see [`Each`](each::Each)). Every helper is declared in [`HELPERS`], so that a call with the wrong number of arguments
//! is refused when the template is loaded.

mod each;
mod extent;
mod label;
mod partial;
mod time;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use handlebars::template::Parameter;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason,
    Renderable, ScopedJson,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

pub(super) use self::extent::{Extent, weigh};
pub(super) use self::label::WHERE;
pub(super) use self::partial::{CALL, without_copies};
pub(super) use self::time::{between, period};
use super::escape;
use super::language::Language;
use super::severity::Severities;
use crate::nearest::nearest;

/// What helpers know beside their arguments: one for each rendering.
pub(super) struct Scope<'a> {
    /// The present.
    pub now: Timestamp,
    /// Where times are shown for.
    pub time_zone: &'a TimeZone,
    /// What severities mean.
    pub severities: &'a Severities,
    /// What helpers write in.
    pub language: Language,
    /// What templates weigh with their partials.
    pub extents: &'a HashMap<String, Extent>,
    /// How many elements loops may still render.
    pub fuel: AtomicUsize,
}

/// How many elements all loops of one rendering may render together: above what 2,000 alerts need.
pub(super) const FUEL: usize = 2_000_000;

/// How a helper is called.
struct Declared {
    name: &'static str,
    form: Form,
    /// How few and how many arguments it takes.
    arguments: (usize, usize),
    /// The names it takes values under, as in `before=" · "`.
    named: &'static [&'static str],
    /// A right call, for the message when one is wrong.
    usage: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `{{#name …}}…{{/name}}`
    Block,
    /// `{{name …}}` or `(name …)`
    Value,
    /// Either.
    Both,
}

/// Every helper there is.
#[rustfmt::skip]
const HELPERS: &[Declared] = &[
    Declared { name: "if", form: Form::Block, arguments: (1, 1), named: &["includeZero"], usage: "{{#if labels.pod}}…{{else}}…{{/if}}" },
    Declared { name: "unless", form: Form::Block, arguments: (1, 1), named: &["includeZero"], usage: "{{#unless labels.pod}}…{{/unless}}" },
    Declared { name: "each", form: Form::Block, arguments: (1, 1), named: &[], usage: "{{#each firing}}…{{/each}}" },
    Declared { name: "with", form: Form::Block, arguments: (1, 1), named: &[], usage: "{{#with commonLabels}}…{{/with}}" },
    Declared { name: "eq", form: Form::Both, arguments: (2, 2), named: &[], usage: r#"{{#if (eq status "firing")}}…{{/if}}"# },
    Declared { name: "ne", form: Form::Both, arguments: (2, 2), named: &[], usage: r#"{{#if (ne status "firing")}}…{{/if}}"# },
    Declared { name: "gt", form: Form::Both, arguments: (2, 2), named: &[], usage: "{{#if (gt (len firing) 5)}}…{{/if}}" },
    Declared { name: "gte", form: Form::Both, arguments: (2, 2), named: &[], usage: "{{#if (gte (len firing) 5)}}…{{/if}}" },
    Declared { name: "lt", form: Form::Both, arguments: (2, 2), named: &[], usage: "{{#if (lt (len firing) 5)}}…{{/if}}" },
    Declared { name: "lte", form: Form::Both, arguments: (2, 2), named: &[], usage: "{{#if (lte (len firing) 5)}}…{{/if}}" },
    Declared { name: "and", form: Form::Both, arguments: (2, usize::MAX), named: &[], usage: "{{#if (and firing resolved)}}…{{/if}}" },
    Declared { name: "or", form: Form::Both, arguments: (2, usize::MAX), named: &[], usage: "{{#if (or labels.pod labels.node)}}…{{/if}}" },
    Declared { name: "not", form: Form::Both, arguments: (1, 1), named: &[], usage: "{{#if (not labels.pod)}}…{{/if}}" },
    Declared { name: "lookup", form: Form::Value, arguments: (2, 2), named: &[], usage: r#"{{lookup labels "k8s.pod/name"}}"# },
    Declared { name: "len", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{len firing}}" },
    Declared { name: "toUpper", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{toUpper severity}}" },
    Declared { name: "link", form: Form::Value, arguments: (1, 1), named: &["text", "before"], usage: r#"{{link annotations.runbook_url text="Runbook"}}"# },
    Declared { name: "breaks", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{breaks annotations.description}}" },
    Declared { name: "oneLine", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{oneLine annotations.summary}}" },
    Declared { name: "verbatim", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{verbatim annotations.summary}}" },
    Declared { name: "names", form: Form::Value, arguments: (1, 1), named: &["or"], usage: "{{names firing}}" },
    Declared { name: "pairs", form: Form::Value, arguments: (1, usize::MAX), named: &["before", "between"], usage: r#"{{pairs labels @root.commonLabels "alertname"}}"# },
    Declared { name: "date", form: Form::Value, arguments: (1, 2), named: &[], usage: r#"{{date "%m-%d %H:%M" startsAt}}"# },
    Declared { name: "when", form: Form::Value, arguments: (1, 2), named: &[], usage: "{{when startsAt endsAt}}" },
    Declared { name: "duration", form: Form::Value, arguments: (1, 2), named: &[], usage: "{{duration startsAt endsAt}}" },
    Declared { name: "ago", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{ago startsAt}}" },
    Declared { name: "color", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{color severity}}" },
    Declared { name: "level", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{level severity}}" },
    Declared { name: "icon", form: Form::Value, arguments: (1, 1), named: &[], usage: "{{icon severity}}" },
];

/// Whether there is a helper of that name.
pub(super) fn is_helper(name: &str) -> bool {
    HELPERS.iter().any(|helper| helper.name == name)
}

/// Whether `name` may be called with these arguments, as far as it can be told before rendering.
///
/// # Errors
/// What is wrong and what to write instead.
pub(super) fn check(name: &str, arguments: &[Parameter], named: &[&str], block: bool) -> Result<(), String> {
    let Some(helper) = HELPERS.iter().find(|helper| helper.name == name) else {
        let call = if block { format!("{{{{#{name}}}}}") } else { format!("{{{{{name} …}}}}") };
        return Err(match nearest(name, HELPERS.iter().map(|helper| helper.name)) {
            Some(near) => format!("there is no helper {name:?} for {call}: did you mean {near:?}?"),
            None => format!(
                "there is no helper {name:?} for {call}: to show a value, write its name alone; to test it, {{{{#if {name}}}}}"
            ),
        });
    };
    let usage = helper.usage;
    if block != (helper.form == Form::Block) && helper.form != Form::Both {
        return Err(format!("{name} is not used this way: write {usage}"));
    }
    let (least, most) = helper.arguments;
    if !(least..=most).contains(&arguments.len()) {
        return Err(format!("{name} got {} arguments: write {usage}", arguments.len()));
    }
    if let Some(unknown) = named.iter().find(|name| !helper.named.contains(*name)) {
        return Err(match helper.named {
            [] => format!("{name} takes nothing by name, but got {unknown}=: write {usage}"),
            known => format!("{name} knows no {unknown}=, but {}: write {usage}", known.join("= and ") + "="),
        });
    }
    match (name, arguments) {
        ("date", [Parameter::Literal(format), _]) => time::check_format(format),
        _ => Ok(()),
    }
}

/// Puts the helpers that need nothing but their arguments in place, and takes away what alerts must not reach.
pub(super) fn register(registry: &mut Handlebars<'static>) {
    // `log` would let an alert write to the log; `raw` would hide the field of that name.
    registry.unregister_helper("log");
    registry.unregister_helper("raw");
    registry.register_helper(CALL, Box::new(partial::Partial));
    registry.register_helper("eq", Box::new(Equal(true)));
    registry.register_helper("ne", Box::new(Equal(false)));
    let functions: [(&str, Function); 7] = [
        ("lookup", Function(label::lookup)),
        ("len", Function(label::len)),
        ("toUpper", Function(label::to_upper)),
        ("link", Function(label::link)),
        ("breaks", Function(label::breaks)),
        ("oneLine", Function(label::one_line)),
        ("verbatim", Function(label::verbatim)),
    ];
    for (name, function) in functions {
        registry.register_helper(name, Box::new(function));
    }
}

/// Puts the helpers that need more than their arguments in place, for one rendering.
pub(super) fn register_local<'rc>(rc: &mut RenderContext<'_, 'rc>, scope: &'rc Scope<'rc>) {
    rc.register_local_helper("each", Box::new(each::Each { scope }));
    let functions: [(&str, Run); 9] = [
        ("date", time::date),
        ("when", time::when),
        ("duration", time::duration),
        ("ago", time::ago),
        ("color", label::color),
        ("icon", label::icon),
        ("level", label::level),
        ("names", label::names),
        ("pairs", label::pairs),
    ];
    for (name, run) in functions {
        rc.register_local_helper(name, Box::new(Local { scope, run }));
    }
}

type Run = fn(&Scope<'_>, &Helper<'_>) -> Result<Value, RenderError>;

/// A helper that is a function of its arguments.
struct Function(fn(&Helper<'_>) -> Result<Value, RenderError>);

/// A helper that is a function of its arguments and the rendering.
struct Local<'a> {
    scope: &'a Scope<'a>,
    run: Run,
}

/// `eq` and `ne`: values are equal as their sender wrote them.
struct Equal(bool);

// === impl Function ===

impl HelperDef for Function {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        (self.0)(helper).map(ScopedJson::Derived)
    }
}

// === impl Local ===

impl HelperDef for Local<'_> {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        (self.run)(self.scope, helper).map(ScopedJson::Derived)
    }
}

// === impl Equal ===

impl Equal {
    fn holds(&self, helper: &Helper<'_>) -> bool {
        let equal = match (argument(helper, 0), argument(helper, 1)) {
            (Value::String(left), Value::String(right)) => escape::plain(left) == escape::plain(right),
            (left, right) => left == right,
        };
        equal == self.0
    }
}

impl HelperDef for Equal {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        Ok(ScopedJson::Derived(Value::Bool(self.holds(helper))))
    }

    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let holds = self.holds(helper);
        if !helper.is_block() {
            return Ok(out.write(if holds { "true" } else { "false" })?);
        }
        let branch = if holds { helper.template() } else { helper.inverse() };
        branch.map_or(Ok(()), |template| template.render(registry, context, rc, out))
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
    let usage = HELPERS.iter().find(|declared| declared.name == helper).map_or("", |declared| declared.usage);
    RenderErrorReason::Other(format!("{helper}: {message}; write {usage}")).into()
}

/// What kind of value it is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "names with values",
    }
}
