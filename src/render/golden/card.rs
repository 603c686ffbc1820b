//! Whole messages of `card.title` and `card.text`, in both languages. A card's buttons are made by `run`.

use super::event::{event, exporter, memory, over, told};
use super::*;
use crate::notification::{Alert, Sender, Severity};

fn card(notification: &Notification, now: &str) -> String {
    let shown = in_both("card", Kind::ActionCard, notification, now, 2);
    assert!(!shown.contains("](http"), "the links are the buttons: {shown}");
    shown
}

#[test]
fn one_alert_fires() {
    insta::assert_snapshot!(card(&notification(fixture!("01-firing-single")), "2026-11-20T09:23:45Z"), @"
    🔴 [CRITICAL] HostDown · 10.0.0.1:9100
    ----
    ## 🔴 HostDown

    **<font color=#d93026>CRITICAL</font>** · **10.0.0.1:9100**

    10.0.0.1:9100 is down

    Host 10.0.0.1:9100 has been unreachable for 5m.

    > cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    Since 11-20 17:23 CST (10m)

    =====

    🔴【紧急】HostDown · 10.0.0.1:9100
    ----
    ## 🔴 HostDown

    **<font color=#d93026>紧急</font>** · **10.0.0.1:9100**

    10.0.0.1:9100 is down

    Host 10.0.0.1:9100 has been unreachable for 5m.

    > cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    开始于 11-20 17:23 CST，已持续 10 分钟
    ");
}

#[test]
fn one_alert_is_over() {
    insta::assert_snapshot!(card(&notification(fixture!("02b-resolved-single")), "2026-11-20T09:23:45Z"), @"
    ✅ [RESOLVED] HostDown · 10.0.0.1:9100
    ----
    ## ✅ HostDown

    **<font color=#188038>Resolved</font>** · **10.0.0.1:9100**

    10.0.0.1:9100 is down

    > cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    Since 11-20 17:23, over 11-20 17:24 CST, lasted 30s

    2 identical repeats were held back meanwhile

    =====

    ✅【恢复】HostDown · 10.0.0.1:9100
    ----
    ## ✅ HostDown

    **<font color=#188038>已恢复</font>** · **10.0.0.1:9100**

    10.0.0.1:9100 is down

    > cluster: cn-hangzhou-1 · job: node · scn: single · team: infra

    开始于 11-20 17:23，恢复于 11-20 17:24 CST，持续 30 秒

    期间合并 2 条重复通知
    ");
}

#[test]
fn some_of_a_group_are_over() {
    let group = notification(fixture!("03-firing-grouped-one-resolved"));
    insta::assert_snapshot!(card(&group, "2026-11-20T09:40:00Z"), @"
    🔴 [CRITICAL:2] HostDown · 10.0.0.1:9100 …
    ----
    ## 🔴 HostDown

    **<font color=#d93026>CRITICAL · 2 firing</font>** · 1 resolved

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    🔴 **10.0.0.1:9100**

    10.0.0.1:9100 is down

    Host 10.0.0.1:9100 has been unreachable for 5m.

    Since 11-20 17:40 CST (9m 43s)

    🔴 **10.0.0.3:9100**

    10.0.0.3:9100 is down

    Host 10.0.0.3:9100 has been unreachable for 5m.

    Since 11-20 17:40 CST (9m 43s)

    - ✅ 10.0.0.2:9100 is down · 17:40, lasted 4s

    =====

    🔴【紧急:2】HostDown · 10.0.0.1:9100 …
    ----
    ## 🔴 HostDown

    **<font color=#d93026>紧急 · 2 条告警</font>** · 1 条已恢复

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    🔴 **10.0.0.1:9100**

    10.0.0.1:9100 is down

    Host 10.0.0.1:9100 has been unreachable for 5m.

    开始于 11-20 17:40 CST，已持续 9 分 43 秒

    🔴 **10.0.0.3:9100**

    10.0.0.3:9100 is down

    Host 10.0.0.3:9100 has been unreachable for 5m.

    开始于 11-20 17:40 CST，已持续 9 分 43 秒

    - ✅ 10.0.0.2:9100 is down · 17:40，持续 4 秒
    ");
}

#[test]
fn a_group_is_over() {
    let group = notification(fixture!("03b-resolved-grouped-2"));
    insta::assert_snapshot!(card(&group, "2026-11-20T09:40:00Z"), @"
    ✅ [RESOLVED:2] HostDown · 10.0.0.1:9100 …
    ----
    ## ✅ HostDown

    **<font color=#188038>2 resolved</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    - ✅ 10.0.0.1:9100 is down · 17:40, lasted 7s
    - ✅ 10.0.0.3:9100 is down · 17:40, lasted 7s

    2 identical repeats were held back meanwhile

    =====

    ✅【恢复:2】HostDown · 10.0.0.1:9100 …
    ----
    ## ✅ HostDown

    **<font color=#188038>2 条已恢复</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    - ✅ 10.0.0.1:9100 is down · 17:40，持续 7 秒
    - ✅ 10.0.0.3:9100 is down · 17:40，持续 7 秒

    期间合并 2 条重复通知
    ");
}

#[test]
fn alerts_of_several_names_and_severities() {
    let shown = card(&notification(fixture!("29-firing-storm-20-mixed-severity")), "2026-11-20T09:40:00Z");
    let some: Vec<_> = shown.lines().filter(|line| !line.contains("10.2.0.") || line.contains("10.2.0.0")).collect();
    insta::assert_snapshot!(some.join("\n"), @"
    🔴 [CRITICAL:20] PodCrashLooping, HighMemory · 10.2.0.0:9100 …
    ----
    ## 🔴 PodCrashLooping, HighMemory

    **<font color=#d93026>CRITICAL · 20 firing</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: storm · team: infra

    - 🔴 **PodCrashLooping** · 10.2.0.0:9100 is down · namespace: ns-0 · since 17:40
    - 🟠 **HighMemory** · 10.2.0.0:9100 is down · namespace: ns-0 · since 17:40

    =====

    🔴【紧急:20】PodCrashLooping、HighMemory · 10.2.0.0:9100 …
    ----
    ## 🔴 PodCrashLooping、HighMemory

    **<font color=#d93026>紧急 · 20 条告警</font>**

    > cluster: cn-hangzhou-1 · job: node · scn: storm · team: infra

    - 🔴 **PodCrashLooping** · 10.2.0.0:9100 is down · namespace: ns-0 · 17:40 起
    - 🟠 **HighMemory** · 10.2.0.0:9100 is down · namespace: ns-0 · 17:40 起
    ");
}

#[test]
fn hardly_anything_is_known() {
    insta::assert_snapshot!(card(&notification(fixture!("08-firing-bare")), "2026-11-20T09:23:45Z"), @"
    🟣 Bare
    ----
    ## 🟣 Bare

    > scn: bare

    Since 11-20 17:24 CST (9m 30s)

    =====

    🟣 Bare
    ----
    ## 🟣 Bare

    > scn: bare

    开始于 11-20 17:24 CST，已持续 9 分 30 秒
    ");
}

#[test]
fn events_of_one_kind_or_several() {
    let now = "2026-11-20T09:23:45Z";
    let one = card(&told(Sender::CloudMonitor, vec![memory()]), now);
    let several = card(&told(Sender::Ocp, vec![memory(), over(memory()), exporter()]), now);
    insta::assert_snapshot!(format!("{one}\n\n=====\n\n{several}"), @r"
    🟠 [WARNING] ECS 内存使用率 · web-01
    ----
    ## 🟠 ECS 内存使用率

    **<font color=#e8710a>WARNING</font>** · **web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    > namespace: acs\_ecs\_dashboard · instanceId: i-8psdh7l6lphbn10l · lastTime: 2分钟 · regionName: 华东1（杭州）

    11-20 17:23 CST (10m ago)

    =====

    🟠【警告】ECS 内存使用率 · web-01
    ----
    ## 🟠 ECS 内存使用率

    **<font color=#e8710a>警告</font>** · **web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    > namespace: acs\_ecs\_dashboard · instanceId: i-8psdh7l6lphbn10l · lastTime: 2分钟 · regionName: 华东1（杭州）

    11-20 17:23 CST（10 分钟前）

    =====

    🔴 [CRITICAL:2] exporter进程数量不够, ECS 内存使用率 · service=OCP:svr_ip=192.0.2.11 …
    ----
    ## 🔴 exporter进程数量不够, ECS 内存使用率

    **<font color=#d93026>CRITICAL · 2 firing</font>** · 1 resolved

    🔴 **exporter进程数量不够 · service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够

    部署服务 OB_CLUSTER,OB_PROXY  
    预期exporter数量 6  
    实际exporter数量 5

    > service: OCP · alarmId: 1000160 · level: 停服

    11-20 17:23 CST (10m ago)

    🟠 **ECS 内存使用率 · web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    > namespace: acs\_ecs\_dashboard · instanceId: i-8psdh7l6lphbn10l · lastTime: 2分钟 · regionName: 华东1（杭州）

    11-20 17:23 CST (10m ago)

    - ✅ **ECS 内存使用率** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · 17:23–17:33, lasted 10m

    =====

    🔴【紧急:2】exporter进程数量不够、ECS 内存使用率 · service=OCP:svr_ip=192.0.2.11 …
    ----
    ## 🔴 exporter进程数量不够、ECS 内存使用率

    **<font color=#d93026>紧急 · 2 条告警</font>** · 1 条已恢复

    🔴 **exporter进程数量不够 · service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够

    部署服务 OB_CLUSTER,OB_PROXY  
    预期exporter数量 6  
    实际exporter数量 5

    > service: OCP · alarmId: 1000160 · level: 停服

    11-20 17:23 CST（10 分钟前）

    🟠 **ECS 内存使用率 · web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    > namespace: acs\_ecs\_dashboard · instanceId: i-8psdh7l6lphbn10l · lastTime: 2分钟 · regionName: 华东1（杭州）

    11-20 17:23 CST（10 分钟前）

    - ✅ **ECS 内存使用率** · web-01 · memory\_usedutilization 97.39 %，条件 $Average&gt;=95 · 17:23–17:33，持续 10 分钟
    ");
}

#[test]
fn a_text_without_labels_and_times() {
    let said = event(Severity::Unknown, &[], &[("description", "pg_dump ended\nwith exit code 1")]);
    let said = Alert { starts_at: String::new(), ..said };
    insta::assert_snapshot!(card(&told(Sender::Generic, vec![said]), "2026-11-20T09:23:45Z"), @"
    🟣 Alert
    ----
    ## 🟣 Alert

    pg_dump ended  
    with exit code 1

    =====

    🟣 告警
    ----
    ## 🟣 告警

    pg_dump ended  
    with exit code 1
    ");
}

#[test]
fn what_is_to_be_known_of_the_message_comes_with_it() {
    let late = Notification {
        meant_for: "dba_team".to_owned(),
        truncated_alerts: 7,
        salvaged: true,
        ..told(Sender::Alertmanager, vec![over(exporter())])
    };
    insta::assert_snapshot!(card(&late, "2026-11-20T09:23:45Z"), @r"
    ✅ [RESOLVED] exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    ----
    ## ✅ exporter进程数量不够

    Meant for dba\_team, which cannot be reached

    7 more not sent by Alertmanager (max\_alerts)

    <font color=#e8710a>The request was broken; this is what could be read of it</font>

    **<font color=#188038>Resolved</font>** · **service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr_ip=192.0.2.11 exporter进程数量不够

    > service: OCP · alarmId: 1000160 · level: 停服

    Since 11-20 17:23, over 11-20 17:33 CST, lasted 10m

    2 identical repeats were held back meanwhile

    =====

    ✅【恢复】exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    ----
    ## ✅ exporter进程数量不够

    原定发往 dba\_team，该群无法送达，转至本群

    另有 7 条未推送（超出 Alertmanager 的 max\_alerts）

    <font color=#e8710a>请求格式有误，以下为能够识别的内容</font>

    **<font color=#188038>已恢复</font>** · **service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr_ip=192.0.2.11 exporter进程数量不够

    > service: OCP · alarmId: 1000160 · level: 停服

    开始于 11-20 17:23，恢复于 11-20 17:33 CST，持续 10 分钟

    期间合并 2 条重复通知
    ");
}
