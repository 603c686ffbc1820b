//! Calls and what they give.

use super::*;

/// What Go 1.19 with sprig 3.2.3 and Alertmanager's functions gives for the same calls, as JSON.
const GO: &str = include_str!("go.txt");

#[test]
fn results_are_those_of_go() {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for line in GO.lines().filter(|line| !line.starts_with('#')) {
        let (call, expected) = line.rsplit_once('\t').expect("a tab");
        let expected: Value = serde_json::from_str(expected).expect(call);
        let given = bench.call(&format!("{{{{toJson ({call})}}}}"), &json!({}));
        let value = given.as_ref().map(|given| serde_json::from_str(&escape::plain(given)).expect(call));
        if value != Ok(expected.clone()) {
            wrong.push(format!("{call}: {given:?}, Go: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Calls with what is at hand in [`sample`], or in an alert with odd text.
#[rustfmt::skip]
const OWN: &[(&str, &str)] = &[
    ("{{names (dict \"a_b\" 1 \"alertname\" 2 \"a\" 3)}}", "[alertname, a, \u{FDD0}a_b\u{FDD1}]"),
    ("{{names labels}}", "[alertname, file, host, instance, job, k8s.pod/name, mountpoint, path, pod, severity, shift, teams, token]"),
    ("{{names (sortedPairs (pick labels \"pod\" \"alertname\"))}}", "[alertname, pod]"),
    ("{{names alerts}} {{names nothing or=\"none\"}}", "node_down none"),
    ("{{values (pick labels \"pod\" \"alertname\")}}", "[node_down, p]"),
    ("{{values (sortedPairs (pick labels \"pod\" \"alertname\"))}}", "[node_down, p]"),
    ("{{#each (sortedPairs (pick labels \"pod\" \"alertname\"))}}{{name}}={{value}} {{/each}}", "alertname=node_down pod=p "),
    ("{{toJson (remove (pick labels \"pod\" \"job\" \"host\") (list \"pod\" \"x\"))}}", r#"{"host":"db-1","job":"node"}"#),
    ("{{len (firing alerts)}} {{len (resolved alerts)}}", "1 1"),
    ("{{#each (resolved alerts)}}{{status}}{{/each}}", "resolved"),
    ("{{label \"k8s.pod/name\"}}", "p-1"),
    ("{{#each firing}}{{label \"k8s.pod/name\"}}{{/each}}", "p-1"),
    ("{{label \"pod\" firing.[0]}}{{label \"no\" firing.[0]}}", "p"),
    ("{{routeLabels \"team\"}}{{routeLabels \"no\"}}", "ops"),
    ("{{get labels \"no\"}}{{index labels \"no\" \"deeper\"}}{{index firing 9 \"labels\"}}", ""),
    ("{{index firing 0 \"labels\" \"pod\"}}", "p"),
    ("{{len \"é中\"}} {{len labels}} {{len nothing}}", "5 13 0"),
    ("{{eq 1 1.0}} {{eq \"1\" 1}} {{lt nothing 5}} {{gt \"97.25\" 90}} {{lt \"x\" 5}}", "true false true true false"),
    ("{{and firing.[0].labels.pod \"\"}}{{or \"\" labels.pod}}", "p"),
    ("{{divf 6 2}} {{addf 1E20 1}} {{mulf 1E20 100}} {{divf 1 100000}}", "3 100000000000000000000 1e+22 1e-05"),
    ("{{round -1.25 1}} {{round -1.2 0}} {{int annotations.value}}", "-1.3 -1 97"),
    ("{{slice \"é中\" 1 4}}|{{substr 0 3 \"é中\"}}|{{trunc -4 \"é中\"}}|{{abbrev 4 \"é中x\"}}", "é|é|中|..."),
    ("{{truncate \"abcdef\" 4}} {{truncate \"abcd\" 4}} {{truncate \"ab cdef\" 4}} {{truncate \"ab\" 0}}|", "abc… abcd ab… |"),
    ("{{truncate \"中文中文\" bytes=9}} {{truncate \"中文中\" bytes=9}} {{truncate \"abcdef\" 5 bytes=6}} {{truncate \"ab\" bytes=1}}|", "中文… 中文中 abc… |"),
    ("{{pad \"中a\" 5}}|{{pad \"a\" 3 left=true}}|{{pad \"abc\" 2}}|", "中a  |  a|abc|"),
    ("{{mention}} {{join \",\" (mobiles)}}", "@13800000000 @bob 13800000000"),
    ("{{link \"https://x.test/a?b=c&d\" text=\"X\" browser=true}}", "[X](dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fx.test%2Fa%3Fb%3Dc%26d&pc_slide=false)"),
    ("{{link \"javascript:x\" text=\"X\" browser=true before=\"-\"}}", ""),
    ("{{link \"https://x.test\" browser=false}}", "https://x.test"),
    ("{{md \"a_b\"}}{{md 5}}", "\u{FDD0}a_b\u{FDD1}\u{FDD0}5\u{FDD1}"),
    ("{{raw (md \"*a*\")}}{{markdown (md \"*a_`~\")}}", "*a*\\*a\\_\\`~"),
    ("{{toUpper (md \"a_b\")}}{{trunc 2 (md \"a_b\")}}", "\u{FDD0}A_B\u{FDD1}\u{FDD0}a_\u{FDD1}"),
    ("{{eq (md \"a_b\") \"a_b\"}} {{has (md \"a_b\") (list \"a_b\")}} {{len (uniq (list (md \"a_b\") \"a_b\"))}}", "true true 1"),
    ("{{urlUnescape \"a+b%20%41\"}}", "a b A"),
    ("{{urlUnescape \"%40all\"}}{{base64decode \"QGFsbA==\"}}{{lookup (fromJson \"[\\\"@all\\\"]\") 0}}", "@\u{200B}all@\u{200B}all@\u{200B}all"),
    ("{{fromJson \"no JSON\"}}{{toJson nothing}}", "null"),
    ("{{let \"x\" labels.pod}}{{#each firing}}{{let \"x\" (cat (var \"x\") \"2\")}}{{/each}}{{var \"x\"}}{{var \"y\"}}", "p 2"),
    ("{{toJson (index alerts 1)}}", ALERT),
    ("{{this.status}}", "firing"),
    ("{{kindOf nothing}} {{default \"x\" nothing}} {{coalesce nothing labels.pod}} {{ternary 1 2 nothing}}", "invalid x p 2"),
];

const ALERT: &str = "{\"status\":\"resolved\",\"labels\":{\"alertname\":\"node_down\",\"file\":\"a.txt\",\"host\":\"db-1\",\"instance\":\"db-1:9100\",\"job\":\"node\",\"k8s.pod/name\":\"p-1\",\"mountpoint\":\"/var/lib/\",\"path\":\"/a%20b/\",\"pod\":\"p\",\"severity\":\"critical\",\"shift\":\"1\",\"teams\":\"db,web,db\",\"token\":\"aGVsbG8=\"},\"annotations\":{\"description\":\"a\\nb\",\"details\":\"{\\\"owner\\\": \\\"ops\\\"}\",\"runbook_url\":\"https://x.test/r\",\"summary\":\"db-1 is down\",\"table\":\"|a|\",\"value\":\"97.25\"},\"startsAt\":\"2026-11-20T09:23:45.759Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"http://p.test/g\",\"fingerprint\":\"1f00\"}";

#[test]
fn helpers_of_our_own_give_what_they_promise() {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for (template, expected) in OWN {
        let given = bench.call(template, &sample());
        if given.as_deref() != Ok(*expected) {
            wrong.push(format!("{template}: {given:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Calls that are refused, and why.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("{{toUpper labels}}", "a map is no text"),
    ("{{trim firing}}", "a list is no text"),
    ("{{breaks labels}}", "a map is no text"),
    ("{{link labels}}", "a map is no text"),
    ("{{join \",\" labels}}", "a map is no list"),
    ("{{first labels}}", "a map is no list"),
    ("{{keys firing}}", "a list has no names and values"),
    ("{{values alerts}}", "this list holds no pairs of names and values"),
    ("{{values 5}}", "a number has no values"),
    ("{{names 5}}", "a number has no names"),
    ("{{dict \"a\"}}", "the last name has no value"),
    ("{{dict 5 \"a\"}}", "a number is no name"),
    ("{{let 5 \"a\"}}", "a number is no name"),
    ("{{len 5}}", "a number has no length"),
    ("{{index \"abc\" 0}}", "nothing is found in a text"),
    ("{{index firing labels}}", "a map is no key"),
    ("{{add 1 labels}}", "a map is no number"),
    ("{{add 9223372036854775807 1}}", "the result is too large for a whole number"),
    ("{{sub -9223372036854775808 1}}", "the result is too large for a whole number"),
    ("{{div 1 0}}", "nothing can be divided by 0"),
    ("{{div -9223372036854775808 -1}}", "the result is too large for a whole number"),
    ("{{divf 1 0}}", "the result is no number"),
    ("{{lt labels 1}}", "a map cannot be compared"),
    ("{{repeat -1 \"a\"}}", "-1 is less than nothing"),
    ("{{urlUnescape \"%zz\"}}", "\"%zz\" has a % without two hexadecimal digits after it"),
    ("{{b64dec \"?\"}}", "this is not base64: "),
    ("{{match (cat \"(\") \"x\"}}", "cannot use the pattern \"(\": unclosed group"),
    ("{{match (cat \"(a{1000}){1000}\") \"x\"}}", "the pattern \"(a{1000}){1000}\" is too large"),
    ("{{truncate \"x\"}}", "it is not said how much may stay"),
];

#[test]
fn what_cannot_be_done_is_told() {
    let bench = Bench::new();
    for (template, reason) in REFUSED {
        let error = bench.call(template, &sample()).expect_err(template);
        let name = template[2..].split(' ').next().expect("a name");
        assert!(error.starts_with(&format!("{name}: {reason}")), "{template}: {error}");
    }
}

#[test]
fn a_pattern_that_is_spelled_out_is_judged_when_it_is_loaded() {
    for (text, reason) in [
        ("{{match \"(\" labels.x}}", "cannot use the pattern \"(\": unclosed group"),
        (
            "{{regexFind \"(a{1000}){1000}\" labels.x}}",
            "the pattern \"(a{1000}){1000}\" is too large: repeat less in it",
        ),
    ] {
        let source = TemplateSource { name: "a".to_owned(), text: text.to_owned(), origin: String::new() };
        let problems = Library::compile(Language::En, vec![source]).expect_err(text);
        assert!(problems[0].message.contains(reason), "{problems:?}");
    }
}
