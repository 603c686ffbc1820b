//! What Alertmanager's own engine made of Go templates: the same templates, turned, must give the same bytes.

use super::*;
use crate::render::golden::functions::{Case, body, cases};

/// The cases that give something else, by the beginning of their names, and why.
const OTHERS: [(&str, &str); 2] = [
    (
        "default ",
        "they call Alertmanager's own templates, which prometheus-webhook-dingtalk has not, or has with another text",
    ),
    (
        "Remove.stringSlice",
        "labels as a whole are a=b, c=d in Alertmanager, and map[a:b c:d] in prometheus-webhook-dingtalk",
    ),
];

/// What a turned template writes; nothing when it cannot be turned, loaded or rendered.
fn turned(template: &str, data: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let migration = migrated(template, folder.path());
    if !migration.report.is_complete() {
        return None;
    }
    write(&migration, folder.path());
    let config = Config::load(&folder.path().join(CONFIGURATION)).ok()?;
    let target = &config.targets["x"].lane;
    let now = Clock::system().now();
    let circumstances = Circumstances { target: "x", now, accepted_at: now, repeats: 0, digest_mentions: true };
    let text = target.style.text.as_deref().expect("a text of its own");
    target.library.written(text, &body(data), &target.style, &circumstances).ok()
}

#[test]
fn what_alertmanager_s_engine_gives_is_given() {
    let (mut wrong, mut others) = (Vec::new(), 0);
    for Case { name, template, data, rc, stdout } in cases() {
        let known = OTHERS.iter().any(|(other, _)| name.starts_with(other));
        let expected = (rc == 0).then_some(stdout);
        let got = turned(&template, &data);
        if got != expected && known {
            others += 1;
        } else if got != expected {
            wrong.push(format!("{name}, {data}: {got:?} instead of {expected:?}"));
        }
    }
    assert_eq!(others, 17, "of 192");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
