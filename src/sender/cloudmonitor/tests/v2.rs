//! CloudMonitor 2.0.

use super::*;

#[test]
fn the_full_and_the_sparse_one_are_read_and_meet() {
    let triggered = told_of("cms2-triggered.json");
    assert_eq!(
        seen(&triggered),
        ["ECS CPU usage is high", "api-server", "warning", "firing", "2026-07-29T06:00:00Z", ""]
    );
    assert_eq!(summary(&triggered), "CPU usage exceeded 80%");
    assert_eq!(
        labels(&triggered),
        "current_value=92.5; customNumber=7; environment=production; instanceId=i-123; privateIp=10.0.0.1; product=ecs; \
         region=cn-hangzhou; threshold=> 80; value=92.5"
    );
    assert_eq!(only(&triggered).generator_url, "https://cmsnext.console.aliyun.com/history");
    assert!(!only(&triggered).annotations.contains_key("description"));
    let stored = serde_json::to_string(&triggered).expect("JSON");
    assert!(!stored.contains("123456-cn"), "{stored}");

    let resolved = told_of("cms2-resolved.json");
    assert_eq!(seen(&resolved), ["ECS CPU usage is high", "i-123", "critical", "resolved", "", "2026-07-29T06:00:00Z"]);
    assert_meet(&triggered, &resolved);
    assert_eq!(triggered.alerts[0].fingerprint, resolved.alerts[0].fingerprint);
}

#[test]
fn what_goes_on_is_no_news() {
    let body = fixture("cms2-triggered.json");
    let first = told(&body);
    let goes_on = with(&with(&with(&body, "OCCURRED", "PERSISTENT"), "92.5", "99.5"), "T06:00", "T06:05");
    assert_repeats(&first, &told(&goes_on));
    assert_meet(&first, &told(&with(&body, "WARNING", "CRITICAL")));
    assert_meet(&first, &told(&with(&body, "OCCURRED", "RECOVERED")));
}

#[test]
fn a_long_message_is_told_at_length_and_in_short() {
    let body = with(&fixture("cms2-triggered.json"), "CPU usage exceeded 80%", "### CPU\\nmore than 80%");
    let told = told(&body);
    assert_eq!(summary(&told), "CPU");
    assert_eq!(only(&told).annotations["description"], "### CPU\nmore than 80%");
}

#[test]
fn odd_ones_are_told() {
    let odd = told(
        r#"{"alertEntityId":"ecs:i-1","status":null,"time":"2026-07-29T06:00:00+0800","labels":[1],"ruleId":"r"}"#,
    );
    assert_eq!(seen(&odd), ["r", "i-1", "", "firing", "2026-07-28T22:00:00Z", ""]);
    assert_eq!(odd.group_key, "cloudmonitor:v2 r i-1");
    let bare = told(r#"{"subtype":"NORMAL_RESOLVE","status":"","subject":null}"#);
    assert_eq!(seen(&bare), ["CloudMonitor", "", "", "resolved", "", ""]);
}
