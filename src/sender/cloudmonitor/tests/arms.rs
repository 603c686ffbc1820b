//! Managed Prometheus.

use super::*;

#[test]
fn the_documented_group_is_read() {
    let notification = told_of("arms-alertmanager.json");
    assert_eq!(
        seen(&notification),
        ["容器内存使用率大于80%", "10.0.80.186:10255", "warning", "firing", "2021-02-22T07:18:15.578Z", ""]
    );
    assert_eq!(
        labels(&notification),
        "clustername=klyz1688-kubernetes-1; container=kube-state-metrics; name=k8s_kube-state-metrics_kube-state-metrics-\
         ccb59dbff-jljg4_arms-prom_359508f3-7e76-4740-b915-41ea48849641_0; namespace=arms-prom; \
         pod_name=kube-state-metrics-ccb59dbff-jljg4"
    );
    let annotations = &only(&notification).annotations;
    assert_eq!(annotations.keys().map(String::as_str).collect::<Vec<_>>(), ["message", "value"]);
    assert_eq!(
        annotations["message"],
        "报警：命名空间: arms-prom / Pod: kube-state-metrics-ccb59dbff-jljg4 / 容器: kube-state-metrics 内存使用率超过80%, 当前值15.52%"
    );
    assert_eq!(notification.receiver, "testjiubian");
    assert_eq!(notification.external_url, "https://alerts.console.aliyun.com/#/alarm/alert/detail/2848");
    assert_eq!(notification.group_key, "cloudmonitor:arms {alertname=\"容器内存使用率大于80%\"}");
    assert_eq!(notification.common_labels, only(&notification).labels);
    assert_eq!(only(&notification).fingerprint, "bec72890cc2c7b4a027e008df0cd1013");
}

#[test]
fn status_and_nothing_else_says_whether_it_fires() {
    let body = fixture("arms-alertmanager.json");
    let first = told(&body);
    assert_repeats(&first, &told(&with(&body, "07:27:15", "07:37:15")));
    let resolved = told(&with(&body, "\"firing\"", "\"resolved\""));
    assert_meet(&first, &resolved);
    assert_eq!(only(&resolved).ends_at, "2021-02-22T07:27:15.404Z");
    assert_meet(&first, &told(&with(&body, "07:18:15", "08:18:15")));
    assert_meet(&first, &told(&with(&body, "\"severity\": \"warning\"", "\"severity\": \"critical\"")));
}

#[test]
fn the_level_stands_in_for_a_severity() {
    for (level, severity) in [
        ("P1", Some(Severity::Critical)),
        ("CRITICAL", Some(Severity::Critical)),
        ("P2", Some(Severity::Warning)),
        ("ERROR", Some(Severity::Warning)),
        ("WARN", Some(Severity::Warning)),
        ("P4", Some(Severity::Info)),
        ("PAGE", Some(Severity::Info)),
        ("?", None),
    ] {
        let body = format!(r#"{{"alerts":[{{"labels":{{"alertname":"x","_aliyun_arms_alert_level":"{level}"}}}}]}}"#);
        assert_eq!(only(&told(&body)).severity, severity, "{level}");
    }
}

#[test]
fn what_a_template_asks_for_is_filled_in_if_it_is_known() {
    for (message, shown) in [
        ("{{ $labels.alertname }} {{$value}}", "x 5"),
        ("{{ printf \\\"%.2f\\\" $value }}", "5.00"),
        (
            "{{ $labels.gone }} {{ if $value }} {{ printf \\\"%d\\\" $value }}",
            "{{ $labels.gone }} {{ if $value }} {{ printf \"%d\" $value }}",
        ),
        ("{{ $labels.alertname", "{{ $labels.alertname"),
        ("}} {{}} {{{{", "}} {{}} {{{{"),
    ] {
        let body = format!(
            r#"{{"alerts":[{{"labels":{{"alertname":"x"}},"annotations":{{"_aliyun_arms_y":"","message":"{message}","value":"5"}}}}]}}"#
        );
        assert_eq!(only(&told(&body)).annotations["message"], shown, "{message}");
    }
}

#[test]
fn the_test_of_a_contact_says_that_it_works() {
    for body in ["$alertmanager_content", " $alertmanager_content\n"] {
        let test = told(body);
        assert_eq!(seen(&test), ["Webhook contact test", "", "info", "firing", "", ""]);
        assert_eq!(summary(&test), "Managed Prometheus reaches this group: the webhook contact works");
    }
}

#[test]
fn odd_ones_are_told() {
    let odd = told(
        r#"{"alerts":[5,{"status":"resolved","labels":null,"annotations":{"_aliyun_arms_x":1,"n":7}}],"groupLabels":[]}"#,
    );
    assert_eq!(odd.status, Status::Resolved);
    assert_eq!(only(&odd).annotations["n"], "7");
    assert_eq!(only(&odd).fingerprint.len(), 16);
}
