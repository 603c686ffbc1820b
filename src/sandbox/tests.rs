//! In virtual time over connections within the process, except for the one test of listening.

use std::future::ready;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::advance;

use super::*;
use crate::clock::from_millis;
use crate::dingtalk::{Client, Failure, Mention, Message, Outcome, Scope, Verdict, Webhook, body, sign, verdict};

const TIMEOUT: Duration = Duration::from_secs(5);
const NOW: i64 = 1_700_000_000_000;

/// A bridge's end: its client, its clock.
struct Bridge {
    client: Client,
    clock: Clock,
}

impl Bridge {
    fn new(sandbox: &Sandbox) -> Self {
        let clock = sandbox.0.clock;
        let sandbox = sandbox.clone();
        Self { client: Client::dialling(TIMEOUT, move || ready(Ok(sandbox.connect()))), clock }
    }

    async fn post(&self, token: &str, secret: Option<&str>, uuid: &str) -> Outcome {
        let webhook = Webhook::parse(&format!("http://localhost/robot/send?access_token={token}"), false).unwrap();
        let message = Message::Markdown { title: "磁盘".into(), text: "97 % @138".into() };
        let mention = Mention { mobiles: vec!["138".into()], ..Mention::default() };
        let secret = secret.map(Secret::new);
        let body = Bytes::from(body(&message, &mention, uuid));
        self.client.post(&webhook, secret.as_ref(), body, self.clock.now()).await
    }

    /// The verdict's label.
    async fn label(&self, token: &str) -> &'static str {
        verdict(&self.post(token, None, "u").await).label()
    }
}

fn settings() -> Settings {
    Settings { clock: Clock::starting_at(from_millis(NOW)), ..Settings::default() }
}

fn robot(token: &str, secret: Option<&str>, keyword: Option<&str>) -> KnownRobot {
    KnownRobot { token: token.into(), secret: secret.map(Secret::new), keyword: keyword.map(str::to_owned) }
}

/// Sends a request as it is and returns the whole answer.
async fn raw(sandbox: &Sandbox, head: &str, body: &str) -> String {
    exchange(sandbox.connect(), head, body).await
}

async fn exchange(mut io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, head: &str, body: &str) -> String {
    let (first, headers) = head.split_once('\n').map_or((head, String::new()), |(f, h)| (f, format!("{h}\r\n")));
    let length = body.len();
    let request =
        format!("{first} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    io.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(start_paused = true)]
async fn a_message_arrives() {
    let sandbox = Sandbox::new(Settings { robots: vec![robot("ops", Some("SECx"), Some("磁盘"))], ..settings() });
    let mut news = sandbox.subscribe();
    let bridge = Bridge::new(&sandbox);
    assert_eq!(verdict(&bridge.post("ops", Some("SECx"), "u1").await), Verdict::Delivered);
    let arrival = news.recv().await.unwrap();
    let seen = arrival.message().unwrap();
    assert_eq!((seen.kind.as_str(), seen.title.as_str(), seen.text.as_str()), ("markdown", "磁盘", "97 % @138"));
    assert_eq!(seen.mention.mobiles, ["138"]);
    assert_eq!(
        (arrival.token.as_str(), arrival.signed, arrival.msg_uuid.as_deref()),
        ("ops", Signature::Valid, Some("u1"))
    );
    assert_eq!((arrival.errcode, arrival.fault, arrival.window), (Some(0), None, 1));
    assert!(arrival.delivered && arrival.shown());
    assert_eq!(sandbox.arrivals().len(), 1);
    sandbox.forget_arrivals();
    assert_eq!(sandbox.arrivals().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn refuses_as_dingtalk_does_with_http_200() {
    let robots = vec![robot("ops", Some("SECx"), None), robot("open", None, Some("告警"))];
    let sandbox = Sandbox::new(Settings { robots, ..settings() });
    let signed = |at: i64, sign: &str| format!("/robot/send?access_token=ops&timestamp={at}&sign={sign}");
    let (right, old) = (sign(&Secret::new("SECx"), NOW), sign(&Secret::new("SECx"), NOW - 3_600_001));
    let (json, ok) = ("\nContent-Type: application/json", r#"{"msgtype":"text","text":{"content":"x"}}"#);
    assert!(right.contains(['+', '/']), "the published vector");
    let once = |sign: &str| sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let cases = [
        (format!("GET /robot/send?access_token=ops{json}"), ok, "43002"),
        ("POST /robot/send?access_token=ops\nContent-Type: text/plain".to_owned(), ok, "43004"),
        ("POST /robot/send?access_token=ops".to_owned(), ok, "43004"),
        (format!("POST /robot/send{json}"), ok, "40035"),
        (format!("POST /robot/send?access_token={json}"), ok, "40035"),
        (format!("POST /robot/send?access_token=none{json}"), ok, "300005"),
        (format!("POST /robot/send?access_token=ops{json}"), ok, "签名不匹配"),
        (format!("POST {}{json}", signed(NOW, "x")), ok, "签名不匹配"),
        (format!("POST {}{json}", signed(NOW, &right)), ok, "签名不匹配"),
        (format!("POST {}{json}", signed(NOW, &once(&right).replace('%', "%25"))), ok, "签名不匹配"),
        (format!("POST {}{json}", signed(NOW - 3_600_001, &once(&old))), ok, "签名过期"),
        (format!("POST {}{json}", signed(NOW, &once(&right))), ok, r#""errcode":0"#),
        (format!("POST {};  charset=utf-8", signed(NOW, &once(&right)) + json), ok, r#""errcode":0"#),
        (format!("POST {}{json}", signed(NOW, &once(&right))), "", "40035"),
        (format!("POST {}{json}", signed(NOW, &once(&right))), r#"{"msgtype":"video"}"#, "400105"),
        (format!("POST /robot/send?access_token=open{json}"), ok, "关键词不匹配"),
        (format!("POST /robot/sendBySession{json}"), ok, r#""errcode":404"#),
    ];
    for (head, body, expected) in &cases {
        let answer = raw(&sandbox, head, body).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(expected), "{head}\n{answer}");
        assert!(answer.contains("date: Tue, 14 Nov 2023 22:13:20 GMT"), "{answer}");
    }
    let arrivals = sandbox.arrivals();
    assert_eq!(arrivals.len(), cases.len() - 1, "all but the last were for a robot");
    assert_eq!(arrivals.iter().filter(|arrival| arrival.delivered).count(), 2);
    let signed: Vec<_> = arrivals[6..12].iter().map(|arrival| arrival.signed).collect();
    use Signature::{Expired, Invalid, Missing, Valid};
    assert_eq!(signed, [Missing, Invalid, Invalid, Invalid, Expired, Valid]);
}

#[tokio::test(start_paused = true)]
async fn the_21st_message_of_a_minute_bans_the_robot_for_ten() {
    let sandbox = Sandbox::new(settings());
    let bridge = Bridge::new(&sandbox);
    for number in 1..=20 {
        assert_eq!(bridge.label("a").await, "delivered", "{number}");
        advance(Duration::from_secs(2)).await;
    }
    // The first one is a minute old by now, all others are not: the window slides.
    advance(Duration::from_secs(20)).await;
    assert_eq!(bridge.label("a").await, "delivered");
    assert_eq!(bridge.label("a").await, "throttled");
    assert_eq!(sandbox.arrivals().last().map(|arrival| (arrival.window, arrival.errcode)), Some((21, Some(660026))));
    assert_eq!(bridge.label("b").await, "delivered", "another robot");
    advance(Duration::from_secs(599)).await;
    assert_eq!(bridge.label("a").await, "throttled", "the ban outlasts the window");
    advance(Duration::from_secs(1)).await;
    assert_eq!(bridge.label("a").await, "delivered", "an attempt does not lengthen it");
    assert_eq!(sandbox.arrivals().iter().filter(|arrival| arrival.delivered).count(), 23);
}

#[tokio::test(start_paused = true)]
async fn faults_happen_in_their_order_and_say_what_was_delivered() {
    let sandbox = Sandbox::new(settings());
    let bridge = Bridge::new(&sandbox);
    let html = Fault::Body { status: 502, content_type: "text/html".into(), body: "<html>".into() };
    let empty = Fault::Body { status: 200, content_type: "text/plain".into(), body: String::new() };
    let timeout = || Outcome::Unknown(Failure::Timeout(TIMEOUT));
    let cases = [
        (Fault::Errcode { code: -1, errmsg: "系统繁忙".into() }, "busy", Some(-1), false),
        (html, "http_5xx", None, false),
        (empty, "not_json", None, false),
        (Fault::Ban, "banned", None, false),
        (Fault::ResetBeforeRead, "broken", None, false),
        (Fault::ResetAfterRead, "broken", Some(0), true),
        (Fault::Slow(TIMEOUT / 2), "delivered", Some(0), true),
        (Fault::Slow(TIMEOUT * 2), "timeout", Some(0), true),
        (Fault::Trickle(Duration::from_millis(10)), "delivered", Some(0), true),
        (Fault::Trickle(Duration::from_secs(1)), "timeout", Some(0), true),
        (Fault::Hang, "timeout", Some(0), true),
    ];
    cases.iter().for_each(|(fault, ..)| sandbox.order(fault.clone()));
    for (fault, label, errcode, delivered) in &cases {
        let outcome = bridge.post("t", None, "u").await;
        assert_eq!(verdict(&outcome).label(), *label, "{fault:?}");
        assert!(*label != "timeout" || outcome == timeout());
        let arrival = sandbox.arrivals().pop().unwrap();
        assert_eq!((arrival.fault, arrival.errcode), (Some(fault.name()), *errcode));
        assert_eq!(arrival.delivered, *delivered, "{fault:?}");
        assert_eq!(arrival.body.is_empty(), *fault == Fault::ResetBeforeRead);
    }
    let Outcome::Answer { .. } = bridge.post("t", None, "u").await else { panic!("all faults are used up") };
    sandbox.order(Fault::Ban);
    assert!(matches!(verdict(&bridge.post("t", None, "u").await), Verdict::Throttled { scope: Scope::Host, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_fault_can_be_for_one_robot() {
    let sandbox = Sandbox::new(settings());
    let bridge = Bridge::new(&sandbox);
    sandbox.order(Fault::Ban);
    sandbox.order_for("a", Fault::Errcode { code: -1, errmsg: String::new() });
    assert_eq!(bridge.label("a").await, "busy");
    assert_eq!(bridge.label("b").await, "banned");
    assert_eq!(bridge.label("a").await, "delivered");
}

#[tokio::test(start_paused = true)]
async fn words_can_be_refused() {
    let sandbox = Sandbox::new(settings());
    let bridge = Bridge::new(&sandbox);
    let refuse =
        |words: &str| Fault::Moderate { words: words.into(), code: 430_102, errmsg: "含有不合适的文本".into() };
    sandbox.order_lasting("a", refuse("97 %"));
    sandbox.order_lasting("b", refuse("98 %"));
    assert_eq!((bridge.label("a").await, bridge.label("b").await), ("content", "delivered"));
    let faults: Vec<_> = sandbox.arrivals().iter().map(|arrival| (arrival.fault, arrival.delivered)).collect();
    assert_eq!(faults, [(Some("moderate"), false), (None, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_can_last_until_it_is_lifted() {
    let sandbox = Sandbox::new(settings());
    let bridge = Bridge::new(&sandbox);
    sandbox.order_lasting("a", Fault::Errcode { code: 400_102, errmsg: "机器人已停用".into() });
    sandbox.order_for("a", Fault::Errcode { code: -1, errmsg: String::new() });
    sandbox.order(Fault::Ban);
    for label in ["busy", "stopped", "stopped"] {
        assert_eq!(bridge.label("a").await, label);
    }
    assert_eq!(bridge.label("b").await, "banned");
    sandbox.recover("a");
    assert_eq!(bridge.label("a").await, "delivered");
    sandbox.order_lasting("a", Fault::Ban);
    sandbox.order(Fault::Ban);
    sandbox.recover_all();
    assert_eq!((bridge.label("a").await, bridge.label("b").await), ("delivered", "delivered"));
}

#[tokio::test(start_paused = true)]
async fn a_ban_that_is_not_dingtalks_says_how_long_it_lasts() {
    let sandbox =
        Sandbox::new(Settings { rate: (1, Duration::from_secs(1)), ban: Duration::from_secs(5), ..settings() });
    let bridge = Bridge::new(&sandbox);
    assert_eq!(bridge.label("a").await, "delivered");
    let pause = async || match verdict(&bridge.post("a", None, "u").await) {
        Verdict::Throttled { pause, .. } => pause.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(pause().await, 5);
    advance(Duration::from_millis(1500)).await;
    assert_eq!(pause().await, 4);
    advance(Duration::from_millis(3500)).await;
    assert_eq!(bridge.label("a").await, "delivered");
}

#[tokio::test(start_paused = true)]
async fn a_repetition_is_recognised_once_the_first_was_taken() {
    let sandbox = Sandbox::new(settings());
    let bridge = Bridge::new(&sandbox);
    sandbox.order(Fault::ResetBeforeRead);
    sandbox.order(Fault::ResetAfterRead);
    for (token, uuid) in [("a", "u1"), ("a", "u1"), ("a", "u1"), ("a", "u2"), ("b", "u1")] {
        bridge.post(token, None, uuid).await;
    }
    let repeated: Vec<_> = sandbox.arrivals().iter().map(|arrival| arrival.repeated).collect();
    assert_eq!(repeated, [false, false, true, false, false]);
    assert_eq!(sandbox.arrivals().iter().filter(|arrival| arrival.shown()).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_robot_is_replaced_and_the_first_makes_tokens_matter() {
    let sandbox = Sandbox::new(settings());
    let bridge = Bridge::new(&sandbox);
    assert_eq!(bridge.label("any").await, "delivered");
    sandbox.register(robot("ops", None, Some("absent")));
    assert_eq!(bridge.label("any").await, "token");
    assert_eq!(bridge.label("ops").await, "keyword");
    sandbox.register(robot("ops", None, None));
    assert_eq!(bridge.label("ops").await, "delivered");
}

#[tokio::test(start_paused = true)]
async fn the_network_takes_its_time_each_way() {
    let second = Duration::from_secs(1);
    let sandbox = Sandbox::new(Settings { delay: Some(second..=2 * second), ..settings() });
    let bridge = Bridge::new(&sandbox);
    let started = Instant::now();
    assert_eq!(bridge.label("t").await, "delivered");
    let (arrived, answered) = (sandbox.arrivals()[0].since_start, started.elapsed());
    assert!(arrived >= second && answered - arrived >= second && answered < 5 * second, "{arrived:?} {answered:?}");
}

#[tokio::test]
async fn listens_takes_orders_and_tells_what_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut tasks = JoinSet::new();
    let sandbox = Sandbox::new(Settings::default());
    tasks.spawn(sandbox.serve(listener, async move { _ = stopped.await }));
    let ask = async |head: &str, body: &str| exchange(TcpStream::connect(address).await.unwrap(), head, body).await;
    let post = "POST /robot/send?access_token=ops\nContent-Type: application/json";
    let message = r#"{"msgtype":"text","text":{"content":"x"},"msgUuid":"u1"}"#;

    let faults = r#"["hang", {"slow": 1500}, {"trickle": 10}, {"errcode": {"code": -1, "errmsg": "busy"}},
        {"body": {"status": 500, "content_type": "text/html", "body": "<p>"}}, "ban", "reset_before_read", "reset_after_read"]"#;
    assert!(ask("POST /faults?access_token=other", faults).await.contains(r#""errcode":0"#));
    assert!(
        ask("POST /faults", r#"[{"body": {"status": 503, "content_type": "text/plain", "body": "no"}}]"#)
            .await
            .contains("200")
    );
    let wrong = ask("POST /faults", r#"["explode"]"#).await;
    assert!(wrong.starts_with("HTTP/1.1 400") && wrong.contains("explode"), "{wrong}");

    assert!(ask("POST /faults?access_token=ops&lasting=true", r#"["reset_before_read"]"#).await.contains("200"));
    assert!(ask("DELETE /faults?access_token=ops", "").await.contains("200"));

    assert!(ask(post, message).await.starts_with("HTTP/1.1 503"));
    assert!(ask(post, message).await.ends_with(r#"{"errcode":0,"errmsg":"ok"}"#));
    let told = ask("GET /arrivals", "").await;
    let (_, told) = told.split_once("\r\n\r\n").unwrap();
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    assert_eq!((told[0]["fault"].as_str(), told[0]["delivered"].as_bool()), (Some("body"), Some(false)));
    assert_eq!((told[1]["errcode"].as_i64(), told[1]["delivered"].as_bool()), (Some(0), Some(true)));
    assert_eq!((told[1]["token"].as_str(), told[1]["msg_uuid"].as_str()), (Some("ops"), Some("u1")));
    assert_eq!((told[1]["body"].as_str(), told[1]["signed"].as_str()), (Some(message), Some("unchecked")));
    assert!(ask("DELETE /arrivals", "").await.contains(r#""errcode":0"#));
    assert!(ask("GET /arrivals", "").await.ends_with("[]"));

    let mut idle = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    tasks.join_next().await.unwrap().unwrap();
    // A connection that was not accepted yet is reset instead of closed.
    assert!(matches!(idle.read(&mut [0; 1]).await, Ok(0) | Err(_)), "nothing goes on");
    assert!(TcpStream::connect(address).await.is_err());
}
