//! The loop.

use handlebars::{
    BlockContext, BlockParams, Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, Renderable,
};
use serde_json::Value;

use super::flow::Flow;
use super::{FUEL, Scope, weigh, wrong};
use crate::render::escape;

/// `{{#each firing}}…{{else}}…{{/each}}`, as in Handlebars, but bounded.
///
/// Loops in loops over the alerts of a large group would run for hours without writing a byte, so every loop pays for
/// what it is about to render out of the [`FUEL`] of the rendering.
pub(super) struct Each<'a> {
    pub(super) scope: &'a Scope<'a>,
}

// === impl Each ===

impl Each<'_> {
    fn pay(&self, rounds: usize, weight: usize) -> HelperResult {
        let price = rounds.saturating_mul(weight.max(1));
        if self.scope.burn(price) {
            return Ok(());
        }
        Err(wrong("each", format!("loops in loops would render more than {FUEL} elements: nest fewer")))
    }
}

impl HelperDef for Each<'_> {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        rc: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let (Some(over), Some(template)) = (helper.param(0), helper.template()) else { return Ok(()) };
        let items: Vec<(Option<&String>, &Value)> = match over.value() {
            Value::Array(list) => list.iter().map(|value| (None, value)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (Some(key), value)).collect(),
            _ => Vec::new(),
        };
        if items.is_empty() {
            return helper.inverse().map_or(Ok(()), |template| template.render(registry, context, rc, out));
        }
        self.pay(items.len(), weigh(template, self.scope.extents))?;

        let path = over.context_path();
        let mut block = BlockContext::new();
        match path {
            Some(path) => {
                block.base_path_mut().clone_from(path);
                block.base_path_mut().push(String::new());
            }
            None => block.set_base_value(over.value().clone()),
        }
        rc.push_block(block);
        let last = items.len() - 1;
        let mut done = Ok(());
        for (index, (key, value)) in items.into_iter().enumerate() {
            // A label's name is as foreign as its value.
            let name =
                key.map_or(Value::from(index), |key| Value::String(escape::mark(escape::line(key, false), true)));
            if let Some(block) = rc.block_mut() {
                block.set_local_var("first", Value::Bool(index == 0));
                block.set_local_var("last", Value::Bool(index == last));
                block.set_local_var("index", Value::from(index));
                if key.is_some() {
                    block.set_local_var("key", name.clone());
                }
                match block.base_path_mut().last_mut().filter(|_| path.is_some()) {
                    Some(step) => *step = key.cloned().unwrap_or_else(|| index.to_string()),
                    None => block.set_base_value(value.clone()),
                }
                if helper.has_block_param() {
                    block.set_block_params(params(helper, path.is_some(), name, value)?);
                }
            }
            done = template.render(registry, context, rc, out);
            if done.is_err() {
                match self.scope.take_flow() {
                    Some(Flow::Continue) => done = Ok(()),
                    Some(Flow::Break) => {
                        done = Ok(());
                        break;
                    }
                    None => break,
                }
            }
        }
        rc.pop_block();
        done
    }
}

/// The names that `as |value key|` gives.
fn params<'rc>(
    helper: &Helper<'rc>,
    in_context: bool,
    name: Value,
    value: &Value,
) -> Result<BlockParams<'rc>, handlebars::RenderError> {
    let mut params = BlockParams::new();
    let pair = helper.block_param_pair();
    if let Some(as_value) = helper.block_param().or(pair.map(|(value, _)| value)) {
        if in_context {
            params.add_path(as_value, Vec::new())?;
        } else {
            params.add_value(as_value, value.clone())?;
        }
    }
    if let Some((_, as_key)) = pair {
        params.add_value(as_key, name)?;
    }
    Ok(params)
}
