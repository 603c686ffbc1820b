use proptest::prelude::*;

use crate::render::{Language, Library, TemplateProblem, TemplateSource};

mod hostile;

fn sources(templates: &[(&str, &str)]) -> Vec<TemplateSource> {
    let source = |(name, text): &(&str, &str)| TemplateSource {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        origin: format!("templates/{name}.hbs"),
    };
    templates.iter().map(source).collect()
}

fn refused(templates: &[(&str, &str)]) -> Vec<TemplateProblem> {
    Library::compile(Language::En, sources(templates)).expect_err("refused")
}

/// The one problem of one template.
fn problem(text: &str) -> String {
    let problems = refused(&[("a", text)]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

#[test]
fn the_built_in_templates_compile() {
    Library::compile(Language::En, Vec::new()).expect("built-in templates");
}

#[test]
fn what_aborts_the_process_is_refused() {
    let inline = refused(&[("t", r#"{{#*inline "a"}}{{#if x}}{{> a}}{{/if}}{{/inline}}{{> a}}"#)]);
    assert!(inline[0].message.contains("inline partials"), "{inline:?}");
    let mutual = refused(&[("a", "x{{#if y}}{{> b}}{{/if}}"), ("b", "{{> a}}")]);
    insta::assert_snapshot!(mutual[0], @"templates/b.hbs: line 1, column 1 of the template: the partial calls itself: a → b → a; use {{#each}} to repeat something");
    insta::assert_snapshot!(problem("{{#if x}}\n {{> a}}{{/if}}"), @"templates/a.hbs: line 2, column 2 of the template: the partial calls itself: a → a; use {{#each}} to repeat something");
    let blocks = refused(&[("a", "{{#> b}}{{> @partial-block}}{{/b}}"), ("b", "{{#> a}}{{> @partial-block}}{{/a}}")]);
    assert!(blocks.iter().all(|problem| problem.message.contains("not supported")), "{blocks:?}");
    insta::assert_snapshot!(problem("{{> @partial-block}}"), @"templates/a.hbs: line 1, column 1 of the template: @partial-block is not supported: hand the partial values instead");
    insta::assert_snapshot!(problem("{{> (lookup labels \"x\")}}"), @"templates/a.hbs: line 1, column 1 of the template: the name of a partial must be written out: use {{#if}} to choose between {{> one}} and {{> other}}");
    for levels in [33, 400, 1_600, 6_000] {
        let nested = "{{#if status}}".repeat(levels) + &"{{/if}}".repeat(levels);
        assert!(problem(&nested).contains("deeper than 32"), "{levels}");
    }
    for levels in [33, 400, 1_000] {
        let nested = format!("{{{{#if {}status{}}}}}{{{{/if}}}}", "(not ".repeat(levels), ")".repeat(levels));
        assert!(problem(&nested).contains("deeper than 32"), "{levels}");
    }
    let chain = "{{#if status}}".to_owned() + &"{{else if status}}".repeat(40) + "{{/if}}";
    assert!(problem(&chain).contains("deeper than 32"));
    // The parser itself gives up on what is far too deep.
    refused(&[("a", &("{{#if x}}".repeat(20_000) + &"{{/if}}".repeat(20_000)))]);
    refused(&[("a", &format!("{{{{#if {}1{}}}}}{{{{/if}}}}", "[".repeat(20_000), "]".repeat(20_000)))]);
}

#[test]
fn depth_counts_along_partials() {
    let eleven = |inner: &str| "{{#if status}}".repeat(11) + inner + &"{{/if}}".repeat(11);
    let deep = [("a", eleven("{{> b}}")), ("b", eleven("{{> c}}")), ("c", eleven("y"))];
    let deep: Vec<_> = deep.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert!(refused(&deep)[0].message.contains("deeper than 32"));
    Library::compile(Language::En, sources(&deep[1..])).expect("22 deep");
}

#[test]
fn partials_that_multiply_are_refused() {
    let names: Vec<String> = (0..20).map(|level| format!("p{level}")).collect();
    let texts: Vec<String> = (0..20).map(|level| format!("{{{{> p{0}}}}}{{{{> p{0}}}}}", level + 1)).collect();
    let mut templates: Vec<_> = names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    templates.push(("p20", "x"));
    let problems = refused(&templates);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("at most 10000"), "{problems:?}");
}

#[test]
fn mistakes_are_told_with_the_fix() {
    insta::assert_snapshot!(problem("{{> defualt.text}}"), @r#"templates/a.hbs: line 1, column 1 of the template: there is no template "defualt.text": did you mean "default.text"?"#);
    insta::assert_snapshot!(problem("{{> nothing_like_it}}"), @r#"templates/a.hbs: line 1, column 1 of the template: there is no template "nothing_like_it": add a file nothing_like_it.hbs to the templates"#);
    insta::assert_snapshot!(problem("{{touper status}}"), @r#"templates/a.hbs: line 1, column 1 of the template: there is no helper "touper" for {{touper …}}: did you mean "toUpper"?"#);
    insta::assert_snapshot!(problem("a\nb {{#firing}}x{{/firing}}"), @r##"templates/a.hbs: line 2, column 3 of the template: firing is not used this way: write {{#each (firing alerts)}}…{{/each}}; to test a value of that name, {{#if firing}}"##);
    insta::assert_snapshot!(problem("{{#if (frobnicate status)}}{{/if}}"), @r#"templates/a.hbs: line 1, column 1 of the template: there is no helper "frobnicate" for {{frobnicate …}}: to show a value, write its name alone; to test it, {{#if frobnicate}}"#);
    insta::assert_snapshot!(problem("{{date startsAt \"%H\" 3}}"), @r#"templates/a.hbs: line 1, column 1 of the template: date got 3 arguments: write {{date "%m-%d %H:%M" startsAt}}"#);
    insta::assert_snapshot!(problem("{{date \"YYYY\" startsAt}}"), @r#"templates/a.hbs: line 1, column 1 of the template: date: "YYYY" shows no time; a format is written as in "%Y-%m-%d %H:%M:%S" or, as Go does it, in "2006-01-02 15:04:05""#);
    insta::assert_snapshot!(problem("{{date}}"), @r#"templates/a.hbs: line 1, column 1 of the template: date got 0 arguments: write {{date "%m-%d %H:%M" startsAt}}; to show a value of that name, {{this.date}}"#);
    insta::assert_snapshot!(problem("{{pairs labels befor=\"x\"}}"), @r#"templates/a.hbs: line 1, column 1 of the template: pairs knows no befor=, but before= and between=: write {{pairs labels @root.commonLabels "alertname"}}"#);
    insta::assert_snapshot!(problem("{{partial:call \"default.text\"}}"), @r#"templates/a.hbs: line 1, column 1 of the template: there is no helper "partial:call" for {{partial:call …}}: to show a value, write its name alone; to test it, {{#if partial:call}}"#);
    insta::assert_snapshot!(problem("x {{exact}}"), @"templates/a.hbs: line 1, column 3 of the template: {{exact}} is the first thing in a template, or not there at all");
    insta::assert_snapshot!(problem("{{#each firing}}{{else}}{{break}}{{/each}}"), @"templates/a.hbs: line 1, column 25 of the template: {{break}} stands outside of {{#each}}: a partial cannot end the loop that calls it");
    insta::assert_snapshot!(problem("{{each firing}}"), @"templates/a.hbs: line 1, column 1 of the template: each is not used this way: write {{#each firing}}…{{/each}}");
    insta::assert_snapshot!(problem("{{(lookup labels \"x\")}}"), @"templates/a.hbs: line 1, column 1 of the template: leave out the parentheses around the whole expression: {{name argument}}, not {{(name argument)}}");
    insta::assert_snapshot!(problem("{{*inline}}"), @"templates/a.hbs: line 1, column 1 of the template: decorators and inline partials ({{#*inline}}) are not supported: put the part into a file of its own and call it with {{> name}}");
    insta::assert_snapshot!(problem("x\n{{#if a}}"), @r##"templates/a.hbs: line 2, column 10 of the template: this cannot be read from here on: see that every {{ has its }}, every {{#…}} its {{/…}}, and that names with special characters are written as in {{lookup labels "k8s.pod/name"}}"##);
    insta::assert_snapshot!(problem("{{> default.home this status}}"), @"templates/a.hbs: line 1, column 1 of the template: a partial takes one value, which it sees as this: hand it others under names, as in {{> name this text=labels.x}}");
    insta::assert_snapshot!(problem("x {{.}}"), @"templates/a.hbs: line 1, column 5 of the template: write this instead of a dot: {{this}}, {{> part this}}");
    insta::assert_snapshot!(problem("x\n {{#each alerts}}{{> default.alert .}}{{/each}}"), @"templates/a.hbs: line 2, column 36 of the template: write this instead of a dot: {{this}}, {{> part this}}");
    insta::assert_snapshot!(problem("{{#with ..}}{{/with}}"), @"templates/a.hbs: line 1, column 9 of the template: write ../this instead of two dots alone");
    insta::assert_snapshot!(problem("{{ .status }}"), @"templates/a.hbs: line 1, column 4 of the template: write status without the dot before it: that is how Go templates write a field");
    insta::assert_snapshot!(problem("\n{{ range .Alerts }}{{ .Status }}{{ end }}"), @"templates/a.hbs: line 2, column 1 of the template: this is a Go template; dingbridge uses Handlebars. `dingbridge migrate` turns it into one, with the configuration that names it");
}

#[test]
fn all_problems_come_at_once_and_a_broken_partial_is_told_once() {
    let problems = refused(&[("a", "{{> b}}{{foo 1}}{{bar 2}}"), ("b", "{{#if"), ("c", "{{> nope}}")]);
    let origins: Vec<_> = problems.iter().map(|problem| problem.origin.as_str()).collect();
    assert_eq!(origins, ["templates/a.hbs", "templates/a.hbs", "templates/b.hbs", "templates/c.hbs"]);
}

#[test]
fn a_later_template_replaces_an_earlier_one() {
    Library::compile(Language::En, sources(&[("default.title", "{{> nope}}"), ("default.title", "two")]))
        .expect("the second");
    refused(&[("default.title", "two"), ("default.title", "{{> nope}}")]);
}

proptest! {
    /// Any text is either refused or harmless: nothing here panics.
    #[test]
    fn any_text_is_judged(text in r"(\{\{[#/>!*~]{0,2}(if|each|a|x|else|inline|lookup x y|[ a-z.()@\[\]-]{0,12})\}\}|[a-z\n ]{0,4}){0,12}") {
        let _ = Library::compile(Language::En, sources(&[("a", &text)]));
    }
}
