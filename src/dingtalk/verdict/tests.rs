use super::*;

fn answered(status: u16, body: &str) -> Verdict {
    verdict(&Outcome::Answer { status, body: Bytes::copy_from_slice(body.as_bytes()) })
}

fn coded(code: i64, errmsg: &str) -> Verdict {
    answered(200, &serde_json::json!({"errcode": code, "errmsg": errmsg}).to_string())
}

#[test]
fn only_errcode_zero_is_a_success() {
    for body in [r#"{"errcode":0,"errmsg":"ok"}"#, r#"{"errcode":"0","errmsg":"ok"}"#, r#"{"errcode":0}"#] {
        assert_eq!(answered(200, body), Verdict::Delivered, "{body}");
        assert_eq!(answered(500, body), Verdict::Delivered, "the errcode decides over the status: {body}");
    }
    let never = [
        "",
        " ",
        "ok",
        "0",
        "null",
        "[]",
        "{}",
        "true",
        "<html>errcode 0</html>",
        r#"{"errmsg":"ok"}"#,
        r#"{"errcode":null}"#,
        r#"{"errcode":false}"#,
        r#"{"errcode":"ok"}"#,
        r#"{"errcode":""}"#,
        r#"{"errcode":"00"}"#,
        r#"{"errcode":"+0"}"#,
        r#"{"errcode":-0}"#,
        r#"{"errcode":0.0}"#,
        r#"{"errcode":[0]}"#,
        r#"[{"errcode":0}]"#,
        r#"{"data":{"errcode":0}}"#,
        r#"{"errcode":0"#,
        r#"{"errcode":0} x"#,
        r#"{"ErrCode":0}"#,
        r#"{"success":true}"#,
        r#"{"errcode":1}"#,
        r#"{"errcode":"1"}"#,
        r#"{"errcode":99999999999999999999}"#,
    ];
    for body in never {
        for status in [200, 204, 302, 404, 429, 500] {
            assert_ne!(answered(status, body), Verdict::Delivered, "{status} {body}");
        }
    }
}

/// errcode, errmsg, label, whether it proves that nothing was delivered.
const TABLE: &[(i64, &str, &str, bool)] = &[
    (-1, "系统繁忙", "busy", false),
    (22, "Invalid method", "endpoint", true),
    (88, "ding talk error[subcode=40014]", "endpoint", true),
    (404, "请求的URI地址不存在", "endpoint", true),
    (20001, "", "quota", true),
    (33001, "无效的企业ID", "endpoint", true),
    (40035, "缺少参数 json", "malformed", true),
    (40035, "缺少参数 access_token", "token", true),
    (43002, "需要POST请求", "endpoint", true),
    (43004, "无效的HTTP HEADER Content-Type", "endpoint", true),
    (34004, "invalid msg type", "unknown_code", false),
    (90001, "您的服务器调用钉钉开放平台所有接口的请求都被暂时禁用了", "busy", true),
    (90002, "您的服务器调用被暂时禁用了", "busy", true),
    (90018, "您的服务器调用被暂时禁用了", "busy", true),
    (90019, "", "unknown_code", false),
    (90020, "", "quota", true),
    (90030, "webhook over limit", "quota", true),
    (101002, "message is too long", "too_long", true),
    (130101, "send too fast, exceed 20 times per minute", "throttled", true),
    (410100, "发送速度太快而限流", "throttled", true),
    (660026, "sending too many messages per minute", "throttled", true),
    (300001, "token is not exist", "token", true),
    (300005, "token is not exist", "token", true),
    (400101, "access_token不存在", "token", true),
    (310000, "keywords not in content", "keyword", true),
    (310000, "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]", "keyword", true),
    (310000, "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词;link:…;", "keyword", true),
    (310000, "错误描述:关键词不匹配;解决方案:请联系群管理员;", "keyword", true),
    (310000, "sign not match", "signature", true),
    (310000, "Sign Not Match, more: [https://ding-doc]", "signature", true),
    (
        310000,
        "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中;link:…;",
        "signature",
        true,
    ),
    (310000, "错误描述:机器人发送签名不匹配;解决方案:请确认;", "signature", true),
    (310000, "invalid timestamp", "clock", true),
    (310000, "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;", "clock", true),
    (310000, "ip 1.2.3.4 not in whitelist", "address", true),
    (310000, "description:ip 不在白名单中;solution:请联系群管理员;", "address", true),
    (310000, "something new", "security", true),
    (310000, "", "security", true),
    (400013, "群已被解散", "group_gone", true),
    (400102, "机器人已停用", "stopped", true),
    (400105, "不支持的消息类型", "type", true),
    (400106, "机器人不存在", "removed", true),
    (430101, "含有不安全的外链", "unsafe_link", true),
    (430102, "含有不合适的文本", "content", true),
    (430103, "含有不合适的图片", "content", true),
    (430104, "含有不合适的内容", "content", true),
    (450101, "?", "unknown_code", false),
    (460101, "message too long, exceed 20000 bytes", "too_long", true),
    (460101, "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;", "too_long", true),
    (7, "", "unknown_code", false),
];

#[test]
fn every_known_answer_has_its_meaning() {
    for &(code, errmsg, label, proves) in TABLE {
        let verdict = coded(code, errmsg);
        assert_eq!((verdict.label(), verdict.proves_not_delivered()), (label, proves), "{code} {errmsg}");
        assert_eq!(verdict.errcode(), Some(code));
        let as_text = answered(403, &serde_json::json!({"errcode": code.to_string(), "errmsg": errmsg}).to_string());
        assert_eq!(as_text, verdict, "a number as a string, under any status");
        let shown = verdict.to_string();
        let quoted = if errmsg.is_empty() { String::new() } else { format!(" \"{errmsg}\"") };
        assert!(shown.starts_with(&format!("errcode {code}{quoted}; ")) && shown.len() > 60, "{shown}");
    }
}

#[test]
fn throttles_say_who_pauses_and_for_how_long() {
    let throttle = |verdict: Verdict| match verdict {
        Verdict::Throttled { scope, pause, .. } => (scope, pause.as_secs()),
        other => panic!("{other:?}"),
    };
    assert_eq!(throttle(coded(660026, "sending too many messages per minute")), (Scope::Robot, 600));
    assert_eq!(throttle(coded(130101, "send too fast, exceed 20 times per minute")), (Scope::Robot, 600));
    assert_eq!(throttle(coded(410100, "retry after 30 s")), (Scope::Robot, 30));
    assert_eq!(throttle(coded(90030, "webhook over limit, retry after 30 s")), (Scope::Robot, 3600));
    assert_eq!(throttle(answered(429, "<html>slow down</html>")), (Scope::Robot, 600));
    assert_eq!(throttle(answered(429, r#"{"message":"retry after 2 minutes"}"#)), (Scope::Robot, 120));
    let ban = r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"0a"}"#;
    for (status, body, seconds) in [
        (200, ban, 300),
        (403, ban, 300),
        (200, r#"{"status":1111}"#, 300),
        (200, r#"{"punish":"deny","wait":"12"}"#, 720),
        (200, r#"{"status":"1111","wait":9000}"#, 3600),
        (200, r#"{"status":1111,"punish":"deny","errcode":null}"#, 300),
    ] {
        let verdict = answered(status, body);
        assert_eq!((verdict.label(), verdict.errcode()), ("banned", None));
        assert_eq!(throttle(verdict), (Scope::Host, seconds), "{body}");
    }
    assert_eq!(answered(200, r#"{"status":1111,"punish":"deny","errcode":0}"#), Verdict::Delivered);
}

#[test]
fn answers_that_are_not_the_robots() {
    let cases = [
        (200, "", "not_json"),
        (200, "<!DOCTYPE html><html>…", "not_json"),
        (204, "", "not_json"),
        (200, "{}", "no_errcode"),
        (200, r#"{"status":1}"#, "no_errcode"),
        (301, "", "endpoint"),
        (302, "<html>log in</html>", "endpoint"),
        (404, "<html>nginx</html>", "endpoint"),
        (400, "", "http_4xx"),
        (403, "<html>", "http_4xx"),
        (407, "", "http_4xx"),
        (429, "", "throttled"),
        (500, "", "http_5xx"),
        (502, "<html>bad gateway</html>", "http_5xx"),
        (503, r#"{"message":"x"}"#, "http_5xx"),
    ];
    for (status, body, label) in cases {
        assert_eq!(answered(status, body).label(), label, "{status} {body}");
    }
}

#[test]
fn no_answer_is_told_apart_by_whether_it_may_have_arrived() {
    let timeout = Failure::Timeout(Duration::from_secs(5));
    let cases = [
        (Outcome::NotSent(Failure::Connect("refused".into())), "unreachable", true),
        (Outcome::NotSent(timeout.clone()), "timeout", true),
        (Outcome::NotSent(Failure::Broken("gone".into())), "unreachable", true),
        (Outcome::Unknown(timeout), "timeout", false),
        (Outcome::Unknown(Failure::Broken("reset".into())), "broken", false),
        (Outcome::Unknown(Failure::Oversized(65536)), "oversized", false),
    ];
    for (outcome, label, proves) in cases {
        let verdict = verdict(&outcome);
        assert_eq!((verdict.label(), verdict.proves_not_delivered(), verdict.errcode()), (label, proves, None));
        assert!(matches!(verdict, Verdict::Retry(..)));
    }
}

#[test]
fn an_address_is_told_when_dingtalk_tells_it() {
    for (errmsg, expected) in [
        ("ip 203.0.113.9 not in whitelist", Some("203.0.113.9")),
        ("description:ip 203.0.113.9 不在白名单中;", Some("203.0.113.9")),
        ("IP 2001:db8::1 not in whitelist.", Some("2001:db8::1")),
        ("description:ip 不在白名单中;solution:…", None),
    ] {
        let Verdict::Misconfigured(Misconfiguration::Address { ip }, _) = coded(310000, errmsg) else {
            panic!("{errmsg}");
        };
        assert_eq!(ip, expected.map(|ip| ip.parse().unwrap()), "{errmsg}");
    }
}

#[test]
fn verdicts_can_be_acted_on() {
    let shown = [
        coded(0, "ok"),
        coded(310000, "keywords not in content"),
        coded(660026, "sending too many messages per minute"),
        coded(310000, "ip 203.0.113.9 not in whitelist"),
        answered(502, "<html>\r\n<h1>Bad Gateway</h1>\r\n</html>"),
        answered(200, ""),
        verdict(&Outcome::NotSent(Failure::Connect("dns error".into()))),
        verdict(&Outcome::Unknown(Failure::Timeout(Duration::from_secs(5)))),
    ];
    insta::assert_snapshot!(shown.map(|verdict| verdict.to_string()).join("\n"), @r#"
    errcode 0: delivered
    errcode 310000 "keywords not in content"; the message holds none of the robot's keywords. Set `keyword` to one of those in the robot's security settings
    errcode 660026 "sending too many messages per minute"; too many messages within a minute (DingTalk allows 20), nothing was delivered. If another program uses this robot, give each its own, or lower `rate_limit`. Send nothing for 10 min
    errcode 310000 "ip 203.0.113.9 not in whitelist"; 203.0.113.9, which the bridge calls from, is not in the robot's address list. Add it in the robot's security settings
    HTTP 502 "<html> <h1>Bad Gateway</h1> </html>"; the server failed, the message may have arrived or not. Try again with the same msgUuid
    HTTP 200 with an empty body; not the robot's answer, so it is no success. Try again; if it stays, check what stands between the bridge and DingTalk
    cannot connect: dns error; nothing was sent. Check the host name, DNS, the way out, and `ca_file` if a proxy looks into TLS
    no answer within 5s; the message may have arrived or not. Try again with the same msgUuid
    "#);
}

proptest::proptest! {
    #[test]
    fn what_is_said_is_one_bounded_clean_line(status in 100..600u16, body: Vec<u8>, code: i64, errmsg in "\\PC{0,300}|.{0,300}|(?s).{0,300}") {
        let long = format!("{errmsg}{}", "长".repeat(300));
        let outcomes = [
            Outcome::Answer { status, body: body.into() },
            Outcome::Answer { status, body: serde_json::json!({"errcode": code, "errmsg": long}).to_string().into() },
            Outcome::Unknown(Failure::Broken(long)),
        ];
        for outcome in outcomes {
            let shown = verdict(&outcome).to_string();
            proptest::prop_assert!(!shown.contains(|c: char| c.is_control()), "{:?}", shown);
            proptest::prop_assert!(shown.chars().count() < 600, "{:?}", shown);
        }
    }
}
