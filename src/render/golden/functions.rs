//! What Alertmanager's own functions and default templates give, written for the bridge instead.
//!
//! `go-template-outputs.json` holds what `amtool template render` of Alertmanager 0.33.1 wrote for Go templates. Each of
//! them is written here as it is written in Handlebars, and must give the same bytes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::render::{TemplateSource, escape};

/// A Go template and what became of it.
#[derive(Deserialize)]
pub(crate) struct Case {
    /// What is tried; the same over several bodies.
    pub(crate) name: String,
    /// The Go template.
    pub(crate) template: String,
    /// The file of the body.
    pub(crate) data: String,
    /// 0, unless the template failed.
    pub(crate) rc: i32,
    /// What it wrote.
    pub(crate) stdout: String,
}

/// The same in Handlebars, by the names of the cases.
#[rustfmt::skip]
const TEMPLATES: [(&str, &str); 64] = [
    ("toUpper", "{{toUpper status}}"),
    ("toLower", r#"{{toLower "ÀBC 运维"}}"#),
    ("trimSpace", r#"[{{trimSpace "  x \n"}}]"#),
    ("join.stringSlice", r#"{{join "-" (stringSlice "a" "b")}}"#),
    ("match.true", r#"{{match "^Host.*" commonLabels.alertname}}"#),
    ("match.false", r#"{{match "^host" commonLabels.alertname}}"#),
    ("match.unanchored", r#"{{match "Down" "HostDownX"}}"#),
    ("safeHtml", r#"{{safeHtml "<b>"}}"#),
    ("urlUnescape", r#"{{urlUnescape "a%20b+c%E8%BF%90"}}"#),
    ("reReplaceAll", r#"{{reReplaceAll "([0-9]+)" "<$1>" "a1b22"}}"#),
    ("reReplaceAll.named", r#"{{reReplaceAll "(?P<x>[a-z]+)" "${x}!" "ab1cd"}}"#),
    ("stringSlice.len", r#"{{len (stringSlice "a" "b" "c")}}"#),
    ("date", r#"{{date "2006-01-02 15:04:05 MST" (index alerts 0 "startsAt")}}"#),
    ("date.rfc", r#"{{date "2006-01-02T15:04:05Z07:00" (index alerts 0 "startsAt")}}"#),
    ("tz", r#"{{date "2006-01-02 15:04:05 MST -0700 Mon Jan _2 3PM .000" (tz "Asia/Shanghai" (index alerts 0 "startsAt"))}}"#),
    ("tz.bad", r#"{{tz "Nope/Nope" (index alerts 0 "startsAt")}}"#),
    ("humanizeDuration.float", "{{humanizeDuration 0.0125}}"),
    ("humanizeDuration.str", r#"{{humanizeDuration "90061.5"}}"#),
    ("humanizeDuration.neg", "{{humanizeDuration -61}}"),
    ("humanizeDuration.12.3456", "{{humanizeDuration 12.3456}}"),
    ("humanizeDuration.bad", r#"{{humanizeDuration "x"}}"#),
    ("toJson.alert", "{{toJson (index alerts 0)}}"),
    ("toJson.str", r#"{{toJson "a<b>&\"c\" 运"}}"#),
    ("list", r#"{{toJson (list 1 "a" true)}}"#),
    ("list.empty", "{{toJson (list)}}"),
    ("append", "{{toJson (append (list 1) 2 3)}}"),
    ("dict.odd", r#"{{dict "a"}}"#),
    ("dict.nonstr", "{{dict 1 2}}"),
    ("Values", "{{print (values commonLabels)}}"),
    ("Remove.stringSlice", r#"{{#each (sortedPairs (remove commonLabels (stringSlice "job" "team")))}}{{#unless @first}}, {{/unless}}{{name}}={{value}}{{/each}}"#),
    ("Alerts.Firing.len", "{{len firing}}"),
    ("Alerts.Resolved.len", "{{len resolved}}"),
    ("missing label", "[{{commonLabels.nope}}]"),
    ("missing label in index", r#"[{{index commonLabels "nope"}}]"#),
    ("receiver", "{{receiver}}"),
    ("externalURL", "{{externalURL}}"),
    ("fingerprint", r#"{{index alerts 0 "fingerprint"}}"#),
    ("EndsAt.zero", r#"{{isZero (index alerts 0 "endsAt")}}"#),
    ("EndsAt raw", r#"{{format (index alerts 0 "endsAt") "2006-01-02 15:04:05.999999999 -0700 MST"}}"#),
    ("StartsAt raw", r#"{{format (index alerts 0 "startsAt") "2006-01-02 15:04:05.999999999 -0700 MST"}}"#),
    ("StartsAt.Unix", r#"{{unix (index alerts 0 "startsAt")}}"#),
    ("StartsAt.Format", r#"{{format (index alerts 0 "startsAt") "Jan 2"}}"#),
    ("EndsAt.Sub", r#"{{goDuration (subTime (index alerts 0 "endsAt") (index alerts 0 "startsAt"))}}"#),
    ("builtin.printf", r#"{{printf "%.2f %s %d %q" 1.5 "x" 3 "y"}}"#),
    ("builtin.html", r#"{{html "<a&b>"}}"#),
    ("builtin.js", r#"{{js "a'b\n<"}}"#),
    ("builtin.urlquery", r#"{{urlquery "a b&c/运"}}"#),
    ("builtin.len", "{{len commonLabels}}"),
    ("builtin.index", r#"{{index (stringSlice "a" "b") 1}}"#),
    ("builtin.and/or/not", r#"{{and true "x"}} {{or "" "y"}} {{not ""}}"#),
    ("builtin.eq multi", r#"{{eq "a" "b" "a"}}"#),
    ("builtin.ne lt le gt ge", "{{ne 1 2}}{{lt 1 2}}{{le 2 2}}{{gt 1 2}}{{ge 2 2}}"),
    ("builtin.println", r#"{{println "a" 1}}"#),
    ("range.else", "{{#each resolved}}x{{else}}none{{/each}}"),
    ("with.else", "{{#with commonLabels.nope}}x{{else}}none{{/with}}"),
    ("range.index", "{{#each alerts}}{{@index}}:{{labels.instance}} {{/each}}"),
    ("trim markers", r#"a {{~print " b "~}} c"#),
    ("default __subject", "{{> subject}}"),
    ("default __alertmanagerURL", "{{> alertmanagerURL}}"),
    ("default __text_alert_list", "{{#with firing}}{{> text_alert_list}}{{/with}}"),
    ("default __text_alert_list_markdown", "{{#with alerts}}{{> text_alert_list_markdown}}{{/with}}"),
    ("default msteams.default.text", MSTEAMS),
    ("default telegram.default.message", TELEGRAM),
    ("default wechat.default.message", WECHAT),
];

/// What Alertmanager's default templates share.
#[rustfmt::skip]
const PARTIALS: [(&str, &str); 4] = [
    ("subject", r#"[{{toUpper status}}{{#if (eq status "firing")}}:{{len firing}}{{/if}}] {{join " " (values groupLabels)}} {{#if (gt (len commonLabels) (len groupLabels))}}({{join " " (values (remove commonLabels (names groupLabels)))}}){{/if}}"#),
    ("alertmanagerURL", "{{externalURL}}/#/alerts?receiver={{urlquery receiver}}"),
    ("text_alert_list", r#"{{#each this}}{{println "Labels:"}}{{#each (sortedPairs labels)}} - {{name}} = {{println value}}{{/each}}{{println "Annotations:"}}{{#each (sortedPairs annotations)}} - {{name}} = {{println value}}{{/each}}Source: {{println generatorURL}}{{/each}}"#),
    ("text_alert_list_markdown", r#"{{#each this}}{{println "\nLabels:"}}{{#each (sortedPairs labels)}}  - {{name}} = {{println value}}{{/each}}{{println "\nAnnotations:"}}{{#each (sortedPairs annotations)}}  - {{name}} = {{println value}}{{/each}}{{print "\nSource: "}}{{println generatorURL}}{{/each}}{{println ""}}"#),
];

const MSTEAMS: &str = r#"{{println ""}}{{#with firing}}{{println "\n# Alerts Firing:"}}{{> text_alert_list_markdown}}{{println ""}}{{/with}}{{println ""}}{{#with resolved}}{{println "\n# Alerts Resolved:"}}{{> text_alert_list_markdown}}{{println ""}}{{/with}}{{println ""}}"#;
const TELEGRAM: &str = r#"{{println ""}}{{#with firing}}{{println "\nAlerts Firing:"}}{{> text_alert_list}}{{println ""}}{{/with}}{{println ""}}{{#with resolved}}{{println "\nAlerts Resolved:"}}{{> text_alert_list}}{{println ""}}{{/with}}{{println ""}}"#;
const WECHAT: &str = r#"{{> subject}}{{println ""}}{{println (join " " (values commonAnnotations))}}{{#with firing}}{{println "Alerts Firing:"}}{{> text_alert_list}}{{/with}}{{println ""}}{{#with resolved}}{{println "Alerts Resolved:"}}{{> text_alert_list}}{{/with}}{{println "\nAlertmanagerUrl:"}}{{> alertmanagerURL}}"#;

/// Cases that cannot be written so that they give the same, and why.
const IMPOSSIBLE: [(&str, &str); 0] = [];

/// The body that a case was rendered for.
pub(crate) fn body(data: &str) -> Notification {
    let mut body = notification(match data {
        "v0.33.1/01-firing-single.json" => fixture!("01-firing-single"),
        "v0.33.1/02b-resolved-single.json" => fixture!("02b-resolved-single"),
        "v0.33.1/03-firing-grouped-one-resolved.json" => fixture!("03-firing-grouped-one-resolved"),
        other => panic!("{other} is not here"),
    });
    if data.contains("grouped") {
        // This one was taken anew since: then it began at another time, and had a runbook.
        let runbook = ("runbook_url".to_owned(), "https://runbooks.example.test/HostDown".to_owned());
        body.common_annotations.extend([runbook.clone()]);
        for alert in &mut body.alerts {
            alert.starts_at = "2026-11-20T09:23:46.759Z".to_owned();
            alert.annotations.extend([runbook.clone()]);
        }
    }
    body
}

/// What the template writes about `data`.
fn written(template: &str, data: &str) -> Result<String, String> {
    let source = |(name, text): (&str, &str)| TemplateSource {
        name: name.to_owned(),
        text: text.to_owned(),
        origin: name.to_owned(),
    };
    let sources = PARTIALS.into_iter().chain([("case", template)]).map(source).collect();
    let library = Library::compile(Language::En, sources)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let now = Timestamp::UNIX_EPOCH;
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    // Alertmanager knows only UTC.
    let style = Style { time_zone: TimeZone::UTC, ..Style::default() };
    let written = library.written("case", &body(data), &style, &circumstances);
    written.map(|text| escape::plain(&text).into_owned()).map_err(|failure| failure.reason)
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/alertmanager/go-template-outputs.json");
    let outputs: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON");
    let cases: Vec<Case> = serde_json::from_value(outputs["cases"].clone()).expect("cases");
    assert_eq!(cases.len(), 192);
    cases
}

#[test]
fn what_go_templates_give_is_given() {
    let cases = cases();
    let templates = BTreeMap::from(TEMPLATES);
    let mut wrong = Vec::new();
    for Case { name, data, rc, stdout, .. } in &cases {
        if IMPOSSIBLE.iter().any(|(impossible, _)| impossible == name) {
            continue;
        }
        let Some(template) = templates.get(name.as_str()) else {
            wrong.push(format!("{name}: no template stands for it, and no reason why there is none"));
            continue;
        };
        let helper = name.split('.').next().unwrap_or_default();
        match written(template, data) {
            Ok(text) if *rc == 0 && text == *stdout => {}
            Err(message) if *rc != 0 && message.contains(&format!("{helper}: ")) => {}
            got => wrong.push(format!("{name}, {data}: {got:?} instead of {stdout:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
