//! Whole messages about single events, in both languages.

use super::*;
use crate::notification::{Alert, Labels, Sender, Severity, Status};

mod odd;
mod several;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What somebody tells of one thing that began at 17:23 in Shanghai.
pub(super) fn event(severity: Severity, of: &[(&str, &str)], annotations: &[(&str, &str)]) -> Alert {
    Alert {
        status: Status::Firing,
        labels: labels(of),
        annotations: labels(annotations),
        starts_at: "2026-11-20T09:23:45Z".to_owned(),
        ends_at: String::new(),
        generator_url: String::new(),
        fingerprint: String::new(),
        severity: Some(severity),
    }
}

pub(super) fn over(alert: Alert) -> Alert {
    Alert { status: Status::Resolved, ends_at: "2026-11-20T09:33:45Z".to_owned(), ..alert }
}

pub(super) fn told(sender: Sender, alerts: Vec<Alert>) -> Notification {
    Notification::new(sender, "group".to_owned(), alerts)
}

/// The message in English and in Chinese, two minutes after it began.
fn in_both(kind: Kind, notification: &Notification, repeats: u64) -> String {
    let now = "2026-11-20T09:25:45Z".parse().expect("time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats, digest_mentions: true };
    let both =
        Language::ALL.map(|language| shown(notification, &Style { kind, ..in_shanghai(language) }, &circumstances));
    both.join("\n\n=====\n\n")
}

fn markdown(notification: &Notification) -> String {
    in_both(Kind::Markdown, notification, 0)
}

pub(super) fn memory() -> Alert {
    let of = [
        ("alertname", "ECS 内存使用率"),
        ("severity", "warning"),
        ("instance", "web-01"),
        ("metricName", "memory_usedutilization"),
        ("namespace", "acs_ecs_dashboard"),
        ("instanceId", "i-8psdh7l6lphbn10l"),
        ("regionName", "华东1（杭州）"),
        ("lastTime", "2分钟"),
    ];
    event(Severity::Warning, &of, &[("summary", "memory_usedutilization 97.39 %，条件 $Average>=95")])
}

pub(super) fn exporter() -> Alert {
    let of = [
        ("alertname", "exporter进程数量不够"),
        ("severity", "critical"),
        ("instance", "service=OCP:svr_ip=192.0.2.11"),
        ("level", "停服"),
        ("service", "OCP"),
        ("hostIp", "192.0.2.11"),
        ("alarmId", "1000160"),
    ];
    let annotations = [
        ("summary", "service=OCP:svr_ip=192.0.2.11 exporter进程数量不够"),
        ("description", "部署服务 OB_CLUSTER,OB_PROXY\n预期exporter数量 6\n实际exporter数量 5"),
    ];
    let alert = event(Severity::Critical, &of, &annotations);
    Alert { generator_url: "http://192.0.2.10:8080/alarm/event/1000160".to_owned(), ..alert }
}

#[test]
fn a_threshold_is_passed() {
    insta::assert_snapshot!(markdown(&told(Sender::CloudMonitor, vec![memory()])), @r"
    🟠 [WARNING] ECS 内存使用率 · web-01
    ----
    #### 🟠 ECS 内存使用率

    **<font color=#e8710a>WARNING</font>** · **web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    - namespace: acs\_ecs\_dashboard
    - instanceId: i-8psdh7l6lphbn10l
    - lastTime: 2分钟
    - regionName: 华东1（杭州）

    11-20 17:23 CST

    =====

    🟠【警告】ECS 内存使用率 · web-01
    ----
    #### 🟠 ECS 内存使用率

    **<font color=#e8710a>警告</font>** · **web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    - namespace: acs\_ecs\_dashboard
    - instanceId: i-8psdh7l6lphbn10l
    - lastTime: 2分钟
    - regionName: 华东1（杭州）

    11-20 17:23 CST
    ");
}

#[test]
fn a_threshold_is_passed_no_more() {
    insta::assert_snapshot!(markdown(&told(Sender::CloudMonitor, vec![over(memory())])), @r"
    ✅ [RESOLVED] ECS 内存使用率 · web-01
    ----
    #### ✅ ECS 内存使用率

    **<font color=#188038>Resolved</font>** · **web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    - namespace: acs\_ecs\_dashboard
    - instanceId: i-8psdh7l6lphbn10l
    - lastTime: 2分钟
    - regionName: 华东1（杭州）

    Since 11-20 17:23, over 11-20 17:33 CST, lasted 10m

    =====

    ✅【恢复】ECS 内存使用率 · web-01
    ----
    #### ✅ ECS 内存使用率

    **<font color=#188038>已恢复</font>** · **web-01**

    memory\_usedutilization 97.39 %，条件 $Average&gt;=95

    - namespace: acs\_ecs\_dashboard
    - instanceId: i-8psdh7l6lphbn10l
    - lastTime: 2分钟
    - regionName: 华东1（杭州）

    开始于 11-20 17:23，恢复于 11-20 17:33 CST，持续 10 分钟
    ");
}

#[test]
fn a_machine_changes_its_state() {
    let of = [
        ("alertname", "Instance:StateChange"),
        ("severity", "info"),
        ("instance", "zabank-prd-infra-01"),
        ("product", "ECS"),
        ("regionId", "cn-hangzhou"),
        ("resourceId", "acs:ecs:cn-hangzhou:130013558060:instance/i-j6c9pagb27uzlikj"),
        ("resourceType", "instance"),
        ("instanceType", "ecs.c6e.large"),
        ("state", "Deleted"),
        ("privateIpAddress", "10.48.0.7"),
        ("ruleName", "ECS Event-triggered Alert Rule (New)"),
    ];
    insta::assert_snapshot!(markdown(&told(Sender::CloudMonitor, vec![event(Severity::Info, &of, &[])])), @"
    🔵 [INFO] Instance:StateChange · zabank-prd-infra-01
    ----
    #### 🔵 Instance:StateChange

    **<font color=#1a73e8>INFO</font>** · **zabank-prd-infra-01**

    - instanceType: ecs.c6e.large
    - privateIpAddress: 10.48.0.7
    - product: ECS
    - regionId: cn-hangzhou
    - resourceId: acs:ecs:cn-hangzhou:130013558060:instance/i-j6c9pagb27uzlikj
    - resourceType: instance
    - ruleName: ECS Event-triggered Alert Rule (New)
    - state: Deleted

    11-20 17:23 CST

    =====

    🔵【提醒】Instance:StateChange · zabank-prd-infra-01
    ----
    #### 🔵 Instance:StateChange

    **<font color=#1a73e8>提醒</font>** · **zabank-prd-infra-01**

    - instanceType: ecs.c6e.large
    - privateIpAddress: 10.48.0.7
    - product: ECS
    - regionId: cn-hangzhou
    - resourceId: acs:ecs:cn-hangzhou:130013558060:instance/i-j6c9pagb27uzlikj
    - resourceType: instance
    - ruleName: ECS Event-triggered Alert Rule (New)
    - state: Deleted

    11-20 17:23 CST
    ");
}

#[test]
fn a_database_complains() {
    insta::assert_snapshot!(markdown(&told(Sender::Ocp, vec![exporter()])), @r"
    🔴 [CRITICAL] exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    ----
    #### 🔴 exporter进程数量不够

    **<font color=#d93026>CRITICAL</font>** · **service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够

    部署服务 OB_CLUSTER,OB_PROXY  
    预期exporter数量 6  
    实际exporter数量 5

    - service: OCP
    - alarmId: 1000160
    - level: 停服

    11-20 17:23 CST · [Details](http://192.0.2.10:8080/alarm/event/1000160)

    =====

    🔴【紧急】exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    ----
    #### 🔴 exporter进程数量不够

    **<font color=#d93026>紧急</font>** · **service=OCP:svr\_ip=192.0.2.11**

    service=OCP:svr\_ip=192.0.2.11 exporter进程数量不够

    部署服务 OB_CLUSTER,OB_PROXY  
    预期exporter数量 6  
    实际exporter数量 5

    - service: OCP
    - alarmId: 1000160
    - level: 停服

    11-20 17:23 CST · [查看详情](http://192.0.2.10:8080/alarm/event/1000160)
    ");
}

#[test]
fn a_recording_breaks_rules() {
    let of = [
        ("alertname", "Insulting customer, [Preset] Customer may complain"),
        ("instance", "Voice-StudyAbroadRecording.wav"),
        ("taskId", "7352C9F1-6E2E-41F4-A1CF-B8939D17B68E"),
        ("fileId", "0c03f497644e4ead928e293678055725"),
        ("ruleIds", "213, 434"),
    ];
    let summary = "[2019-05-28 22:33:44][7352C9F1-6E2E-41F4-A1CF-B8939D17B68E][0c03f497644e4ead928e293678055725]\
                   Voice-StudyAbroadRecording.wav hit rule:Insulting customer";
    let hit = event(Severity::Unknown, &of, &[("summary", summary)]);
    insta::assert_snapshot!(markdown(&told(Sender::RuleHit, vec![hit])), @r"
    🟣 Insulting customer, [Preset] Customer may complain · Voice-StudyAbroadRecording.wav
    ----
    #### 🟣 Insulting customer, \[Preset\] Customer may complain

    **Voice-StudyAbroadRecording.wav**

    \[2019-05-28 22:33:44\]\[7352C9F1-6E2E-41F4-A1CF-B8939D17B68E\]\[0c03f497644e4ead928e293678055725\]Voice-StudyAbroadRecording.wav hit rule:Insulting customer

    - ruleIds: 213, 434

    11-20 17:23 CST

    =====

    🟣 Insulting customer, [Preset] Customer may complain · Voice-StudyAbroadRecording.wav
    ----
    #### 🟣 Insulting customer, \[Preset\] Customer may complain

    **Voice-StudyAbroadRecording.wav**

    \[2019-05-28 22:33:44\]\[7352C9F1-6E2E-41F4-A1CF-B8939D17B68E\]\[0c03f497644e4ead928e293678055725\]Voice-StudyAbroadRecording.wav hit rule:Insulting customer

    - ruleIds: 213, 434

    11-20 17:23 CST
    ");
}

#[test]
fn a_call_has_ended() {
    let of = [
        ("alertname", "Voice notification"),
        ("severity", "warning"),
        ("instance", "138****0000"),
        ("reason", "rejected or no answer"),
        ("reasonCode", "4"),
        ("callSerialNo", "1645074606-1234"),
    ];
    let call = event(Severity::Warning, &of, &[("summary", "138****0000: rejected or no answer")]);
    insta::assert_snapshot!(markdown(&told(Sender::Aicc, vec![call])), @r"
    🟠 [WARNING] Voice notification · 138****0000
    ----
    #### 🟠 Voice notification

    **<font color=#e8710a>WARNING</font>** · **138\*\*\*\*0000**

    138\*\*\*\*0000: rejected or no answer

    - callSerialNo: 1645074606-1234
    - reasonCode: 4

    11-20 17:23 CST

    =====

    🟠【警告】Voice notification · 138****0000
    ----
    #### 🟠 Voice notification

    **<font color=#e8710a>警告</font>** · **138\*\*\*\*0000**

    138\*\*\*\*0000: rejected or no answer

    - callSerialNo: 1645074606-1234
    - reasonCode: 4

    11-20 17:23 CST
    ");
}
