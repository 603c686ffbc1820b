use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::Config;
use crate::notification::{Alert, Labels, Notification, Sender, Status};
use crate::render::{Circumstances, Style};

#[test]
fn built_in_templates_are_known_however_they_are_called() {
    for suitable in [
        r#"{{ template "ding.link.content" . }}"#,
        "{{- template \"default.title\" . -}}\n",
        "{{> default.text}}",
        "{{>default.title}}",
    ] {
        assert_eq!(built_in(suitable), Some(None), "{suitable}");
    }
    assert_eq!(built_in("{{- template \"legacy.content\" . -}}\n"), Some(Some("legacy.text")));
    for other in [
        "{{ template \"mine\" . }}",
        "{{ template \"ding.link.title\" }}",
        "x",
        "{{> default.text}}x",
        "{{> default.text}}{{> default.text}}",
        "{{> legacy.text}}",
        "{{> event.text}}",
    ] {
        assert_eq!(built_in(other), None, "{other}");
    }
}

/// What is told of a configuration with these files beside it, without the folder's name.
fn told(config: &str, files: &[(&str, &[u8])]) -> String {
    let folder = folder(files);
    let file = folder.path().join("bridge.yml");
    fs::write(&file, config).expect("written");
    let error = Config::load(&file).expect_err("refused");
    error.to_string().replace(&folder.path().display().to_string(), "FOLDER")
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

/// A configuration whose only target has this text.
fn with_text(text: &str) -> String {
    format!("targets:\n  ops:\n    url: sandbox\n    message:\n      text: '{}'\n", text.replace('\'', "''"))
}

const FILES: &str = "templates: ['*.hbs']\ntargets: {ops: {url: sandbox}}\n";

#[test]
fn what_may_not_be_in_a_template_is_told_with_its_place_in_files_and_in_the_configuration() {
    let nested = "{{#if status}}".repeat(40) + &"{{/if}}".repeat(40);
    let deep = "{{#if status}}".repeat(200);
    let mut wrong = String::new();
    for template in [
        "x {{> nothing_like_it}}",
        "x {{#*inline \"a\"}}{{/inline}}",
        "x {{> (lookup commonLabels \"a\")}}",
        "x {{#> default.text}}{{/default.text}}",
        "x {{> @partial-block}}",
        &format!("x {nested}"),
        &format!("x {deep}"),
        "x {{#each alerts}}{{lables.a}}{{/each}}",
    ] {
        let split =
            |told: String| told.split_once(" of the template: ").map(|(at, what)| (at.to_owned(), what.to_owned()));
        let (in_file, what) = split(told(FILES, &[("mine.hbs", template.as_bytes())])).expect("a place");
        let (in_config, same) = split(told(&with_text(template), &[])).expect("a place");
        let place = in_config.strip_prefix("FOLDER/bridge.yml:5:13: targets.ops.message.text: ").expect("its place");
        assert_eq!(in_file, format!("FOLDER/bridge.yml: FOLDER/mine.hbs: {place}"));
        // What is in no message is not known as well as what is.
        assert!(what == same || what.contains("in them: did you mean"), "{what}");
        wrong.push_str(&format!("{place}: {same}\n"));
    }
    insta::assert_snapshot!(wrong, @r#"
    line 1, column 3: there is no template "nothing_like_it": add a file nothing_like_it.hbs to the templates
    line 1, column 3: decorators and inline partials ({{#*inline}}) are not supported: put the part into a file of its own and call it with {{> name}}
    line 1, column 3: the name of a partial must be written out: use {{#if}} to choose between {{> one}} and {{> other}}
    line 1, column 3: partials with a block ({{#> name}}…{{/name}}) are not supported: call {{> name}} and hand it values, as in {{> name text=labels.x}}
    line 1, column 3: @partial-block is not supported: hand the partial values instead
    line 1, column 451: blocks, sub-expressions and partials nest deeper than 32: make it flatter
    line 1, column 1403: blocks, sub-expressions and partials nest deeper than 32: make it flatter
    line 1, column 19: there is no field "lables" of an alert: did you mean "labels"?
    "#);
}

#[test]
fn templates_that_call_each_other_in_a_circle_are_told_with_their_files() {
    let files: [(&str, &[u8]); 2] = [("a.hbs", b"{{> b}}"), ("b.hbs", b"\n {{> a}}")];
    insta::assert_snapshot!(told(FILES, &files), @"FOLDER/bridge.yml: FOLDER/b.hbs: line 2, column 2 of the template: the partial calls itself: a → b → a; use {{#each}} to repeat something");
    let config = format!("templates: ['*.hbs']\n{}", with_text("{{> a}}"));
    assert_eq!(told(&config, &files), told(FILES, &files));
}

#[test]
fn two_files_of_one_name_are_told_with_both_paths() {
    let files: [(&str, &[u8]); 2] = [("one/a.hbs", b"1"), ("two/a.tmpl", b"2")];
    insta::assert_snapshot!(told("templates: ['one/*', 'two/*']\ntargets: {ops: {url: sandbox}}\n", &files), @"FOLDER/bridge.yml:1:22: templates[1]: FOLDER/one/a.hbs and FOLDER/two/a.tmpl have one name, a; rename one");
}

#[test]
fn a_file_that_is_not_utf_8_is_told_with_the_byte() {
    insta::assert_snapshot!(told(FILES, &[("mine.hbs", b"{{status}}\n\xB4\xC5\xC5\xCC")]), @"FOLDER/bridge.yml:1:13: templates[0]: FOLDER/mine.hbs is not UTF-8: the byte at offset 11, in line 2, belongs to no character; save the file as UTF-8, as with `iconv -f GB18030 -t UTF-8`");
    insta::assert_snapshot!(told(FILES, &[("mine.hbs", b"\xFF\xFE{\0{\0")]), @"FOLDER/bridge.yml:1:13: templates[0]: FOLDER/mine.hbs is not UTF-8: the byte at offset 0, in line 1, belongs to no character; save the file as UTF-8, as with `iconv -f UTF-16 -t UTF-8`");
}

/// Editors in Windows write a byte-order mark and carriage returns.
#[test]
fn a_chinese_template_from_windows_is_as_one_from_unix() {
    let unix = "{{#if firing}}\n告警：{{status}}\n{{#each firing}}\n- {{labels.alertname}}\n{{/each}}\n{{else}}\n恢复\n{{/if}}\n结束\n";
    let windows = format!("\u{FEFF}{}", unix.replace('\n', "\r\n"));
    let alert = Alert {
        status: Status::Firing,
        labels: Labels::from([("alertname".to_owned(), "磁盘".to_owned())]),
        annotations: Labels::new(),
        starts_at: String::new(),
        ends_at: String::new(),
        generator_url: String::new(),
        fingerprint: String::new(),
        severity: None,
    };
    let notification = Notification::new(Sender::Alertmanager, "{}".to_owned(), vec![alert]);
    let now = "2026-11-20T09:10:00Z".parse().expect("a time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    let shown = |text: &str| {
        let folder = folder(&[("mine.hbs", text.as_bytes())]);
        let text = read_text(&folder.path().join("mine.hbs")).expect("read");
        let source = TemplateSource { name: "mine".to_owned(), text, origin: "mine.hbs".to_owned() };
        let library = Library::compile(Language::Zh, vec![source]).expect("compiles");
        let style = Style { kind: Kind::Text, text: Some("mine".to_owned()), ..Style::default() };
        library.render(&notification, &style, &circumstances).message
    };
    insta::assert_snapshot!(shown(unix).text(), @"
    告警：firing
    - 磁盘
    结束
    ");
    assert_eq!(shown(&windows), shown(unix));
    let folder = folder(&[("mine.hbs", windows.as_bytes())]);
    Config::parse(FILES, folder.path()).expect("loads");
    assert_eq!(with_unix_lines("\u{FEFF}a\r\nb\n".to_owned()), "a\nb\n");
}
