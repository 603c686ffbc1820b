//! The compiled templates.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use handlebars::{Handlebars, Template, TemplateErrorReason};

use super::guard::{self, Survey};
use super::helper::Extent;
use super::language::Language;
use super::{exact, foreign, helper};

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

/// A template that is compiled in.
struct BuiltIn {
    /// The name it is called by.
    name: &'static str,
    /// What it says in English.
    en: &'static str,
    /// What it says in Chinese.
    zh: &'static str,
}

/// A template that holds words.
macro_rules! spoken {
    ($name:literal) => {
        BuiltIn {
            name: $name,
            en: include_str!(concat!("../../templates/en/", $name, ".hbs")),
            zh: include_str!(concat!("../../templates/zh/", $name, ".hbs")),
        }
    };
}

/// A template that holds none.
macro_rules! wordless {
    ($name:literal) => {
        BuiltIn {
            name: $name,
            en: include_str!(concat!("../../templates/", $name, ".hbs")),
            zh: include_str!(concat!("../../templates/", $name, ".hbs")),
        }
    };
}

/// The templates that are compiled in.
const BUILT_IN: [BuiltIn; 38] = [
    spoken!("default.title"),
    spoken!("default.text"),
    spoken!("default.alert"),
    spoken!("default.links"),
    spoken!("default.home"),
    wordless!("default.what"),
    spoken!("default.over"),
    spoken!("default.notices"),
    spoken!("event.title"),
    spoken!("event.text"),
    spoken!("event.alert"),
    spoken!("event.time"),
    wordless!("event.name"),
    wordless!("event.object"),
    spoken!("event.plain"),
    wordless!("event.plain.alert"),
    spoken!("simple.title"),
    spoken!("simple.text"),
    spoken!("simple.alert"),
    wordless!("simple.only"),
    wordless!("simple.what"),
    wordless!("simple.where"),
    wordless!("simple.says"),
    wordless!("simple.summary"),
    spoken!("simple.name"),
    spoken!("card.title"),
    spoken!("card.text"),
    spoken!("card.alert"),
    spoken!("card.time"),
    spoken!("digest.title"),
    spoken!("digest.text"),
    spoken!("digest.name"),
    wordless!("digest.what"),
    spoken!("digest.plain"),
    spoken!("digest.plain.name"),
    spoken!("plain.text"),
    spoken!("legacy.title"),
    spoken!("legacy.text"),
];

/// A template that prometheus-webhook-dingtalk has built in as well, and that writes the same here.
macro_rules! incumbent {
    ($name:literal) => {
        BuiltIn {
            name: $name,
            en: include_str!(concat!("../../templates/ding/", $name, ".hbs")),
            zh: include_str!(concat!("../../templates/ding/", $name, ".hbs")),
        }
    };
}

/// The templates that prometheus-webhook-dingtalk has built in.
const INCUMBENT: [BuiltIn; 10] = [
    incumbent!("__subject"),
    incumbent!("__alertmanagerURL"),
    incumbent!("__text_alert_list"),
    incumbent!("default.__text_alert_list"),
    incumbent!("default.content"),
    incumbent!("legacy.content"),
    incumbent!("ding.default.title"),
    incumbent!("ding.legacy.title"),
    incumbent!("ding.link.title"),
    incumbent!("ding.link.content"),
];

/// Whether a template of that name is built in and of our own making.
pub(crate) fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|built_in| built_in.name == name)
}

// === impl Library ===

impl Library {
    /// Parses and checks the built-in templates of `language`, then `sources`; a later one replaces an earlier one of its
    /// name.
    ///
    /// # Errors
    /// Every problem of every template, in the order of their origins, so that one run shows them all.
    pub fn compile(language: Language, sources: Vec<TemplateSource>) -> Result<Self, Vec<TemplateProblem>> {
        let built_in = BUILT_IN.iter().chain(&INCUMBENT).map(|built_in| built_in.source(language));
        let sources: BTreeMap<String, TemplateSource> =
            built_in.chain(sources).map(|source| (source.name.clone(), source)).collect();

        let mut registry = Handlebars::new();
        registry.register_escape_fn(handlebars::no_escape);
        helper::register(&mut registry);
        let mut problems = Vec::new();
        let mut templates = BTreeMap::new();
        for (name, source) in &sources {
            let template = parse(source).unwrap_or_else(|problem| {
                problems.push(problem);
                // Known by name, so that those who call it are not refused as well.
                Template::new()
            });
            templates.insert(name.clone(), template);
        }
        let surveys: BTreeMap<String, Survey> =
            templates.iter().map(|(name, template)| (name.clone(), Survey::of(template))).collect();
        for (name, survey) in &surveys {
            problems.extend(survey.refusals.iter().map(|refusal| sources[name].problem(refusal)));
        }
        let (extents, refusals) = guard::fill_in(&surveys);
        let misnamed = guard::misnamed(&templates, &surveys);
        problems.extend(refusals.iter().chain(&misnamed).map(|(name, refusal)| sources[name].problem(refusal)));
        for (name, template) in templates {
            registry.register_template(&name, helper::without_copies(template));
        }
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

// === impl BuiltIn ===

impl BuiltIn {
    fn source(&self, language: Language) -> TemplateSource {
        let text = match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        };
        TemplateSource {
            name: self.name.to_owned(),
            text: text.to_owned(),
            origin: format!("built-in {} ({})", self.name, language.as_str()),
        }
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
        let message = "this is a Go template; dingbridge uses Handlebars. `dingbridge migrate` turns it into one, with the configuration that names it";
        return Err(problem(line, column, message.to_owned()));
    }
    if let Some(refusal) = guard::too_deep_to_parse(&source.text) {
        return Err(source.problem(&refusal));
    }
    let marked = exact::asked(&source.text).then(|| exact::marked(&source.text));
    let text = marked.as_deref().unwrap_or(&source.text);
    let parsed = Template::compile_with_name(text, source.name.clone()).map_err(|error| {
        let (line, column) = error.pos().unwrap_or((1, 1));
        let column = marked.as_ref().map_or(column, |marked| exact::column_without_marks(marked, line, column));
        let message = match error.reason() {
            TemplateErrorReason::InvalidSyntax(_) if let Some(message) = guard::dots(&source.text, (line, column)) => {
                message
            }
            // What the parser expected is a list of its rules.
            TemplateErrorReason::InvalidSyntax(_) => {
                "this cannot be read from here on: see that every {{ has its }}, every {{#…}} its {{/…}}, and that names \
                 with special characters are written as in {{lookup labels \"k8s.pod/name\"}}"
                    .to_owned()
            }
            reason => reason.to_string(),
        };
        problem(line, column, message)
    });
    let mut template = parsed?;
    guard::fill_in_places(&mut template, text);
    if let Some(marked) = &marked {
        exact::unmark(&mut template, marked);
    }
    Ok(template)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The names of the templates in a folder.
    fn files(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
        let templates = files.filter(|path| path.extension().is_some_and(|extension| extension == "hbs"));
        templates.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn every_template_is_built_in_in_both_languages() {
        let names = |spoken| {
            let of_kind = BUILT_IN.iter().filter(|built_in| (built_in.en != built_in.zh) == spoken);
            of_kind.map(|built_in| built_in.name.to_owned()).collect::<BTreeSet<_>>()
        };
        assert_eq!(
            [files("templates/en"), files("templates/zh"), files("templates")],
            [names(true), names(true), names(false)]
        );
        for language in Language::ALL {
            let library = Library::compile(language, Vec::new()).unwrap_or_else(|problems| panic!("{problems:?}"));
            assert!(BUILT_IN.iter().all(|built_in| library.has(built_in.name)));
        }
    }

    #[test]
    fn a_file_takes_the_place_of_a_built_in_one_in_both_languages() {
        for language in Language::ALL {
            let mine =
                TemplateSource { name: "default.text".to_owned(), text: "mine".to_owned(), origin: String::new() };
            let library = Library::compile(language, vec![mine]).expect("compiles");
            assert_eq!(library.registry.render("default.text", &()).expect("renders"), "mine");
        }
    }
}
