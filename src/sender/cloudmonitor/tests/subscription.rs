//! Push channels of event subscriptions.

use http::HeaderMap;

use super::*;

#[test]
fn the_same_is_told_in_every_encoding() {
    let posted = told_of("cms-subscription-post-json.json");
    assert_eq!(
        seen(&posted),
        ["CloudAssistant:FirstHeartbeat", "i-testhost", "info", "firing", "2024-01-09T06:05:33Z", ""]
    );
    assert_eq!(summary(&posted), "ECS i-testhost");
    assert_eq!(
        labels(&posted),
        "bizEventId=test-event-id; eventType=Notification; extensions.agentVersion=test-version; \
         extensions.azone=cn-hangzhou-i; extensions.region=cn-hangzhou; extensions.uptime=23000; impact=Alert; \
         opsCode=InstanceStatusChange; product=ECS; region=China (Hangzhou); strategyName=eventwebhook; vmName=i-testhost"
    );
    assert_eq!(posted.group_key, "cloudmonitor:subscription test-id");
    let form = told_of("cms-subscription-form-doc.form");
    assert_repeats(&posted, &form);
    assert_eq!(labels(&form), labels(&posted));

    let headers = HeaderMap::new();
    for query in ["cms-subscription-get-json.query", "cms-subscription-form-doc.form"] {
        let query = fixture(query);
        let request = Request { query: Some(&query), headers: &headers, body: b"" };
        let recognised = recognise(request, None).expect("of a known sender");
        assert_eq!(recognised.sender, Sender::CloudMonitor);
        let got = recognised.decode(&Settings::default()).expect("understood").notification;
        assert_repeats(&posted, &got);
        assert_eq!(labels(&got), labels(&posted));
    }
}

#[test]
fn a_captured_form_is_read() {
    let captured = told_of("cms-subscription-form-capture.form");
    assert_eq!(seen(&captured), ["实例状态改变通知", "us-demo-test-web", "info", "firing", "2024-09-10T09:26:37Z", ""]);
    assert_eq!(summary(&captured), "ECS us-demo-test-web: Stopping");
    assert_eq!(
        labels(&captured),
        "eventType=StatusNotification; groupId=239356893; groupName=test; instanceName=us-demo-test-web; \
         instanceType=ecs.g7.large; privateIpAddress=10.20.20.214; product=ECS; publicIpAddress=203.0.113.38; \
         region=美东弗吉尼亚; resource=instance/i-0xidg1uxr1ii3b1xxxxx; resourceId=i-0xidg1uxr1ii3b1xxxxx; \
         resourceType=ALIYUN::ECS::Instance; state=Stopping; strategyName=测试"
    );
    assert_eq!(captured.raw["userInfo"]["nickNameSec"], "d***o");
}

#[test]
fn what_fires_and_what_is_over_meet() {
    let body = fixture("cms-subscription-post-json.json");
    let first = told(&body);
    let resolved = told_of("cms-subscription-resolved-constructed.json");
    assert_meet(&first, &resolved);
    assert_eq!(only(&resolved).status, Status::Resolved);
    assert_eq!([only(&resolved).starts_at.as_str(), &only(&resolved).ends_at], ["", "2024-01-09T06:05:33Z"]);
    // Retries have another batch, reminders another time.
    let again = with(&with(&body, "testbatchid", "other"), "1704780333000", "1704780399000");
    assert_repeats(&first, &told(&again));
    assert_meet(&first, &told(&with(&body, "\"INFO\"", "\"CRITICAL\"")));
    assert_meet(&first, &told(&with(&body, "\"batchId\"", "\"escalationLevel\": 1, \"batchId\"")));
}

#[test]
fn without_an_id_the_event_and_its_resource_are_the_group() {
    let body = with(&fixture("cms-subscription-post-json.json"), "\"dedupId\"", "\"x\"");
    assert_eq!(told(&body).group_key, "cloudmonitor:subscription testid");
    let body = with(&body, "\"traceId\"", "\"y\"");
    let key = told(&body).group_key;
    assert!(
        key.contains("CloudAssistant:FirstHeartbeat") && key.ends_with("acs:ecs:cn-hangzhou::instance/i-testhost"),
        "{key}"
    );
}

#[test]
fn a_threshold_of_unknown_form_is_told_with_all_it_has() {
    let body = r#"{"strategyName":"s","severity":"CRITICAL","time":1704780333000,"batchId":"b","alert":{"alertStatus":"TRIGGERED",
        "source":"METRIC","dedupId":"d","userId":"1234567890120000","meta":{"metricMeta":{"metricName":"CPU","instanceName":"web-1",
        "ruleName":"CPU high","value":97.5,"dimensions":{"device":"vda"}}}}}"#;
    let threshold = told(body);
    assert_eq!(seen(&threshold), ["CPU high", "web-1", "critical", "firing", "2024-01-09T06:05:33Z", ""]);
    assert_eq!(
        labels(&threshold),
        "meta.metricMeta.dimensions.device=vda; meta.metricMeta.metricName=CPU; meta.metricMeta.value=97.5; strategyName=s"
    );
    let raw = told(
        r#"{"alert":{"eventName":"e","eventContentMap":{},"eventRawContent":"{\"state\":\"Stopped\"}"},"batchId":"b"}"#,
    );
    assert_eq!((summary(&raw), labels(&raw).as_str()), ("Stopped", "state=Stopped"));
    let words = told(r#"{"alert":"disk full","strategyName":"s"}"#);
    assert_eq!(only(&words).annotations["description"], "disk full");
    assert_eq!(seen(&words), ["s", "", "", "firing", "", ""]);
}
