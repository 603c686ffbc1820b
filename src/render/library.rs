//! The compiled templates.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use handlebars::{Handlebars, Template, TemplateErrorReason};

use super::guard::{self, Survey};
use super::helper::Extent;
use super::{foreign, helper};

/// Every template there is, parsed and checked. It is immutable: a reload compiles another.
pub struct Library {
    pub(super) registry: Handlebars<'static>,
    pub(super) extents: HashMap<String, Extent>,
}

/// A template as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSource {
    /// The name it is called by, as in `{{> name}}`.
    pub name: String,
    /// What it says.
    pub text: String,
    /// Where it is written, for messages: `templates/a.hbs`, or `dingbridge.yml:12:9`.
    pub origin: String,
}

/// Why a template may not run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{origin}: line {line}, column {column} of the template: {message}")]
pub struct TemplateProblem {
    /// Where the template is written.
    pub origin: String,
    /// The line within the template, from 1.
    pub line: usize,
    /// The column within the template, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// The templates that are compiled in, by name.
const BUILT_IN: [(&str, &str); 15] = [
    ("default.title", include_str!("../../templates/default.title.hbs")),
    ("default.text", include_str!("../../templates/default.text.hbs")),
    ("default.alert", include_str!("../../templates/default.alert.hbs")),
    ("default.links", include_str!("../../templates/default.links.hbs")),
    ("default.what", include_str!("../../templates/default.what.hbs")),
    ("default.over", include_str!("../../templates/default.over.hbs")),
    ("digest.title", include_str!("../../templates/digest.title.hbs")),
    ("digest.text", include_str!("../../templates/digest.text.hbs")),
    ("digest.name", include_str!("../../templates/digest.name.hbs")),
    ("digest.what", include_str!("../../templates/digest.what.hbs")),
    ("digest.plain", include_str!("../../templates/digest.plain.hbs")),
    ("digest.plain.name", include_str!("../../templates/digest.plain.name.hbs")),
    ("plain.text", include_str!("../../templates/plain.text.hbs")),
    ("legacy.title", include_str!("../../templates/legacy.title.hbs")),
    ("legacy.text", include_str!("../../templates/legacy.text.hbs")),
];

// === impl Library ===

impl Library {
    /// Parses and checks the built-in templates, then `sources`; a later one replaces an earlier one of its name.
    ///
    /// # Errors
    /// Every problem of every template, in the order of their origins, so that one run shows them all.
    pub fn compile(sources: Vec<TemplateSource>) -> Result<Self, Vec<TemplateProblem>> {
        let built_in = BUILT_IN.into_iter().map(|(name, text)| TemplateSource {
            name: name.to_owned(),
            text: text.to_owned(),
            origin: format!("built-in {name}"),
        });
        let sources: BTreeMap<String, TemplateSource> =
            built_in.chain(sources).map(|source| (source.name.clone(), source)).collect();

        let mut registry = Handlebars::new();
        registry.register_escape_fn(handlebars::no_escape);
        helper::register(&mut registry);
        let mut problems = Vec::new();
        let mut surveys = BTreeMap::new();
        for (name, source) in &sources {
            let template = match parse(source) {
                Ok(template) => template,
                Err(problem) => {
                    problems.push(problem);
                    // Known by name, so that those who call it are not refused as well.
                    surveys.insert(name.clone(), Survey::default());
                    continue;
                }
            };
            let survey = Survey::of(&template);
            problems.extend(survey.refusals.iter().map(|refusal| source.problem(refusal)));
            surveys.insert(name.clone(), survey);
            let template = helper::without_copies(template);
            registry.register_template(name, template);
        }
        let (extents, refusals) = guard::fill_in(&surveys);
        problems.extend(refusals.iter().map(|(name, refusal)| sources[name].problem(refusal)));
        if problems.is_empty() {
            Ok(Self { registry, extents })
        } else {
            problems.sort();
            Err(problems)
        }
    }

    /// Whether there is a template of that name.
    pub fn has(&self, name: &str) -> bool {
        self.registry.has_template(name)
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Library").field(&self.extents.keys()).finish()
    }
}

// === impl TemplateSource ===

impl TemplateSource {
    fn problem(&self, refusal: &guard::Refusal) -> TemplateProblem {
        TemplateProblem {
            origin: self.origin.clone(),
            line: refusal.line,
            column: refusal.column,
            message: refusal.message.clone(),
        }
    }
}

fn parse(source: &TemplateSource) -> Result<Template, TemplateProblem> {
    let problem = |line, column, message| TemplateProblem { origin: source.origin.clone(), line, column, message };
    if let Some((line, column)) = foreign::go_template(&source.text) {
        let message = "this is a Go template; dingbridge uses Handlebars. Write it anew; a later version turns one into the other (`dingbridge migrate`)";
        return Err(problem(line, column, message.to_owned()));
    }
    if let Some(refusal) = guard::too_deep_to_parse(&source.text) {
        return Err(source.problem(&refusal));
    }
    Template::compile_with_name(&source.text, source.name.clone()).map_err(|error| {
        let (line, column) = error.pos().unwrap_or((1, 1));
        let message = match error.reason() {
            // What the parser expected is a list of its rules.
            TemplateErrorReason::InvalidSyntax(_) => {
                "this cannot be read from here on: see that every {{ has its }}, every {{#…}} its {{/…}}, and that names \
                 with special characters are written as in {{lookup labels \"k8s.pod/name\"}}"
                    .to_owned()
            }
            reason => reason.to_string(),
        };
        problem(line, column, message)
    })
}
