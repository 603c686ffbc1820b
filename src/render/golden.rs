//! Whole messages of the built-in templates, for bodies that a real Alertmanager sent.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::notification::Notification;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/alertmanager/v0.33.1/", $name, ".json"))
    };
}

mod card;
mod chinese;
mod event;
pub(crate) mod functions;
mod guide;
mod plain;
mod simple;
mod words;

/// Reads a webhook body as it is; the decoder proper is not this module's business.
fn notification(body: &str) -> Notification {
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    body["sender"] = "alertmanager".into();
    body["notificationReason"] = body["notification_reason"].as_str().unwrap_or_default().into();
    body["routeLabels"] = serde_json::json!({});
    serde_json::from_value(body).expect("webhook")
}

/// Title and text of the message about `body`, ten minutes after it began.
fn message(family: &str, body: &str, repeats: u64) -> String {
    let notification = notification(body);
    let starts = notification.alerts.iter().map(|alert| alert.starts_at.parse::<Timestamp>().expect("time"));
    let now = starts.max().expect("an alert") + Duration::from_secs(600);
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats, digest_mentions: true };
    let style = Style {
        title: Some(format!("{family}.title")),
        text: Some(format!("{family}.text")),
        ..in_shanghai(Language::En)
    };
    shown(&notification, &style, &circumstances)
}

/// The message of a family of templates about `notification`, in English and in Chinese, ten minutes after `now`.
fn in_both(family: &str, kind: Kind, notification: &Notification, now: &str, repeats: u64) -> String {
    let now = now.parse::<Timestamp>().expect("time") + Duration::from_secs(600);
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats, digest_mentions: true };
    let [title, text] = ["title", "text"].map(|part| Some(format!("{family}.{part}")));
    let both = Language::ALL.map(|language| {
        let style = Style { kind, title: title.clone(), text: text.clone(), ..in_shanghai(language) };
        shown(notification, &style, &circumstances)
    });
    both.join("\n\n=====\n\n")
}

/// What a target in Shanghai has that configures nothing else.
fn in_shanghai(language: Language) -> Style {
    Style { language, time_zone: TimeZone::get("Asia/Shanghai").expect("zone"), ..Style::default() }
}

/// Title and text of the message about `notification`.
fn shown(notification: &Notification, style: &Style, circumstances: &Circumstances<'_>) -> String {
    let library = Library::compile(style.language, Vec::new()).expect("built-in");
    let rendered = library.render(notification, style, circumstances);
    assert_eq!((rendered.failure, rendered.cut_bytes), (None, 0));
    let shown = match rendered.message {
        Message::Markdown { title, text } => format!("{title}\n----\n{text}"),
        Message::Text { content } => content,
        Message::ActionCard { title, text, .. } => format!("{title}\n----\n{text}"),
        other => panic!("{other:?}"),
    };
    shown.replace('\u{200B}', "<ZWSP>")
}

#[test]
fn one_alert_fires() {
    insta::assert_snapshot!(message("default", fixture!("01-firing-single"), 0), @"
    🔴 [FIRING:1] HostDown · 10.0.0.1:9100 is down
    ----
    #### 🔴 HostDown

    **<font color=#d93026>CRITICAL · firing</font>**

    **10.0.0.1:9100 is down**

    Host 10.0.0.1:9100 has been unreachable for 5m.

    > instance: 10.0.0.1:9100 · cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    Since 11-20 17:23 CST (10m) · [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    [Runbook](https://runbooks.example.test/HostDown) · [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn one_alert_is_over() {
    insta::assert_snapshot!(message("default", fixture!("02b-resolved-single"), 3), @"
    ✅ [RESOLVED:1] HostDown · 10.0.0.1:9100 is down
    ----
    #### ✅ HostDown

    **<font color=#188038>Resolved</font>**

    **10.0.0.1:9100 is down**

    > instance: 10.0.0.1:9100 · cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    Since 11-20 17:23 CST, lasted 30s

    3 identical repeats were held back meanwhile

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn some_of_a_group_are_over() {
    insta::assert_snapshot!(message("default", fixture!("03-firing-grouped-one-resolved"), 0), @"
    🔴 [FIRING:2] HostDown · 10.0.0.1:9100 is down …
    ----
    #### 🔴 HostDown

    **<font color=#d93026>CRITICAL · 2 firing</font>** · 1 resolved

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    🔴 **10.0.0.1:9100 is down**

    Host 10.0.0.1:9100 has been unreachable for 5m.

    Since 11-20 17:40 CST (10m) · [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    🔴 **10.0.0.3:9100 is down**

    Host 10.0.0.3:9100 has been unreachable for 5m.

    Since 11-20 17:40 CST (10m) · [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    **<font color=#188038>✅ Resolved</font>**

    - 10.0.0.2:9100 is down · 17:40, lasted 4s

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn a_group_is_over() {
    insta::assert_snapshot!(message("default", fixture!("03b-resolved-grouped-2"), 0), @"
    ✅ [RESOLVED:2] HostDown · cluster: cn-hangzhou-1
    ----
    #### ✅ HostDown

    **<font color=#188038>2 resolved</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    - 10.0.0.1:9100 is down · 17:40, lasted 7s
    - 10.0.0.3:9100 is down · 17:40, lasted 7s

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn alertmanager_left_some_out() {
    insta::assert_snapshot!(message("default", fixture!("04-firing-truncated-2-of-5"), 0), @r"
    🔴 [FIRING:2+] DiskFull · 10.0.1.1:9100 is down …
    ----
    #### 🔴 DiskFull

    **<font color=#d93026>CRITICAL · 2 firing</font>**

    3 more not sent by Alertmanager (max\_alerts)

    > cluster: cn-hangzhou-1 · job: node · scn: trunc · team: infra

    🔴 **10.0.1.1:9100 is down**

    Host 10.0.1.1:9100 has been unreachable for 5m.

    Since 11-20 17:40 CST (10m) · [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    🔴 **10.0.1.2:9100 is down**

    Host 10.0.1.2:9100 has been unreachable for 5m.

    Since 11-20 17:40 CST (10m) · [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn values_with_everything_in_them() {
    insta::assert_snapshot!(message("default", fixture!("05-firing-special-chars"), 0), @r#"
    🟠 [FIRING:1] 特殊字符 & <Markdown> *test* · # 标题 > quote - item `code` **bold** _it_ ~~del~~ [link](htt…
    ----
    #### 🟠 特殊字符 &amp; &lt;Markdown&gt; \*test\*

    **<font color=#e8710a>WARNING · firing</font>**

    **# 标题 > quote - item `code` **bold** _it_ ~~del~~ [link](https://example.test/?a=1&b=2) ![img](https://example.test/x.png)**

    line1  
    line2 tab  
    ls  
    ps </script><b>html</b> \n literal 100% #hash | pipe | `` ``` ```

    > instance: host\[1\](http://evil.example.test)|a · at: @<ZWSP>13800138000 @<ZWSP>所有人 @<ZWSP>all · cjk: 磁盘使用率过高 · emoji: 🔥🚨👨‍👩‍👧 · path: C:\\Windows\\Temp · quote: he said "hi" &amp; 'bye' · rtl: evil · scn: special · tpl: {{ .Labels.x }} ${env} {{{raw}}} · zwsp: a<ZWSP>b

    Since 11-20 17:23 CST (10m) · [Source](http://prom.example.test:9090/graph?g0.expr=sum%28rate%28x%5B5m%5D%29%29+%3E+1&g0.tab=1)

    [Alertmanager](http://am.example.test:9093)
    "#);
}

#[test]
fn hardly_anything_is_known() {
    insta::assert_snapshot!(message("default", fixture!("08-firing-bare"), 0), @"
    🟣 [FIRING:1] Bare
    ----
    #### 🟣 Bare

    **<font color=#9334e6>firing</font>**

    > scn: bare

    Since 11-20 17:24 CST (10m)

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn label_names_with_everything_in_them() {
    insta::assert_snapshot!(message("default", fixture!("28-firing-utf8-label-names"), 0), @r#"
    🟣 [FIRING:1] Utf8Names · a b: space · emoji🔥: x · k8s.pod/name: web-0 · scn: utf8 · with"quote: q ·…
    ----
    #### 🟣 Utf8Names

    **<font color=#9334e6>firing</font>**

    > a b: space · emoji🔥: x · k8s.pod/name: web-0 · scn: utf8 · with"quote: q · 服务: 订单

    Since 11-20 17:40 CST (10m) · [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    [Alertmanager](http://am.example.test:9093)
    "#);
}

#[test]
fn a_storm() {
    insta::assert_snapshot!(message("default", fixture!("29-firing-storm-20-mixed-severity"), 0), @"
    🔴 [FIRING:20] PodCrashLooping, HighMemory · 10.2.0.0:9100 is down …
    ----
    #### 🔴 PodCrashLooping, HighMemory

    **<font color=#d93026>CRITICAL · 20 firing</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: storm · team: infra

    [Alertmanager](http://am.example.test:9093)

    - 🔴 **PodCrashLooping** 10.2.0.0:9100 is down · namespace: ns-0 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.1:9100 is down · namespace: ns-1 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.2:9100 is down · namespace: ns-2 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.3:9100 is down · namespace: ns-0 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.4:9100 is down · namespace: ns-1 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.5:9100 is down · namespace: ns-2 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.6:9100 is down · namespace: ns-0 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.7:9100 is down · namespace: ns-1 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.8:9100 is down · namespace: ns-2 · since 17:40
    - 🔴 **PodCrashLooping** 10.2.0.9:9100 is down · namespace: ns-0 · since 17:40
    - 🟠 **HighMemory** 10.2.0.0:9100 is down · namespace: ns-0 · since 17:40
    - 🟠 **HighMemory** 10.2.0.1:9100 is down · namespace: ns-1 · since 17:40
    - 🟠 **HighMemory** 10.2.0.2:9100 is down · namespace: ns-2 · since 17:40
    - 🟠 **HighMemory** 10.2.0.3:9100 is down · namespace: ns-0 · since 17:40
    - 🟠 **HighMemory** 10.2.0.4:9100 is down · namespace: ns-1 · since 17:40
    - 🟠 **HighMemory** 10.2.0.5:9100 is down · namespace: ns-2 · since 17:40
    - 🟠 **HighMemory** 10.2.0.6:9100 is down · namespace: ns-0 · since 17:40
    - 🟠 **HighMemory** 10.2.0.7:9100 is down · namespace: ns-1 · since 17:40
    - 🟠 **HighMemory** 10.2.0.8:9100 is down · namespace: ns-2 · since 17:40
    - 🟠 **HighMemory** 10.2.0.9:9100 is down · namespace: ns-0 · since 17:40
    ");
}

#[test]
fn legacy_shows_what_fires() {
    insta::assert_snapshot!(message("legacy", fixture!("03-firing-grouped-one-resolved"), 0), @r"
    [FIRING:2] HostDown (cluster: cn-hangzhou-1)
    ----
    #### \[FIRING:2\] **[HostDown](http://am.example.test:9093)**

    #### \[CRITICAL\] 10.0.0.1:9100 is down

    **Description:** Host 10.0.0.1:9100 has been unreachable for 5m.

    **Graph:** [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    **Since:** 2026-11-20 17:40:17

    **Labels:**

    > - alertname: HostDown
    > - cluster: cn-hangzhou-1
    > - instance: 10.0.0.1:9100
    > - job: node
    > - scn: grouped
    > - severity: critical
    > - team: infra

    #### \[CRITICAL\] 10.0.0.3:9100 is down

    **Description:** Host 10.0.0.3:9100 has been unreachable for 5m.

    **Graph:** [Source](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    **Since:** 2026-11-20 17:40:17

    **Labels:**

    > - alertname: HostDown
    > - cluster: cn-hangzhou-1
    > - instance: 10.0.0.3:9100
    > - job: node
    > - scn: grouped
    > - severity: critical
    > - team: infra
    ");
}

#[test]
fn legacy_is_not_empty_when_nothing_fires() {
    insta::assert_snapshot!(message("legacy", fixture!("03b-resolved-grouped-2"), 0), @r"
    [RESOLVED] HostDown (cluster: cn-hangzhou-1)
    ----
    #### \[RESOLVED\] **[HostDown](http://am.example.test:9093)**

    **2 resolved**, nothing fires any more
    ");
}
