//! How large templates are, so that loops can pay for what they are about to render.

use std::collections::{BTreeSet, HashMap};

use handlebars::template::{Parameter, Template, TemplateElement};

use super::CALL;

/// What a template is with its partials filled in.
#[derive(Debug, Clone, Default)]
pub(in crate::render) struct Extent {
    /// How deep it nests.
    pub depth: usize,
    /// How many elements it has.
    pub size: usize,
    /// The names it looks up.
    pub names: BTreeSet<String>,
    /// The helpers it calls.
    pub helpers: BTreeSet<String>,
}

/// How many elements `template` has, its partials filled in.
pub(in crate::render) fn weigh(template: &Template, partials: &HashMap<String, Extent>) -> usize {
    let weights = template.elements.iter().map(|element| match element {
        TemplateElement::HelperBlock(call) => {
            let inner = [&call.template, &call.inverse].into_iter().flatten();
            1 + inner.map(|template| weigh(template, partials)).sum::<usize>()
        }
        TemplateElement::Expression(call) if call.name.as_name() == Some(CALL) => {
            let name = call
                .params
                .first()
                .and_then(|name| if let Parameter::Literal(name) = name { name.as_str() } else { None });
            1 + name.and_then(|name| partials.get(name)).map_or(0, |extent| extent.size)
        }
        TemplateElement::PartialExpression(call) => {
            let partial = call.name.as_name().and_then(|name| partials.get(name));
            1 + partial.map_or(0, |extent| extent.size)
        }
        _ => 1,
    });
    weights.fold(0, usize::saturating_add)
}
