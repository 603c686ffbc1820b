//! `dingbridge test`: messages that are compared with those expected of them.

use std::path::Path;

use tempfile::TempDir;

use crate::harness::payload;
use crate::program::{Run, run_in};

const TWO: &str = "timezone: UTC\ntemplates: ['*.hbs']\ntargets:\n  ops: {url: sandbox, mention: {mobiles: ['13800000000']}, message: {title: '{{names alerts}}', text: '{{> mine}}'}}\n  dba: {url: sandbox}\n";

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for name in ["messages/ops", "messages/dba"] {
        std::fs::create_dir_all(folder.path().join(name)).expect("made");
    }
    write(folder.path(), "dingbridge.yml", TWO);
    write(
        folder.path(),
        "mine.hbs",
        "{{status}}  \nsince {{#each alerts}}{{date startsAt}}, {{ago startsAt}}{{/each}}\n",
    );
    write(folder.path(), "messages/ops/firing.json", &payload("HostDown", "firing"));
    write(folder.path(), "messages/dba/words.json", "a few words");
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

fn test(folder: &TempDir, args: &[&str]) -> Run {
    run_in(folder.path(), &[&["test"], args].concat(), "")
}

#[test]
fn what_is_expected_is_written_and_then_compared() {
    let folder = folder();
    let told = test(&folder, &["messages"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert_eq!(
        told.stdout,
        "FAILED   messages/dba/words.json: there is no messages/dba/words.expected.md; --update writes it\n\
         FAILED   messages/ops/firing.json: there is no messages/ops/firing.expected.md; --update writes it\n"
    );
    assert_eq!(told.stderr, "dingbridge: 2 of 2 are not as expected\n");

    let told = test(&folder, &["--update", "messages"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(told.stdout, "written  messages/dba/words.json\nwritten  messages/ops/firing.json\n");
    let expected = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("written");
    insta::assert_snapshot!(expected("messages/dba/words.expected.md"), @"
    ---
    message: 1 of 1
    type: text
    mentions: nobody
    ---
    a few words
    ");
    insta::assert_snapshot!(expected("messages/ops/firing.expected.md").replace("  \n", "··\n"), @"
    ---
    message: 1 of 1
    type: markdown
    title: HostDown
    mentions: 13800000000
    ---
    firing··
    since 2026-11-20 09:00:00, 1m

    @13800000000
    ");

    let told = test(&folder, &["messages"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    assert_eq!(told.stdout, "ok       messages/dba/words.json\nok       messages/ops/firing.json\n");
}

#[test]
fn what_differs_is_shown() {
    let folder = folder();
    assert_eq!(test(&folder, &["--update", "messages"]).code, Some(0));
    write(folder.path(), "mine.hbs", "{{status}}\nsince\n");
    let told = test(&folder, &["messages"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    insta::assert_snapshot!(told.stdout.replace("\n \n", "\n\n"), @"
    ok       messages/dba/words.json
    FAILED   messages/ops/firing.json:
    --- messages/ops/firing.expected.md
    +++ rendered
    @@ -4,7 +4,7 @@
     title: HostDown
     mentions: 13800000000
     ---
    -firing··
    -since 2026-11-20 09:00:00, 1m
    +firing
    +since

     @13800000000
    ");
    assert_eq!(told.stderr, "dingbridge: 1 of 2 are not as expected\n");
    write(folder.path(), "mine.hbs", "{{duration commonLabels}}");
    for args in [&["messages"][..], &["--update", "messages"]] {
        let told = test(&folder, args);
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.stdout.contains("firing.json: template \"mine\", line 1, column 1: duration:"), "{told:?}");
    }
}

#[test]
fn what_cannot_be_compared_is_told() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("messages/nosuch")).expect("made");
    write(folder.path(), "messages/nosuch/a.json", "words");
    write(folder.path(), "messages/ops/broken.json", "{\"unknown\": 1}");
    write(folder.path(), "messages/ops/gone.expected.md", "");
    write(folder.path(), "messages/loose.json", "words");
    let told = test(&folder, &["--update", "messages"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    for line in [
        "FAILED   messages/loose.json: which target is it for? Put it into a folder of the target's name, or give --target\n",
        "FAILED   messages/nosuch/a.json: there is no target nosuch; there are dba, ops\n",
        "FAILED   messages/ops/broken.json: the payload: line 1 column 1: JSON of no known sender",
        "FAILED   messages/ops/gone.expected.md: there is no payload beside it; delete it, or give it one\n",
    ] {
        assert!(told.stdout.contains(line), "{line} in {told:?}");
    }
    assert_eq!(told.stderr, "dingbridge: 4 of 6 are not as expected\n");

    let told = test(&folder, &["--target=dba", "--update", "messages"]);
    assert_eq!(told.stderr, "dingbridge: 2 of 6 are not as expected\n", "{told:?}");
    std::fs::create_dir(folder.path().join("empty")).expect("made");
    let told = test(&folder, &["empty"]);
    assert!(
        told.code == Some(1) && told.stderr.contains("no payload in empty; put what a sender posts into"),
        "{told:?}"
    );
    let told = test(&folder, &["nosuch"]);
    assert!(told.code == Some(1) && told.stderr.contains("cannot read nosuch: No such file"), "{told:?}");
}

#[test]
fn one_target_needs_no_folder() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "dingbridge.yml", "timezone: UTC\ntargets:\n  ops: {url: sandbox}\n");
    write(folder.path(), "firing.json", &payload("HostDown", "firing"));
    assert_eq!(test(&folder, &["--update", "."]).code, Some(0));
    let told = test(&folder, &["."]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(0), "ok       ./firing.json\n"), "{told:?}");
}
