//! Robots, limits, mentions, digests and fallbacks: what they mean, and what is told of those that cannot be meant.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use dingbridge::config::{Config, Web};
use dingbridge::delivery::{DigestMode, DigestPolicy};
use dingbridge::dingtalk::Mention;
use dingbridge::render::ByLabel;

use super::{Case, URL, check, folder, write};

pub(super) const CASES: &[Case] = &[
    // Several robots.
    (
        "targets: {ops: {robots: []}}\n",
        &[":1:25: targets.ops.robots: expected a robot: copy the webhook URL from its settings into `url`"],
    ),
    ("targets: {ops: {robots: canary}}\n", &[":1:25: targets.ops.robots: expected a list"]),
    ("targets: {ops: {robots: [canary]}}\n", &[":1:26: targets.ops.robots[0]: expected keys and values"]),
    (
        "targets: {ops: {robots: [{secret: canary}, {url: canary}]}}\n",
        &[
            ":1:26: targets.ops.robots[0]: no `url`: copy the webhook URL from the robot's settings, or write `url: sandbox` to try",
            ":1:50: targets.ops.robots[1].url: expected https://…/robot/send?access_token=…; got only a token. Write https://oapi.dingtalk.com/robot/send?access_token= before it",
        ],
    ),
    (
        "targets:\n  ops:\n    url: URL\n    secret_file: secret\n    rate_limit: 20/1m\n    robots: [{url: URL}]\n",
        &[
            ":3:10: targets.ops.url: stands beside `robots`; move it into one of them",
            ":4:18: targets.ops.secret_file: stands beside `robots`; move it into one of them",
            ":5:17: targets.ops.rate_limit: stands beside `robots`; move it into one of them",
        ],
    ),
    (
        "targets:\n  ops:\n    robots:\n      - {keyword: alert, urls: x, url: URL}\n",
        &[
            ":4:19: targets.ops.robots[0].keyword: stands in a robot; move it beside `robots`, it is put into every message",
            ":4:26: targets.ops.robots[0].urls: unknown key; did you mean `url`?",
        ],
    ),
    (
        "targets:\n  ops:\n    robots:\n      - {url: URL}\n      - {url: URL-2}\n      - {url: 'URL&timestamp=1'}\n      - {url: URL}\n",
        &[
            ":6:9: targets.ops.robots[2]: the same robot as `robots[0]`; remove it, or copy the URL of another robot",
            ":7:9: targets.ops.robots[3]: the same robot as `robots[0]`; remove it, or copy the URL of another robot",
        ],
    ),
    (
        "targets: {ops: {robots: [{url: sandbox}, {url: sandbox}]}}\n",
        &[
            ":1:25: targets.ops.robots: `url: sandbox` cannot be one of several robots, what it gets reaches nobody; remove it or the others",
        ],
    ),
    (
        "targets: {ops: {robots: [{url: sandbox}, {url: URL}]}}\n",
        &[
            ":1:25: targets.ops.robots: `url: sandbox` cannot be one of several robots, what it gets reaches nobody; remove it or the others",
        ],
    ),
    (
        "targets: {ops: {robots: [{url: URL1}, {url: URL2}, {url: URL3}, {url: URL4}, {url: URL5}, {url: URL6}, {url: URL7}, \
         {url: URL8}, {url: URL9}, {url: URL10}, {url: URL11}, {url: URL12}, {url: URL13}, {url: URL14}, {url: URL15}, \
         {url: URL16}, {url: URL17}, {url: URL18}, {url: URL19}, {url: URL20}, {url: URL21}]}}\n",
        &[":1:25: targets.ops.robots: expected at most 20 robots; give the rest to another target"],
    ),
    // Limits.
    (
        "targets: {ops: {rate_limit: [], url: sandbox}}\n",
        &[":1:29: targets.ops.rate_limit: expected at least one limit, such as 20/1m"],
    ),
    (
        "targets: {ops: {rate_limit: [20/1m, 10/60s, fast, 5/1m], url: sandbox}}\n",
        &[
            ":1:37: targets.ops.rate_limit[1]: a second limit for 1m; one is enough: 10/1m",
            ":1:45: targets.ops.rate_limit[2]: expected messages per period, such as 20/1m",
            ":1:51: targets.ops.rate_limit[3]: a second limit for 1m; one is enough: 5/1m",
        ],
    ),
    (
        "targets: {ops: {rate_limit: [1/1s, 2/1m, 3/2m, 4/3m, 5/4m, 6/5m, 7/6m, 8/7m, 9/8m, 10/9m, 11/10m], url: sandbox}}\n",
        &[":1:29: targets.ops.rate_limit: expected at most 10 limits; keep those that are reached first"],
    ),
    // Mentions.
    (
        "targets: {ops: {mention: {severities: [bad], when: [never], mobiles: ['1 2']}, url: sandbox}}\n",
        &[
            ":1:40: targets.ops.mention.severities[0]: expected critical, warning, info or unknown",
            ":1:53: targets.ops.mention.when[0]: expected firing, repeat, digest or resolved",
            ":1:71: targets.ops.mention.mobiles[0]: expected a mobile number",
        ],
    ),
    (
        "targets: {ops: {mention: {by_label: owner}, url: sandbox}}\n",
        &[":1:37: targets.ops.mention.by_label: expected keys and values"],
    ),
    (
        "targets: {ops: {mention: {by_label: {lable: owner}}, url: sandbox}}\n",
        &[
            ":1:37: targets.ops.mention.by_label: no `label`: name the label whose value says who is called, such as owner",
            ":1:37: targets.ops.mention.by_label: no `people`: say whom each value of the label calls, such as `alice: {user_id: alice01}`",
            ":1:38: targets.ops.mention.by_label.lable: unknown key; did you mean `label`?",
        ],
    ),
    (
        "targets: {ops: {mention: {by_label: {label: ' ', people: {}}}, url: sandbox}}\n",
        &[
            ":1:37: targets.ops.mention.by_label: no `people`: say whom each value of the label calls, such as `alice: {user_id: alice01}`",
            ":1:45: targets.ops.mention.by_label.label: expected the name of a label, such as owner",
        ],
    ),
    (
        "targets: {ops: {mention: {by_label: {label: owner, people: [alice]}}, url: sandbox}}\n",
        &[":1:60: targets.ops.mention.by_label.people: expected keys and values"],
    ),
    (
        "targets:\n  ops:\n    url: sandbox\n    mention:\n      by_label:\n        label: owner\n        people:\n          \
         a: {}\n          b:\n          c: '138'\n          d: {mobile: '1 2', user_id: '@'}\n          \
         e: {mobile: ['138']}\n          f: {mobiles: ['138']}\n",
        &[
            ":8:14: targets.ops.mention.by_label.people.a: expected who it is: `{mobile: …}`, `{user_id: …}` or both",
            ":9:12: targets.ops.mention.by_label.people.b: expected who it is: `{mobile: …}`, `{user_id: …}` or both",
            ":10:14: targets.ops.mention.by_label.people.c: expected who it is: `{mobile: …}`, `{user_id: …}` or both",
            ":11:23: targets.ops.mention.by_label.people.d.mobile: expected a mobile number",
            ":11:39: targets.ops.mention.by_label.people.d.user_id: expected a user id",
            ":12:23: targets.ops.mention.by_label.people.e.mobile: expected a single value",
            ":13:14: targets.ops.mention.by_label.people.f: expected who it is: `{mobile: …}`, `{user_id: …}` or both",
            ":13:15: targets.ops.mention.by_label.people.f.mobiles: unknown key; did you mean `mobile`?",
        ],
    ),
    // Digests.
    (
        "targets: {ops: {digest: {mode: sometimes, interval: 2d, max_parts: 11}, url: sandbox}}\n",
        &[
            ":1:32: targets.ops.digest.mode: expected auto, always or never",
            ":1:53: targets.ops.digest.interval: expected at most 1d",
            ":1:68: targets.ops.digest.max_parts: expected a number from 1 to 10: each part is one of the 20 messages that DingTalk takes in a minute",
        ],
    ),
    (
        "targets: {ops: {digest: {interval: 0s, max_parts: 0, parts: 1}, url: sandbox}}\n",
        &[
            ":1:36: targets.ops.digest.interval: expected a duration longer than zero",
            ":1:51: targets.ops.digest.max_parts: expected a number from 1 to 10: each part is one of the 20 messages that DingTalk takes in a minute",
            ":1:54: targets.ops.digest.parts: unknown key; known are `interval`, `max_parts` and `mode`",
        ],
    ),
    ("targets: {ops: {digest: always, url: sandbox}}\n", &[":1:25: targets.ops.digest: expected keys and values"]),
    // Fallbacks.
    (
        "targets:\n  ops: {url: sandbox, fallback: oncal}\n  oncall: {url: sandbox, fallback: [ops]}\n",
        &[
            ":2:33: targets.ops.fallback: no such target; did you mean `oncall`?",
            ":3:36: targets.oncall.fallback: expected a single value",
        ],
    ),
    (
        "targets:\n  ops: {url: sandbox, fallback: nobody}\n  dba: {url: sandbox}\n  web: {url: sandbox}\n",
        &[":2:33: targets.ops.fallback: no such target; known are `dba` and `web`"],
    ),
    (
        "targets: {ops: {url: sandbox, fallback: dba}}\n",
        &[":1:41: targets.ops.fallback: no such target, and there is no other; remove it"],
    ),
    (
        "targets: {ops: {url: sandbox, fallback: ops}}\n",
        &[":1:41: targets.ops.fallback: leads back to where it began (ops → ops); remove `fallback` from one of them"],
    ),
    // Each circle once, at the first of its targets; those that only lead into one are told nothing.
    (
        "targets:\n  first: {url: sandbox, fallback: web}\n  ops: {url: sandbox, fallback: oncall}\n  \
         oncall: {url: sandbox, fallback: ops}\n  web: {url: sandbox, fallback: dba}\n  \
         infra: {url: sandbox, fallback: web}\n  dba: {url: sandbox, fallback: infra}\n  last: {url: sandbox}\n",
        &[
            ":3:33: targets.ops.fallback: leads back to where it began (ops → oncall → ops); remove `fallback` from one of them",
            ":5:33: targets.web.fallback: leads back to where it began (web → dba → infra → web); remove `fallback` from one of them",
        ],
    ),
    // A target that cannot be read is still a target.
    (
        "targets:\n  ops: {url: sandbox, fallback: dba}\n  dba: {url: '', fallback: ops}\n  web: {url: sandbox, fallback: infra}\n  infra: x\n",
        &[
            ":2:33: targets.ops.fallback: leads back to where it began (ops → dba → ops); remove `fallback` from one of them",
            ":3:14: targets.dba.url: expected a value, got nothing",
            ":5:10: targets.infra: expected keys and values",
        ],
    ),
];

#[test]
fn a_target_is_what_is_said_of_it() {
    let folder = folder();
    let path = folder.path();
    write(path, "admin-token", "  canary-0123456789abcdef\n");
    let config = "budget: {monthly: 5000}\nweb: {admin_token_file: admin-token}\ntargets:\n  \
                  ops:\n    robots:\n      - {url: URL-1, secret: SECcanary}\n      - {url: URL-2, rate_limit: [10/1m, 90/1h]}\n    \
                  keyword: alert\n    fallback: oncall\n    digest: {mode: always, interval: 90s, max_parts: 10}\n    \
                  mention:\n      by_label:\n        label: owner\n        \
                  people: {alice: {mobile: '@13900000000'}, bob: {mobile: 138, user_id: bob01}}\n  \
                  oncall: {url: URL-3, digest: {mode: never}}\n";
    let file = write(path, "dingbridge.yml", &config.replace("URL", URL));
    let config = Config::load(Path::new(&file)).expect("a configuration");
    let token = config.web.admin_token.as_ref().expect("a token").read();
    assert!(token.matches("canary-0123456789abcdef"));
    // A reload reads the token's file anew, which is no change of `web`; another file is one.
    assert_eq!(config.web, Config::load(Path::new(&file)).expect("a configuration").web);
    assert_ne!(config.web, Web::default());
    let lanes = config.lanes();
    let (ops, oncall) = (&lanes["ops"], &lanes["oncall"]);
    let limits: Vec<_> =
        ops.robots.iter().map(|robot| robot.limits.iter().map(ToString::to_string).collect::<Vec<_>>()).collect();
    assert_eq!(limits, [vec!["20/1m"], vec!["10/1m", "90/1h"]]);
    assert_eq!(ops.style.keyword.as_deref(), Some("alert"));
    assert_eq!((ops.fallback.as_deref(), oncall.fallback.as_deref()), (Some("oncall"), None));
    assert_eq!((ops.monthly, oncall.monthly), (5000, 5000));
    let always = DigestPolicy { mode: DigestMode::Always, interval: Duration::from_secs(90), max_parts: 10 };
    let never = DigestPolicy { mode: DigestMode::Never, ..DigestPolicy::default() };
    assert_eq!((ops.digest, oncall.digest), (always, never));
    let alice = Mention { mobiles: vec!["13900000000".into()], ..Mention::default() };
    let bob = Mention { mobiles: vec!["138".into()], user_ids: vec!["bob01".into()], all: false };
    let people = BTreeMap::from([("alice".to_owned(), alice), ("bob".to_owned(), bob)]);
    assert_eq!(ops.style.mention.by_label, Some(ByLabel { label: "owner".into(), people }));

    let run = check(&[file]);
    for target in [
        " - target oncall: markdown, not signed, at most 20/1m, no digests, open to anybody who can reach it\n",
        " - target ops: markdown, 2 robots, 1 signed, at most 20/1m; 10/1m and 90/1h (by robot), a digest every 90s, falls back to oncall, open to",
    ] {
        assert!(run.stdout.contains(target), "{target} in {}", run.stdout);
    }
    assert!(!run.stdout.contains(" - note: "), "{}", run.stdout);
}
