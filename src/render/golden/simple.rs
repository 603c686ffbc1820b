//! Whole messages of `simple.title` and `simple.text`, in both languages.

use super::event::{event, exporter, memory, over, told};
use super::*;
use crate::notification::{Alert, Sender, Severity};

fn simple(notification: &Notification, now: &str) -> String {
    in_both("simple", Kind::Markdown, notification, now, 2)
}

#[test]
fn one_alert_fires() {
    insta::assert_snapshot!(simple(&notification(fixture!("01-firing-single")), "2026-11-20T09:23:45Z"), @"
    🔴 HostDown · 10.0.0.1:9100
    ----
    🔴 **<font color=#d93026>HostDown</font>** · 10.0.0.1:9100 is down · since 17:23

    =====

    🔴 HostDown · 10.0.0.1:9100
    ----
    🔴 **<font color=#d93026>HostDown</font>** · 10.0.0.1:9100 is down · 17:23 起
    ");
}

#[test]
fn one_alert_is_over() {
    insta::assert_snapshot!(simple(&notification(fixture!("02b-resolved-single")), "2026-11-20T09:23:45Z"), @"
    ✅ Resolved: HostDown · 10.0.0.1:9100
    ----
    ✅ **<font color=#188038>HostDown</font>** · 10.0.0.1:9100 is down · 17:23–17:24, lasted 30s

    2 identical repeats were held back meanwhile

    =====

    ✅ 已恢复：HostDown · 10.0.0.1:9100
    ----
    ✅ **<font color=#188038>HostDown</font>** · 10.0.0.1:9100 is down · 17:23–17:24，持续 30 秒

    期间合并 2 条重复通知
    ");
}

#[test]
fn some_of_a_group_are_over() {
    let group = notification(fixture!("03-firing-grouped-one-resolved"));
    insta::assert_snapshot!(simple(&group, "2026-11-20T09:40:00Z"), @"
    🔴 2 firing: HostDown · 10.0.0.1:9100 …
    ----
    🔴 **HostDown** · **<font color=#d93026>2 firing</font>** · 1 resolved · cluster: cn-hangzhou-1

    - 🔴 10.0.0.1:9100 is down · since 17:40
    - 🔴 10.0.0.3:9100 is down · since 17:40
    - ✅ 10.0.0.2:9100 is down · 17:40, lasted 4s

    =====

    🔴 2 条告警：HostDown · 10.0.0.1:9100 …
    ----
    🔴 **HostDown** · **<font color=#d93026>2 条告警</font>** · 1 条已恢复 · cluster: cn-hangzhou-1

    - 🔴 10.0.0.1:9100 is down · 17:40 起
    - 🔴 10.0.0.3:9100 is down · 17:40 起
    - ✅ 10.0.0.2:9100 is down · 17:40，持续 4 秒
    ");
}

#[test]
fn a_group_is_over() {
    let group = notification(fixture!("03b-resolved-grouped-2"));
    insta::assert_snapshot!(simple(&group, "2026-11-20T09:40:00Z"), @"
    ✅ 2 resolved: HostDown · 10.0.0.1:9100 …
    ----
    ✅ **HostDown** · **<font color=#188038>2 resolved</font>** · cluster: cn-hangzhou-1

    - ✅ 10.0.0.1:9100 is down · 17:40, lasted 7s
    - ✅ 10.0.0.3:9100 is down · 17:40, lasted 7s

    2 identical repeats were held back meanwhile

    =====

    ✅ 2 条已恢复：HostDown · 10.0.0.1:9100 …
    ----
    ✅ **HostDown** · **<font color=#188038>2 条已恢复</font>** · cluster: cn-hangzhou-1

    - ✅ 10.0.0.1:9100 is down · 17:40，持续 7 秒
    - ✅ 10.0.0.3:9100 is down · 17:40，持续 7 秒

    期间合并 2 条重复通知
    ");
}

#[test]
fn alerts_of_several_names_and_severities() {
    let group = notification(fixture!("29-firing-storm-20-mixed-severity"));
    let shown = simple(&group, "2026-11-20T09:40:00Z");
    let some: Vec<_> = shown.lines().filter(|line| !line.contains("10.2.0.") || line.contains("10.2.0.0")).collect();
    insta::assert_snapshot!(some.join("\n"), @"
    🔴 20 firing: PodCrashLooping, HighMemory · 10.2.0.0:9100 …
    ----
    🔴 **<font color=#d93026>20 firing</font>** · scn: storm

    - 🔴 **PodCrashLooping** · 10.2.0.0:9100 is down · namespace: ns-0 · since 17:40
    - 🟠 **HighMemory** · 10.2.0.0:9100 is down · namespace: ns-0 · since 17:40

    =====

    🔴 20 条告警：PodCrashLooping、HighMemory · 10.2.0.0:9100 …
    ----
    🔴 **<font color=#d93026>20 条告警</font>** · scn: storm

    - 🔴 **PodCrashLooping** · 10.2.0.0:9100 is down · namespace: ns-0 · 17:40 起
    - 🟠 **HighMemory** · 10.2.0.0:9100 is down · namespace: ns-0 · 17:40 起
    ");
    assert_eq!(shown.lines().filter(|line| line.starts_with("- ")).count(), 40);
}

#[test]
fn hardly_anything_is_known() {
    insta::assert_snapshot!(simple(&notification(fixture!("08-firing-bare")), "2026-11-20T09:23:45Z"), @"
    🟣 Bare
    ----
    🟣 **<font color=#9334e6>Bare</font>** · since 17:24

    =====

    🟣 Bare
    ----
    🟣 **<font color=#9334e6>Bare</font>** · 17:24 起
    ");
}

#[test]
fn values_with_everything_in_them() {
    let odd = notification(fixture!("05-firing-special-chars"));
    insta::assert_snapshot!(simple(&odd, "2026-11-20T09:23:45Z"), @r"
    🟠 特殊字符 & <Markdown> *test* · host[1](http://evil.example.test)|a
    ----
    🟠 **<font color=#e8710a>特殊字符 &amp; &lt;Markdown&gt; \*test\*</font>** · host\[1\](http://evil.example.test)|a · # 标题 > quote - item `code` **bold** _it_ ~~del~~ [link](https://example.test/?a=1&b=2) ![img](https://example.test/x.png) · since 17:23

    =====

    🟠 特殊字符 & <Markdown> *test* · host[1](http://evil.example.test)|a
    ----
    🟠 **<font color=#e8710a>特殊字符 &amp; &lt;Markdown&gt; \*test\*</font>** · host\[1\](http://evil.example.test)|a · # 标题 > quote - item `code` **bold** _it_ ~~del~~ [link](https://example.test/?a=1&b=2) ![img](https://example.test/x.png) · 17:23 起
    ");
}

#[test]
fn events_of_one_kind_or_several() {
    let now = "2026-11-20T09:23:45Z";
    let one = simple(&told(Sender::CloudMonitor, vec![memory()]), now);
    let several = simple(&told(Sender::Ocp, vec![memory(), over(memory()), exporter()]), now);
    insta::assert_snapshot!(format!("{one}\n\n=====\n\n{several}"), @r"
    🟠 ECS 内存使用率 · web-01
    ----
    🟠 **<font color=#e8710a>ECS 内存使用率</font>** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · since 17:23

    =====

    🟠 ECS 内存使用率 · web-01
    ----
    🟠 **<font color=#e8710a>ECS 内存使用率</font>** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · 17:23 起

    =====

    🔴 2 firing: exporter进程数量不够, ECS 内存使用率 · service=OCP:svr_ip=192.0.2.11 …
    ----
    🔴 **<font color=#d93026>2 firing</font>** · 1 resolved

    - 🔴 **exporter进程数量不够** · service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够 · since 17:23
    - 🟠 **ECS 内存使用率** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · since 17:23
    - ✅ **ECS 内存使用率** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · 17:23–17:33, lasted 10m

    =====

    🔴 2 条告警：exporter进程数量不够、ECS 内存使用率 · service=OCP:svr_ip=192.0.2.11 …
    ----
    🔴 **<font color=#d93026>2 条告警</font>** · 1 条已恢复

    - 🔴 **exporter进程数量不够** · service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够 · 17:23 起
    - 🟠 **ECS 内存使用率** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · 17:23 起
    - ✅ **ECS 内存使用率** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · 17:23–17:33，持续 10 分钟
    ");
}

#[test]
fn a_text_without_labels_and_times() {
    let of = |text: &str| {
        let said = event(Severity::Unknown, &[], &[("description", text)]);
        Alert { starts_at: String::new(), ..said }
    };
    let one = simple(&told(Sender::Generic, vec![of("# a\n* b_c")]), "2026-11-20T09:23:45Z");
    let several = simple(&told(Sender::Generic, vec![of("first"), over(of(""))]), "2026-11-20T09:23:45Z");
    insta::assert_snapshot!(format!("{one}\n\n=====\n\n{several}"), @"
    🟣 Alert
    ----
    🟣 **<font color=#9334e6>Alert</font>** · # a * b_c

    =====

    🟣 告警
    ----
    🟣 **<font color=#9334e6>告警</font>** · # a * b_c

    =====

    🟣 1 firing: Alert
    ----
    🟣 **<font color=#9334e6>1 firing</font>** · 1 resolved

    - 🟣 **Alert** · first
    - ✅ **Alert** · over

    =====

    🟣 1 条告警：告警
    ----
    🟣 **<font color=#9334e6>1 条告警</font>** · 1 条已恢复

    - 🟣 **告警** · first
    - ✅ **告警** · 已恢复
    ");
}

#[test]
fn what_is_to_be_known_of_the_message_comes_with_it() {
    let late = Notification {
        meant_for: "dba_team".to_owned(),
        truncated_alerts: 7,
        salvaged: true,
        ..told(Sender::Alertmanager, vec![memory(), exporter()])
    };
    insta::assert_snapshot!(simple(&late, "2026-11-20T09:23:45Z"), @r"
    🔴 2+ firing: exporter进程数量不够, ECS 内存使用率 · service=OCP:svr_ip=192.0.2.11 …
    ----
    🔴 **<font color=#d93026>2 firing</font>**

    Meant for dba\_team, which cannot be reached

    7 more not sent by Alertmanager (max\_alerts)

    <font color=#e8710a>The request was broken; this is what could be read of it</font>

    - 🔴 **exporter进程数量不够** · service=OCP:svr_ip=192.0.2.11 exporter进程数量不够 · service: OCP · alarmId: 1000160 · level: 停服 · since 17:23
    - 🟠 **ECS 内存使用率** · memory_usedutilization 97.39 %，条件 $Average>=95 · instance: web-01 · namespace: acs\_ecs\_dashboard · instanceId: i-8psdh7l6lphbn10l · lastTime: 2分钟 · regionName: 华东1（杭州） · since 17:23

    =====

    🔴 2+ 条告警：exporter进程数量不够、ECS 内存使用率 · service=OCP:svr_ip=192.0.2.11 …
    ----
    🔴 **<font color=#d93026>2 条告警</font>**

    原定发往 dba\_team，该群无法送达，转至本群

    另有 7 条未推送（超出 Alertmanager 的 max\_alerts）

    <font color=#e8710a>请求格式有误，以下为能够识别的内容</font>

    - 🔴 **exporter进程数量不够** · service=OCP:svr_ip=192.0.2.11 exporter进程数量不够 · service: OCP · alarmId: 1000160 · level: 停服 · 17:23 起
    - 🟠 **ECS 内存使用率** · memory_usedutilization 97.39 %，条件 $Average>=95 · instance: web-01 · namespace: acs\_ecs\_dashboard · instanceId: i-8psdh7l6lphbn10l · lastTime: 2分钟 · regionName: 华东1（杭州） · 17:23 起
    ");
}

#[test]
fn parts_are_numbered() {
    let library = Library::compile(Language::Zh, Vec::new()).expect("built-in");
    let style = Style {
        title: Some("simple.title".to_owned()),
        text: Some("simple.text".to_owned()),
        message_limit: 1_800,
        ..in_shanghai(Language::Zh)
    };
    let now = "2026-11-20T09:50:00Z".parse().expect("time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    let group = crate::fold::Folded {
        notification: notification(fixture!("29-firing-storm-20-mixed-severity")),
        gone: Vec::new(),
        flaps: Default::default(),
    };
    let told = library.tell(&[group], &style, &circumstances, false, 3);
    let first = told.parts.iter().map(|part| match &part.message {
        Message::Markdown { text, .. } => text.lines().next().unwrap_or_default().to_owned(),
        other => panic!("{other:?}"),
    });
    insta::assert_snapshot!(first.collect::<Vec<_>>().join("\n"), @"
    🔴 **<font color=#d93026>18/20 条告警</font>** · scn: storm (1/2)
    🔴 **<font color=#d93026>2/20 条告警</font>** · scn: storm (2/2)
    ");
}
