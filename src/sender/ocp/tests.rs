use serde_json::{Value, json};

use super::*;
use crate::notification::{Severity, Status};
use crate::sender::tests::{self, kept};
use crate::sender::{Request, Settings, recognise};

/// Where OCP's page about the alarm is, in the fixtures.
const PAGE: &str = "http://192.0.2.10:8080/alarm/event/";

fn fixture(name: &str) -> Vec<u8> {
    kept(&format!("{name}.json")).into_bytes()
}

/// What a body tells, without its path.
#[track_caller]
fn told(body: &[u8]) -> Notification {
    tests::told(Request::of_body(body), Sender::Ocp)
}

#[track_caller]
fn known(name: &str) -> Notification {
    told(&fixture(name))
}

/// What a text tells in a message for DingTalk.
#[track_caller]
fn text(content: &str) -> Notification {
    told(json!({"msgtype": "text", "text": {"content": content}}).to_string().as_bytes())
}

fn named(body: &[u8]) -> Result<Notification, DecodeError> {
    Ok(crate::sender::decode(Request::of_body(body), Some(Sender::Ocp), &Settings::default())?.notification)
}

#[track_caller]
fn assert_one_group(told: &[&Notification]) {
    for (at, one) in told.iter().enumerate() {
        for other in &told[at + 1..] {
            assert_eq!(one.group_id("ops"), other.group_id("ops"), "{} / {}", one.group_key, other.group_key);
            assert_ne!(one.state_digest(), other.state_digest(), "{} / {}", one.state, other.state);
        }
    }
}

#[test]
fn messages_of_every_language_are_understood_and_passed_on() {
    use Severity::{Critical, Warning};
    use Status::{Firing, Resolved};
    let disk = ("OceanBase 服务器安装目录磁盘使用率超限", "ob_cluster=obdemo-1:svr_ip=192.0.2.11");
    let threads =
        ("The thread usage of the OceanBase tenant exceeds the threshold", "ob_cluster=obdemo-1:tenant_name=t1");
    let trans = ("OceanBase 租戶存在長交易", "ob_cluster=obdemo-1:tenant_name=t1");
    let exporter = ("exporter进程数量不够", "service=OCP:svr_ip=192.0.2.11");
    let cpu = ("OB 租户 CPU 使用率超限", "ob_cluster=demo:tenant=t1");
    let began = "2024-03-11T01:44:04Z";
    for (name, (title, object), status, severity, time, page) in [
        ("ocp-dingtalk-zh", disk, Firing, Some(Critical), began, "1000160"),
        ("ocp-dingtalk-zh-recover", disk, Resolved, None, "2024-03-11T02:12:44Z", ""),
        ("ocp-dingtalk-en", threads, Firing, Some(Warning), began, "1000161"),
        ("ocp-dingtalk-en-recover", threads, Resolved, None, "2024-03-11T01:59:14Z", ""),
        ("ocp-dingtalk-zh-tw", trans, Firing, Some(Critical), began, "1000162"),
        ("ocp-dingtalk-zh-tw-recover", trans, Resolved, None, "2024-03-11T02:01:00Z", ""),
        ("ocp-http-text", cpu, Firing, Some(Warning), "2020-12-03T01:44:04Z", "1000160"),
        ("ocp-http-markdown", exporter, Firing, Some(Critical), "", "1000160"),
    ] {
        let notification = known(name);
        let alert = &notification.alerts[0];
        assert_eq!((alert.labels["alertname"].as_str(), alert.labels["instance"].as_str()), (title, object), "{name}");
        assert_eq!((alert.status, alert.severity), (status, severity), "{name}");
        let when = if status == Firing { &alert.starts_at } else { &alert.ends_at };
        assert_eq!(when, time, "{name}");
        let page = if page.is_empty() { String::new() } else { format!("{PAGE}{page}") };
        assert_eq!(alert.generator_url, page, "{name}");
        assert_eq!(notification.raw, Value::Null);
        let sent: Value = serde_json::from_slice(&fixture(name)).expect("JSON");
        let relay = notification.relay.expect("a message");
        let kind = sent["msgtype"].as_str().expect("a type");
        let field = if kind == "text" { "content" } else { "text" };
        assert_eq!(relay.message.text(), sent[kind][field], "{name}");
        let called = relay.mention.mobiles.len();
        assert_eq!(called, sent["at"]["atMobiles"].as_array().map_or(0, Vec::len), "{name}");
        assert!(!format!("{:?}", notification.alerts).contains("13800000000"), "{name}");
    }
}

#[test]
fn an_alarm_and_its_recovery_are_one_group() {
    assert_one_group(&[&known("ocp-dingtalk-zh"), &known("ocp-dingtalk-zh-recover")]);
    assert_one_group(&[&known("ocp-dingtalk-en"), &known("ocp-dingtalk-en-recover")]);
    assert_one_group(&[&known("ocp-dingtalk-zh-tw"), &known("ocp-dingtalk-zh-tw-recover")]);
    assert_one_group(&[&known("ocp-http-markdown"), &known("ocp-http-recover")]);
    assert_one_group(&[&known("ocp-json"), &known("ocp-json-recover")]);
    assert_one_group(&[&known("ocp-json-message-object"), &known("ocp-labels")]);
    // The same alarm in another shape, at another level.
    assert_one_group(&[&known("ocp-dingtalk-zh"), &known("ocp-json"), &known("ocp-dingtalk-zh-recover")]);
}

fn alarm(name: &str, level: &str, began: &str, value: &str) -> Notification {
    text(&format!(
        "### OCP 告警通知 {name}\n- 级别：{level}\n- 告警对象：ob_cluster=demo:tenant=t1\n- 概述：ob_cluster=demo:tenant=t1 \
         {name}\n- 生成时间：2024-03-11T{began}+08:00\n- 详情：集群：demo，租户：t1，告警：{name}。使用率 {value} % 超过 80 %。\n\
         - OCP 链接：{PAGE}1"
    ))
}

#[test]
fn what_is_repeated_is_no_news_and_what_gets_worse_or_comes_back_is() {
    let first = alarm("租户 CPU 使用率超限", "警告", "09:00:00", "81.0");
    let again = alarm("租户 CPU 使用率超限", "警告", "09:00:00", "84.5");
    assert_eq!(first.group_id("ops"), again.group_id("ops"));
    assert_eq!(first.state_digest(), again.state_digest());
    assert_one_group(&[
        &first,
        &alarm("租户 CPU 使用率超限", "严重", "09:00:00", "84.5"),
        &alarm("租户 CPU 使用率超限", "警告", "09:07:00", "84.5"),
    ]);
    let other = alarm("租户内存使用率超限", "警告", "09:00:00", "81.0");
    assert_ne!(first.group_id("ops"), other.group_id("ops"));
    assert_ne!(first.alerts[0].fingerprint, other.alerts[0].fingerprint);
}

#[test]
fn recoveries_without_a_name_are_told_apart() {
    let recovery = |details: &str, at: &str| {
        text(&format!(
            "[Alarm Recover Notification]\n- Target svr_ip=192.0.2.11\n- Details {details}\n- Recovered at {at}"
        ))
    };
    let one = recovery("the session 5 is gone", "2024-03-11T09:00:00+08:00");
    assert_eq!(one.status, Status::Resolved);
    assert_eq!(one.alerts[0].labels["alertname"], "the session 5 is gone");
    let other = recovery("the disk is back", "2024-03-11T09:00:00+08:00");
    assert_ne!(one.group_id("ops"), other.group_id("ops"));
    let later = recovery("the session 5 is gone", "2024-03-11T09:05:00+08:00");
    assert_one_group(&[&one, &later]);
    assert_eq!(one.state_digest(), recovery("the session 5 is gone", "2024-03-11T09:00:00+08:00").state_digest());
}

#[test]
fn a_title_names_a_recovery_but_not_an_alarm() {
    let markdown = |title: &str, text: &str| {
        told(json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}}).to_string().as_bytes())
    };
    let recovered =
        "【告警恢复通知】\n- 告警对象 svr_ip=192.0.2.11\n- 告警详情 使用率 5 %\n- 恢复时间 2024-03-11T09:00:00+08:00";
    let recovered = markdown("主机负载过高", recovered);
    assert_eq!(recovered.alerts[0].labels["alertname"], "主机负载过高");
    assert_one_group(&[&recovered, &markdown("", "OCP告警通知 主机负载过高\n- 告警对象：svr_ip=192.0.2.11")]);
    let one = markdown("数据库", "- 级别：警告\n- 告警对象：svr_ip=192.0.2.11\n- 详情：磁盘满");
    let other = markdown("数据库", "- 级别：警告\n- 告警对象：svr_ip=192.0.2.11\n- 详情：内存满");
    assert_ne!(one.group_id("ops"), other.group_id("ops"));
    assert_eq!(one.alerts[0].labels["alertname"], "数据库");
}

#[test]
fn several_alarms_put_together_are_a_group_of_their_own() {
    for (name, count, title) in [
        ("ocp-http-aggregate", "3", "OceanBase 服务器日志目录磁盘使用率超限"),
        ("ocp-http-aggregate-en", "2", "The log disk of an OBServer is filling up"),
    ] {
        let notification = known(name);
        let labels = &notification.alerts[0].labels;
        assert_eq!((labels["count"].as_str(), labels["alertname"].as_str()), (count, title));
        assert_eq!(labels["groupBy"], "alarm_type=ob_host_log_disk_percent_over_threshold:ob_cluster=obdemo-1");
        assert_eq!(notification.alerts[0].severity, Some(Severity::Warning));
        let body = String::from_utf8(fixture(name)).expect("text");
        let grown =
            told(body.replace(&format!("：{count}"), "：9").replace(&format!(": {count}\\n"), ": 9\\n").as_bytes());
        assert_one_group(&[&notification, &grown]);
        let single = json!({"alarm_name": title, "alarm_target": labels["instance"], "alarm_status": "已消除"});
        assert_ne!(notification.group_id("ops"), told(single.to_string().as_bytes()).group_id("ops"));
    }
}

#[test]
fn variables_as_json_become_an_alert() {
    let notification = known("ocp-json");
    assert_eq!(notification.relay, None);
    insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts).expect("JSON"), @r#"
    [
      {
        "status": "firing",
        "labels": {
          "alertname": "OceanBase 服务器安装目录磁盘使用率超限",
          "instance": "ob_cluster=obdemo-1:svr_ip=192.0.2.11",
          "level": "停服",
          "obCluster": "obdemo",
          "scope": "主机",
          "severity": "critical"
        },
        "annotations": {
          "description": "集群：obdemo，主机：192.0.2.11，告警：OceanBase 服务器安装目录磁盘使用率超限。安装目录 /home/admin/oceanbase 挂载点 /home 磁盘使用率 98.0 % 超过 97.0 %。",
          "summary": "ob_cluster=obdemo-1:svr_ip=192.0.2.11 OceanBase 服务器安装目录磁盘使用率超限"
        },
        "startsAt": "2024-03-11T01:44:04Z",
        "endsAt": "",
        "generatorURL": "http://192.0.2.10:8080/alarm/event/1000160",
        "fingerprint": "41c4267035ef9700",
        "severity": "critical"
      }
    ]
    "#);
    assert_eq!(notification.raw["alarm_scope"], "主机");

    let recovered = known("ocp-json-recover");
    assert_eq!((recovered.status, recovered.relay), (Status::Resolved, None));
    assert_eq!(recovered.alerts[0].ends_at, "2024-03-11T02:12:44Z");

    let notification = known("ocp-labels");
    insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts).expect("JSON"), @r#"
    [
      {
        "status": "resolved",
        "labels": {
          "actualExporterCount": "5",
          "alarmId": "1000160",
          "alarmType": "no_enough_exporter",
          "alertname": "exporter进程数量不够",
          "app": "OCP",
          "appType": "OCP",
          "duration": "6m8s",
          "expectedExporterCount": "6",
          "hostIp": "192.0.2.11",
          "hostServices": "OB_CLUSTER,OB_PROXY",
          "instance": "service=OCP:svr_ip=192.0.2.11",
          "level": "停服",
          "scope": "主机",
          "service": "OCP",
          "severity": "critical"
        },
        "annotations": {
          "description": "service=OCP:svr_ip=192.0.2.11 exporter进程数量不够, 部署服务 OB_CLUSTER,OB_PROXY，预期exporter数量 6，实际exporter数量 5",
          "summary": "service=OCP:svr_ip=192.0.2.11 exporter进程数量不够"
        },
        "startsAt": "2020-12-03T01:44:04Z",
        "endsAt": "2020-12-03T01:50:12Z",
        "generatorURL": "http://192.0.2.10:8080/alarm/event/1000160",
        "fingerprint": "5d54241c2951c554",
        "severity": "critical"
      }
    ]
    "#);
}

#[test]
fn a_message_that_is_json_is_read_too_and_nobody_is_named() {
    let notification = known("ocp-json-message-object");
    let alert = &notification.alerts[0];
    assert_eq!((alert.status, alert.severity), (Status::Firing, Some(Severity::Critical)));
    assert_eq!((alert.starts_at.as_str(), alert.ends_at.as_str()), ("2020-12-03T01:44:04Z", ""));
    assert_eq!((alert.labels["value"].as_str(), alert.labels["threshold"].as_str()), ("5", "6"));
    assert_eq!(alert.labels["duration"], "6m8s");
    let all = serde_json::to_string(&notification).expect("JSON");
    assert!(!all.contains("1001,1002") && !all.contains("13800000000") && !all.contains("recipients"), "{all}");
}

#[test]
fn what_was_not_escaped_is_salvaged() {
    let notification = known("ocp-json-message-quoted-invalid");
    assert!(notification.salvaged);
    let alert = &notification.alerts[0];
    assert_eq!(alert.labels["alertname"], "OBServer 程序日志");
    assert_eq!(alert.generator_url, format!("{PAGE}1000170"));
    assert!(alert.annotations["description"].ends_with("url=\"http://192.0.2.20/services?Action=ObRootServiceInfo\")"));

    let notification = known("ocp-http-unescaped-invalid");
    assert!(notification.salvaged);
    assert_eq!(notification.alerts[0].labels["alertname"], "[observer.log] ERROR \"ret=-4016\" in ob_x.cpp");
    let relay = notification.relay.expect("a message");
    assert_eq!(relay.message.text(), "OCP告警通知\n- 详情：[observer.log] ERROR \"ret=-4016\" in ob_x.cpp");

    let notification = known("ocp-http-markdown-content-key");
    assert_eq!(notification.alerts[0].labels["alertname"], "x");
    assert_eq!(notification.alerts[0].severity, Some(Severity::Critical));
}

#[test]
fn levels_and_states_are_words_or_numbers() {
    let told = |level: &str, status: &str, ended: &str| {
        let body = json!({"alarm_name": "a", "alarm_level": level, "alarm_status": status, "alarm_resolved_at": ended});
        let notification = told(body.to_string().as_bytes());
        (notification.alerts[0].severity, notification.status)
    };
    let ended = "2024-03-11T09:00:00+08:00";
    assert_eq!(told("1", "告警中", ended), (Some(Severity::Critical), Status::Firing));
    assert_eq!(told("Caution", "Active", ""), (Some(Severity::Info), Status::Firing));
    assert_eq!(told("嚴重", "", ""), (Some(Severity::Critical), Status::Firing));
    assert_eq!(told("Alert", "已恢复", ""), (Some(Severity::Warning), Status::Resolved));
    assert_eq!(told("Reminder", "Cleared", ended), (Some(Severity::Info), Status::Resolved));
    assert_eq!(told("5", "${alarm_status}", ended), (Some(Severity::Info), Status::Resolved));
    assert_eq!(told("?", "?", ""), (None, Status::Firing));
}

#[test]
fn a_text_alone_and_a_test_are_delivered() {
    let body = "OCP 告警通知 主机负载过高\n- 级别：注意\n- 告警对象：svr_ip=192.0.2.11\n- 详情：负载 5\n  负载 6\n@13800000000";
    let notification = told(body.as_bytes());
    let alert = &notification.alerts[0];
    assert_eq!((notification.relay.is_none(), alert.severity), (true, Some(Severity::Info)));
    assert_eq!(alert.annotations["description"], "负载 5\n负载 6");

    for (body, title) in [
        (json!({"message": "告警测试消息"}), "告警测试消息"),
        (json!({"alarm_name": "${alarm_name}", "message": "test\nof a channel"}), "test"),
        (json!({"msgtype": "text", "text": {"content": "This is a test."}}), "This is a test."),
    ] {
        let notification = named(body.to_string().as_bytes()).expect("delivered");
        assert_eq!(notification.alerts[0].labels["alertname"], title);
        assert_eq!(notification.relay.is_some(), body["msgtype"] == "text");
    }
    assert_eq!(
        named("hello\nthere".as_bytes()).expect("delivered").alerts[0].annotations["description"],
        "hello\nthere"
    );
    assert_eq!(named(b"alarm_name=a&alarm_level=3").expect("delivered").alerts[0].labels["alertname"], "a");
}

#[test]
fn what_tells_nothing_is_refused() {
    for body in ["{}", "[]", r#"[{"alarm_name":"a"}]"#, r#"{"alarm_name":"","message":" "}"#, r#"{"message":{}}"#] {
        let reason = named(body.as_bytes()).expect_err(body).reason;
        assert!(reason.starts_with("neither `msgtype` nor `alarm_name`"), "{reason}");
    }
    let empty = named(br#"{"msgtype":"text","text":{"content":""}}"#).expect_err("empty").reason;
    assert_eq!(empty, "`text.content` is missing or empty: there is nothing to tell");
}

#[test]
fn the_line_that_says_what_it_is_may_come_later_and_differ() {
    for (text, name, recovered) in [
        ("监控\n\nOCP 告警恢复通知 主机负载过高\n- 告警对象：svr_ip=192.0.2.11", "主机负载过高", true),
        ("**【OCP 告警通知 主机负载 [5m]】**", "主机负载 [5m]", false),
        ("<font color=#722ED1>OCP聚合通知-单条告警</font>", "", false),
        ("## ocp ALERT notification: a", "a", false),
        ("[OCP Alert Recovery Notification]", "", true),
        ("OCP 告警测试", "", false),
    ] {
        assert!(words::are_ocps("", text), "{text}");
        let alarm = words::read("", text);
        assert_eq!((alarm.name.as_str(), alarm.recovered), (name, recovered), "{text}");
    }
}

#[test]
fn words_of_others_are_not_ocps() {
    for text in [
        "OCP upgrade finished",
        "告警通知\n- 级别：严重\n- 告警对象：db1",
        "告警恢复通知\n时间：2024-03-11",
        "Level: Warning\nTarget: web\nStatus: firing",
        "Recovery Notification\nall is well",
        "",
    ] {
        assert!(!words::are_ocps("", text), "{text}");
    }
    let dingtalk = json!({"msgtype": "text", "text": {"content": "OCP upgrade finished"}}).to_string();
    assert_eq!(recognise(Request::of_body(dingtalk.as_bytes()), None).expect("recognised").sender, Sender::DingTalk);
}

#[test]
fn the_path_of_dingtalk_does_not_hide_whose_words_they_are() {
    let body = fixture("ocp-dingtalk-zh");
    let settings = Settings::default();
    let decoded = crate::sender::decode(Request::of_body(&body), Some(Sender::DingTalk), &settings).expect("decoded");
    assert_eq!(decoded.notification.sender, Sender::DingTalk);
    assert_eq!(decoded.notification.alerts, known("ocp-dingtalk-zh").alerts);
}

proptest::proptest! {
    #[test]
    fn anything_can_be_read(title in ".{0,20}", text in "(.{0,10}(OCP|告警|：|:|\\[|\\]|<font|</font>|>|\\n|- |Target |svr_ip=)){0,20}") {
        let alarm = words::read(&title, &text);
        let event = alarm.event(&text, &Zone::of(None));
        proptest::prop_assert!(event.description.len() <= text.len() + title.len());
        let _ = words::are_ocps(&title, &text);
        let _ = named(json!({"alarm_name": title, "message": text}).to_string().as_bytes());
    }
}
