//! What each answer of DingTalk leads to, in every wording that was published: what becomes of the message, of the
//! robot, and what the log tells.
//!
//! Each answer has a target and a robot of its own, all in one bridge, so that nothing waits for anything else.

use std::collections::BTreeMap;
use std::time::Duration;

use dingbridge::sandbox::{Arrival, Fault, Sandbox, Settings, Signature};
use http::StatusCode;
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep};

use crate::harness::{Bridge, DingTalk, PATIENCE, SECRET, Start, canary, payload, until};

/// What comes of an answer.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// The group has it.
    Delivered,
    /// The same bytes go again.
    Again,
    /// The robot is left alone; the log says what to do at this level, in these words.
    Waits(&'static str, &'static str),
    /// Once more as plain text, then a dead letter; the log says this.
    GivenUp(&'static str),
    /// Once more as plain text, then the robot is left alone.
    Keyword,
}
use Then::{Again, Delivered, GivenUp, Keyword, Waits};

/// The answer, the reason in the log, what comes of it.
type Case = (Fault, &'static str, Then);

fn code(code: i64, errmsg: &str) -> Fault {
    Fault::Errcode { code, errmsg: errmsg.to_owned() }
}

fn body(status: u16, body: &str) -> Fault {
    let content_type = if body.starts_with('{') { "application/json" } else { "text/html; charset=utf-8" };
    Fault::Body { status, content_type: content_type.to_owned(), body: body.to_owned() }
}

fn delivered() -> Vec<Case> {
    vec![
        (body(200, r#"{"errcode":0,"errmsg":"ok"}"#), "", Delivered),
        (body(200, r#"{"errcode":"0","errmsg":"ok"}"#), "", Delivered),
        (body(200, r#"{"errmsg":"ok","errcode":0,"new_field":{"a":[1]}}"#), "", Delivered),
    ]
}

fn again() -> Vec<Case> {
    let long = format!("{{\"errcode\":0,\"errmsg\":\"{}\"}}", "x".repeat(100_000));
    vec![
        (code(-1, "系统繁忙"), "busy", Again),
        (code(90001, "您的服务器调用钉钉开放平台所有接口的请求都被暂时禁用了"), "busy", Again),
        (code(90002, "您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了"), "busy", Again),
        (code(90018, "您的服务器调用钉钉开放平台当前接口的请求都被暂时禁用了"), "busy", Again),
        (code(34015, "发送失败"), "unknown_code", Again),
        (code(450101, "?"), "unknown_code", Again),
        (code(123_456, "something that nobody knows yet"), "unknown_code", Again),
        (body(200, ""), "not_json", Again),
        (body(200, "ok"), "not_json", Again),
        (body(200, "<!DOCTYPE html><html><title>请求过于频繁</title></html>"), "not_json", Again),
        (body(200, r#"{"errcode":0"#), "not_json", Again),
        (body(200, "{}"), "no_errcode", Again),
        (body(200, "[]"), "no_errcode", Again),
        (body(200, r#"{"errmsg":"ok"}"#), "no_errcode", Again),
        (body(200, r#"{"errcode":null,"errmsg":"ok"}"#), "no_errcode", Again),
        (body(200, r#"{"errcode":"","errmsg":"ok"}"#), "no_errcode", Again),
        (body(200, r#"{"success":true,"result":0}"#), "no_errcode", Again),
        (body(200, &long), "oversized", Again),
        (body(400, "<html>bad request</html>"), "http_4xx", Again),
        (body(403, "<html>forbidden</html>"), "http_4xx", Again),
        (body(500, ""), "http_5xx", Again),
        (body(500, "Internal Server Error"), "http_5xx", Again),
        (body(502, "<html>\r\n<h1>502 Bad Gateway</h1>\r\n</html>"), "http_5xx", Again),
        (body(503, r#"{"message":"unavailable"}"#), "http_5xx", Again),
        (Fault::ResetBeforeRead, "broken", Again),
        (Fault::ResetAfterRead, "broken", Again),
        (Fault::Hang, "timeout", Again),
        (Fault::Slow(Duration::from_secs(600)), "timeout", Again),
        // The deadline covers the answer's body as well.
        (Fault::Trickle(Duration::from_millis(200)), "timeout", Again),
    ]
}

fn throttled() -> Vec<Case> {
    let rate = Waits("warn", "lower `rate_limit`. Send nothing for 10 min");
    let month = Waits("error", "calls of this month are used up");
    vec![
        (code(130_101, "send too fast, exceed 20 times per minute"), "throttled", rate),
        (code(410_100, "发送速度太快而限流"), "throttled", rate),
        (code(660_026, "sending too many messages per minute"), "throttled", rate),
        (body(429, "<html>slow down</html>"), "throttled", rate),
        (code(90020, ""), "quota", month),
        (code(90030, "webhook over limit"), "quota", month),
        (code(20001, "quota exceeded"), "quota", month),
    ]
}

/// The answer's date tells by how much the clock is wrong.
fn corrected() -> Vec<Case> {
    vec![
        (code(310_000, "invalid timestamp"), "clock", Again),
        (code(310_000, "invalid timestamp, more: [https://ding-doc.dingtalk.com]"), "clock", Again),
        (
            code(
                310_000,
                "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;link:…;",
            ),
            "clock",
            Again,
        ),
        (code(310_000, "错误描述:机器人发送签名过期;解决方案:请保持;"), "clock", Again),
    ]
}

fn misconfigured() -> Vec<Case> {
    let token = Waits("error", "Copy the webhook URL from the robot's settings");
    let signature = Waits("error", "Copy the whole secret (SEC…) from the robot's security settings");
    let address = Waits("error", "Add it in the robot's security settings");
    let endpoint = Waits("error", "this is not a robot's address");
    vec![
        (code(300_001, "token is not exist"), "token", token),
        (code(300_005, "token is not exist"), "token", token),
        (code(400_101, "access_token不存在"), "token", token),
        (code(40035, "缺少参数 access_token"), "token", token),
        (code(310_000, "sign not match"), "signature", signature),
        (
            code(310_000, "sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"),
            "signature",
            signature,
        ),
        (
            code(
                310_000,
                "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的安全设置;link:请参考本接口对应文档获得具体要求，或者在https://open.dingtalk.com/document/  搜索相关文档;",
            ),
            "signature",
            signature,
        ),
        (code(310_000, "错误描述:机器人发送签名不匹配;解决方案:请确认签名;"), "signature", signature),
        (
            code(310_000, "ip 203.0.113.9 not in whitelist"),
            "address",
            Waits("error", "203.0.113.9, which the bridge calls from, is not in the robot's address list"),
        ),
        (code(310_000, "description:ip 不在白名单中;solution:请联系群管理员查看此机器人的白名单;"), "address", address),
        (code(310_000, "错误描述:ip 不在白名单中;解决方案:请联系群管理员;"), "address", address),
        (
            code(310_000, "a reason that nobody knows yet"),
            "security",
            Waits("error", "Compare them with the target's settings"),
        ),
        (code(400_013, "群已被解散"), "group_gone", Waits("error", "Set `url` to a robot of another group")),
        (code(400_102, "机器人已停用"), "stopped", Waits("error", "Switch it on in the group's settings")),
        (code(400_106, "机器人不存在"), "removed", Waits("error", "Add one and set `url` to its webhook URL")),
        (code(22, "Invalid method"), "endpoint", endpoint),
        (code(88, "ding talk error[subcode=40014,submsg=不合法的access_token]"), "endpoint", endpoint),
        (code(404, "请求的URI地址不存在"), "endpoint", endpoint),
        (code(33001, "无效的企业ID"), "endpoint", endpoint),
        (code(43002, "需要POST请求"), "endpoint", endpoint),
        (code(43004, "无效的HTTP HEADER Content-Type"), "endpoint", endpoint),
        (body(404, "<html><center>nginx</center></html>"), "endpoint", endpoint),
        (body(302, "<html>log in</html>"), "endpoint", endpoint),
    ]
}

fn rejected() -> Vec<Case> {
    let long = GivenUp("the message has more than 20,000 bytes");
    let content = GivenUp("DingTalk's moderation refuses words or pictures");
    vec![
        (code(101_002, "message is too long"), "too_long", long),
        (code(460_101, "message too long, exceed 20000 bytes"), "too_long", long),
        (code(460_101, "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;"), "too_long", long),
        (code(430_101, "含有不安全的外链"), "unsafe_link", GivenUp("DingTalk holds a link in the message for unsafe")),
        (code(430_102, "含有不合适的文本"), "content", content),
        (code(430_103, "含有不合适的图片"), "content", content),
        (code(430_104, "含有不合适的内容"), "content", content),
        (code(400_105, "不支持的消息类型"), "type", GivenUp("robots do not take this type of message")),
        (code(40035, "缺少参数 json"), "malformed", GivenUp("a field is missing")),
    ]
}

fn keywords() -> Vec<Case> {
    let wordings = [
        "keywords not in content",
        "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]",
        "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;link:…;",
        "错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词;",
    ];
    wordings.map(|wording| (code(310_000, wording), "keyword", Keyword)).into()
}

/// The metrics of a bridge at one moment.
struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    async fn of(bridge: &Bridge) -> Self {
        let text = bridge.get("/metrics").await.body;
        let series = text.lines().filter_map(|line| line.rsplit_once(' '));
        Self(series.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    fn get(&self, name: &str, target: &str) -> f64 {
        self.0.get(&format!("dingbridge_{name}{{target=\"{target}\"}}")).copied().unwrap_or(f64::NAN)
    }

    fn reason(&self, name: &str, target: &str, reason: &str) -> f64 {
        let series = format!("dingbridge_{name}{{target=\"{target}\",reason=\"{reason}\"}}");
        self.0.get(&series).copied().unwrap_or(f64::NAN)
    }

    /// Whether its one notification was told or given up, and nothing waits.
    fn is_done(&self, target: &str) -> bool {
        self.get("notifications_total", target) == 1.0 && self.get("queue_length", target) == 0.0
    }

    /// Whether the robot is left alone for more than a few seconds.
    fn is_paused(&self, target: &str) -> bool {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs_f64();
        self.get("robot_paused_until_timestamp_seconds", target) > now + 20.0
    }
}

/// Waits until the metrics are so.
async fn until_metrics(bridge: &Bridge, what: &str, so: impl Fn(&Metrics) -> bool) -> Metrics {
    let began = Instant::now();
    loop {
        let metrics = Metrics::of(bridge).await;
        if so(&metrics) {
            return metrics;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn arrivals(dingtalk: &DingTalk, name: &str) -> Vec<Arrival> {
    let token = canary(name);
    dingtalk.sandbox.arrivals().into_iter().filter(|arrival| arrival.token == token).collect()
}

/// The lines about a target that hold these words. A line is written after what it tells has happened.
fn lines(bridge: &Bridge, name: &str, words: &str) -> Vec<String> {
    let log = bridge.log();
    let is_it = |line: &String| line.contains(&format!("target={name} ")) && line.contains(words);
    log.lines().map(readable).filter(is_it).collect()
}

/// The one line that tells what became of the attempt.
async fn told(bridge: &Bridge, name: &str, message: &str) -> String {
    until(&format!("{message:?} of {name}"), || !lines(bridge, name, message).is_empty()).await;
    let mut lines = lines(bridge, name, message);
    assert_eq!(lines.len(), 1, "{name}: one line with {message:?}: {lines:?}");
    lines.remove(0)
}

/// A line of the log without what its format adds.
fn readable(line: &str) -> String {
    line.replace("\\'", "'")
}

async fn send(bridge: &Bridge, name: &str, group: &str) {
    let answer = bridge.send(name, payload(group, "firing")).await;
    assert_eq!(answer.status, StatusCode::OK, "{name}");
}

/// A target for each case, called `t` and a number.
fn named(cases: Vec<Case>) -> Vec<(String, Case)> {
    cases.into_iter().enumerate().map(|(number, case)| (format!("t{number}"), case)).collect()
}

/// A bridge whose robots give these answers, each `times` in a row, and to which one notification each was sent.
async fn meet(cases: &[(String, Case)], times: usize) -> (DingTalk, Bridge) {
    let names: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).chain(["witness"]).collect();
    let dingtalk = DingTalk::start(Settings::default(), &names).await;
    for (name, (fault, ..)) in cases {
        (0..times).for_each(|_| dingtalk.sandbox.order_for(&canary(name), fault.clone()));
    }
    let config = format!("timeout: 1s\n{}", dingtalk.config(&names, ""));
    let bridge = Start::new(config).ready().await;
    for (name, _) in cases {
        send(&bridge, name, "First").await;
    }
    (dingtalk, bridge)
}

#[tokio::test]
async fn only_errcode_zero_is_a_delivery_and_everything_unclear_goes_again_unchanged() {
    let cases = named(delivered().into_iter().chain(again()).collect());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    let metrics = until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, reason, then)) in &cases {
        let arrivals = arrivals(&dingtalk, name);
        let failed = metrics.reason("notification_requests_failed_total", name, "retry");
        assert!(arrivals.iter().all(|arrival| arrival.signed == Signature::Valid), "{fault:?}: {arrivals:?}");
        assert!(metrics.get("target_last_success_timestamp_seconds", name) > 0.0, "{fault:?}");
        if let Delivered = then {
            assert_eq!((arrivals.len(), failed), (1, 0.0), "{fault:?}");
            continue;
        }
        let [first, second] = &arrivals[..] else { panic!("{fault:?}: two calls: {arrivals:?}") };
        assert_eq!(failed, 1.0, "{fault:?}");
        // Its body was not read, so it is not known.
        if *fault != Fault::ResetBeforeRead {
            assert_eq!((&first.msg_uuid, &first.body), (&second.msg_uuid, &second.body), "{fault:?}");
        }
        assert!(second.msg_uuid.is_some() && second.delivered, "{fault:?}: {second:?}");
        let line = told(&bridge, name, "not delivered yet").await;
        assert!(line.contains("level=warn") && line.contains(&format!("reason={reason} ")), "{fault:?}: {line}");
        assert!(second.since_start - first.since_start >= Duration::from_millis(900), "{fault:?} was tried at once");
    }
    let shown = dingtalk.shown().len();
    assert_eq!(shown, cases.len() - delivered().len(), "nobody is told twice");
}

#[tokio::test]
async fn a_robot_that_is_throttled_or_misconfigured_is_left_alone() {
    let cases = named(throttled().into_iter().chain(misconfigured()).collect());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_paused(name));
    until_metrics(&bridge, "every robot to be paused", all).await;
    for (name, _) in &cases {
        send(&bridge, name, "Second").await;
    }
    let seen = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.get("queue_length", name) == 2.0);
    until_metrics(&bridge, "every lane to see the second notification", seen).await;
    // The others go on, and by then a lane that wanted to call would have called.
    send(&bridge, "witness", "First").await;
    until("the witness", || arrivals(&dingtalk, "witness").len() == 1).await;
    let metrics = Metrics::of(&bridge).await;
    for (name, (fault, reason, then)) in &cases {
        let Waits(level, words) = then else { panic!("{then:?}") };
        let arrivals = arrivals(&dingtalk, name);
        assert_eq!(arrivals.len(), 1, "{fault:?}: called while it is paused");
        let kind = if throttled().iter().any(|(f, ..)| f == fault) { "throttled" } else { "misconfigured" };
        assert_eq!(metrics.reason("notification_requests_failed_total", name, kind), 1.0, "{fault:?}");
        assert_eq!(metrics.get("notifications_total", name), 0.0, "{fault:?}");
        assert!(metrics.is_paused(name), "{fault:?}");
        let line = told(&bridge, name, "not delivered").await;
        assert!(line.contains(&format!("level={level}")), "{fault:?}: {line}");
        assert!(line.contains(&format!("reason={reason} ")) && line.contains(words), "{fault:?}: {line}");
    }
}

#[tokio::test]
async fn a_signature_that_is_too_old_is_made_anew_at_once() {
    let cases = named(corrected());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, reason, _)) in &cases {
        let arrivals = arrivals(&dingtalk, name);
        let [first, second] = &arrivals[..] else { panic!("{fault:?}: two calls: {arrivals:?}") };
        assert_eq!((&first.msg_uuid, &first.body), (&second.msg_uuid, &second.body), "{fault:?}");
        assert!(second.delivered && second.signed == Signature::Valid, "{fault:?}: {second:?}");
        let line = told(&bridge, name, "not delivered").await;
        assert!(line.contains(&format!("reason={reason} ")) && line.contains("Set this machine's clock"), "{line}");
    }
}

#[tokio::test]
async fn a_throttle_that_says_how_long_it_lasts_is_believed() {
    let cases = named(vec![
        (code(410_100, "发送速度太快，请 2 秒后重试"), "throttled", Again),
        (code(660_026, "too many messages, retry after 2 seconds"), "throttled", Again),
    ]);
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, ..)) in &cases {
        let arrivals = arrivals(&dingtalk, name);
        let [first, second] = &arrivals[..] else { panic!("{fault:?}: two calls: {arrivals:?}") };
        assert!(second.since_start - first.since_start >= Duration::from_secs(2), "{fault:?}");
        // Nothing was delivered for certain, so it may be told as things are now.
        assert!(second.delivered && first.msg_uuid != second.msg_uuid, "{fault:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_refused_goes_once_more_as_plain_text() {
    let cases = named(rejected().into_iter().chain(keywords()).collect());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    dingtalk.until_shown(cases.len()).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    let metrics = until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, reason, _)) in &cases {
        full_then_plain(fault, &arrivals(&dingtalk, name));
        assert_eq!(metrics.reason("notifications_failed_total", name, "rejected"), 0.0, "{fault:?}");
        assert!(!metrics.is_paused(name), "{fault:?}");
        let line = told(&bridge, name, "not delivered").await;
        assert!(line.contains("level=error") && line.contains(&format!("reason={reason} ")), "{fault:?}: {line}");
    }
}

fn full_then_plain(fault: &Fault, arrivals: &[Arrival]) {
    let [full, plain] = arrivals else { panic!("{fault:?}: two calls: {arrivals:?}") };
    assert!(full.body.contains(r#""msgtype":"markdown""#), "{fault:?}: {}", full.body);
    assert!(plain.body.contains(r#""msgtype":"text""#), "{fault:?}: {}", plain.body);
    assert!(plain.body.contains("First") && !plain.body.contains("]("), "{fault:?}: {}", plain.body);
    assert!(full.msg_uuid.is_some() && plain.msg_uuid.is_some() && full.msg_uuid != plain.msg_uuid, "{fault:?}");
    assert!(plain.signed == Signature::Valid, "{fault:?}: {plain:?}");
}

#[tokio::test]
async fn a_message_that_never_passes_becomes_a_dead_letter_and_delays_nobody() {
    let cases = named(rejected());
    let (dingtalk, bridge) = meet(&cases, 2).await;
    let given_up = |metrics: &Metrics, name: &str| metrics.reason("notifications_failed_total", name, "rejected");
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| given_up(metrics, name) == 1.0);
    until_metrics(&bridge, "every message to be given up", all).await;
    for (name, (fault, reason, then)) in &cases {
        let GivenUp(words) = then else { panic!("{then:?}") };
        full_then_plain(fault, &arrivals(&dingtalk, name));
        let line = told(&bridge, name, "gave a notification up").await;
        assert!(line.contains("level=error") && line.contains("dead letter"), "{fault:?}: {line}");
        assert!(line.contains(&format!("reason={reason}")) && line.contains(words), "{fault:?}: {line}");
        send(&bridge, name, "Second").await;
    }
    let shown = dingtalk.until_shown(cases.len()).await;
    assert!(shown.iter().all(|arrival| arrival.body.contains("Second")), "{shown:?}");
    let metrics = Metrics::of(&bridge).await;
    for (name, (fault, ..)) in &cases {
        assert!(!metrics.is_paused(name), "{fault:?}: others may pass");
        assert_eq!(metrics.reason("notification_requests_failed_total", name, "rejected"), 2.0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_robot_that_wants_another_keyword_is_left_alone_once_plain_text_is_refused_too() {
    let cases = named(keywords());
    let (dingtalk, bridge) = meet(&cases, 2).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_paused(name));
    until_metrics(&bridge, "every robot to be paused", all).await;
    for (name, (fault, ..)) in &cases {
        send(&bridge, name, "Second").await;
        full_then_plain(fault, &arrivals(&dingtalk, name));
        let advice = "Set `keyword` to one of those in the robot's security settings";
        until(&format!("{fault:?} twice in the log"), || lines(&bridge, name, advice).len() >= 2).await;
        let lines = lines(&bridge, name, advice);
        assert!(lines.len() == 2 && lines.iter().all(|line| line.contains("level=error")), "{fault:?}: {lines:?}");
    }
    let seen = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.get("queue_length", name) == 2.0);
    until_metrics(&bridge, "every lane to see the second notification", seen).await;
    send(&bridge, "witness", "First").await;
    until("the witness", || arrivals(&dingtalk, "witness").len() == 1).await;
    assert_eq!(dingtalk.sandbox.arrivals().len(), 2 * cases.len() + 1);
}

#[tokio::test]
async fn a_ban_of_the_address_stops_every_robot_of_that_host_and_no_other() {
    let bans = [
        Fault::Ban,
        body(200, r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"f0"}"#),
        body(200, r#"{"status":"1111"}"#),
        body(403, r#"{"punish":"deny","wait":"7"}"#),
    ];
    // A host is a name and a port, so each ban has a stand-in of its own.
    let mut hosts = Vec::new();
    let mut config = String::from("targets:\n");
    for (number, fault) in bans.into_iter().enumerate() {
        let dingtalk = DingTalk::start(Settings::default(), &["banned", "same-host", "other-name"]).await;
        dingtalk.sandbox.order_for(&canary("banned"), fault);
        let by_name = format!("http://localhost:{}", dingtalk.address.port());
        let other = dingtalk.url("other-name").replace(&format!("http://{}", dingtalk.address), &by_name);
        for (name, url) in [("a", dingtalk.url("banned")), ("b", dingtalk.url("same-host")), ("c", other)] {
            config.push_str(&format!("  {name}{number}: {{url: '{url}', secret: {SECRET}}}\n"));
        }
        hosts.push(dingtalk);
    }
    let bridge = Start::new(config).ready().await;
    for number in 0..hosts.len() {
        send(&bridge, &format!("a{number}"), "First").await;
    }
    let names = |letter| (0..hosts.len()).map(move |number| format!("{letter}{number}"));
    until_metrics(&bridge, "every ban", |metrics| names('a').all(|name| metrics.is_paused(&name))).await;
    for name in names('b').chain(names('c')) {
        send(&bridge, &name, "First").await;
    }
    for (dingtalk, name) in hosts.iter().zip(names('a')) {
        dingtalk.until_shown(1).await;
        let line = told(&bridge, &name, "not delivered").await;
        assert!(line.contains("reason=banned") && line.contains("DingTalk bans the address"), "{line}");
    }
    // Also who did not meet the ban shows that it waits for its end.
    let paused = |metrics: &Metrics| names('b').all(|name| metrics.is_paused(&name));
    until_metrics(&bridge, "the other robots of the host to be paused", paused).await;
    for dingtalk in &hosts {
        let tokens: Vec<_> = dingtalk.sandbox.arrivals().into_iter().map(|arrival| arrival.token).collect();
        assert_eq!(tokens, [canary("banned"), canary("other-name")]);
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_tried_until_it_does() {
    // Bound and not listening: connections are refused, and nobody else gets the port.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let address = socket.local_addr().expect("an address");
    let config = format!(
        "timeout: 1s\ntargets:\n  refused: {{url: 'http://{address}/robot/send?access_token=canary-refused'}}\n"
    );
    let bridge = Start::new(config).ready().await;
    send(&bridge, "refused", "First").await;
    let failed = |metrics: &Metrics| metrics.reason("notification_requests_failed_total", "refused", "retry") >= 1.0;
    until_metrics(&bridge, "a failure", failed).await;
    bridge.wait_for_log("reason=unreachable").await;
    assert!(bridge.log().contains("Check the host name, DNS, the way out"), "{}", bridge.log());
    let metrics = Metrics::of(&bridge).await;
    assert!(!metrics.is_paused("refused"));

    let listener = socket.listen(16).expect("listening");
    let sandbox = Sandbox::new(Settings::default());
    let serve = sandbox.clone().serve(listener, async {
        until("the message", || !sandbox.arrivals().is_empty()).await;
        until_metrics(&bridge, "its end", |metrics| metrics.get("notifications_total", "refused") == 1.0).await;
    });
    serve.await;
    assert_eq!(sandbox.arrivals().len(), 1);
}
