//! What helpers give, and what none of them ever does.

use std::collections::{BTreeSet, HashMap};

use handlebars::{Context, Handlebars, RenderContext, Renderable, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::call::MOST_BYTES;
use super::declared::Form;
use super::*;
use crate::clock::from_millis;
use crate::dingtalk::Mention;
use crate::render::escape;
use crate::render::{Circumstances, Language, Library, Style, TemplateSource};

mod vectors;

/// What a rendering needs beside its template.
struct Bench {
    registry: Handlebars<'static>,
    style: Style,
    mention: Mention,
    extents: HashMap<String, Extent>,
}

impl Bench {
    fn new() -> Self {
        let mut registry = Handlebars::new();
        registry.register_escape_fn(handlebars::no_escape);
        register(&mut registry);
        let mention = Mention { mobiles: vec!["13800000000".to_owned()], user_ids: vec!["bob".to_owned()], all: false };
        Self { registry, style: Style::default(), mention, extents: HashMap::new() }
    }

    /// What `template` gives for `model`, whatever helpers it calls, without being judged before.
    fn render(&self, template: &Template, model: &Value) -> Result<String, String> {
        let now = from_millis(1_795_167_000_000);
        let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
        let scope = Scope::new(&self.style, &circumstances, &self.mention, &self.extents);
        let all: BTreeSet<String> = HELPERS.keys().map(|name| (*name).to_owned()).collect();
        let context = Context::from(model.clone());
        let mut rc = RenderContext::new(None);
        register_local(&mut rc, &scope, &all);
        let mut out = handlebars::StringOutput::new();
        let done = template.render(&self.registry, &context, &mut rc, &mut out);
        match done {
            Ok(()) => Ok(out.into_string().expect("UTF-8")),
            Err(error) => Err(match error.reason() {
                RenderErrorReason::Other(reason) => reason.clone(),
                other => other.to_string(),
            }),
        }
    }

    fn call(&self, template: &str, model: &Value) -> Result<String, String> {
        self.render(&Template::compile(template).unwrap_or_else(|error| panic!("{template}: {error}")), model)
    }
}

fn all() -> impl Iterator<Item = &'static Declared> {
    TABLES.iter().copied().flatten().filter(|helper| !matches!(helper.how, How::Handlebars | How::Loop))
}

/// `{{name a b c}}` with so many arguments.
fn calling(helper: &Declared, arguments: usize) -> Template {
    let arguments = ["a", "b", "c", "d"][..arguments].join(" ");
    Template::compile(&format!("{{{{{} {arguments}}}}}", helper.name)).expect("a template")
}

fn numbers_of_arguments(helper: &Declared) -> impl Iterator<Item = usize> {
    helper.arguments.0..=helper.arguments.1.min(4)
}

fn foreign(text: &str) -> String {
    escape::line(text, true)
}

#[test]
fn no_name_is_declared_twice() {
    let names: Vec<_> = TABLES.iter().copied().flatten().map(|helper| helper.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

/// One of everything that the calls in the table name.
fn sample() -> Value {
    let labels = json!({ "alertname": "node_down", "instance": "db-1:9100", "job": "node", "host": "db-1", "pod": "p",
        "teams": "db,web,db", "path": "/a%20b/", "token": "aGVsbG8=", "mountpoint": "/var/lib/", "shift": "1",
        "k8s.pod/name": "p-1", "file": "a.txt", "severity": "critical" });
    let annotations = json!({ "summary": "db-1 is down", "description": "a\nb", "runbook_url": "https://x.test/r",
        "value": "97.25", "details": "{\"owner\": \"ops\"}", "table": "|a|" });
    let alert = |status: &str| {
        json!({ "status": status, "labels": labels, "annotations": annotations, "startsAt": "2026-11-20T09:23:45.759Z",
        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p.test/g", "fingerprint": "1f00", "severity": "critical" })
    };
    let mut model = alert("firing");
    let more = json!({ "alerts": [alert("firing"), alert("resolved")], "firing": [alert("firing")],
        "resolved": [alert("resolved")], "commonLabels": labels, "routeLabels": { "team": "ops" }, "repeats": 3,
        "delayed": 300, "total": { "firing": 1 } });
    model.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    model
}

#[test]
fn every_usage_is_a_right_call() {
    let helpers = || TABLES.iter().copied().flatten().filter(|helper| helper.usage.starts_with("{{"));
    let sources = helpers().map(|helper| TemplateSource {
        name: helper.name.to_owned(),
        text: helper.usage.to_owned(),
        origin: helper.name.to_owned(),
    });
    Library::compile(Language::En, sources.collect()).expect("all are right");
    let bench = Bench::new();
    for helper in helpers() {
        let called = helper.usage.contains(&format!("{} ", helper.name))
            || helper.usage.contains(&format!("{}}}", helper.name))
            || helper.usage.contains(&format!("({})", helper.name));
        assert!(called, "{} is called in {}", helper.name, helper.usage);
        bench.call(helper.usage, &sample()).unwrap_or_else(|error| panic!("{}: {error}", helper.usage));
    }
}

/// What has to be there: names, divisors, how much is to stay, a loop.
const NEEDS: [&str; 8] = ["dict", "let", "var", "div", "mod", "date", "break", "continue"];

#[test]
fn a_missing_value_is_no_error() {
    let bench = Bench::new();
    for helper in all().filter(|helper| !NEEDS.contains(&helper.name)) {
        for count in numbers_of_arguments(helper) {
            let done = bench.render(&calling(helper, count), &json!({}));
            let divided = helper.name == "divf" && count > 1 || helper.name == "truncate" && count == 1;
            assert!(divided || done.is_ok(), "{} {count}: {done:?}", helper.name);
        }
    }
}

/// What writes an author's markdown on purpose.
const TRUSTED: [&str; 2] = ["raw", "markdown"];

#[test]
fn what_is_made_of_foreign_text_is_foreign() {
    let bench = Bench::new();
    let text = foreign("**x** [y](z) 5");
    let model = json!({ "a": text, "b": text, "c": text, "d": text });
    let nested = json!({ "a": [text, text], "b": [text], "c": text, "d": text });
    let within = json!({ "a": { "labels": { "x": text }, "y": text }, "b": text, "c": text });
    let mapped = json!({ "a": text, "b": [text, { "x": text }], "c": 5, "d": text });
    let sized = json!({ "a": 5, "b": text, "c": text, "d": text });
    for helper in all().filter(|helper| !TRUSTED.contains(&helper.name)) {
        for count in numbers_of_arguments(helper) {
            let template = calling(helper, count);
            for model in [&model, &nested, &within, &mapped, &sized] {
                let Ok(out) = bench.render(&template, model) else { continue };
                let mut open = false;
                for char in out.chars() {
                    open = (open || char == '\u{FDD0}') && char != '\u{FDD1}';
                    assert!(open || char != '*', "{} {count}: {out:?}", helper.name);
                }
            }
        }
    }
}

#[test]
fn a_wrong_value_is_told_with_the_call_that_is_right() {
    let bench = Bench::new();
    let (map, list, number, text) = (json!({ "x": {} }), json!([[1], {}]), json!(-1), json!("%(\u{e9}"));
    for helper in all() {
        for count in numbers_of_arguments(helper) {
            let template = calling(helper, count);
            for value in [&map, &list, &number, &text] {
                let model = json!({ "a": value, "b": value, "c": value, "d": value });
                if let Err(error) = bench.render(&template, &model) {
                    let told = error.starts_with(&format!("{}: ", helper.name))
                        && error.ends_with(&format!("; write {}", helper.usage));
                    assert!(told, "{}: {error}", helper.name);
                }
            }
        }
    }
}

#[test]
fn results_have_a_bound() {
    let bench = Bench::new();
    let refused = |template: &str, model: &Value| bench.call(template, model).expect_err(template);
    for template in [
        r#"{{repeat 1000000000 "ab"}}"#,
        r#"{{indent 1000000000 "ab"}}"#,
        r#"{{pad "ab" 1000000000}}"#,
        "{{until 1000000000}}",
        "{{seq 1000000000}}",
        "{{untilStep 0 1000000000 1}}",
        r#"{{replace "" big big}}"#,
        r#"{{reReplaceAll "" big big}}"#,
        r#"{{splitList "" (repeat 20000 "a")}}"#,
    ] {
        let error = refused(template, &json!({ "big": "x".repeat(50_000) }));
        assert!(error.contains("would be"), "{error}");
    }
    let doubling = "{{#each rounds}}{{let \"x\" (list (var \"x\") (var \"x\"))}}{{/each}}";
    let rounds = json!({ "rounds": vec![0; 200] });
    let error = refused(doubling, &rounds);
    assert!(error.contains("larger than") || error.contains("too long"), "{error}");
    let nesting = "{{#each rounds}}{{let \"x\" (list (var \"x\"))}}{{/each}}";
    assert!(refused(nesting, &rounds).contains("nests deeper"));
    let names = "{{#each rounds}}{{#each @root.rounds}}{{let (print @../index \"-\" @index) 1}}{{/each}}{{/each}}";
    let names = names.replace("print", "cat");
    assert!(refused(&names, &rounds).contains("1000 variables"));
    let loops = "{{#each rounds}}{{#each @root.rounds}}{{toUpper @root.big}}{{/each}}{{/each}}";
    let big = json!({ "rounds": vec![0; 200], "big": "x".repeat(100_000) });
    assert!(refused(loops, &big).contains("too long"));
}

#[test]
fn a_block_tests_its_value() {
    let bench = Bench::new();
    for helper in all().filter(|helper| helper.form == Form::Both) {
        let count = helper.arguments.0;
        let arguments = ["a", "b", "c"][..count].join(" ");
        let name = helper.name;
        let template = format!("{{{{#{name} {arguments}}}}}yes{{{{else}}}}no{{{{/{name}}}}}");
        let out = bench.call(&template, &json!({})).expect(name);
        assert!(out == "yes" || out == "no", "{name}: {out}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-50i64..50).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[-a-z0-9 .:/%$^*()\\[\\]{}\"'é中]{0,16}".prop_map(|text| Value::String(foreign(&text))),
        Just(Value::from("2026-11-20T09:23:45.759Z")),
        Just(Value::from("x".repeat(20_000))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("(labels|startsAt|name|value|[a-c])", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No helper panics, whatever it is called with, or makes a text beyond the bound.
    #[test]
    fn any_values_are_harmless(a in value(), b in value(), c in value(), d in value()) {
        let bench = Bench::new();
        let model = json!({ "a": a, "b": b, "c": c, "d": d });
        for helper in all() {
            for count in numbers_of_arguments(helper) {
                if let Ok(out) = bench.render(&calling(helper, count), &model) {
                    prop_assert!(out.len() <= 2 * MOST_BYTES, "{}: {} bytes", helper.name, out.len());
                }
            }
        }
    }
}
