//! What does not work before the migration, or cannot afterwards, is told with its place.

use super::*;

/// What fails there and is turned all the same: in Alertmanager it works.
const TURNED: &str = "12-method-of-firing-list";

/// What is told of each case: the first lines that say where and why.
fn told(case: &Path) -> String {
    match migrate(&case.join("config.yml")) {
        Ok(migration) => {
            if case.ends_with(TURNED) {
                assert!(migration.report.is_complete(), "{}", migration.report);
                return "turned".to_owned();
            }
            if migration.report.is_complete() {
                // What is wrong with the configuration beside its templates is told when the new one is loaded.
                let folder = tempfile::tempdir().expect("a folder");
                write(&migration, folder.path());
                let error = Config::load(&folder.path().join(CONFIGURATION)).expect_err(&case.display().to_string());
                return error.to_string().replace(&folder.path().display().to_string(), "");
            }
            let report = migration.report.to_string();
            let left: Vec<_> = report.lines().filter(|line| line.starts_with("    line ")).map(str::trim).collect();
            assert!(!left.is_empty(), "{}: no place:\n{report}", case.display());
            left.join("\n")
        }
        Err(error) => error.to_string().rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

#[test]
fn every_mistake_has_a_place_and_a_reason() {
    let cases = entries(&fixtures("migrate/broken"));
    let all: Vec<_> = cases.iter().map(|case| format!("{}: {}", name(case), told(case))).collect();
    assert_eq!(all.len(), 20);
    insta::assert_snapshot!(all.join("\n"), @r##"
    01-unclosed-action: line 4, column 24: one brace does not end an action: write }}
    line 1, column 1: there is no template "x.title": it may stand in a file that cannot be read as it is
    line 1, column 1: there is no template "x.text": it may stand in a file that cannot be read as it is
    02-unknown-function: line 4, column 25: there is no function humanizePercentage, neither in prometheus-webhook-dingtalk nor here: it may be one of a fork
    03-missing-end: line 2, column 1: the block has no {{end}}
    line 1, column 1: there is no template "x.title": it may stand in a file that cannot be read as it is
    line 1, column 1: there is no template "x.text": it may stand in a file that cannot be read as it is
    04-field-of-a-fork: line 5, column 10: an alert has no .Images, but .Status, .Labels, .Annotations, .StartsAt, .EndsAt, .GeneratorURL, .Fingerprint
    05-label-without-labels: line 4, column 4: an alert has no .alertname: a label is .Labels.alertname, an annotation .Annotations.alertname
    06-missing-template: line 3, column 1: there is no template "x.list": see that `templates` names the file that defines it
    07-undefined-variable: line 4, column 4: the variable $i is not declared
    line 1, column 1: there is no template "x.title": it may stand in a file that cannot be read as it is
    line 1, column 1: there is no template "x.text": it may stand in a file that cannot be read as it is
    08-number-against-string: line 3, column 26: gt compares a text with a number, which fails in Go: a label is a text, as in "5", or a number by (atoi .Labels.x)
    09-slice-of-a-string: line 3, column 23: slice cuts lists, not texts, in prometheus-webhook-dingtalk: write (substr 0 5 .Labels.x)
    10-unexpected-else: line 5, column 1: {{else}} in a definition belongs to no block
    line 1, column 1: there is no template "x.title": it may stand in a file that cannot be read as it is
    line 1, column 1: there is no template "x.text": it may stand in a file that cannot be read as it is
    11-single-quotes: line 3, column 18: '…' holds one character; a text stands in "…"
    line 1, column 1: there is no template "x.title": it may stand in a file that cannot be read as it is
    line 1, column 1: there is no template "x.text": it may stand in a file that cannot be read as it is
    12-method-of-firing-list: turned
    13-comment-not-closed: line 3, column 1: the comment has no */
    line 1, column 1: there is no template "x.title": it may stand in a file that cannot be read as it is
    line 1, column 1: there is no template "x.text": it may stand in a file that cannot be read as it is
    14-nested-define: line 3, column 20: {{define}} stands inside of another block: move it out, Go wants it at the top
    line 1, column 1: there is no template "x.title": it may stand in a file that cannot be read as it is
    line 1, column 1: there is no template "x.text": it may stand in a file that cannot be read as it is
    15-in-the-message: line 1, column 1: the block has no {{end}}
    16-env: line 3, column 56: the function env has no counterpart: templates cannot read the environment, where secrets stand: write the value into the template
    17-get-host-by-name: line 4, column 18: the function getHostByName has no counterpart: templates ask no network: put the address into a label or an annotation of the alert
    18-gen-private-key: line 3, column 18: the function genPrivateKey has no counterpart: templates have no cryptography: leave it out, or make the value before the alert is sent
    line 3, column 52: the function expandenv has no counterpart: templates cannot read the environment, where secrets stand: write the value into the template
    19-unknown-key: /dingbridge.yml:2:1: retries: unknown key; known are `allow_http`, `budget`, `ca_file`, `dedupe_window`, `default_message`, `escape`, `language`, `message_limit`, `no_builtin_template`, `proxy`, `proxy_file`, `senders`, `severity`, `storage`, `targets`, `template`, `templates`, `timeout`, `timezone`, `watchdog` and `web`
    20-random: line 3, column 4: the function randAlphaNum has no counterpart: a message is the same each time it is made, so that a repetition is known as one: leave it out
    line 3, column 25: the function uuidv4 has no counterpart: a message is the same each time it is made, so that a repetition is known as one: leave it out
    "##);
}
