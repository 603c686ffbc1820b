//! Helpers that say how the rest is rendered: exactly, no further, with the next.

use handlebars::{
    BlockContext, BlockParams, Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, RenderContext,
    RenderError, Renderable,
};
use serde_json::Value;

use super::declared::{self, How};
use super::{Declared, Scope, value, wrong};

/// The helpers of this module.
#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("exact", (0, 0), "{{exact}}", exact),
    value("break", (0, 0), "{{#each firing}}…{{#if (gt @index 4)}}{{break}}{{/if}}{{/each}}", leave),
    value("continue", (0, 0), "{{#each alerts}}{{#if (eq status \"resolved\")}}{{continue}}{{/if}}…{{/each}}", next),
    declared::block("with", "{{#with commonLabels}}…{{/with}}", How::With),
];

/// Where a rendering goes on that was stopped in a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Behind the loop.
    Break,
    /// With its next element.
    Continue,
}

/// `{{#with labels}}…{{else}}…{{/with}}`, as in Handlebars.
///
/// That one leaves its block open when what is inside stops, which `break` and `continue` do.
pub(super) struct With;

/// `{{exact}}`, as the first thing in a template: what is written is sent as it is.
fn exact(scope: &Scope<'_>, _: &Helper<'_>) -> Result<Value, RenderError> {
    scope.set_exact();
    Ok(Value::Null)
}

/// `{{break}}`: ends the loop.
fn leave(scope: &Scope<'_>, _: &Helper<'_>) -> Result<Value, RenderError> {
    scope.stop(Flow::Break);
    Err(wrong("break", "there is no {{#each}} around it"))
}

/// `{{continue}}`: goes on with the next element of the loop.
fn next(scope: &Scope<'_>, _: &Helper<'_>) -> Result<Value, RenderError> {
    scope.stop(Flow::Continue);
    Err(wrong("continue", "there is no {{#each}} around it"))
}

// === impl With ===

impl HelperDef for With {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let Some(with) = helper.param(0) else { return Ok(()) };
        if !with.value().is_truthy(false) {
            return helper.inverse().map_or(Ok(()), |template| template.render(registry, context, rc, out));
        }
        let mut block = BlockContext::new();
        match with.context_path() {
            Some(path) => block.base_path_mut().clone_from(path),
            None => block.set_base_value(with.value().clone()),
        }
        if let Some(outer) = rc.block() {
            block.local_variables_mut().clone_from(outer.local_variables());
        }
        if let Some(name) = helper.block_param() {
            let mut params = BlockParams::new();
            match with.context_path() {
                Some(_) => params.add_path(name, Vec::new())?,
                None => params.add_value(name, with.value().clone())?,
            }
            block.set_block_params(params);
        }
        rc.push_block(block);
        let done = helper.template().map_or(Ok(()), |template| template.render(registry, context, rc, out));
        rc.pop_block();
        done
    }
}
