//! The commands beside `serve`, as a person types them.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use dingbridge::sandbox::{Fault, Settings};
use http::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{CANARY, DingTalk, canary, payload};
use crate::program::{Run, program, run, run_in, start};
use crate::wire::ask;

fn folder(config: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "dingbridge.yml", config);
    write(folder.path(), "firing.json", &payload("HostDown", "firing"));
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

/// Every secret of these configurations holds the word that must not be seen.
fn quiet(run: &Run) {
    assert!(!format!("{run:?}").contains(CANARY), "a secret: {run:?}");
}

const SANDBOX: &str = "targets:\n  ops: {url: sandbox, secret: SECcanary, mention: {mobiles: ['13800000000']}}\n";

#[test]
fn every_command_explains_itself() {
    for command in ["serve", "demo", "check", "render", "test", "migrate", "send", "outbox", "sandbox"] {
        let told = run(&[command, "--help"]);
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stdout.contains("Usage: dingbridge ") && told.stderr.is_empty(), "{told:?}");
    }
    for flag in ["--help", "-h"] {
        let told = run(&[flag]);
        assert_eq!(told.code, Some(0), "{told:?}");
        for flag in ["--config.file", "--web.listen-address", "--web.enable-lifecycle", "--log.level", "--storage.path"]
        {
            assert!(told.stdout.contains(flag), "{flag} in {told:?}");
        }
        assert!(told.stdout.lines().all(|line| line.chars().count() <= 100), "{told:?}");
    }
    let told = run(&["--version"]);
    assert_eq!((told.code, told.stdout), (Some(0), format!("dingbridge {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_variable_for_serve_does_not_get_in_the_way_of_other_commands() {
    let folder = folder(SANDBOX);
    let file = folder.path().join("dingbridge.yml").display().to_string();
    for args in [&["check", file.as_str()][..], &["render", "--target=ops", "firing.json"], &["--version"]] {
        let mut command = program(args);
        command.current_dir(folder.path()).env("DINGBRIDGE_CONFIG_FILE", &file);
        command.env("DINGBRIDGE_WEB_LISTEN_ADDRESS", "127.0.0.1:0").env("DINGBRIDGE_LOG_LEVEL", "debug");
        let told = crate::program::finish(&mut command, "");
        assert_eq!(told.code, Some(0), "{args:?}: {told:?}");
    }
}

#[test]
fn check_tells_of_each_file_whether_it_can_be_used() {
    let folder = folder(SANDBOX);
    write(folder.path(), "bad.yml", "targets:\n  ops: {url: canary}\n");
    let good = run_in(folder.path(), &["check", "dingbridge.yml"], "");
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.stdout.starts_with("Checking 'dingbridge.yml'  SUCCESS\n"), "{good:?}");
    assert!(good.stdout.contains(" - target ops: markdown, signed, at most 20/1m, open to anybody"), "{good:?}");
    assert!(good.stderr.is_empty(), "{good:?}");
    let both = run_in(folder.path(), &["check", "bad.yml", "dingbridge.yml", "nosuch.yml"], "");
    assert_eq!(both.code, Some(1));
    for line in [
        "Checking 'bad.yml'  FAILED\n  bad.yml:2:14: targets.ops.url: expected https://",
        "Checking 'dingbridge.yml'  SUCCESS\n",
        "Checking 'nosuch.yml'  FAILED\n  cannot read nosuch.yml\n  No such file",
    ] {
        assert!(both.stdout.contains(line), "{line:?} in {both:?}");
    }
    assert_eq!(both.stderr, "dingbridge: 2 of 3 configurations cannot be used\n");
    quiet(&good);
    quiet(&both);
}

#[test]
fn check_tells_what_becomes_of_the_samples() {
    let alike = (1..=100).map(|number| format!("  t{number}: {{url: sandbox, message: {{text: '{{{{> mine}}}}'}}}}\n"));
    let folder =
        folder(&format!("templates: ['*.hbs']\ntargets:\n  ops: {{url: sandbox}}\n{}", alike.collect::<String>()));
    write(folder.path(), "mine.hbs", "| {{status}} |\n|---|\n| x |\n");
    let told = run_in(folder.path(), &["check", "dingbridge.yml"], "");
    assert_eq!(told.code, Some(0), "{told:?}");
    let notes: Vec<_> = told.stdout.lines().filter(|line| line.contains("samples")).collect();
    let [note, summary] = notes[..] else { panic!("{}", told.stdout) };
    assert_eq!(
        note,
        " - note: t1, t10, t100, t11, t12 and 95 more: a table; phones show it as words and bars. Use a list (in 20 of 22 \
         samples, such as one)"
    );
    assert!(
        summary.starts_with(" - 22 samples become ") && summary.ends_with(" in at most 1 message, shortened: long"),
        "{summary}"
    );

    let told = run_in(folder.path(), &["check", "--verbose", "dingbridge.yml"], "");
    let (_, tables) = told.stdout.split_once(summary).expect("the same");
    assert!(tables.starts_with("\nops:\n  one "), "{tables}");
    for line in ["t1, t10, t100, t11, t12 and 95 more:", " bytes, 1 message, calls nobody, shortened\n"] {
        assert!(tables.contains(line), "{line} in {tables}");
    }

    write(folder.path(), "mine.hbs", "{{#each alerts}}\n{{duration labels}}\n{{/each}}");
    let told = run_in(folder.path(), &["check", "-v", "dingbridge.yml"], "");
    assert_eq!(told.code, Some(1), "{told:?}");
    let failure = "  targets.t1, t10, t100, t11, t12 and 95 more: sample one: template \"mine\", line 2, column 1: ";
    assert!(told.stdout.contains(failure) && !told.stdout.contains("targets.t11:"), "{}", told.stdout);
}

#[test]
fn render_shows_what_the_group_would_see() {
    let folder = folder(SANDBOX);
    let person = run_in(folder.path(), &["render", "--target", "ops", "firing.json"], "");
    assert_eq!(person.code, Some(0), "{person:?}");
    for words in [
        "sender    alertmanager: `alerts`, and no other sender's marks\n",
        " bytes, 1 message\n",
        "mentions  13800000000\n",
        "HostDown",
    ] {
        assert!(person.stdout.contains(words), "{words:?} in {person:?}");
    }
    let json = run_in(folder.path(), &["render", "--target=ops", "--json", "firing.json"], "");
    assert_eq!(json.stdout.lines().count(), 1, "{json:?}");
    let body: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((&body["msgtype"], &body["at"]["atMobiles"][0]), (&"markdown".into(), &"13800000000".into()));
    assert_eq!(body["msgUuid"], "00000000-0000-0000-0000-000000000000");

    let payload = payload("HostDown", "firing");
    let from_input = run_in(folder.path(), &["render", "--target=ops", "--json"], &payload);
    let from_dash =
        run_in(folder.path(), &["render", "--target=ops", "--sender=alertmanager", "--json", "-"], &payload);
    assert_eq!((&from_input.stdout, &from_dash.stdout), (&json.stdout, &json.stdout));

    write(
        folder.path(),
        "table.yml",
        "targets:\n  ops: {url: sandbox, message: {text: \"<b>x</b>\\n\\n| a |\\n|---|\"}}\n",
    );
    let told = run_in(folder.path(), &["render", "--target=ops", "--config.file=table.yml", "firing.json"], "");
    for note in ["note      line 1 of the text: <b>; of HTML", "note      line 3 of the text: a table; phones show"] {
        assert!(told.stdout.contains(note), "{note} in {told:?}");
    }

    for (args, input, code, words) in [
        (&["render", "--target=dba", "firing.json"][..], "", 1, "dingbridge.yml has no target dba; it has ops"),
        (&["render", "--target=ops", "nosuch.json"], "", 1, "cannot read nosuch.json: No such file"),
        (&["render", "--target=ops"], "{", 1, "-: line 1 column 1: EOF"),
        (
            &["render", "--target=ops", "--sender=nosuch"],
            "{}",
            2,
            "no such sender; known are alertmanager, grafana, cloudmonitor, rulehit",
        ),
        (&["render", "--target=ops", "--config.file=nosuch.yml"], "{}", 1, "cannot read nosuch.yml: No such file"),
    ] {
        let told = run_in(folder.path(), args, input);
        assert_eq!(told.code, Some(code), "{args:?}: {told:?}");
        assert!(told.stderr.contains(words) && told.stdout.is_empty(), "{words:?} in {told:?}");
    }
    for run in [person, json] {
        quiet(&run);
    }
}

#[test]
fn render_writes_a_page_that_looks_like_the_phone() {
    let folder = folder(SANDBOX);
    let odd = payload("<script>alert(1)</script>", "firing");
    for (input, words) in [(&payload("HostDown", "firing"), "HostDown"), (&odd, "script&gt;alert")] {
        let told = run_in(folder.path(), &["render", "--target=ops", "--html=phone.html"], input);
        assert_eq!(told.code, Some(0), "{told:?}");
        let page = std::fs::read_to_string(folder.path().join("phone.html")).expect("written");
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains(words), "{words} in {page}");
        assert!(page.contains("default-src 'none'") && page.contains("calls 13800000000"), "{page}");
        for never in ["<script", "src=", "url(", "@import", "refresh"] {
            assert!(!page.contains(never), "{never} in {page}");
        }
        quiet(&told);
    }
    let told = run_in(folder.path(), &["render", "--target=ops", "--html=nosuch/phone.html", "firing.json"], "");
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("cannot write nosuch/phone.html: No such file"), "{told:?}");
}

#[test]
fn render_takes_samples() {
    let folder = folder(SANDBOX);
    for (sample, words) in
        [("firing", "HostDown"), ("ocp", "sender    ocp:"), ("long", "shortened by"), ("odd", "名字 🔥")]
    {
        let told = run_in(folder.path(), &["render", "--target=ops", "--sample", sample], "");
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stdout.contains(words), "{words} in {told:?}");
    }
    let told = run_in(folder.path(), &["render", "--target=ops", "--sample=list"], "");
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("firing, mixed, resolved") && told.stderr.contains("uptimekuma"), "{told:?}");
    let told = run_in(folder.path(), &["render", "--target=ops", "--sample=firing", "firing.json"], "");
    assert_eq!(told.code, Some(2), "{told:?}");
}

#[tokio::test]
async fn render_watches_all_that_it_reads() {
    let folder = folder("templates: ['*.hbs']\ntargets:\n  ops: {url: sandbox, message: {text: '{{> mine}}'}}\n");
    let path = folder.path();
    write(path, "mine.hbs", "first");
    let page = || std::fs::read_to_string(path.join("phone.html")).unwrap_or_default();
    let args = ["render", "--target=ops", "--watch", "--html=phone.html", "firing.json"];
    let mut watching = start(program(&args).current_dir(path));
    watching.until_out("first").await;
    assert!(page().contains("first") && page().contains("http-equiv=\"refresh\""), "{}", page());

    write(path, "mine.hbs", "second {{names alerts}}");
    watching.until_out("second HostDown").await;
    write(path, "firing.json", &payload("DiskFull", "firing"));
    watching.until_out("second DiskFull").await;
    // What is broken is told, and mended it goes on.
    write(path, "mine.hbs", "{{#if}}");
    watching.until_err("mine.hbs: line 1").await;
    assert!(page().contains("mine.hbs: line 1"), "{}", page());
    write(path, "mine.hbs", "{{duration commonLabels}}");
    watching.until_out("failed    template \"mine\", line 1, column 1:").await;
    write(path, "mine.hbs", "third");
    watching.until_out("third").await;
    write(path, "dingbridge.yml", "targets:\n  ops: {url: sandbox, keyword: fourth}\n");
    watching.until_out("fourth").await;
    std::fs::remove_file(path.join("firing.json")).expect("removed");
    watching.until_err("cannot read firing.json: No such file").await;
    assert_eq!(watching.stdout().matches("changed").count(), 7, "{}", watching.stdout());
    assert_eq!(watching.end("INT").await.code(), Some(0));
}

/// The message of a target for a payload.
fn rendered(folder: &Path, target: &str) -> Value {
    let told = run_in(folder, &["render", "--target", target, "--json", "firing.json"], "");
    assert_eq!(told.code, Some(0), "{told:?}");
    serde_json::from_str(&told.stdout).expect("JSON")
}

#[test]
fn messages_are_in_the_language_of_the_configuration() {
    let targets = "targets:\n  ops: {url: sandbox}\n  text: {url: sandbox, message: {type: text}}\n  \
                   mine: {url: sandbox, message: {title: 'mine', text: '{{> default.text}}'}}\n";
    let folder = folder(&format!("language: zh\n{targets}"));
    let path = folder.path();
    let ops = rendered(path, "ops");
    let (title, text) = (&ops["markdown"]["title"], &ops["markdown"]["text"]);
    assert!(title.as_str().is_some_and(|title| title.starts_with("🔴【告警:1】HostDown")), "{title}");
    assert!(text.as_str().is_some_and(|text| text.contains("紧急 · 告警中") && !text.contains("firing")), "{text}");
    let content = &rendered(path, "text")["text"]["content"];
    assert!(content.as_str().is_some_and(|content| content.starts_with("🔴 HostDown：紧急 · 1 条告警\n")), "{content}");
    // One that spells out a part of its message takes the rest as it is built in.
    let mine = &rendered(path, "mine")["markdown"];
    assert_eq!((&mine["title"], &mine["text"]), (&"mine".into(), text));

    // A file takes the place of the built-in template of its name, in every language.
    std::fs::create_dir(path.join("templates")).expect("made");
    write(path, "templates/default.title.hbs", "我的 {{names firing}}\n");
    write(path, "templates/alertmanager.text.hbs", "{{level severity}} {{duration 583}}\n");
    for (language, expected) in [("zh", "紧急 9 分 43 秒"), ("en", "CRITICAL 9m 43s")] {
        write(path, "dingbridge.yml", &format!("language: {language}\ntemplates: [templates/*.hbs]\n{targets}"));
        let ops = &rendered(path, "ops")["markdown"];
        assert_eq!((&ops["title"], &ops["text"]), (&"我的 HostDown".into(), &expected.into()));
    }
    let checked = run_in(path, &["check", "dingbridge.yml"], "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    // What is chosen for one sender is tried for that sender.
    write(path, "templates/ocp.text.hbs", "{{duration commonLabels}}\n");
    let checked = run_in(path, &["check", "dingbridge.yml"], "");
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let told = "targets.mine, ops: sample ocp: template \"ocp.text\", line 1";
    assert!(checked.stdout.contains(told), "{told} in {}", checked.stdout);
    assert!(!checked.stdout.contains("targets.text"), "that is made of another template: {}", checked.stdout);
}

#[tokio::test]
async fn send_posts_once_and_explains_the_answer() {
    let sandboxed = folder(SANDBOX);
    let told = run_in(sandboxed.path(), &["send", "--target=ops", "firing.json"], "");
    assert_eq!((told.code, told.stdout.as_str()), (Some(0), "delivered: DingTalk has taken the message\n"), "{told:?}");
    let told = run_in(sandboxed.path(), &["send", "--target=ops", "--text", "hello"], "");
    assert_eq!(told.code, Some(0), "{told:?}");

    let dingtalk = DingTalk::start(Settings::default(), &["ops"]).await;
    let folder = folder(&format!("timeout: 1s\n{}", dingtalk.config(&["ops"], "keyword: 告警")));
    let path = folder.path().to_owned();
    let send = async |args: &'static [&'static str]| {
        let path = path.clone();
        let told = tokio::task::spawn_blocking(move || run_in(&path, args, "")).await.expect("a run");
        quiet(&told);
        told
    };
    let told = send(&["send", "--target=ops", "--text", "hello"]).await;
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    let shown = dingtalk.until_shown(1).await;
    assert_eq!(shown[0].message().expect("a message").text, "hello\n告警");

    let order = |fault| dingtalk.sandbox.order_for(&canary("ops"), fault);
    for (fault, words) in [
        (
            Fault::Errcode { code: 310_000, errmsg: "sign not match".into() },
            "not delivered: errcode 310000 \"sign not match\"; the signature is missing or does not match. Copy the whole secret",
        ),
        (
            Fault::Errcode { code: 660_026, errmsg: "sending too many messages per minute".into() },
            "Send nothing for 10 min",
        ),
        (Fault::Ban, "DingTalk bans the address"),
        (Fault::Hang, "not delivered: no answer within 1s; the message may have arrived or not"),
    ] {
        order(fault.clone());
        let told = send(&["send", "--target=ops", "firing.json"]).await;
        assert_eq!(told.code, Some(1), "{fault:?}: {told:?}");
        assert!(told.stderr.contains(words) && told.stdout.is_empty(), "{words:?} in {told:?}");
    }
    // Once is once, whatever the answer.
    assert_eq!(dingtalk.sandbox.arrivals().len(), 5);
    let told = send(&["send", "--target=nosuch", "--text=x"]).await;
    assert!(told.code == Some(1) && told.stderr.contains("has no target nosuch; it has ops"), "{told:?}");
    let told = send(&["send", "--target=ops", "--text=x", "firing.json"]).await;
    assert_eq!(told.code, Some(2), "{told:?}");
}

/// The address that a line of output tells.
fn address(output: &str, before: &str) -> SocketAddr {
    let rest = output.split(before).nth(1).unwrap_or_else(|| panic!("{before:?} in {output}"));
    rest.split('/').next().expect("an address").parse().expect("an address")
}

#[tokio::test]
async fn sandbox_is_a_robot_that_shows_what_it_gets() {
    let args = ["sandbox", "--listen=127.0.0.1:0", "--token=abc", "--keyword=alarm", "--rate-limit=2/1m", "--ban=1m"];
    let mut sandbox = start(&mut program(&args));
    sandbox.until_out("A robot's URL here is ").await;
    let address = address(&sandbox.stdout(), "http://");
    let post = async |token: &str, text: &str| {
        let body = format!(r#"{{"msgtype":"text","text":{{"content":"{text}"}}}}"#);
        let path = format!("/robot/send?access_token={token}");
        let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
        let request = http::Request::post(format!("http://{address}{path}"))
            .header("Content-Type", "application/json")
            .body(http_body_util::Full::new(Bytes::from(body)))
            .expect("a request");
        let answer = client.request(request).await.expect("an answer");
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.expect("a body").to_bytes();
        let json: Value = serde_json::from_slice(&body).expect("JSON");
        json["errcode"].as_i64().expect("a number")
    };
    assert_eq!(post("abc", "an alarm of the pump").await, 0);
    assert_eq!(post("abc", "nothing").await, 310_000);
    assert_eq!(post("abc", "an alarm too many").await, 660_026);
    assert_eq!(post("other", "an alarm").await, 300_005);
    sandbox.until_out("an alarm of the pump").await;
    sandbox.until_out("a message for other was refused with errcode 300005").await;
    let arrivals = ask(address, Method::GET, "/arrivals", "").await;
    let arrivals: Value = serde_json::from_str(&arrivals.body).expect("JSON");
    assert_eq!(arrivals.as_array().map(Vec::len), Some(4));
    assert_eq!(sandbox.end("INT").await.code(), Some(0));

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = listener.local_addr().expect("an address").to_string();
    let told = run(&["sandbox", "--listen", &taken]);
    assert!(told.code == Some(1) && told.stderr.contains(&format!("{taken}: Address already in use")), "{told:?}");
    drop(listener);
    for bad in ["--rate-limit=0/1m", "--ban=soon", "--keyword=without-token"] {
        assert_eq!(run(&["sandbox", bad]).code, Some(2), "{bad}");
    }
}

#[tokio::test]
async fn demo_tells_its_story_and_goes_on_serving() {
    // Its own temporary folder, so that what it leaves behind can be seen.
    let temporary = TempDir::new().expect("a folder");
    let mut command = program(&["demo", "--web.listen-address=127.0.0.1:0"]);
    let mut demo = start(command.env("TMPDIR", temporary.path()));
    demo.until_out("Ctrl-C ends the demo.").await;
    let story = demo.stdout();
    for words in [
        "It has one target, demo, whose robot is a stand-in for DingTalk",
        "1. two hosts are down: the bridge answers {\"errcode\":0,\"errmsg\":\"ok\",\"status\":\"accepted\"",
        "\"status\":\"duplicate\"",
        "2. one of them is back",
        "3. the other is back as well",
        "4. CloudMonitor calls back about a threshold: the bridge answers",
        "5. a script has a word to say",
        "Backup of db1 has failed",
        "6. a rack loses its power: 30 notifications within a second",
        "[FIRING:60] in 30 groups",
        "── the group of demo sees ──",
    ] {
        assert!(story.contains(words), "{words:?} in {story}");
    }
    // One of the storm's alerts is enough to see that those under one name are told.
    assert!(story.contains("KafkaUnderReplicated") && story.contains("rack-7-10-2"), "{story}");
    assert!((6..=7).contains(&story.matches("the group of demo sees").count()), "{story}");
    assert!(demo.stderr().is_empty(), "{}", demo.stderr());
    assert_eq!(std::fs::read_dir(temporary.path()).expect("a folder").count(), 1);

    // What it says to try works.
    let address = address(&story, "curl http://");
    let answer = ask(address, Method::POST, "/dingtalk/demo/send", &payload("PumpStopped", "firing")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    demo.until_out("PumpStopped").await;
    assert!(ask(address, Method::GET, "/metrics", "").await.body.contains("dingbridge_notifications_total"));
    assert_eq!(demo.end("INT").await.code(), Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).expect("a folder").count(), 0, "it leaves something behind");
}

#[tokio::test]
async fn demo_that_is_stopped_early_leaves_nothing_behind() {
    let temporary = TempDir::new().expect("a folder");
    let mut command = program(&["demo", "--web.listen-address=127.0.0.1:0"]);
    let mut demo = start(command.env("TMPDIR", temporary.path()));
    demo.until_out("dingbridge listens on").await;
    assert_eq!(demo.end("TERM").await.code(), Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).expect("a folder").count(), 0);
}
