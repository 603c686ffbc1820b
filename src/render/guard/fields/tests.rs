//! Names that are right, and what is told of those that are not.

use super::*;
use crate::render::{Language, Library, TemplateSource};

/// What is wrong with the names in templates, as `template:line:column: message`.
fn told(templates: &[(&str, &str)]) -> Vec<String> {
    let parse = |(name, text): &(&str, &str)| {
        let mut template = Template::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        crate::render::guard::fill_in_places(&mut template, text);
        ((*name).to_owned(), template)
    };
    let templates: BTreeMap<String, Template> = templates.iter().map(parse).collect();
    let surveys = templates.iter().map(|(name, template)| (name.clone(), Survey::of(template))).collect();
    let refusals = misnamed(&templates, &surveys);
    refusals.iter().map(|(name, it)| format!("{name}:{}:{}: {}", it.line, it.column, it.message)).collect()
}

/// What is wrong with a message's text, without its name.
fn text(text: &str) -> String {
    let told = told(&[("default_message.text", text)]);
    told.join("\n").replace("default_message.text:", "")
}

#[test]
fn right_names_are_right_in_every_place() {
    for right in [
        "{{status}} {{receiver}} {{commonLabels.anything}} {{groupLabels.[odd name]}} {{commonAnnotations.x}} {{routeLabels.y}}",
        "{{#each alerts}}{{labels.x}} {{annotations.y}} {{./severity}} {{this.status}} {{../status}} {{@root.target}} {{@index}}{{/each}}",
        "{{#each alerts}}{{#each labels}}{{@key}}={{this}} {{../status}} {{../../receiver}} {{@../index}}{{/each}}{{/each}}",
        "{{#each alerts as |a i|}}{{a.labels.x}} {{i}} {{#each a.labels as |value name|}}{{name}} {{value}} {{a.status}}{{/each}}{{/each}}",
        "{{#with commonLabels}}{{anything}} {{../status}}{{/with}}{{#with commonLabels as |l|}}{{l.x}}{{/with}}",
        "{{firing.[0].labels.x}} {{firing.0.status}} {{alerts.[0].annotations.[odd name]}}",
        "{{#if (eq status \"firing\")}}{{total.firing}}{{else if firing}}{{len firing}}{{else}}{{parts}}{{/if}}",
        "{{raw.whatever.[0].is.there}} {{#each raw.list}}{{x}} {{@key}} {{@index}}{{/each}}",
        "{{#with (lookup alerts 0)}}{{labels.x}}{{/with}} {{lookup this \"status\"}} {{lookup commonLabels \"k8s.pod/name\"}}",
        "{{#with (index alerts 0)}}{{labels.x}}{{/with}} {{index alerts 0 \"labels\" \"x\"}}",
        "{{#each (firing alerts)}}{{labels.x}} {{fingerprint}}{{/each}}{{#each (resolved alerts) as |a|}}{{a.endsAt}}{{/each}}",
        "{{#each (sortedPairs commonLabels)}}{{name}}={{value}} {{@last}}{{/each}}",
        "{{#each (sortedPairs (remove commonLabels groupLabels))}}{{name}}{{/each}}",
        "{{#each (or firing resolved)}}{{labels.x}}{{/each}}{{#each (or commonLabels firing)}}{{anything}}{{/each}}",
        "{{#with (first alerts)}}{{labels.x}}{{/with}}{{#each (rest alerts)}}{{labels.x}}{{/each}}",
        "{{#with (dict \"a\" 1)}}{{b}}{{/with}}{{let \"x\" status}}{{#each (var \"x\")}}{{y}}{{/each}}",
        "{{#with (raw commonLabels)}}{{x}}{{/with}}{{link externalURL text=status before=receiver}}",
        "{{#each this}}{{x}} {{@key}}{{/each}}{{@root.this}}",
        "{{#with commonLabels.pod}}{{this}}{{/with}}{{#each alerts}}{{#with annotations.summary}}{{this}} {{@index}}{{/with}}{{/each}}",
        "{{delayed}}{{truncatedAlerts}}{{meantFor}}{{salvaged}}{{notificationReason}}{{groupKey}}",
    ] {
        assert_eq!(text(right), "", "{right}");
    }
    assert_eq!(
        told(&[(
            "digest.text",
            "{{#each gone}}{{alertname}} {{all}} {{commonLabels.x}}{{#each alerts}}{{labels.x}} {{flaps}} {{receiver}} {{../count}}{{/each}}{{/each}}\
             {{#each (rest firing)}}{{more}}{{/each}}{{others.names}} {{total.groups}} {{detail}}"
        )]),
        [""; 0]
    );
}

#[test]
fn wrong_names_are_told_with_the_right_one() {
    insta::assert_snapshot!(text("{{sttus}}"), @r#"1:1: there is no field "sttus" of a group of alerts: did you mean "status"?"#);
    insta::assert_snapshot!(text("a\n{{#if fring}}{{/if}}"), @r#"2:1: there is no field "fring" of a group of alerts: did you mean "firing"?"#);
    insta::assert_snapshot!(text("{{#each alerts}}{{lables.x}}{{/each}}"), @r#"1:17: there is no field "lables" of an alert: did you mean "labels"?"#);
    insta::assert_snapshot!(text("{{#each alerts as |a i|}}{{a.lables.x}}{{/each}}"), @r#"1:26: there is no field "lables" of an alert: did you mean "labels"?"#);
    insta::assert_snapshot!(text("{{#each alerts as |alarm|}}{{alrm.labels.x}}{{/each}}"), @r#"1:28: there is no field "alrm" of an alert: did you mean "alarm"?"#);
    insta::assert_snapshot!(text("{{firing.[0].lables.x}} {{firing.0.anotations}}"), @r#"
    1:1: there is no field "lables" of an alert: did you mean "labels"?
    1:25: there is no field "anotations" of an alert: did you mean "annotations"?
    "#);
    insta::assert_snapshot!(text("{{@root.xyz}}"), @r#"1:1: there is no field "xyz" of a group of alerts: it has target, sender, status, receiver, groupKey, groupLabels, commonLabels, commonAnnotations, routeLabels, externalURL, truncatedAlerts, notificationReason, total, meantFor, salvaged, severity, repeats, part, parts, delayed, alerts, firing, resolved, raw"#);
    insta::assert_snapshot!(text("{{#each alerts}}{{../statuss}}{{/each}}"), @r#"1:17: there is no field "statuss" of a group of alerts: did you mean "status"?"#);
    insta::assert_snapshot!(text("{{toUpper sttus}} {{link externalURL text=(toUpper recever)}}"), @r#"
    1:1: there is no field "sttus" of a group of alerts: did you mean "status"?
    1:19: there is no field "recever" of a group of alerts: did you mean "receiver"?
    "#);
    insta::assert_snapshot!(text("{{#with firing.[0]}}{{label.x}}{{/with}}"), @r#"1:21: there is no field "label" of an alert: did you mean "labels"?"#);
    insta::assert_snapshot!(text("{{lookup this \"sttus\"}}{{#each alerts}}{{lookup this \"lables\"}}{{/each}}"), @r#"
    1:1: there is no field "sttus" of a group of alerts: did you mean "status"?
    1:40: there is no field "lables" of an alert: did you mean "labels"?
    "#);
    insta::assert_snapshot!(text("{{#each (firing alerts)}}{{lables.x}}{{/each}}{{#each (sortedPairs commonLabels)}}{{key}}{{Value}}{{/each}}"), @r#"
    1:26: there is no field "lables" of an alert: did you mean "labels"?
    1:83: there is no field "key" of a pair of name and value: it has name, value
    1:90: there is no field "Value" of a pair of name and value: did you mean "value"?
    "#);
    insta::assert_snapshot!(text("{{#if firing}}a{{else}}\n{{#if status}}b{{else if sttus}}c\n {{else if recever}}d{{/if}}{{/if}}"), @r#"
    2:16: there is no field "sttus" of a group of alerts: did you mean "status"?
    3:2: there is no field "recever" of a group of alerts: did you mean "receiver"?
    "#);
}

#[test]
fn a_name_of_another_place_is_told_with_the_way_there() {
    insta::assert_snapshot!(text("{{labels.severity}} {{annotations.summary}} {{Labels}} {{startsAt}}"), @"
    1:1: `labels` is a field of an alert: use it inside {{#each alerts}}, or commonLabels.severity for what all alerts have in common
    1:21: `annotations` is a field of an alert: use it inside {{#each alerts}}, or commonAnnotations.summary for what all alerts have in common
    1:45: `labels` is a field of an alert: use it inside {{#each alerts}}, or commonLabels for what all alerts have in common
    1:56: `startsAt` is a field of an alert: use it inside {{#each alerts}}
    ");
    insta::assert_snapshot!(text("{{#each alerts}}{{commonLabels.x}}{{#each labels}}{{status}}{{receiver}}{{/each}}{{/each}}"), @"
    1:17: `commonLabels` is a field of a group of alerts: write @root.commonLabels here
    1:51: `status` is a field of an alert: write ../status here
    1:61: `receiver` is a field of a group of alerts: write @root.receiver here
    ");
    insta::assert_snapshot!(text("{{#each alerts}}{{comonLabels.x}}{{/each}}{{finger_print}}"), @r#"
    1:17: there is no field "comonLabels" of an alert: did you mean "@root.commonLabels"?
    1:43: there is no field "finger_print" of a group of alerts: did you mean "fingerprint"? `fingerprint` is a field of an alert: use it inside {{#each alerts}}
    "#);
    insta::assert_snapshot!(text("{{status.x}} {{total.firing.x}} {{alerts.labels.x}} {{alerts.Firing}} {{firing.length}} {{total.gone}} {{flaps}}"), @r#"
    1:1: `status` is a text: it has no field "x"
    1:14: `total.firing` is a number: it has no field "x"
    1:33: `alerts` is a list and has no field "labels": write {{#each alerts}} for all in it, or alerts.[0] for the first
    1:53: `alerts` is a list and has no field "Firing": write firing for those alerts
    1:71: `firing` is a list and has no field "length": write {{len firing}} for how many there are
    1:89: `gone` is a field of a digest: here are no digests
    1:104: `flaps` is a field of an alert of a digest: here are no digests
    "#);
    insta::assert_snapshot!(text("{{#each status}}{{/each}}{{#each alerts}}{{#each labels.x}}{{/each}}{{/each}}"), @"
    1:1: {{#each}} needs a list or a map: status is a text
    1:42: {{#each}} needs a list or a map: labels.x is a text
    ");
    let digest =
        told(&[("digest.text", "{{groupLabels.x}}{{alertname}}{{#each firing}}{{labels.x}}{{groups}}{{/each}}")]);
    insta::assert_snapshot!(digest.join("\n"), @"
    digest.text:1:1: `groupLabels` is a field of a group of alerts: a digest has many of them and no such field
    digest.text:1:18: `alertname` is a field of an entry of a digest: use it inside {{#each firing}}
    digest.text:1:47: `labels` is a field of an alert of a digest: use it inside {{#each alerts}} of an entry
    digest.text:1:59: `groups` is a field of total of a digest: write @root.total.groups
    ");
}

#[test]
fn places_of_loops_are_only_in_loops() {
    insta::assert_snapshot!(text("{{@index}} {{#each alerts}}{{@key}} {{@first}} {{@indx}} {{@../last}}{{/each}} {{@root}} {{../status}}"), @r#"
    1:1: @index is only inside {{#each}}
    1:28: @key is only in a loop over a map, as in {{#each labels}}: in a list it is @index
    1:48: there is no @indx: did you mean "@index"?
    1:58: @../last is only inside {{#each}}
    1:80: @root alone is nothing: write @root.this for everything, or a field of it as in @root.status
    1:90: ../ leads further out than there are {{#each}} and {{#with}} around it: {{#if}} does not count; write @root.status for what the message is about
    "#);
}

#[test]
fn a_partial_is_right_or_wrong_by_what_calls_it() {
    let of_alert = ("p", "{{labels.x}}\n{{annotations.y}} {{../status}} {{@index}}");
    assert_eq!(told(&[("ocp.text", "{{#each alerts}}{{> p}}{{/each}}"), of_alert]), [""; 0]);
    assert_eq!(
        told(&[("ocp.text", "{{#each alerts}}{{> p this}}{{> p @root.alerts.[0]}}{{/each}}"), of_alert]),
        [""; 0]
    );
    let at_top = told(&[("ocp.text", "x\n {{> p}}"), ("ocp.title", "{{#each firing}}{{> p}}{{/each}}"), of_alert]);
    insta::assert_snapshot!(at_top.join("\n"), @"p:1:1: `labels` is a field of an alert: use it inside {{#each alerts}}, or commonLabels.x for what all alerts have in common (where ocp.text calls it, line 2, column 2)");
    let always = told(&[("ocp.text", "{{#each alerts}}{{> p}}{{> p}}{{/each}}{{> p}}"), ("p", "x\n{{sttus}}")]);
    insta::assert_snapshot!(always.join("\n"), @r#"p:2:1: there is no field "sttus" of an alert: did you mean "status"?"#);

    let handed = (
        "p",
        "{{alert.labels.x}} {{#each alert.labels}}{{alert.status}}{{/each}} {{mark}} {{#if mark}}{{mark}}{{/if}}",
    );
    let call = "{{#each alerts}}{{> p alert=this}}{{> p alert=../firing.[0] mark=\"!\"}}{{/each}}";
    assert_eq!(told(&[("ocp.text", call), handed]), [""; 0]);
    insta::assert_snapshot!(told(&[("ocp.text", call), ("p", "{{alert.lables.x}} {{alrt.labels}} {{this.mrk}}")]).join("\n"), @r#"
    p:1:1: there is no field "lables" of an alert: did you mean "labels"?
    p:1:20: there is no field "alrt" of an alert: did you mean "alert"?
    p:1:36: there is no field "mrk" of an alert: did you mean "mark"?
    "#);
    insta::assert_snapshot!(told(&[("ocp.text", "{{> p mark=sttus}}{{> p alrts}}"), ("p", "{{mark}}")]).join("\n"), @r#"
    ocp.text:1:1: there is no field "sttus" of a group of alerts: did you mean "status"?
    ocp.text:1:19: there is no field "alrts" of a group of alerts: did you mean "alerts"?
    "#);
    let on = [("ocp.text", "{{> p x=status}}"), ("p", "{{> q}}"), ("q", "{{x}} {{lookup this \"x\"}}")];
    assert_eq!(told(&on), [""; 0]);
}

#[test]
fn what_nobody_calls_may_name_what_anything_has() {
    let lenient = "{{labels.x}} {{status}} {{alertname}} {{../commonLabels.y}} {{@index}} {{#each alerts}}{{flaps}}{{/each}} {{total.gone}}";
    assert_eq!(told(&[("p", lenient)]), [""; 0]);
    insta::assert_snapshot!(told(&[("p", "{{#each labels}}{{status}}{{/each}}")]).join("\n"), @"p:1:17: `status` is a field of a group of alerts, of a digest or of what is in them: write ../status here");
    insta::assert_snapshot!(told(&[("p", "{{lables.x}}{{#each alerts}}{{Fingerprint}}{{/each}}{{mark}}")]).join("\n"), @r#"
    p:1:1: there is no field "lables" of a group of alerts, of a digest or of what is in them: did you mean "labels"?
    p:1:29: there is no field "Fingerprint" of a group of alerts, of a digest or of what is in them: did you mean "fingerprint"?
    p:1:53: there is no field "mark" of a group of alerts, of a digest or of what is in them; no template calls this one: what a caller hands over, as in {{> part mark=status}}, is known once one does
    "#);
}

#[test]
fn calls_in_a_circle_and_calls_that_multiply_end() {
    assert_eq!(told(&[("a", "{{> b}}{{sttus}}"), ("b", "{{> a}}")]), [""; 0], "refused for the circle");
    told(&[("ocp.text", "{{> a}}"), ("a", "{{> b x=status}}"), ("b", "{{#each alerts}}{{> a y=this}}{{/each}}")]);
    let names: Vec<String> = (0..30).map(|level| format!("p{level}")).collect();
    let call = |level: usize| format!("{{{{> p{level} x{level}=status}}}}{{{{> p{level} y{level}=status}}}}");
    let texts: Vec<String> = (0..30).map(|level| if level == 29 { "x".to_owned() } else { call(level + 1) }).collect();
    let templates: Vec<_> = names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(told(&templates), [""; 0]);
}

#[test]
fn a_library_tells_file_line_and_column() {
    let source = |name: &str, text: &str| TemplateSource {
        name: name.to_owned(),
        text: text.to_owned(),
        origin: format!("templates/{name}.hbs"),
    };
    let sources = vec![
        source("targets.ops.message.text", "{{> mine}}"),
        source("mine", "a\n{{#each alerts}}\n  {{lables.x}}\n{{/each}}\n"),
    ];
    let problems = Library::compile(Language::En, sources).expect_err("refused");
    assert_eq!(problems.len(), 1, "{problems:?}");
    insta::assert_snapshot!(problems[0], @r#"templates/mine.hbs: line 3, column 3 of the template: there is no field "lables" of an alert: did you mean "labels"?"#);
}
