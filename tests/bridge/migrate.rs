//! `dingbridge migrate`: from a configuration of prometheus-webhook-dingtalk to a bridge that says the same.
//!
//! What Go's engine writes stands in `tests/fixtures/migrate`; that each of its cases keeps every byte is tested beside the
//! code. Here a few of them go all the way: command, files, bridge, robot.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dingbridge::sandbox::Settings;
use http::StatusCode;
use tempfile::TempDir;

use crate::harness::{CANARY, DingTalk, Start, fixture};
use crate::program::{Run, run_in};

/// The robot of every target of the cases.
const ROBOT: &str = "https://oapi.dingtalk.com/robot/send?access_token=xxxxxxxx";

/// What fails in Go only when it is rendered, and works here.
const TURNED: &str = "12-method-of-firing-list";

fn case(name: &str) -> PathBuf {
    fixture("migrate/cases").join(name)
}

fn payload(name: &str) -> PathBuf {
    let own = fixture("migrate/payloads").join(format!("{name}.json"));
    if own.exists() { own } else { fixture("alertmanager/v0.33.1").join(format!("{name}.json")) }
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

/// What is in a folder, by name.
fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

/// Runs `dingbridge migrate` in a folder; no secret may be seen.
fn migrate(folder: &Path, args: &[&str]) -> Run {
    let told = run_in(folder, &[&["migrate"], args].concat(), "");
    assert!(!format!("{told:?}").contains(CANARY), "a secret: {told:?}");
    told
}

/// What it says of the migration, without what the check then says of its result.
fn report(told: &Run) -> &str {
    let (report, checked) = told.stdout.split_once("\n\nChecking './dingbridge.yml'  ").expect("a check of the result");
    assert!(checked.starts_with("SUCCESS\n"), "{told:?}");
    report
}

/// Migrates a case into a folder, where its files are copied first, so that no path depends on the machine.
fn migrated(folder: &TempDir, case: &Path) -> Run {
    let before = folder.path().join("before");
    std::fs::create_dir_all(before.join("templates")).expect("made");
    std::fs::copy(case.join("config.yml"), before.join("config.yml")).expect("copied");
    for name in names(case.join("templates")) {
        let name = Path::new("templates").join(name);
        std::fs::copy(case.join(&name), before.join(&name)).expect("copied");
    }
    migrate(folder.path(), &["before/config.yml", "-o", "."])
}

/// Starts a bridge on a migrated folder and posts to it what the incumbent was given: the group gets the same bytes.
async fn group_gets_what_go_wrote(folder: TempDir, case: &Path) {
    let dingtalk = DingTalk::start(Settings::default(), &[]).await;
    let mut config = String::new();
    for (number, part) in read(folder.path().join("dingbridge.yml")).split(ROBOT).enumerate() {
        if number > 0 {
            config.push_str(&dingtalk.url(&number.to_string()));
        }
        config.push_str(part);
    }
    let bridge = Start::new(config).in_folder(Arc::new(folder)).env("TZ", "UTC").ready().await;
    let mut sent = 0;
    for name in names(case.join("expected")).iter().filter_map(|name| name.strip_suffix(".text")) {
        let (body, target) = name.rsplit_once('.').expect("payload and target");
        // The bridge makes harmless what the one holds, and has nothing to tell of the other.
        if matches!(body, "odd-characters" | "no-alerts") {
            continue;
        }
        let answer = bridge.send(target, read(payload(body))).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {answer:?}");
        sent += 1;
        let seen = dingtalk.until_shown(sent).await[sent - 1].message().expect("a message");
        let expected = |half: &str| read(case.join(format!("expected/{name}.{half}")));
        assert_eq!(seen.title, expected("title"), "the title of {name} in {}", case.display());
        assert_eq!(seen.text, expected("text"), "the text of {name} in {}", case.display());
    }
    assert!(sent >= 2, "{sent} messages of {}", case.display());
}

#[test]
fn a_configuration_with_templates_becomes_a_folder() {
    let folder = folder();
    let told = migrated(&folder, &case("13-times"));
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    insta::assert_snapshot!(report(&told), @r#"
    before/templates/times.tmpl
      1: d.title → d.title.hbs
        note, line 1: the time is shown in UTC without saying so: {{date "%Y-%m-%d %H:%M:%S" startsAt}} shows it in the time zone of the configuration
      2: d.text → d.text.hbs
        note, line 3: the time is shown in UTC without saying so: {{date "%Y-%m-%d %H:%M:%S" startsAt}} shows it in the time zone of the configuration

    Wrote ./dingbridge.yml and 2 templates to ./templates.
    "#);
    assert_eq!(names(folder.path()), ["before", "dingbridge.yml", "templates"]);
    assert_eq!(names(folder.path().join("templates")), ["d.text.hbs", "d.title.hbs"]);
    insta::assert_snapshot!(read(folder.path().join("dingbridge.yml")), @"
    # Turned from before/config.yml by `dingbridge migrate`. README.md of dingbridge tells what else can be set.
    templates: ['templates/*.hbs']
    default_message:
      title: '{{> d.title}}'
      text: '{{> d.text}}'
    targets:
      webhook1:
        url: https://oapi.dingtalk.com/robot/send?access_token=xxxxxxxx
    ");
    insta::assert_snapshot!(read(folder.path().join("templates/d.title.hbs")), @r#"
    {{exact}}{{!-- From before/templates/times.tmpl, line 1.
    --}}{{#each alerts}}{{format startsAt "15:04"}} {{/each}}
    "#);
    let checked = run_in(folder.path(), &["check", "dingbridge.yml"], "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[tokio::test]
async fn a_migrated_bridge_says_what_the_old_one_said() {
    for name in ["06-trim-markers-everywhere", "13-times", "18-later-files-redefine", "26-block", "70-kubernetes"] {
        let (folder, case) = (folder(), case(name));
        let told = migrated(&folder, &case);
        assert_eq!(told.code, Some(0), "{name}: {told:?}");
        let checked = run_in(folder.path(), &["check", "dingbridge.yml"], "");
        assert_eq!(checked.code, Some(0), "{name}: {checked:?}");
        group_gets_what_go_wrote(folder, &case).await;
    }
}

/// A ConfigMap as people deploy the incumbent on Kubernetes: its configuration and templates side by side.
fn config_map(case: &Path) -> String {
    let mut map = "apiVersion: v1\nkind: Service\nmetadata: {name: dingtalk}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  \
                   name: dingtalk\ndata:\n"
        .to_owned();
    let mut entry = |name: &str, text: &str| {
        writeln!(map, "  {name}: |2").expect("a string");
        text.lines().for_each(|line| writeln!(map, "    {line}").expect("a string"));
    };
    entry("config.yml", &read(case.join("config.yml")));
    for name in names(case.join("templates")) {
        entry(&name, &read(case.join("templates").join(&name)));
    }
    map
}

#[tokio::test]
async fn a_config_map_is_taken_as_it_is() {
    let (folder, case) = (folder(), case("22-configmap-indentation"));
    write(folder.path(), "configmap.yml", &config_map(&case));
    let told = migrate(folder.path(), &["configmap.yml", "-o", "."]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    insta::assert_snapshot!(report(&told), @"
    configmap.yml: default.tmpl
      1: __k8s_list → __k8s_list.hbs
        note, line 4: an alert without namespace leaves an empty place: ask with {{#if}} first
      11: k8s.title → k8s.title.hbs
      12: k8s.text → k8s.text.hbs

    Wrote ./dingbridge.yml and 3 templates to ./templates.
    ");
    group_gets_what_go_wrote(folder, &case).await;
}

#[test]
fn what_is_left_is_told_with_its_line_and_the_exit_code() {
    for case in names(fixture("migrate/broken")) {
        if case == TURNED {
            continue;
        }
        let folder = folder();
        let told = migrated(&folder, &fixture("migrate/broken").join(&case));
        assert_eq!(told.code, Some(1), "{case}: {told:?}");
        let placed = told.stdout.contains("\n! ") && told.stdout.contains("    line ");
        // What is no key in the incumbent is none here.
        let refused = told.stdout.contains("dingbridge.yml:2:1: retries: unknown key");
        assert!(placed || (refused && case == "19-unknown-key"), "{case}: {told:?}");
    }
    let folder = folder();
    let told = migrated(&folder, &fixture("migrate/broken/16-env"));
    insta::assert_snapshot!(report(&told), @"
    before/templates/x.tmpl
      1: x.title → x.title.hbs
    ! 2: x.text → x.text.hbs
        line 3, column 56: the function env has no counterpart: templates cannot read the environment, where secrets stand: write the value into the template

    Wrote ./dingbridge.yml and 2 templates to ./templates.
    1 turned, 1 not, or only in part: see the lines that begin with !
    ");
}

#[test]
fn nothing_is_overwritten_unless_it_is_asked_for() {
    let folder = folder();
    let path = folder.path();
    let config = case("13-times").join("config.yml").display().to_string();
    assert_eq!(migrate(path, &[&config]).code, Some(0));
    assert_eq!(names(path.join("migrated")), ["dingbridge.yml", "templates"]);

    write(path, "migrated/templates/d.text.hbs", "mine");
    std::fs::remove_file(path.join("migrated/templates/d.title.hbs")).expect("removed");
    let told = migrate(path, &[&config, "--output=migrated"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert_eq!(
        told.stderr,
        "dingbridge: migrated/dingbridge.yml exists already: name another folder with -o, or write over it with --force\n"
    );
    assert_eq!(names(path.join("migrated/templates")), ["d.text.hbs"], "all or nothing");
    assert_eq!(read(path.join("migrated/templates/d.text.hbs")), "mine");

    assert_eq!(migrate(path, &[&config, "-o", "other/folder"]).code, Some(0));
    assert_eq!(migrate(path, &[&config, "--force"]).code, Some(0));
    for name in ["dingbridge.yml", "templates/d.text.hbs", "templates/d.title.hbs"] {
        assert_eq!(read(path.join("migrated").join(name)), read(path.join("other/folder").join(name)));
    }

    write(path, "file", "");
    let told = migrate(path, &[&config, "-o", "file"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("cannot write file: "), "{told:?}");
}

#[test]
fn verify_shows_what_payloads_become() {
    let folder = folder();
    let [firing, resolved] =
        ["01-firing-single", "02b-resolved-single"].map(|name| payload(name).display().to_string());
    let config = case("70-kubernetes").join("config.yml").display().to_string();
    let told = migrate(folder.path(), &[&config, "--verify", &firing, &resolved]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    let shown = told.stdout.split_once("── webhook1: ").expect("a message").1;
    insta::assert_snapshot!(shown.replace(&firing, "FIRING").replace(&resolved, "RESOLVED"), @"
    FIRING ──
    size      564 of 19500 bytes, 1 message
    mentions  nobody

    1 条告警: HostDown
    ───────────────

    firing ‹https://img.example.test/firing.png›

    1 条正在告警
    ────────────────────────────────────────────────────────────────────────────────

    发生时间 2026.11.20 17:23:45

    概要 10.0.0.1:9100 is down

    详情 Host 10.0.0.1:9100 has been unreachable for 5m.

    图表 打开 📈 ‹http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1›

    • alertname → HostDown
    • cluster → cn-hangzhou-1
    • instance → 10.0.0.1:9100
    • scn → single
    • team → infra

    ── webhook1: RESOLVED ──
    size      268 of 19500 bytes, 1 message
    mentions  nobody

    恢复: HostDown
    ────────────

    1 条已经恢复
    ────────────────────────────────────────────────────────────────────────────────

    发生时间 2026.11.20 17:23:45

    恢复时间 2026.11.20 17:24:15

    概要 10.0.0.1:9100 is down
    ");

    write(folder.path(), "odd.json", "{\"nothing\": 1}");
    for (payload, words) in
        [("nosuch.json", "cannot read nosuch.json: No such file"), ("odd.json", "odd.json: line 1 column 1: ")]
    {
        let told = migrate(folder.path(), &[&config, "--force", "--verify", payload]);
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.stderr.contains(words), "{words} in {told:?}");
    }
}

#[test]
fn what_cannot_be_read_is_told_without_its_values() {
    let folder = folder();
    let path = folder.path();
    let robot = "targets:\n  ops:\n    url: https://oapi.dingtalk.com/robot/send?access_token=canary\n";
    write(path, "bracket.yml", &format!("{robot}    secret: [SECcanary\n"));
    write(path, "colon.yml", &format!("{robot}    secret: SECcanary: x\n"));
    write(path, "twice.yml", &format!("{robot}    secret: SECcanary\n    secret: SECcanary\n"));
    write(path, "other.yml", "groups: [canary]\n");
    write(path, "map.yml", "kind: ConfigMap\ndata: {a.tmpl: canary}\n");
    std::fs::write(path.join("latin.yml"), b"targets: {ops: {url: canary\xe9}}\n").expect("written");
    for (file, words) in [
        ("nosuch.yml", "cannot read nosuch.yml: No such file"),
        (".", "cannot read .: Is a directory"),
        ("bracket.yml", "bracket.yml: line 4, column 13: unclosed bracket"),
        ("colon.yml", "colon.yml: line 4, column 22: mapping values are not allowed"),
        ("twice.yml", "twice.yml: line 5, column 5: "),
        ("other.yml", "other.yml: there are no `targets` in it: name the configuration"),
        ("map.yml", "map.yml: there are no `targets` in it: name the configuration"),
        ("latin.yml", "cannot read latin.yml: it is not UTF-8 from byte 27 on"),
    ] {
        let told = migrate(path, &[file]);
        assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{file}: {told:?}");
        assert!(told.stderr.contains(words), "{words} in {told:?}");
        assert!(!path.join("migrated").exists(), "{file}");
    }
    for args in [&[][..], &["nosuch.yml", "--verify"], &["nosuch.yml", "another.yml"]] {
        assert_eq!(migrate(path, args).code, Some(2), "{args:?}");
    }

    // What can be read but not used is told once it is written, with the place in the new file.
    write(path, "unusable.yml", "targets:\n  ops:\n    url: canary\n    secret: SECcanary\n    nosuch: canary\n");
    let told = migrate(path, &["unusable.yml"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    for words in
        ["Checking 'migrated/dingbridge.yml'  FAILED\n", ": targets.ops.url: ", ": targets.ops.nosuch: unknown key"]
    {
        assert!(told.stdout.contains(words), "{words} in {told:?}");
    }
}

#[test]
fn a_configuration_of_ours_with_a_go_template_keeps_the_rest() {
    let folder = folder();
    let robot = "https://oapi.dingtalk.com/robot/send?access_token=canary";
    let config = format!(
        "timezone: Asia/Shanghai\nlanguage: zh\ndedupe_window: 5m\ntargets:\n  ops:\n    robots:\n      \
         - {{url: '{robot}-1', secret: SECcanary, rate_limit: 10/1m}}\n      - {{url: '{robot}-2'}}\n    \
         tokens: [canary-one]\n    digest: {{mode: never, max_parts: 2}}\n    \
         mention: {{mobiles: ['13800000000'], when: [firing]}}\n    fallback: dba\n    message:\n      type: text\n      \
         text: |\n        {{{{ range .Alerts }}}}\n        - {{{{ .Labels.alertname | toUpper }}}}\n        {{{{ end }}}}\n  \
         dba:\n    url: {robot}-3\n    keyword: '告警: x'\n"
    );
    write(folder.path(), "ours.yml", &config);
    let told = migrate(folder.path(), &["ours.yml", "-o", "."]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    assert!(told.stdout.starts_with("ours.yml:16: targets.ops.message.text\n  → target.ops.text.hbs\n"), "{told:?}");
    insta::assert_snapshot!(read(folder.path().join("dingbridge.yml")).replace(CANARY, "(a secret)"), @"
    # Turned from ours.yml by `dingbridge migrate`. README.md of dingbridge tells what else can be set.
    timezone: Asia/Shanghai
    language: zh
    dedupe_window: 5m
    templates: ['templates/*.hbs']
    targets:
      ops:
        robots:
          - url: https://oapi.dingtalk.com/robot/send?access_token=(a secret)-1
            secret: SEC(a secret)
            rate_limit: 10/1m
          - url: https://oapi.dingtalk.com/robot/send?access_token=(a secret)-2
        tokens: [(a secret)-one]
        digest:
          mode: never
          max_parts: 2
        mention:
          mobiles: ['13800000000']
          when: [firing]
        fallback: dba
        message:
          type: text
          text: '{{> target.ops.text}}'
      dba:
        url: https://oapi.dingtalk.com/robot/send?access_token=(a secret)-3
        keyword: '告警: x'
    ");
    insta::assert_snapshot!(read(folder.path().join("templates/target.ops.text.hbs")), @"
    {{exact}}{{!-- From ours.yml:16: targets.ops.message.text.
    --}}{{#each alerts}}
    - {{toUpper labels.alertname}}
    {{/each}}
    ");
    let checked = run_in(folder.path(), &["check", "dingbridge.yml"], "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn go_templates_are_refused_wherever_they_stand() {
    let folder = folder();
    let path = folder.path();
    write(path, "go.tmpl", "告警\n  {{ define \"x\" }}{{ .Status }}{{ end }}\n");
    let config = "templates: [go.tmpl]\ndefault_message:\n  title: '{{ template \"x\" . }}'\ntargets:\n  ops:\n    url: sandbox\n    \
                  message:\n      title: '{{ .Status | toUpper }}'\n      text: |-\n        one\n        \
                  {{ range $i, $alert := .Alerts }}{{ $i }}{{ end }}\n  dba: {url: sandbox}\n";
    write(path, "dingbridge.yml", config);
    for args in [&["check", "dingbridge.yml"][..], &["serve"], &["render", "--target=ops", "--sample=one"]] {
        let told = run_in(path, args, "");
        assert_eq!(told.code, Some(1), "{told:?}");
        let told = told.stdout + &told.stderr;
        for place in [
            "dingbridge.yml: go.tmpl: line 2, column 3 of the template: ",
            "dingbridge.yml:3:10: default_message.title: line 1, column 1 of the template: ",
            "dingbridge.yml:8:14: targets.ops.message.title: line 1, column 1 of the template: ",
            "dingbridge.yml:10:9: targets.ops.message.text: line 2, column 1 of the template: ",
        ] {
            let line = format!(
                "{place}this is a Go template; dingbridge uses Handlebars. `dingbridge migrate` turns it into one"
            );
            assert!(told.contains(&line), "{line} in {told}");
        }
    }
}
