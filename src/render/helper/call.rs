//! One call of a helper: it pays for its work, and what it gives is bounded.
//!
//! Templates are written by people who are trusted, and still must not stop the bridge: a value that doubles in a loop
//! would take all memory. So no text grows beyond [`MOST_BYTES`], no list beyond [`MOST_ELEMENTS`], unless a sender's was
//! that large before; nothing nests deeper than [`MOST_LEVELS`] or weighs more than [`MOST_WHOLE`]; and whatever a call
//! reads and gives is paid for.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonRender, JsonTruthy, Output, RenderContext, RenderError,
    RenderErrorReason, Renderable, ScopedJson,
};
use serde_json::Value;

use super::shown::shown;
use super::{Declared, How, Scope, wrong};

/// Bytes of a text that a helper gives.
pub(super) const MOST_BYTES: usize = 256 * 1024;
/// Elements of a list, or names of a map, that a helper gives.
pub(super) const MOST_ELEMENTS: usize = 10_000;
/// How deep lists and maps nest in each other in what a helper gives.
const MOST_LEVELS: usize = 100;
/// The weight of everything that a helper gives: all alerts there may be, and more.
const MOST_WHOLE: usize = 16 * 1024 * 1024;
/// What an element counts in bytes beside its text.
const ELEMENT: usize = 8;

/// A helper within one rendering.
pub(super) struct Call<'a> {
    /// The rendering.
    pub(super) scope: &'a Scope<'a>,
    /// The helper.
    pub(super) declared: &'a Declared,
}

/// The bytes of a value with all that it holds.
///
/// # Errors
/// It is too much.
pub(super) fn weight(value: &Value) -> Result<usize, String> {
    weigh(value, 0)
}

fn weigh(value: &Value, level: usize) -> Result<usize, String> {
    if level > MOST_LEVELS {
        return Err(format!("the result nests deeper than {MOST_LEVELS} levels"));
    }
    let add = |sum: usize, value| Ok::<_, String>(sum + weigh(value, level + 1)?);
    let weight = match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().try_fold(ELEMENT * list.len(), add)?,
        Value::Object(map) => {
            map.iter().try_fold(ELEMENT * map.len(), |sum, (name, value)| add(sum + name.len(), value))?
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => ELEMENT,
    };
    if weight > MOST_WHOLE {
        return Err(format!("the result is larger than {MOST_WHOLE} bytes"));
    }
    Ok(weight)
}

/// How many bytes a text may have that is made of these arguments. What a sender wrote may be changed whatever its length.
pub(super) fn most_bytes(helper: &Helper<'_>) -> usize {
    MOST_BYTES.max(4 * surfaces(helper))
}

/// How many elements a list may have that is made of these arguments.
pub(super) fn most_elements(helper: &Helper<'_>) -> usize {
    MOST_ELEMENTS.max(surfaces(helper) / ELEMENT)
}

fn surfaces(helper: &Helper<'_>) -> usize {
    helper.params().iter().chain(helper.hash().values()).map(|argument| surface(argument.value())).sum()
}

/// What a result weighs.
///
/// # Errors
/// It is too much.
fn bounded(value: &Value, helper: &Helper<'_>) -> Result<usize, String> {
    match value {
        Value::String(text) if text.len() > most_bytes(helper) => Err(too_long()),
        Value::Array(list) if list.len() > most_elements(helper) => Err(too_many()),
        Value::Object(map) if map.len() > most_elements(helper) => Err(too_many()),
        _ => weight(value),
    }
}

/// Why a text is refused.
pub(super) fn too_long() -> String {
    format!("the text would be longer than {MOST_BYTES} bytes")
}

/// Why a list is refused.
pub(super) fn too_many() -> String {
    format!("there would be more than {MOST_ELEMENTS} elements")
}

/// The bytes of a value without what lists and maps hold: what a helper reads of most arguments.
fn surface(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => ELEMENT * list.len(),
        Value::Object(map) => ELEMENT * map.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

// === impl Call ===

impl Call<'_> {
    fn run(&self, helper: &Helper<'_>, look: &dyn Fn(&str) -> Value) -> Result<Value, RenderError> {
        let name = self.declared.name;
        self.scope.pay(name, surfaces(helper))?;
        let value = match self.declared.how {
            How::Function(run) => run(self.scope, helper)?,
            How::Here(run) => run(self.scope, helper, look)?,
            How::Loop | How::With | How::Handlebars => return Err(RenderErrorReason::Unimplemented.into()),
        };
        let bytes = bounded(&value, helper).map_err(|message| wrong(name, message))?;
        self.scope.pay(name, bytes)?;
        Ok(value)
    }
}

impl HelperDef for Call<'_> {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let look = |path: &str| {
            let found = match rc.context() {
                Some(context) => rc.evaluate(&context, path).map(|found| found.as_json().clone()),
                None => rc.evaluate(context, path).map(|found| found.as_json().clone()),
            };
            found.unwrap_or_default()
        };
        self.run(helper, &look).map(ScopedJson::Derived)
    }

    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let value = self.call_inner(helper, registry, context, rc)?;
        if !helper.is_block() {
            let text = match value.as_json() {
                number @ Value::Number(_) => shown(number),
                other => other.render(),
            };
            return Ok(out.write(&text)?);
        }
        let branch = if value.as_json().is_truthy(false) { helper.template() } else { helper.inverse() };
        branch.map_or(Ok(()), |template| template.render(registry, context, rc, out))
    }
}
