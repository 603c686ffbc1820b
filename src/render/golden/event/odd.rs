//! Events of which something is missing, or more is to be said than they say themselves.

use super::*;

/// Some senders say only that it is over.
#[test]
fn nobody_knows_when_it_began() {
    let over = |starts_at: &str, ends_at: &str| Alert {
        starts_at: starts_at.to_owned(),
        ends_at: ends_at.to_owned(),
        ..super::over(event(Severity::Warning, &[("alertname", "x")], &[]))
    };
    let (time, never) = ("2026-11-20T09:33:45Z", "0001-01-01T00:00:00Z");
    let shown = [over(time, time), over("", time), over(time, never), over("", ""), over("yesterday", "today")]
        .map(|alert| markdown(&told(Sender::Generic, vec![alert])));
    let last = |text: &str| text.split("\n\n").last().unwrap_or_default().to_owned();
    let lasts = shown.map(|both| both.split("\n\n=====\n\n").map(last).collect::<Vec<_>>().join(" | "));
    insta::assert_snapshot!(lasts.join("\n"), @"
    Over 11-20 17:33 CST | 恢复于 11-20 17:33 CST
    Over 11-20 17:33 CST | 恢复于 11-20 17:33 CST
    Since 11-20 17:33 CST | 开始于 11-20 17:33 CST
    **<font color=#188038>Resolved</font>** | **<font color=#188038>已恢复</font>**
    Since yesterday, over today | 开始于 yesterday，恢复于 today
    ");
}

#[test]
fn a_broken_request_is_told() {
    let said = "- 详情：[observer.log] ERROR \"ret=-4016\" in ob_x.cpp";
    let alert = event(Severity::Unknown, &[("alertname", "OCP告警通知")], &[("description", said)]);
    let alerts = vec![Alert { starts_at: String::new(), ..alert }];
    let broken = Notification { salvaged: true, ..told(Sender::Ocp, alerts) };
    insta::assert_snapshot!(markdown(&broken), @r#"
    🟣 OCP告警通知
    ----
    #### 🟣 OCP告警通知

    <font color=#e8710a>The request was broken; this is what could be read of it</font>

    - 详情：[observer.log] ERROR "ret=-4016" in ob_x.cpp

    =====

    🟣 OCP告警通知
    ----
    #### 🟣 OCP告警通知

    <font color=#e8710a>请求格式有误，以下为能够识别的内容</font>

    - 详情：[observer.log] ERROR "ret=-4016" in ob_x.cpp
    "#);
}

#[test]
fn repeats_and_a_way_round_are_told() {
    let elsewhere = Notification {
        meant_for: "dba_team".to_owned(),
        external_url: "https://ocp.example.com".to_owned(),
        ..told(Sender::Ocp, vec![exporter()])
    };
    insta::assert_snapshot!(in_both(Kind::Markdown, &elsewhere, 3), @r"
    🔴 [CRITICAL] exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    ----
    #### 🔴 exporter进程数量不够

    Meant for dba\_team, which cannot be reached

    **<font color=#d93026>CRITICAL</font>** · **service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够

    部署服务 OB_CLUSTER,OB_PROXY  
    预期exporter数量 6  
    实际exporter数量 5

    - service: OCP
    - alarmId: 1000160
    - level: 停服

    11-20 17:23 CST (2m ago) · [Details](http://192.0.2.10:8080/alarm/event/1000160)

    3 identical repeats were held back

    [Console](https://ocp.example.com)

    =====

    🔴【紧急】exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    ----
    #### 🔴 exporter进程数量不够

    原定发往 dba\_team，该群无法送达，转至本群

    **<font color=#d93026>紧急</font>** · **service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够

    部署服务 OB_CLUSTER,OB_PROXY  
    预期exporter数量 6  
    实际exporter数量 5

    - service: OCP
    - alarmId: 1000160
    - level: 停服

    11-20 17:23 CST（2 分钟前） · [查看详情](http://192.0.2.10:8080/alarm/event/1000160)

    已合并 3 条重复通知

    [控制台](https://ocp.example.com)
    ");
}

/// What hardly says anything has neither empty headings nor separators without sides.
#[test]
fn nothing_is_empty() {
    let bare = |of: &[(&str, &str)]| Alert { starts_at: String::new(), ..event(Severity::Unknown, of, &[]) };
    for alerts in
        [vec![bare(&[])], vec![bare(&[]), over(bare(&[("instance", "")]))], vec![over(bare(&[("alertname", "")]))]]
    {
        let notification = told(Sender::Generic, alerts);
        for both in [markdown(&notification), in_both(Kind::Text, &notification, 0)] {
            let dangling = both.lines().find(|line| {
                let words = line.trim_matches(|char: char| char == '#' || char.is_whitespace());
                words.starts_with('·')
                    || words.ends_with('·')
                    || words.contains("· ·")
                    || words.contains("****")
                    || words == "-"
            });
            assert_eq!(dangling, None, "{both}");
            assert!(both.contains("generic"), "{both}");
        }
    }
}
