//! What a configuration may say, and what the program says of one that it cannot use: every mistake at once, each with
//! its place and what to do, none with the value of a secret.

use std::path::Path;

use http::StatusCode;
use tempfile::TempDir;

use crate::harness::{CANARY, DingTalk, Start, fixture, payload};
use crate::program::{Run, finish, program, run_in};

mod targets;

/// A file, and the lines that are told of it, without the file's name.
type Case = (&'static str, &'static [&'static str]);

/// A robot's URL for those who do not care.
const URL: &str = "https://oapi.dingtalk.com/robot/send?access_token=canary";

const CASES: &[Case] = &[
    ("", &[":1:1: expected keys and values"]),
    ("targets:\n", &[":1:1: no `targets`: name at least one DingTalk group, with the `url` of its robot"]),
    ("timeout: 5s\n", &[":1:1: no `targets`: name at least one DingTalk group, with the `url` of its robot"]),
    ("targets: {}\n", &[":1:10: targets: no `targets`: name at least one DingTalk group, with the `url` of its robot"]),
    ("- a\n", &[":1:1: expected keys and values"]),
    ("targets: canary\n", &[":1:10: targets: expected keys and values"]),
    ("targets: {ops: canary}\n", &[":1:16: targets.ops: expected keys and values"]),
    ("targets:\n  ops:\n", &[":2:6: targets.ops: expected keys and values"]),
    (
        "targets:\n  ops: {url: }\n",
        &[
            ":2:8: targets.ops: no `url`: copy the webhook URL from the robot's settings, or write `url: sandbox` to try",
        ],
    ),
    // What is not YAML.
    ("targets: {ops: {url: 'canary\n", &[":1:22: "]),
    ("targets:\n\tops: canary\n", &[":2:2: tabs disallowed within this context (block indentation)"]),
    ("targets:\n  ops: {url: URL}\n  ops: {url: URL}\n", &[":3:3: duplicate mapping key: ops"]),
    (
        "targets:\n  ops:\n    secret: canary\n    url: URL\n    secret: canary\n",
        &[":5:5: duplicate mapping key: secret"],
    ),
    // Several at once, in the order of the file.
    (
        "timeot: 5s\ntargets:\n  ops:\n    url: URL\n    secrte: canary\n    rate_limit: fast\nstorage: {backlog: 0}\nescape: some\n",
        &[
            ":1:1: timeot: unknown key; did you mean `timeout`?",
            ":5:5: targets.ops.secrte: unknown key; did you mean `secret`?",
            ":6:17: targets.ops.rate_limit: expected messages per period, such as 20/1m",
            ":7:20: storage.backlog: expected a whole number of at least 1",
            ":8:9: escape: expected labels, all or none",
        ],
    ),
    // Keys.
    (
        "targets: {ops: {url: URL}}\nweb: {port: 80}\n",
        &[
            ":2:7: web.port: unknown key; known are `admin_token_file`, `max_body`, `max_connections`, `max_in_flight` and `trusted_proxies`",
        ],
    ),
    (
        "targets: {ops: {url: URL, mention: {mobile: ['1']}}}\n",
        &[":1:MENTION: targets.ops.mention.mobile: unknown key; did you mean `mobiles`?"],
    ),
    (
        "targets: {ops: {url: URL, message: {titel: x}}}\n",
        &[":1:MESSAGE: targets.ops.message.titel: unknown key; did you mean `title`?"],
    ),
    // Names.
    (
        "targets: {1ops: {url: URL}}\n",
        &[":1:17: targets.1ops: a target's name is letters, digits, `-` and `_`, and begins with a letter"],
    ),
    (
        "targets: {o/ps: {url: URL}}\n",
        &[":1:17: targets.o/ps: a target's name is letters, digits, `-` and `_`, and begins with a letter"],
    ),
    // Robots.
    (
        "targets: {ops: {url: 'https://oapi.dingtalk.com/robot/send'}}\n",
        &[
            ":1:22: targets.ops.url: expected https://…/robot/send?access_token=…; got no access_token. Copy the webhook URL from the robot's settings",
        ],
    ),
    (
        "targets: {ops: {url: 'https://oapi.dingtalk.com/robot/send?access_token='}}\n",
        &[
            ":1:22: targets.ops.url: expected https://…/robot/send?access_token=…; got an empty access_token. Copy the webhook URL from the robot's settings, or set the variable that it is filled from",
        ],
    ),
    (
        "targets: {ops: {url: 'https://oapi.dingtalk.com/canary?access_token=canary'}}\n",
        &[
            ":1:22: targets.ops.url: expected https://…/robot/send?access_token=…; got another path of DingTalk. Copy the webhook URL from the robot's settings",
        ],
    ),
    (
        "targets: {ops: {url: 'http://oapi.dingtalk.com/robot/send?access_token=canary'}}\n",
        &[
            ":1:22: targets.ops.url: expected https://…/robot/send?access_token=…; got http, which shows the token to everybody on the way. Write https://, or set `allow_http: true`",
        ],
    ),
    (
        "targets: {ops: {url: SECcanary}}\n",
        &[
            ":1:22: targets.ops.url: expected https://…/robot/send?access_token=…; got a signing secret (SEC…). That belongs in `secret`. Copy the webhook URL from the robot's settings",
        ],
    ),
    (
        "targets: {ops: {url: canary}}\n",
        &[
            ":1:22: targets.ops.url: expected https://…/robot/send?access_token=…; got only a token. Write https://oapi.dingtalk.com/robot/send?access_token= before it",
        ],
    ),
    ("targets: {ops: {url: ''}}\n", &[":1:22: targets.ops.url: expected a value, got nothing"]),
    ("targets: {ops: {url: [canary]}}\n", &[":1:22: targets.ops.url: expected a single value"]),
    (
        "targets: {ops: {url: URL, url_file: secret}}\n",
        &[":1:URLFILE: targets.ops.url_file: expected one of `url` and `url_file`, got both"],
    ),
    (
        "targets: {ops: {url_file: nosuch}}\n",
        &[":1:27: targets.ops.url_file: cannot read FOLDER/nosuch: No such file or directory (os error 2)"],
    ),
    (
        "targets: {ops: {url_file: empty}}\n",
        &[":1:27: targets.ops.url_file: cannot read FOLDER/empty: the file is empty"],
    ),
    (
        "targets: {ops: {url_file: secret}}\n",
        &[
            ":1:27: targets.ops.url_file: expected https://…/robot/send?access_token=…; got only a token. Write https://oapi.dingtalk.com/robot/send?access_token= before it",
        ],
    ),
    // Variables.
    (
        "targets: {ops: {url: 'https://x/robot/send?access_token=${DINGBRIDGE_TEST_UNSET}'}}\n",
        &[":1:22: targets.ops.url: the environment variable DINGBRIDGE_TEST_UNSET is not set"],
    ),
    ("targets: {ops: {url: URL, secret: 'canary${'}}\n", &[":1:SECRET: targets.ops.secret: `${` without `}`"]),
    (
        "targets: {ops: {url: URL, secret: 'canary${a b}'}}\n",
        &[":1:SECRET: targets.ops.secret: expected the name of an environment variable in `${…}`"],
    ),
    // Tokens.
    (
        "targets: {ops: {url: URL, tokens: ['canary canary']}}\n",
        &[":1:TOKEN: targets.ops.tokens[0]: a token is letters, digits, `-` and `_`"],
    ),
    (
        "targets: {ops: {url: URL, tokens: []}}\n",
        &[":1:SECRET: targets.ops.tokens: expected at least one token; without `tokens` anybody may post"],
    ),
    (
        "targets: {ops: {url: URL, tokens: [canary], tokens_file: secret}}\n",
        &[":1:TOKENSFILE: targets.ops.tokens_file: expected one of `tokens` and `tokens_file`, got both"],
    ),
    (
        "targets:\n  ops:\n    url: URL\n    tokens:\n    tokens_file:\n",
        &[
            ":4:5: targets.ops.tokens: expected a value, got nothing; without this key anybody may post",
            ":5:5: targets.ops.tokens_file: expected a value, got nothing; without this key anybody may post",
        ],
    ),
    // Values.
    ("timeout: 2m\ntargets: {ops: {url: URL}}\n", &[":1:10: timeout: expected at most 1m"]),
    ("timeout: 0s\ntargets: {ops: {url: URL}}\n", &[":1:10: timeout: expected a duration longer than zero"]),
    (
        "timeout: 5\ntargets: {ops: {url: URL}}\n",
        &[":1:10: timeout: expected a duration such as 90s, 10m, 1h30m or 7d"],
    ),
    (
        "timezone: Mars/Olympus\ntargets: {ops: {url: URL}}\n",
        &[":1:11: timezone: no such time zone; expected a name such as Asia/Shanghai or UTC"],
    ),
    (
        "message_limit: 30000\ntargets: {ops: {url: URL}}\n",
        &[":1:16: message_limit: expected a number of bytes from 1000 to 20000"],
    ),
    ("allow_http: maybe\ntargets: {ops: {url: URL}}\n", &[":1:13: allow_http: expected true or false"]),
    (
        "web: {max_body: 1GiB, max_in_flight: 1MiB}\ntargets: {ops: {url: URL}}\n",
        &[":1:6: web: `max_in_flight` is smaller than `max_body`: no body of that size would be accepted"],
    ),
    (
        "web: {max_body: 5MB, trusted_proxies: [x]}\ntargets: {ops: {url: URL}}\n",
        &[
            ":1:17: web.max_body: expected a size such as 512KiB, 32MiB or 1GiB",
            ":1:40: web.trusted_proxies[0]: expected a range such as 10.0.0.0/8",
        ],
    ),
    (
        "web: {admin_token_file: nosuch}\ntargets: {ops: {url: URL}}\n",
        &[":1:25: web.admin_token_file: cannot read FOLDER/nosuch: No such file or directory (os error 2)"],
    ),
    (
        "web: {admin_token_file: empty}\ntargets: {ops: {url: URL}}\n",
        &[":1:25: web.admin_token_file: cannot read FOLDER/empty: the file is empty"],
    ),
    (
        "web: {admin_token_file: secret}\ntargets: {ops: {url: URL}}\n",
        &[
            ":1:25: web.admin_token_file: expected one token of at least 16 ASCII characters without a space, as `openssl rand -hex 16` makes",
        ],
    ),
    (
        "web: {admin_token_file: words}\ntargets: {ops: {url: URL}}\n",
        &[
            ":1:25: web.admin_token_file: expected one token of at least 16 ASCII characters without a space, as `openssl rand -hex 16` makes",
        ],
    ),
    (
        "budget: {monthly: many}\ntargets: {ops: {url: URL}}\n",
        &[":1:19: budget.monthly: expected a number of calls, such as 5000; 0 to only count them"],
    ),
    (
        "budget: {monthly: -1, yearly: 1}\ntargets: {ops: {url: URL}}\n",
        &[
            ":1:19: budget.monthly: expected a number of calls, such as 5000; 0 to only count them",
            ":1:23: budget.yearly: unknown key; known are `monthly`",
        ],
    ),
    ("budget: 5000\ntargets: {ops: {url: URL}}\n", &[":1:9: budget: expected keys and values"]),
    ("dedupe_window: 2d\ntargets: {ops: {url: URL}}\n", &[":1:16: dedupe_window: expected at most 1d"]),
    (
        "targets: {ops: {accept: [alertmanger], url: sandbox}}\n",
        &[
            ":1:26: targets.ops.accept[0]: no such sender; known are `alertmanager`, `grafana`, `cloudmonitor`, `rulehit`, `aicc`, `ocp`, `dingtalk`, `sls`, `eventbridge`, `kube-eventer`, `uptimekuma` and `generic`",
        ],
    ),
    (
        "targets: {ops: {keyword: '', url: sandbox}}\n",
        &[":1:26: targets.ops.keyword: expected a word that the robot's security settings ask for"],
    ),
    (
        "targets: {ops: {message: {type: link}, url: sandbox}}\n",
        &[":1:33: targets.ops.message.type: expected markdown, text or actionCard"],
    ),
    // Templates.
    ("language: zh-CN\ntargets: {ops: {url: sandbox}}\n", &[":1:11: language: expected en or zh"]),
    (
        "templates: [nosuch/*.hbs]\ntargets: {ops: {url: sandbox}}\n",
        &[":1:13: templates[0]: no file matches FOLDER/nosuch/*.hbs; correct the path or remove it"],
    ),
    // Not in this version.
    (
        "proxy: http://user:canary@proxy:3128\ntargets: {ops: {url: sandbox}}\n",
        &[":1:8: proxy: not supported by this version; remove it"],
    ),
    ("watchdog: {}\ntargets: {ops: {url: sandbox}}\n", &[":1:11: watchdog: not supported by this version; remove it"]),
    // How senders are verified.
    (
        "senders: {aicc: {shared_key: canary}, rulehit: {}, grafana: {replay_window: 5m}}\ntargets: {ops: {url: sandbox}}\n",
        &[
            ":1:17: senders.aicc: expected `shared_key` to have at least 16 characters",
            ":1:48: senders.rulehit: no `ali_uid`: the id of the Alibaba Cloud account, which its signatures are made with",
            ":1:61: senders.grafana: no `secret` and no `secret_file`: requests cannot be verified; remove this to take them unverified",
        ],
    ),
    (
        "senders: {cloudmonitor: {allow_from: []}, grafana: {secret: canary, timestamp_header: 'a b'}, huawei: {}}\n\
         targets: {ops: {url: sandbox}}\n",
        &[
            ":1:38: senders.cloudmonitor.allow_from: expected at least one range; without `allow_from` any address may post",
            ":1:87: senders.grafana.timestamp_header: expected the name of a header",
            ":1:95: senders.huawei: unknown key; known are `aicc`, `cloudmonitor`, `grafana` and `rulehit`",
        ],
    ),
    (
        "senders: {cloudmonitor: {allow_from: [106.11.167.0/33]}}\ntargets: {ops: {url: sandbox}}\n",
        &[":1:39: senders.cloudmonitor.allow_from[0]: expected a range such as 10.0.0.0/8"],
    ),
];

/// Where something begins that stands behind [`URL`] on the first line.
fn column(name: &str, case: &str) -> Option<String> {
    let after = match name {
        "MENTION" => "mention: {",
        "MESSAGE" => "message: {",
        "URLFILE" => "url_file: ",
        "SECRET" if case.contains("secret: ") => "secret: ",
        "SECRET" => "tokens: ",
        "TOKEN" => "tokens: [",
        "TOKENSFILE" => "tokens_file: ",
        _ => return None,
    };
    let at = case.find(after)? + after.len();
    Some((case[..at].chars().count() + 1).to_string())
}

/// Fills in what a case leaves open.
fn expected(line: &str, case: &str, folder: &Path) -> String {
    let line = line.replace("FOLDER", &folder.display().to_string());
    let Some(rest) = line.strip_prefix(":1:") else { return line };
    let name = rest.split(':').next().expect("a column");
    column(name, case).map_or(line.clone(), |column| line.replacen(name, &column, 1))
}

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("secret"), "canary\n").expect("written");
    std::fs::write(folder.path().join("empty"), " \n").expect("written");
    std::fs::write(folder.path().join("words"), "canary canary canary\n").expect("written");
    folder
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn check(files: &[String]) -> Run {
    let args: Vec<&str> = ["check"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let run = finish(&mut program(&args), "");
    assert!(!format!("{run:?}").contains(CANARY), "a secret: {run:?}");
    run
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_do() {
    let folder = folder();
    let cases = CASES.iter().chain(targets::CASES);
    let cases: Vec<_> = cases.map(|(case, told)| (case.replace("URL", URL), told)).collect();
    let names = (0..).map(|number| format!("{number}.yml"));
    let files: Vec<_> = cases.iter().zip(names).map(|((case, _), name)| write(folder.path(), &name, case)).collect();
    let run = check(&files);
    assert_eq!(run.code, Some(1));
    let mut reports = run.stdout.split("Checking '").skip(1);
    let mut wrong = String::new();
    for (file, (case, told)) in files.iter().zip(&cases) {
        let report = reports.next().expect("a report for each file");
        let mut lines = report.lines();
        if lines.next() != Some(&format!("{file}'  FAILED")) {
            wrong.push_str(&format!("{case}\n  is no mistake\n\n"));
        }
        let told: Vec<_> = told.iter().map(|line| format!("  {file}{}", expected(line, case, folder.path()))).collect();
        let lines: Vec<_> = lines.collect();
        // What YAML itself cannot read is told in the words of the library.
        let same = |(line, told): (&&str, &String)| *line == told || (told.ends_with(": ") && line.starts_with(told));
        if lines.len() != told.len() || !lines.iter().zip(&told).all(same) {
            wrong.push_str(&format!("{case}\n  told:\n{}\n  expected:\n{}\n\n", lines.join("\n"), told.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn templates_are_refused_with_their_file_and_line() {
    let folder = folder();
    let path = folder.path();
    std::fs::create_dir(path.join("templates")).expect("made");
    write(path, "templates/broken.hbs", "first\n{{#if}\n");
    write(path, "templates/go.tmpl", "{{ define \"x\" }}{{ .Status | toUpper }}{{ end }}\n");
    let target = "targets: {ops: {url: sandbox}}\n";
    let broken = write(path, "broken.yml", &format!("templates: [templates/broken.hbs]\n{target}"));
    let unclosed =
        write(path, "unclosed.yml", "targets:\n  ops:\n    url: sandbox\n    message:\n      title: '{{#if x}}'\n");
    let go = "targets:\n  ops:\n    url: sandbox\n    message:\n      text: '{{ template \"mine\" . }}'\n";
    let go = write(path, "go.yml", go);
    let go_field = "targets:\n  ops:\n    url: sandbox\n    message:\n      text: '{{ .Status | toUpper }}'\n";
    let go_field = write(path, "go-field.yml", go_field);
    let go_file = write(path, "go-file.yml", &format!("templates: [templates/*.tmpl]\n{target}"));
    for (file, words) in [
        (&broken, &["broken.hbs", "2"][..]),
        (&unclosed, &["unclosed.yml:5:14", "targets.ops.message.title"]),
        (&go, &["go.yml:5:13", "targets.ops.message.text", "dingbridge migrate"]),
        (&go_field, &["go-field.yml:5:13", "dingbridge migrate"]),
        (&go_file, &["go.tmpl", "dingbridge migrate"]),
    ] {
        let run = check(std::slice::from_ref(file));
        assert_eq!(run.code, Some(1), "{run:?}");
        for word in words {
            assert!(run.stdout.contains(word), "{word:?} in {}", run.stdout);
        }
    }
}

#[test]
fn odd_values_are_notes_and_no_mistakes() {
    let folder = folder();
    let config = "no_builtin_template: true\ntargets:\n  ops:\n    url: sandbox\n    rate_limit: [20/1s, 30/1m]\n    \
                  tokens: [canary-one]\n    mention: {all: true, by_label: {label: owner, people: {bob: {user_id: bob}}}}\n  \
                  dba:\n    url: https://oapi.dingtalk.com/robot/send?access_token=canary\n    fallback: ops\n    \
                  rate_limit: [20/1m, 1200/1h, 40/1m30s, 1199/59m]\n    tokens: [canary-one]\nbudget: {monthly: 99}\n";
    let file = write(folder.path(), "odd.yml", config);
    let run = check(std::slice::from_ref(&file));
    assert_eq!(run.code, Some(0), "{run:?}");
    for note in [
        ":1:22: no_builtin_template: has no effect: a template of the same name takes a built-in one's place",
        ":4:10: targets.ops.url: messages go to the built-in stand-in: nobody is told",
        ":5:17: targets.ops.rate_limit: more than DingTalk's 20 messages a minute: it bans a robot that exceeds them for ten minutes",
        ":7:20: targets.ops.mention.all: everybody is called anyway: the people beside it make no difference",
        ":9:5: targets.dba: has a token of ops, too: /robot/send refuses it, because it cannot tell which is meant",
        ":10:15: targets.dba.fallback: falls back to the built-in stand-in: nobody is told what this target cannot deliver",
        ":11:25: targets.dba.rate_limit[1]: has no effect: 20/1m lets no more than 1200 through in 1h",
        ":11:34: targets.dba.rate_limit[2]: has no effect: 20/1m lets no more than 40 through in 90s",
        ":11:44: targets.dba.rate_limit[3]: has no effect: 20/1m lets no more than 1180 through in 59m",
        ":13:19: budget.monthly: fewer than four calls a day for the whole organisation; 0 only counts them",
    ] {
        assert!(run.stdout.contains(&format!(" - note: {file}{note}\n")), "{note} in {}", run.stdout);
    }
    assert_eq!(run.stdout.matches(" - note: ").count(), 10, "{}", run.stdout);
}

#[test]
fn everything_that_can_be_said_is_known() {
    let folder = folder();
    let path = folder.path();
    std::fs::create_dir(path.join("templates")).expect("made");
    write(path, "templates/mine.hbs", "{{status}}\n");
    write(path, "admin-token", "canary-0123456789abcdef\n");
    write(path, "aicc-key", "canary-0123456789abcdef\n");
    let authority = rcgen::generate_simple_self_signed(vec!["authority.example.test".into()]).expect("a certificate");
    write(path, "ca.pem", &authority.cert.pem());
    let everything = std::fs::read_to_string(fixture("config/everything.yml")).expect("the fixture");
    write(path, "everything.yml", &everything);
    let mut command = program(&["check", "everything.yml"]);
    let run = finish(command.current_dir(path).env("DINGBRIDGE_TEST_TOKEN", "canary-token"), "");
    assert_eq!(run.code, Some(1));
    assert!(!format!("{run:?}").contains(CANARY), "{run:?}");
    let refused: Vec<_> =
        run.stdout.lines().skip(1).map(|line| line.trim().split(": ").nth(1).expect("a key")).collect();
    assert_eq!(refused, ["proxy"], "{}", run.stdout);
    assert!(run.stdout.lines().skip(1).all(|line| line.contains("not supported by this version")), "{}", run.stdout);
}

#[test]
fn the_example_of_everything_can_be_used() {
    let folder = folder();
    let example = fixture("../../examples/dingbridge.yml");
    let mut command = program(&["check"]);
    command.current_dir(folder.path()).arg(&example);
    for name in
        ["OPS_TOKEN", "OPS_SECRET", "ONCALL_TOKEN_1", "ONCALL_TOKEN_2", "BRIDGE_TOKEN", "AICC_KEY", "GRAFANA_KEY"]
    {
        command.env(name, format!("canary-of-{name}"));
    }
    let run = finish(&mut command, "");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!format!("{run:?}").contains(CANARY), "{run:?}");
    for target in [
        " - target ops: markdown, signed, at most 20/1m, falls back to oncall, guarded by tokens\n",
        " - target oncall: markdown, 2 robots, not signed, at most 20/1m each, open to anybody who can reach it\n",
    ] {
        assert!(run.stdout.contains(target), "{target} in {}", run.stdout);
    }
    let notes: Vec<_> = run.stdout.lines().filter(|line| line.starts_with(" - note: ")).collect();
    assert!(matches!(notes[..], [note] if note.contains("targets.trial.url")), "{notes:?}");
}

#[test]
fn a_file_of_certificates_that_cannot_be_read_is_found_before_the_start() {
    let folder = folder();
    let path = folder.path();
    for (name, words) in [("nosuch.pem", "cannot be read"), ("secret", "expected PEM certificates")] {
        let file = write(path, "ca.yml", &format!("ca_file: {name}\ntargets: {{ops: {{url: sandbox}}}}\n"));
        let run = check(&[file]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stdout.contains("ca_file") && run.stdout.contains(words), "{run:?}");
    }
}

#[tokio::test]
async fn the_incumbents_configuration_serves_as_it_is() {
    let example = std::fs::read_to_string(fixture("config/prometheus-webhook-dingtalk.yml")).expect("the fixture");
    let checked = finish(program(&["check"]).arg(fixture("config/prometheus-webhook-dingtalk.yml")), "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    for target in ["webhook1", "webhook2", "webhook_legacy", "webhook_mention_all", "webhook_mention_users"] {
        assert!(checked.stdout.contains(&format!(" - target {target}: markdown, ")), "{checked:?}");
    }
    // Only the robots' addresses differ when it is served here.
    let dingtalk = DingTalk::start(dingbridge::sandbox::Settings::default(), &[]).await;
    let mut served = String::new();
    for (number, line) in example.lines().enumerate() {
        let at = line.find("https://oapi.dingtalk.com");
        let robot = format!("robot{number}");
        served.push_str(&at.map_or(line.to_owned(), |at| format!("{}{}", &line[..at], dingtalk.url(&robot))));
        served.push('\n');
    }
    let bridge = Start::new(served).arg("--log.format=logfmt").ready().await;
    for target in ["webhook1", "webhook2", "webhook_legacy", "webhook_mention_all", "webhook_mention_users"] {
        let answer = bridge.send(target, payload("HostDown", "firing")).await;
        assert_eq!(answer.status, StatusCode::OK, "{target}: {answer:?}");
    }
    let shown = dingtalk.until_shown(5).await;
    let mentions: Vec<_> = shown.iter().map(|arrival| arrival.message().expect("a message").mention).collect();
    assert_eq!(mentions.iter().filter(|mention| mention.all).count(), 1);
    let people: Vec<_> = mentions.iter().flat_map(|mention| &mention.mobiles).collect();
    assert_eq!(people, ["156xxxx8827", "189xxxx8325"]);
    bridge.wait_for_log("no_builtin_template").await;
}

#[test]
fn a_configuration_of_variables_and_files_is_complete() {
    let folder = folder();
    let path = folder.path();
    write(path, "url", &format!("  {URL}\n"));
    write(path, "tokens", "# who may post\ncanary-a # one\n\ncanary-b\n");
    let config =
        "targets:\n  ops:\n    url_file: url\n    secret: ${DINGBRIDGE_TEST_SECRET}\n    tokens_file: tokens\n";
    write(path, "dingbridge.yml", config);
    let mut command = program(&["check", "dingbridge.yml"]);
    let run = finish(command.current_dir(path).env("DINGBRIDGE_TEST_SECRET", "SECcanary"), "");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("target ops: markdown, signed, at most 20/1m, guarded by tokens"), "{run:?}");
    assert!(!format!("{run:?}").contains(CANARY), "{run:?}");
    // The value of TZ counts where nothing else says a time zone, and a wrong one is told.
    let run = finish(program(&["check", "dingbridge.yml"]).current_dir(path).env("TZ", "Mars/Olympus"), "");
    assert!(run.code == Some(1) && run.stdout.contains("the environment variable TZ: no such time zone"), "{run:?}");
    let missing = run_in(path, &["check", "nosuch.yml"], "");
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.stdout.contains("cannot read nosuch.yml") && missing.stdout.contains("No such file"),
        "{missing:?}"
    );
}
