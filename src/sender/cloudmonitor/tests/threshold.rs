//! Alert callbacks of threshold rules.

use super::*;

#[test]
fn what_is_seen_of_each_form() {
    for (file, first, summary_) in [
        (
            "cms-threshold-alert-capture.form",
            [
                "API网关_返回码5XX个数",
                "42df3c02c3124cc3becd911e9495cc25",
                "info",
                "firing",
                "2023-06-01T19:02:29.981Z",
                "",
            ],
            "code5XX_stage 9个 ($Value >= 5)",
        ),
        (
            "cms-threshold-ok-capture.form",
            [
                "API网关_返回码4XX个数",
                "c6fa0ad7950644b68437d8ae10f0b95f",
                "info",
                "resolved",
                "",
                "2023-06-01T10:09:56.421Z",
            ],
            "code4XX_stage 2个 ($Value >= 5)",
        ),
        (
            "cms-threshold-doc-encoded.form",
            [
                "Basic monitoring-ECS-Memory usage",
                "instance-name-****",
                "warning",
                "firing",
                "2017-10-16T06:52:40Z",
                "",
            ],
            "Host.mem.usedutilization 97.39% ($Average>=95)",
        ),
        (
            "cms-threshold-2019.json",
            [
                "putNewAlarm_group_a37cd898-ea6b-4b7b-a8a8-de017a8327f6",
                "i-12345",
                "",
                "firing",
                "2017-10-16T06:52:40Z",
                "",
            ],
            "CPUUtilization 95 ($Average>90)",
        ),
        (
            "cms-threshold-mns.json",
            [
                "AY14051913564762762e_98591490-9eb4-42a1-ba2a-3bdbe041****",
                "yapot_serv****",
                "",
                "firing",
                "2016-05-26T10:15:00Z",
                "",
            ],
            "磁盘使用率 85.65% (平均值>80%)",
        ),
    ] {
        let notification = told_of(file);
        assert_eq!(seen(&notification), first, "{file}");
        assert_eq!(summary(&notification), summary_, "{file}");
    }
}

#[test]
fn what_is_not_escaped_says_the_same() {
    let encoded = told_of("cms-threshold-doc-encoded.form");
    let plain = told_of("cms-threshold-doc-unescaped.form");
    assert_repeats(&encoded, &plain);
    assert_eq!(plain.alerts, encoded.alerts);
}

#[test]
fn dimensions_and_what_is_new_are_labels() {
    let body = fixture("cms-threshold-alert-capture.form");
    assert_eq!(
        labels(&told(&body)),
        "apiStageName=RELEASE; apiUid=42df3c02c3124cc3becd911e9495cc25; groupId=41263096; groupName=new-ecommerce-pd; \
         lastTime=0分钟; metricName=code5XX_stage; namespace=acs_apigateway; region=cn-shenzhen"
    );
    assert_eq!(
        labels(&told_of("cms-threshold-doc-encoded.form")),
        "groupId=1666****; groupName=test_Group; instanceId=i-8psdh7l6lphbn10l****; lastTime=2 minutes; \
         metricName=Host.mem.usedutilization; namespace=acs_ecs_dashboard; rawMetricName=cpu_total; region=China (Hangzhou)"
    );
    let more = told(&format!(
        "{body}&customLabels=%7Bteam%3Dapi%2C+env%3Dprod%7D&instanceInfo=%7B%22zone%22%3A%22h%22%7D&brandNew=x&alertNew=null"
    ));
    let labels = labels(&more);
    for label in ["team=api", "env=prod", "instanceInfo.zone=h", "brandNew=x"] {
        assert!(labels.contains(label), "{label}: {labels}");
    }
    assert!(!labels.contains("alertNew"), "{labels}");
}

#[test]
fn what_fires_and_what_is_over_meet() {
    let body = fixture("cms-threshold-alert-capture.form");
    let first = told(&body);
    assert_eq!(first.group_key, "cloudmonitor:threshold db5f2204-00ae-11ee-a24f-00163e205386");
    let over = with(&with(&body, "alertState=ALERT", "alertState=OK"), "triggerLevel=INFO", "triggerLevel=OK");
    assert_meet(&first, &told(&over));
    assert_eq!(told(&over).status, Status::Resolved);
    // It goes on, with another value, at another time.
    let again = with(
        &with(&with(&body, "curValue=9", "curValue=8"), "1685646149981", "1685646449981"),
        "lastTime=0",
        "lastTime=5",
    );
    assert_repeats(&first, &told(&again));
    let worse = with(
        &with(&body, "triggerLevel=INFO", "triggerLevel=CRITICAL"),
        "preTriggerLevel=null",
        "preTriggerLevel=INFO",
    );
    let worse = told(&worse);
    assert_meet(&first, &worse);
    assert_eq!(only(&worse).severity, Some(Severity::Critical));
    assert_eq!(only(&worse).labels["preTriggerLevel"], "INFO");
}

#[test]
fn without_a_transaction_rule_and_dimensions_are_the_group() {
    let body = with(&fixture("cms-threshold-alert-capture.form"), "transId", "x");
    let key = told(&body).group_key;
    assert!(key.starts_with("cloudmonitor:threshold alarmRule_uuid_bf58") && key.contains("apiUid=42df3c02"), "{key}");
    let queued = fixture("cms-threshold-mns.json");
    let over = told(&with(&queued, "发生告警", "恢复告警"));
    assert_meet(&told(&queued), &over);
    assert_eq!(over.status, Status::Resolved);
    let old = fixture("cms-threshold-2019.json");
    assert_meet(&told(&old), &told(&with(&old, "\"ALARM\"", "\"OK\"")));
}

#[test]
fn nobody_knows_when_there_is_no_data() {
    let body = with(&fixture("cms-threshold-doc-encoded.form"), "alertState=ALERT", "alertState=INSUFFICIENT_DATA");
    let unknown = told(&body);
    assert_eq!((only(&unknown).status, only(&unknown).severity), (Status::Firing, Some(Severity::Info)));
    assert_eq!(summary(&unknown), "Host.mem.usedutilization no data ($Average>=95)");
    assert_meet(&told_of("cms-threshold-doc-encoded.form"), &unknown);
}

#[test]
fn odd_ones_are_told() {
    let bare = told("alertName=x&alertState=ALERT&dimensions=i-1&expression=null&unit=null&instanceName=null");
    assert_eq!(seen(&bare), ["x", "i-1", "", "firing", "", ""]);
    assert_eq!((summary(&bare), labels(&bare).as_str()), ("", "dimensions=i-1"));
    let odd = told(
        r#"{"alertName":null,"alertState":5,"metricName":"m","dimensions":7,"expression":{"expression":"a>b"},"curValue":5}"#,
    );
    assert_eq!(seen(&odd), ["m", "", "", "firing", "", ""]);
    assert_eq!(summary(&odd), "m 5 (a>b)");
}
