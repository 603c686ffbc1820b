//! No template and no configuration makes the migration panic, abort or run away, and what it makes can be loaded.

use proptest::prelude::*;

use super::*;

/// Texts that are nearly Go templates.
fn templates() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "if .Status",
        "if eq .Status \"firing\"",
        "else if .Receiver",
        "else",
        "end",
        "end",
        "end",
        "range .Alerts",
        "range $i, $x := .Alerts.Firing",
        "range .CommonLabels.SortedPairs",
        "with .CommonLabels.Remove .GroupLabels.Names",
        "template \"x\" .",
        "template \"default.content\" .",
        "define \"x\"",
        "$v := .Status",
        "$v = \"a\"",
        "$v",
        "$",
        ".",
        ".Name",
        ".Labels.this",
        ".Labels.a | upper | printf \"%s\"",
        "break",
        "continue",
        ".StartsAt.Format \"15:04\"",
        "(.EndsAt.Sub .StartsAt).Hours",
        "index .Alerts 0",
        "dict \"a\" .",
        "list 1 2.5 nil true",
        "\"{{\"",
        "/* }} */",
        "- .Status -",
        "len (index .Alerts 0).Labels",
        "block \"b\" .Alerts",
        "env \"X\"",
        "28800e9",
        "'x'",
        "print . $",
    ]);
    let piece = prop_oneof![
        5 => word.prop_map(|word| format!("{{{{{word}}}}}")),
        2 => "[a-z \\n{}\\\\]{0,5}".prop_map(String::from),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// A template whose blocks are closed, so that more of it is turned.
fn closed(text: &str) -> String {
    let opened = ["{{if", "{{range", "{{with", "{{define", "{{block"]
        .iter()
        .map(|word| text.matches(word).count())
        .sum::<usize>();
    let ended = text.matches("{{end}}").count();
    text.to_owned() + &"{{end}}".repeat(opened.saturating_sub(ended))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_is_turned_can_be_loaded_and_rendered(text in templates()) {
        let folder = tempfile::tempdir().expect("a folder");
        let migration = migrated(&closed(&text), folder.path());
        if migration.report.is_complete() {
            let config = load(&migration, folder.path());
            let lane = &config.targets["x"].lane;
            let now = Clock::system().now();
            let circumstances = Circumstances { target: "x", now, accepted_at: now, repeats: 0, digest_mentions: true };
            lane.library.render(&payload("03-firing-grouped-one-resolved"), &lane.style, &circumstances);
        }
    }

    #[test]
    fn no_configuration_makes_it_panic(text in any::<String>(), yaml in "(targets:\n|  [a-z]:\n|    url: x\n|    message: \\{title: '\\{\\{[.A-Z ]*\\}\\}'\\}\n|kind: ConfigMap\n|data:\n|  c: \\|\n|---\n|templates: \\[[*]\\]\n|- [a-z]\n){0,12}") {
        let folder = tempfile::tempdir().expect("a folder");
        for config in [text, yaml] {
            let path = folder.path().join("config.yml");
            std::fs::write(&path, config).expect("a file");
            let _ = migrate(&path);
        }
    }
}

#[test]
fn a_template_that_calls_itself_with_ever_more_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    for argument in ["dict \"x\" .", "list ."] {
        let text =
            format!("{{{{define \"a\"}}}}{{{{template \"a\" ({argument})}}}}{{{{end}}}}x{{{{template \"a\" .}}}}");
        let migration = migrated(&text, folder.path());
        assert!(migration.report.to_string().contains("cannot call itself here"), "{}", migration.report);
    }
}
