//! System events.

use serde_json::json;

use super::*;

#[test]
fn what_is_seen_of_each_event() {
    for (file, first, summary_) in [
        (
            "cms-event-legacy-doc.json",
            [
                "Instance:StateChange",
                "zabank-prd-infra-ZAGateway-service-0****",
                "info",
                "firing",
                "2023-02-17T02:35:16.475Z",
                "",
            ],
            "ECS zabank-prd-infra-ZAGateway-service-0****: Deleted",
        ),
        (
            "cms-event-ecs-statechange-stopping.json",
            ["Instance:StateChange", "i-bp1ecr********5go2go", "info", "firing", "2018-12-26T14:01:14.058Z", ""],
            "ECS i-bp1ecr********5go2go: Stopping",
        ),
        (
            "cms-event-ecs-reboot-scheduled.json",
            [
                "Instance:SystemMaintenance.Reboot:Scheduled",
                "i-bp1ecr********5go2go",
                "critical",
                "firing",
                "2019-04-09T04:18:26.922Z",
                "",
            ],
            "ECS i-bp1ecr********5go2go: Scheduled",
        ),
        (
            "cms-event-ecs-reboot-avoided.json",
            [
                "Instance:SystemMaintenance.Reboot:Avoided",
                "i-bp1ecr********5go2go",
                "critical",
                "resolved",
                "2019-04-09T04:18:26Z",
                "2019-04-10T08:01:01Z",
            ],
            "ECS i-bp1ecr********5go2go: Avoided",
        ),
        (
            "cms-event-ecs-systemfailure-reboot.json",
            ["Instance:SystemFailure.Reboot:Executing", "web-01", "critical", "firing", "2023-02-17T02:35:16.475Z", ""],
            "ECS web-01: Executing",
        ),
        (
            "cms-event-ecs-disk-stalled-start.json",
            ["Disk:Stalled:Executing", "d-t4ndyqve********n4ds", "critical", "firing", "2019-04-10T00:01:01.922Z", ""],
            "ECS d-t4ndyqve********n4ds: Executing",
        ),
        (
            "cms-event-ecs-disk-stalled-end.json",
            [
                "Disk:Stalled:Executed",
                "d-t4ndyqve********n4ds",
                "critical",
                "resolved",
                "2019-04-10T01:01:01Z",
                "2019-04-10T01:03:01Z",
            ],
            "ECS d-t4ndyqve********n4ds: Executed",
        ),
        (
            "cms-event-ecs-disk-operation.json",
            ["Disk:DiskOperationCompleted", "d-t4ndyqve********n4ds", "info", "firing", "2019-04-09T04:18:26.922Z", ""],
            "ECS d-t4ndyqve********n4ds: AttachDisk accomplished",
        ),
        (
            "cms-event-ecs-disk-overdue-invalid.json",
            [
                "Disk:OverduePaymentRelease",
                "disk-event-subscription",
                "critical",
                "firing",
                "2019-04-09T04:18:26.922Z",
                "",
            ],
            "ECS disk-event-subscription",
        ),
        (
            "cms-event-spot-test-capture.json",
            ["抢占式实例中断通知", "i-d7o6oaa1z4lpi4ekuf6k", "warning", "firing", "2023-04-01T10:09:58.118Z", ""],
            "ECS i-d7o6oaa1z4lpi4ekuf6k: de***",
        ),
        (
            "cms-event-agent-stopped-dryrun.json",
            ["Agent_Status_Stopped", "instance/{instanceId}", "critical", "firing", "", ""],
            "CloudMonitor instance/{instanceId}: Stopped",
        ),
        (
            "cms-event-agent-stopped-stringcontent.json",
            ["Agent_Status_Stopped", "cmssiteprobebj-6", "critical", "firing", "2019-03-10T09:19:28Z", ""],
            "CloudMonitor cmssiteprobebj-6: Stopped",
        ),
        (
            "cms-event-rds-failover-constructed.json",
            ["Instance_Failover", "x", "warning", "firing", "2023-02-17T02:35:16.475Z", ""],
            "RDS x: Executed",
        ),
        (
            "cms-event-slb-certexpired-constructed.json",
            ["CertKeyExpired_7", "x", "warning", "firing", "2023-02-17T02:35:16.475Z", ""],
            "SLB x",
        ),
        (
            "cms-event-oss-bandwidth-constructed.json",
            ["UserIngressBandwidthThresholdExceeded", "x", "warning", "firing", "2023-02-17T02:35:16.475Z", ""],
            "OSS x",
        ),
    ] {
        let notification = told_of(file);
        assert_eq!(seen(&notification), first, "{file}");
        assert_eq!(summary(&notification), summary_, "{file}");
    }
}

#[test]
fn every_value_of_its_content_is_a_label() {
    assert_eq!(
        labels(&told_of("cms-event-ecs-systemfailure-reboot.json")),
        "content.eventType=SystemFailure.Reboot; eventId=e-bp11trd********pqum2; eventStatus=Executing; eventType=Exception; \
         executeStartTime=2023-02-17T02:35:16Z; instanceId=i-bp1ecr********5go2go; product=ECS; \
         publishTime=2023-02-17T02:35:10Z; region=cn-hangzhou; resource=instance/i-bp1ecr********5go2go; \
         ruleName=ECS-critical; status=Executing"
    );
    assert_eq!(
        labels(&told_of("cms-event-agent-stopped-stringcontent.json")),
        "groupId=176,177,178,179,180,692,120812,1663836,96,2028302; ipGroup=112.126.XX.XX,10.163.XX.XX; product=CloudMonitor; \
         region=cn-beijing; resource=instance/i-25k35****; status=Stopped; tianjimonVersion=1.2.22"
    );
    let odd = r#"{"name":"n","product":"P","level":"?","content":{"instance":"x","severity":"y","a":{"b":[1,null]}},"groupId":0}"#;
    let odd = told(odd);
    assert_eq!(labels(&odd), "a.b.0=1; content.instance=x; content.severity=y; product=P");
    assert_eq!(only(&odd).severity, None);
    assert_eq!(labels(&told(r#"{"name":"n","product":"P","content":"words"}"#)), "content=words; product=P");
}

#[test]
fn what_fires_and_what_is_over_meet() {
    let scheduled = told_of("cms-event-ecs-reboot-scheduled.json");
    let avoided = told_of("cms-event-ecs-reboot-avoided.json");
    assert_meet(&scheduled, &avoided);
    assert_eq!(
        scheduled.group_key,
        "cloudmonitor:event ECS acs:ecs:cn-hangzhou::instance/i-bp1ecr********5go2go Instance:SystemMaintenance.Reboot"
    );
    assert!(scheduled.raw["content"]["eventId"].is_string());
    let start = told_of("cms-event-ecs-disk-stalled-start.json");
    let end = told_of("cms-event-ecs-disk-stalled-end.json");
    assert_meet(&start, &end);
    assert_eq!(start.alerts[0].fingerprint, end.alerts[0].fingerprint);

    let stopped = fixture("cms-event-agent-stopped-dryrun.json");
    let running = with(&with(&stopped, "Agent_Status_Stopped", "Agent_Status_Running"), "\"stopped\"", "\"running\"");
    let running =
        with(&running, "\"product\"", "\"id\": \"other\", \"eventType\": \"StatusNotification\", \"product\"");
    let (stopped, running) = (told(&stopped), told(&running));
    assert_meet(&stopped, &running);
    assert_eq!(running.status, Status::Resolved);
    assert_eq!(stopped.alerts[0].fingerprint, running.alerts[0].fingerprint);

    let failure = r#"{"name":"Instance_Failure_Start","product":"RDS","level":"CRITICAL","resourceId":"acs:rds:cn-x:1:instance/rm-1","status":"Executing","eventType":"Exception","id":"a"}"#;
    let over = with(&with(&with(failure, "_Start", "_End"), "Executing", "Executed"), "\"a\"", "\"b\"");
    assert_meet(&told(failure), &told(&over));
    assert_eq!(told(&over).status, Status::Resolved);
}

#[test]
fn only_news_is_news() {
    let body = fixture("cms-event-ecs-reboot-scheduled.json");
    let first = told(&body);
    assert_repeats(&first, &told(&body));
    // Another rule tells of the same event, and the same is published again.
    assert_repeats(&first, &told(&with(&body, "\"ver\"", "\"ruleName\": \"other\", \"ver\"")));
    assert_repeats(&first, &told(&with(&body, "121826", "121926")));
    assert_meet(&first, &told(&with(&body, "\"Scheduled\"", "\"Executing\"")));
    assert_meet(&first, &told(&with(&body, "CRITICAL", "WARN")));
    assert_meet(&first, &told(&with(&body, "2019-04-12T01", "2019-04-13T01")));
    let other = told(&with(&body, "e-bp11trd", "e-another"));
    assert_meet(&first, &other);
    assert_ne!(first.alerts[0].fingerprint, other.alerts[0].fingerprint, "both may go on");

    let body = fixture("cms-event-ecs-statechange-stopping.json");
    let first = told(&body);
    assert_repeats(&first, &told(&body));
    assert_meet(&first, &told(&with(&body, "Stopping", "Stopped")));
    assert_meet(&first, &told(&with(&body, "9435EAD6", "00000000")));
    let other = told(&with(&body, "instance/i-bp1", "instance/i-bp2"));
    assert_ne!(first.group_id("t"), other.group_id("t"));
}

#[test]
fn test_events_and_odd_ones_are_told() {
    let bare = told(r#"{"name":null,"product":"null","level":"","content":null}"#);
    assert_eq!(seen(&bare), ["CloudMonitor event", "", "", "firing", "", ""]);
    assert_eq!(bare.raw, json!({"name": null, "product": "null", "level": "", "content": null}));
    let odd =
        told(r#"{"name":["x"],"product":5,"level":{},"content":[1,{"a":2}],"resourceId":"?","eventTime":"soon"}"#);
    assert_eq!(seen(&odd), ["CloudMonitor event", "?", "", "firing", "soon", ""]);
    let salvaged = told_of("cms-event-ecs-disk-overdue-invalid.json");
    assert!(salvaged.salvaged);
    // By GET, an event may come as a form.
    let form = told("name=Instance%3AStateChange&product=ECS&level=INFO&content=%7B%22state%22%3A%22Stopped%22%7D");
    assert_eq!(summary(&form), "ECS: Stopped");
}
