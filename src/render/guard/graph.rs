//! What templates are with their partials filled in.

use std::collections::{BTreeMap, HashMap};

use super::{MAX_DEPTH, MAX_SIZE, Refusal, Survey, too_deep};
use crate::nearest::nearest;
use crate::render::helper::Extent;

/// Fills partials in: what every template is as a whole, and what is wrong with the calls between them, by template.
pub(in crate::render) fn fill_in(
    surveys: &BTreeMap<String, Survey>,
) -> (HashMap<String, Extent>, Vec<(String, Refusal)>) {
    let mut graph = Graph { surveys, done: HashMap::new(), path: Vec::new(), refusals: Vec::new() };
    for name in surveys.keys() {
        graph.visit(name);
    }
    (graph.done, graph.refusals)
}

struct Graph<'a> {
    surveys: &'a BTreeMap<String, Survey>,
    done: HashMap<String, Extent>,
    path: Vec<&'a str>,
    refusals: Vec<(String, Refusal)>,
}

// === impl Graph ===

impl<'a> Graph<'a> {
    fn visit(&mut self, name: &'a str) -> Extent {
        if let Some(extent) = self.done.get(name) {
            return extent.clone();
        }
        let Some(survey) = self.surveys.get(name) else { return Extent::default() };
        let (names, helpers) = (survey.names.clone(), survey.helpers.clone());
        let mut extent = Extent { depth: survey.depth, size: survey.size, names, helpers };
        self.path.push(name);
        for call in &survey.calls {
            let message = if !self.surveys.contains_key(&call.partial) {
                Some(missing(&call.partial, self.surveys.keys().map(String::as_str)))
            } else if let Some(start) = self.path.iter().position(|open| *open == call.partial) {
                let cycle = [&self.path[start..], &[call.partial.as_str()]].concat().join(" → ");
                Some(format!("the partial calls itself: {cycle}; use {{{{#each}}}} to repeat something"))
            } else if self.path.len() >= MAX_DEPTH {
                Some(too_deep())
            } else {
                let inner = self.visit(&call.partial);
                extent.size = extent.size.saturating_add(inner.size);
                extent.names.extend(inner.names);
                extent.helpers.extend(inner.helpers);
                let depth = call.depth + inner.depth;
                let news = depth > MAX_DEPTH && extent.depth <= MAX_DEPTH && inner.depth <= MAX_DEPTH;
                extent.depth = extent.depth.max(depth);
                news.then(too_deep)
            };
            if let Some(message) = message {
                let refusal = Refusal { line: call.line, column: call.column, message };
                self.refusals.push((name.to_owned(), refusal));
            }
        }
        self.path.pop();
        if extent.size > MAX_SIZE && survey.calls.iter().all(|call| self.size(&call.partial) <= MAX_SIZE) {
            let message = format!(
                "the template has {} elements with its partials filled in, at most {MAX_SIZE} may be: use {{{{#each}}}} for what repeats",
                extent.size
            );
            self.refusals.push((name.to_owned(), Refusal { line: 1, column: 1, message }));
        }
        self.done.insert(name.to_owned(), extent.clone());
        extent
    }

    fn size(&self, name: &str) -> usize {
        self.done.get(name).map_or(0, |extent| extent.size)
    }
}

fn missing<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(near) => format!("there is no template {name:?}: did you mean {near:?}?"),
        None => format!("there is no template {name:?}: add a file {name}.hbs to the templates"),
    }
}
