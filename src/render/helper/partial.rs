//! Calls of partials without copying the data they are called with.
//!
//! Handlebars hands every partial a copy of its context: at the top of a template that is the whole model, with every
//! alert of a large group. A call that changes nothing of the context, `{{> name}}`, needs none. Such calls are turned
//! into calls of a helper when a template is loaded, after it was surveyed.
//!
//! No partial is indented by what stands before its call: indented markdown is something else.

use handlebars::template::{DecoratorTemplate, TemplateElement};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason, Renderable,
    Template,
};
use serde_json::Value;

use super::argument;

/// The helper's name. It is none of the declared helpers, so templates cannot call it themselves.
pub(in crate::render) const CALL: &str = "partial:call";

/// Renders the partial that it is called with.
pub(super) struct Partial;

/// `template` with its plain calls of partials turned into calls of [`CALL`].
pub(in crate::render) fn without_copies(mut template: Template) -> Template {
    for element in &mut template.elements {
        match element {
            TemplateElement::PartialExpression(call) => {
                call.indent = None;
                if let Some(plain) = plain_call(call) {
                    *element = plain;
                }
            }
            TemplateElement::HelperBlock(call) => {
                call.template = call.template.take().map(without_copies);
                call.inverse = call.inverse.take().map(without_copies);
            }
            _ => {}
        }
    }
    template
}

/// The call of the helper, unless the partial gets values.
fn plain_call(call: &DecoratorTemplate) -> Option<TemplateElement> {
    if !call.params.is_empty() || !call.hash.is_empty() {
        return None;
    }
    let name = Value::from(call.name.as_name()?);
    Template::compile(&format!("{{{{{CALL} {name}}}}}")).ok()?.elements.pop()
}

// === impl Partial ===

impl HelperDef for Partial {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let name = argument(helper, 0).as_str().unwrap_or_default();
        let partial = registry.get_template(name);
        let partial = partial.ok_or_else(|| RenderErrorReason::PartialNotFound(name.to_owned()))?;
        let caller = rc.get_current_template_name();
        let done = partial.render(registry, context, rc, out);
        rc.set_current_template_name(caller);
        done
    }
}
