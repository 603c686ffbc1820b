//! What the other senders post, each in its own way.

use serde_json::json;

use super::ago;
use crate::clock::Timestamp;

pub(super) fn grafana(now: Timestamp) -> String {
    json!({
        "receiver": "dingtalk",
        "status": "firing",
        "orgId": 1,
        "alerts": [{
            "status": "firing",
            "labels": {"alertname": "Queue is growing", "queue": "invoices", "severity": "critical"},
            "annotations": {"summary": "invoices holds 12840 messages"},
            "startsAt": ago(now, 5).to_string(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example.com/alerting/grafana/queue/view?orgId=1",
            "fingerprint": "5b8b1d9a7ce0f412",
            "panelURL": "https://grafana.example.com/d/orders?orgId=1&viewPanel=4",
            "values": {"A": 12840, "C": 1},
        }],
        "groupLabels": {"alertname": "Queue is growing"},
        "commonLabels": {"alertname": "Queue is growing", "queue": "invoices", "severity": "critical"},
        "commonAnnotations": {"summary": "invoices holds 12840 messages"},
        "externalURL": "https://grafana.example.com/",
        "version": "1",
        "groupKey": "{}:{alertname=\"Queue is growing\"}",
        "truncatedAlerts": 0,
        "state": "alerting",
    })
    .to_string()
}

pub(super) fn cloudmonitor(now: Timestamp) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("alertName", "CPU usage of web servers"),
            ("alertState", "ALERT"),
            ("triggerLevel", "WARN"),
            ("preTriggerLevel", "null"),
            ("metricName", "cpu_total"),
            ("curValue", "97.39"),
            ("unit", "%"),
            ("expression", "$Average>=95"),
            ("lastTime", "5 minutes"),
            ("instanceName", "web-01"),
            ("dimensions", "{userId=1234567890123456, instanceId=i-bp1example}"),
            ("regionName", "China (Hangzhou)"),
            ("timestamp", &now.as_millisecond().to_string()),
            ("transId", "53767d2a-ae72-11ed-b2ca-00163e2c0000"),
        ])
        .finish()
}

pub(super) fn rulehit(now: Timestamp) -> String {
    json!({
        "taskId": "7352C9F1-6E2E-41F4-A1CF-000000000000",
        "fileId": "0c03f497644e4ead928e000000000000",
        "fileName": "call-42.wav",
        "ruleIds": [213, 434],
        "ruleNames": ["Customer may complain", "Insulting words"],
        "date": now.as_millisecond().to_string(),
        "message": "call-42.wav hit rule: Customer may complain, Insulting words",
    })
    .to_string()
}

pub(super) fn aicc(now: Timestamp) -> String {
    let time = |minutes| ago(now, minutes).strftime("%Y/%m/%d,%H:%M:%S:000").to_string();
    json!({
        "callSerialNo": "1645074606-1234",
        "called": "13800000000",
        "callerPresent": "075500000000",
        "createCallTime": time(3),
        "alertingTime": time(2),
        "releaseTime": time(1),
        "talkDuration": "0",
        "releaseReason": "4",
    })
    .to_string()
}

pub(super) fn ocp(now: Timestamp) -> String {
    let began = ago(now, 3).to_string();
    let (name, target) = ("OceanBase 服务器磁盘使用率超限", "ob_cluster=demo-1:svr_ip=192.0.2.11");
    let message = format!(
        "### OCP 告警通知 {name}\n- 级别：严重\n- 告警对象：{target}\n- 概述：{target} {name}\n- 生成时间：{began}\n\
         - 详情：集群：demo，主机：192.0.2.11，告警：{name}。磁盘使用率 96.0 % 超过 95.0 %。\n\
         - OCP 链接：http://192.0.2.10:8080/alarm/event/1000160"
    );
    json!({
        "source": "ocp",
        "alarm_name": name,
        "alarm_level": "严重",
        "alarm_target": target,
        "alarm_scope": "主机",
        "ob_cluster": "demo",
        "message": message,
    })
    .to_string()
}

pub(super) fn dingtalk(_now: Timestamp) -> String {
    json!({
        "msgtype": "markdown",
        "markdown": {"title": "Build 4711 failed", "text": "#### Build 4711 failed\n\n[Log](https://ci.example.com/4711)"},
    })
    .to_string()
}

pub(super) fn sls(now: Timestamp) -> String {
    let fired = ago(now, 4).as_second();
    json!({
        "alert_instance_id": "ee16a39b5d6b0af3-5b0d41d1e1a5f-34a7b0c",
        "alert_id": "alert-1616745492-572315",
        "alert_name": "Too many 5xx",
        "project": "demo-project",
        "region": "cn-hangzhou",
        "status": "firing",
        "severity": 8,
        "alert_time": fired + 60,
        "fire_time": fired,
        "resolve_time": 0,
        "labels": {"service": "checkout"},
        "annotations": {"title": "120 answers of 5xx", "desc": "In the last 15 minutes checkout answered 5xx 120 times."},
        "fire_results": [{"cnt": "120"}],
        "fire_results_count": 1,
        "fingerprint": "d7a7a5b3c8e3",
    })
    .to_string()
}

pub(super) fn eventbridge(now: Timestamp) -> String {
    json!({
        "id": "45ef4dew-7c35-447a-bd93-000000000000",
        "source": "acs.ecs",
        "specversion": "1.0",
        "subject": "acs:ecs:cn-hangzhou:1234567890123456:instance/i-bp1example",
        "time": ago(now, 1).to_string(),
        "type": "ecs:Instance:PreemptibleInstanceInterruption",
        "aliyuneventbusname": "default",
        "aliyunregionid": "cn-hangzhou",
        "data": {"instanceId": "i-bp1example", "action": "delete"},
    })
    .to_string()
}

pub(super) fn kube_eventer(now: Timestamp) -> String {
    json!({
        "EventType": "Warning",
        "EventKind": "Pod",
        "EventReason": "BackOff",
        "EventTime": ago(now, 1).strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
        "EventMessage": "Back-off restarting failed container web in pod web-0_shop",
    })
    .to_string()
}

pub(super) fn uptimekuma(now: Timestamp) -> String {
    json!({
        "heartbeat": {
            "monitorID": 1,
            "status": 0,
            "time": ago(now, 1).strftime("%Y-%m-%d %H:%M:%S.000").to_string(),
            "msg": "connect ECONNREFUSED 192.0.2.7:443",
            "important": true,
            "duration": 60,
        },
        "monitor": {"id": 1, "name": "shop", "url": "https://shop.example.com", "type": "http"},
        "msg": "[shop] [🔴 Down] connect ECONNREFUSED 192.0.2.7:443",
    })
    .to_string()
}

pub(super) fn generic(now: Timestamp) -> String {
    json!({
        "title": "Backup of db1 has failed",
        "text": "No space is left on /backup.",
        "severity": "warning",
        "time": ago(now, 1).to_string(),
        "url": "https://backup.example.com/jobs/7",
        "labels": {"instance": "db1"},
    })
    .to_string()
}

pub(super) fn text(_now: Timestamp) -> String {
    "Backup of db1 has failed: no space left on device".to_owned()
}
