//! Every answer that DingTalk, or something on the way to it, is known to give, in every wording that was published;
//! and what tells what a bridge made of it.

use std::collections::BTreeMap;
use std::time::Duration;

use dingbridge::sandbox::{Arrival, Fault, Settings};
use http::StatusCode;
use tokio::time::{Instant, sleep};

use crate::harness::{Bridge, DingTalk, PATIENCE, Start, canary, payload, until};

/// What comes of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Then {
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
pub use Then::{Again, Delivered, GivenUp, Keyword, Waits};

/// The answer, the reason in the log, what comes of it.
pub type Case = (Fault, &'static str, Then);

pub fn code(code: i64, errmsg: &str) -> Fault {
    Fault::Errcode { code, errmsg: errmsg.to_owned() }
}

pub fn body(status: u16, body: &str) -> Fault {
    let content_type = if body.starts_with('{') { "application/json" } else { "text/html; charset=utf-8" };
    Fault::Body { status, content_type: content_type.to_owned(), body: body.to_owned() }
}

pub fn delivered() -> Vec<Case> {
    vec![
        (body(200, r#"{"errcode":0,"errmsg":"ok"}"#), "", Delivered),
        (body(200, r#"{"errcode":"0","errmsg":"ok"}"#), "", Delivered),
        (body(200, r#"{"errmsg":"ok","errcode":0,"new_field":{"a":[1]}}"#), "", Delivered),
        // Late, but within the deadline.
        (Fault::Slow(Duration::from_millis(300)), "", Delivered),
        (Fault::Trickle(Duration::from_millis(5)), "", Delivered),
    ]
}

pub fn again() -> Vec<Case> {
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

pub fn throttled() -> Vec<Case> {
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
pub fn corrected() -> Vec<Case> {
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

pub fn misconfigured() -> Vec<Case> {
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

pub fn rejected() -> Vec<Case> {
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

pub fn keywords() -> Vec<Case> {
    let wordings = [
        "keywords not in content",
        "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]",
        "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;link:…;",
        "错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词;",
    ];
    wordings.map(|wording| (code(310_000, wording), "keyword", Keyword)).into()
}

/// The metrics of a bridge at one moment.
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    pub async fn of(bridge: &Bridge) -> Self {
        let text = bridge.get("/metrics").await.body;
        let series = text.lines().filter_map(|line| line.rsplit_once(' '));
        Self(series.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    pub fn get(&self, name: &str, target: &str) -> f64 {
        self.0.get(&format!("dingbridge_{name}{{target=\"{target}\"}}")).copied().unwrap_or(f64::NAN)
    }

    pub fn reason(&self, name: &str, target: &str, reason: &str) -> f64 {
        let series = format!("dingbridge_{name}{{target=\"{target}\",reason=\"{reason}\"}}");
        self.0.get(&series).copied().unwrap_or(f64::NAN)
    }

    /// How many notifications wait, over all targets.
    pub fn waiting(&self) -> f64 {
        self.0.iter().filter(|(name, _)| name.starts_with("dingbridge_queue_length{")).map(|(_, value)| value).sum()
    }

    /// Whether its one notification was told or given up, and nothing waits.
    pub fn is_done(&self, target: &str) -> bool {
        self.get("notifications_total", target) == 1.0 && self.get("queue_length", target) == 0.0
    }

    /// Whether the robot is left alone for more than a few seconds.
    pub fn is_paused(&self, target: &str) -> bool {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs_f64();
        self.get("robot_paused_until_timestamp_seconds", target) > now + 20.0
    }
}

/// Waits until the metrics are so.
pub async fn until_metrics(bridge: &Bridge, what: &str, so: impl Fn(&Metrics) -> bool) -> Metrics {
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

/// Waits until nothing waits for any target, for so long at the most.
pub async fn until_nothing_waits(bridge: &Bridge, longest: Duration) {
    let began = Instant::now();
    while Metrics::of(bridge).await.waiting() > 0.0 {
        assert!(began.elapsed() < longest, "something waits still:\n{}", bridge.get("/metrics").await.body);
        sleep(Duration::from_millis(20)).await;
    }
}

pub fn arrivals(dingtalk: &DingTalk, name: &str) -> Vec<Arrival> {
    let token = canary(name);
    dingtalk.sandbox.arrivals().into_iter().filter(|arrival| arrival.token == token).collect()
}

/// The lines about a target that hold these words. A line is written after what it tells has happened.
pub fn lines(bridge: &Bridge, name: &str, words: &str) -> Vec<String> {
    let log = bridge.log();
    let is_it = |line: &String| line.contains(&format!("target={name} ")) && line.contains(words);
    log.lines().map(readable).filter(is_it).collect()
}

/// The one line that tells what became of the attempt.
pub async fn told(bridge: &Bridge, name: &str, message: &str) -> String {
    until(&format!("{message:?} of {name}"), || !lines(bridge, name, message).is_empty()).await;
    let mut lines = lines(bridge, name, message);
    assert_eq!(lines.len(), 1, "{name}: one line with {message:?}: {lines:?}");
    lines.remove(0)
}

/// A line of the log without what its format adds.
pub fn readable(line: &str) -> String {
    line.replace("\\'", "'")
}

pub async fn send(bridge: &Bridge, name: &str, group: &str) {
    let answer = bridge.send(name, payload(group, "firing")).await;
    assert_eq!(answer.status, StatusCode::OK, "{name}");
}

/// A target for each case, called `t` and a number.
pub fn named(cases: Vec<Case>) -> Vec<(String, Case)> {
    cases.into_iter().enumerate().map(|(number, case)| (format!("t{number}"), case)).collect()
}

/// A bridge whose robots give these answers, each `times` in a row, and to which one notification each was sent.
pub async fn meet(cases: &[(String, Case)], times: usize) -> (DingTalk, Bridge) {
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
