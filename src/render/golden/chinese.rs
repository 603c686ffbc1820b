//! Whole messages of the built-in templates in Chinese.

use super::*;

fn at(time: &str) -> Circumstances<'static> {
    let now = time.parse().expect("time");
    Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true }
}

/// The message about `body`, a few minutes after it began.
fn told(body: &str) -> String {
    shown(&notification(body), &in_shanghai(Language::Zh), &at("2026-11-20T09:53:45Z"))
}

#[test]
fn one_alert_fires() {
    insta::assert_snapshot!(told(fixture!("01-firing-single")), @"
    🔴【告警:1】HostDown · 10.0.0.1:9100 is down
    ----
    #### 🔴 HostDown

    **<font color=#d93026>紧急 · 告警中</font>**

    **10.0.0.1:9100 is down**

    Host 10.0.0.1:9100 has been unreachable for 5m.

    > instance: 10.0.0.1:9100 · cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    开始于 11-20 17:23 CST，已持续 30 分钟 · [查看图表](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    [处理手册](https://runbooks.example.test/HostDown) · [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn one_alert_is_over() {
    let over = notification(fixture!("02b-resolved-single"));
    let circumstances = Circumstances { repeats: 3, ..at("2026-11-20T09:30:00Z") };
    insta::assert_snapshot!(shown(&over, &in_shanghai(Language::Zh), &circumstances), @"
    ✅【恢复:1】HostDown · 10.0.0.1:9100 is down
    ----
    #### ✅ HostDown

    **<font color=#188038>已恢复</font>**

    **10.0.0.1:9100 is down**

    > instance: 10.0.0.1:9100 · cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    开始于 11-20 17:23 CST，持续 30 秒

    期间合并 3 条重复通知

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn some_of_a_group_are_over() {
    insta::assert_snapshot!(told(fixture!("03-firing-grouped-one-resolved")), @"
    🔴【告警:2】HostDown · 10.0.0.1:9100 is down …
    ----
    #### 🔴 HostDown

    **<font color=#d93026>紧急 · 2 条告警</font>** · 1 条已恢复

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    🔴 **10.0.0.1:9100 is down**

    Host 10.0.0.1:9100 has been unreachable for 5m.

    开始于 11-20 17:40 CST，已持续 13 分 28 秒 · [查看图表](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    🔴 **10.0.0.3:9100 is down**

    Host 10.0.0.3:9100 has been unreachable for 5m.

    开始于 11-20 17:40 CST，已持续 13 分 28 秒 · [查看图表](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    **<font color=#188038>✅ 已恢复</font>**

    - 10.0.0.2:9100 is down · 17:40，持续 4 秒

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn a_group_is_over() {
    insta::assert_snapshot!(told(fixture!("03b-resolved-grouped-2")), @"
    ✅【恢复:2】HostDown · cluster: cn-hangzhou-1
    ----
    #### ✅ HostDown

    **<font color=#188038>2 条已恢复</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    - 10.0.0.1:9100 is down · 17:40，持续 7 秒
    - 10.0.0.3:9100 is down · 17:40，持续 7 秒

    [Alertmanager](http://am.example.test:9093)
    ");
}

#[test]
fn alertmanager_left_some_out() {
    let shown = told(fixture!("04-firing-truncated-2-of-5"));
    insta::assert_snapshot!(shown.split("\n\n🔴").next().unwrap_or_default(), @r"
    🔴【告警:2+】DiskFull · 10.0.1.1:9100 is down …
    ----
    #### 🔴 DiskFull

    **<font color=#d93026>紧急 · 2 条告警</font>**

    另有 3 条未推送（超出 Alertmanager 的 max\_alerts）

    > cluster: cn-hangzhou-1 · job: node · scn: trunc · team: infra
    ");
}

#[test]
fn many_alerts_are_a_list() {
    let shown = told(fixture!("29-firing-storm-20-mixed-severity"));
    insta::assert_snapshot!(shown.lines().take(12).collect::<Vec<_>>().join("\n"), @"
    🔴【告警:20】PodCrashLooping、HighMemory · 10.2.0.0:9100 is down …
    ----
    #### 🔴 PodCrashLooping、HighMemory

    **<font color=#d93026>紧急 · 20 条告警</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: storm · team: infra

    [Alertmanager](http://am.example.test:9093)

    - 🔴 **PodCrashLooping** 10.2.0.0:9100 is down · namespace: ns-0 · 17:40 起
    - 🔴 **PodCrashLooping** 10.2.0.1:9100 is down · namespace: ns-1 · 17:40 起
    ");
}

#[test]
fn a_message_that_waited_and_was_broken_and_meant_for_another_group_says_so() {
    let mut one = notification(fixture!("01-firing-single"));
    one.meant_for = "dba_team".to_owned();
    one.salvaged = true;
    let late =
        Circumstances { accepted_at: "2026-11-20T09:24:00Z".parse().expect("time"), ..at("2026-11-20T09:53:45Z") };
    let shown = shown(&one, &in_shanghai(Language::Zh), &late);
    insta::assert_snapshot!(shown.lines().skip(2).take(9).collect::<Vec<_>>().join("\n"), @r"
    #### 🔴 HostDown

    **<font color=#d93026>紧急 · 告警中</font>**

    原定发往 dba\_team，该群无法送达，转至本群

    <font color=#e8710a>延迟 29 分 45 秒送达</font>

    <font color=#e8710a>请求格式有误，以下为能够识别的内容</font>
    ");
}

#[test]
fn legacy() {
    let style = Style {
        title: Some("legacy.title".to_owned()),
        text: Some("legacy.text".to_owned()),
        ..in_shanghai(Language::Zh)
    };
    let told = |body| shown(&notification(body), &style, &at("2026-11-20T09:53:45Z"));
    insta::assert_snapshot!(told(fixture!("01-firing-single")), @"
    【告警:1】HostDown
    ----
    #### 【告警:1】 **[HostDown](http://am.example.test:9093)**

    #### 【紧急】10.0.0.1:9100 is down

    **详情：** Host 10.0.0.1:9100 has been unreachable for 5m.

    **图表：** [查看](http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1)

    **开始时间：** 2026-11-20 17:23:45

    **标签：**

    > - alertname: HostDown
    > - cluster: cn-hangzhou-1
    > - instance: 10.0.0.1:9100
    > - job: node
    > - scn: single
    > - severity: critical
    > - team: infra
    ");
    insta::assert_snapshot!(told(fixture!("03b-resolved-grouped-2")), @"
    【恢复】HostDown（cluster: cn-hangzhou-1）
    ----
    #### 【恢复】 **[HostDown](http://am.example.test:9093)**

    **2 条已恢复**，当前无告警
    ");
}

#[test]
fn a_text_message_has_no_markup() {
    let style = Style { kind: Kind::Text, ..in_shanghai(Language::Zh) };
    let some = notification(fixture!("03-firing-grouped-one-resolved"));
    insta::assert_snapshot!(shown(&some, &style, &at("2026-11-20T09:53:45Z")), @"
    🔴 HostDown：紧急 · 2 条告警 · 1 条已恢复
    cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    10.0.0.1:9100 is down
    Host 10.0.0.1:9100 has been unreachable for 5m.
    开始于 11-20 17:40 CST，已持续 13 分 28 秒
    http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1

    10.0.0.3:9100 is down
    Host 10.0.0.3:9100 has been unreachable for 5m.
    开始于 11-20 17:40 CST，已持续 13 分 28 秒
    http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1

    ✅ 10.0.0.2:9100 is down
    17:40，持续 4 秒

    http://am.example.test:9093
    ");
}

#[test]
fn without_templates() {
    let library = Library::compile(Language::Zh, Vec::new()).expect("built-in");
    let mut some = notification(fixture!("03-firing-grouped-one-resolved"));
    some.alerts[0].labels.insert("doc".to_owned(), "see http://docs.test/".to_owned());
    let late =
        Circumstances { accepted_at: "2026-11-20T09:43:45Z".parse().expect("time"), ..at("2026-11-20T09:53:45Z") };
    let rendered = library.render_plain(&some, &in_shanghai(Language::Zh), &late);
    let Message::Text { content } = rendered.message else { panic!("text") };
    insta::assert_snapshot!(content, @"
    【告警:2】HostDown
    cluster=cn-hangzhou-1, job=node, scn=grouped, severity=critical, team=infra
    延迟 10 分钟送达
    告警中（2）
    - 10.0.0.1:9100 is down | doc=see （链接）, instance=10.0.0.1:9100 | 11-20 17:40 CST 起
    - 10.0.0.3:9100 is down | instance=10.0.0.3:9100 | 11-20 17:40 CST 起
    已恢复（1）
    - 10.0.0.2:9100 is down | instance=10.0.0.2:9100 | 17:40，持续 4 秒
    ");
}
