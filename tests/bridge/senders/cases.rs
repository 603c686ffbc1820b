//! Every fixture, and the title, the object, the level and the time that its message must hold, as far as it has them.

use http::Method;

use super::Case;
use super::How::{self, Form, Hook, Json, Query};

const fn case(fixture: &'static str, how: How, words: &'static [&'static str]) -> Case {
    Case { fixture, how, words }
}

// A line a case, so that it reads as the table that it is.
#[rustfmt::skip]
pub const CASES: &[Case] = &[
    // CloudMonitor: event rules
    case("cms-event-legacy-doc.json", Json, &["Instance:StateChange", "zabank-prd-infra-ZAGateway-service-0", "INFO", "02-17 10:35", "Deleted", "ecs.c6e.large"]),
    case("cms-event-ecs-statechange-stopping.json", Json, &["Instance:StateChange", "i-bp1ecr", "INFO", "12-26 22:01", "Stopping"]),
    case("cms-event-ecs-reboot-scheduled.json", Json, &["SystemMaintenance.Reboot:Scheduled", "i-bp1ecr", "CRITICAL", "04-09 12:18", "2019-04-12T01:01:01Z"]),
    case("cms-event-ecs-reboot-avoided.json", Json, &["RESOLVED", "SystemMaintenance.Reboot:Avoided", "i-bp1ecr", "04-10 16:01"]),
    case("cms-event-ecs-systemfailure-reboot.json", Json, &["Instance:SystemFailure.Reboot:Executing", "web-01", "CRITICAL", "02-17 10:35", "ECS-critical"]),
    case("cms-event-ecs-disk-stalled-start.json", Json, &["Disk:Stalled:Executing", "d-t4ndyqve", "CRITICAL", "04-10 08:01", "/dev/xvdb"]),
    case("cms-event-ecs-disk-stalled-end.json", Json, &["RESOLVED", "Disk:Stalled:Executed", "d-t4ndyqve", "04-10 09:03"]),
    case("cms-event-ecs-disk-operation.json", Json, &["Disk:DiskOperationCompleted", "d-t4ndyqve", "INFO", "04-09 12:18", "AttachDisk accomplished"]),
    case("cms-event-ecs-disk-overdue-invalid.json", Json, &["Disk:OverduePaymentRelease", "disk-event-subscription", "CRITICAL", "04-09 12:18", "broken"]),
    case("cms-event-spot-test-capture.json", Json, &["抢占式实例中断通知", "i-d7o6oaa1z4lpi4ekuf6k", "WARNING", "04-01 18:09", "eu-west-1"]),
    case("cms-event-agent-stopped-dryrun.json", Json, &["Agent_Status_Stopped", "instance/{instanceId}", "CRITICAL", "0.0.0.0,0.0.0.1"]),
    case("cms-event-agent-stopped-stringcontent.json", Json, &["Agent_Status_Stopped", "cmssiteprobebj-6", "CRITICAL", "03-10 17:19", "1.2.22"]),
    case("cms-event-rds-failover-constructed.json", Json, &["Instance_Failover", "RDS x: Executed", "WARNING", "02-17 10:35", "rm-bp1"]),
    case("cms-event-slb-certexpired-constructed.json", Json, &["CertKeyExpired_7", "SLB x", "WARNING", "02-17 10:35", "lb-bp1"]),
    case("cms-event-oss-bandwidth-constructed.json", Hook(Method::POST, "cloudmonitor"), &["UserIngressBandwidthThresholdExceeded", "OSS x", "WARNING", "02-17 10:35", "bucket: demo"]),
    // CloudMonitor: event subscription
    case("cms-subscription-post-json.json", Json, &["CloudAssistant:FirstHeartbeat", "i-testhost", "INFO", "01-09 14:05", "eventwebhook", "23000"]),
    case("cms-subscription-resolved-constructed.json", Json, &["RESOLVED", "CloudAssistant:FirstHeartbeat", "i-testhost", "01-09 14:05"]),
    case("cms-subscription-get-json.query", Query("cloudmonitor"), &["CloudAssistant:FirstHeartbeat", "i-testhost", "INFO", "01-09 14:05"]),
    case("cms-subscription-form-doc.form", Form, &["CloudAssistant:FirstHeartbeat", "i-testhost", "INFO", "01-09 14:05"]),
    case("cms-subscription-form-doc.form", Query("cloudmonitor"), &["CloudAssistant:FirstHeartbeat", "i-testhost", "INFO", "01-09 14:05"]),
    case("cms-subscription-form-capture.form", Form, &["实例状态改变通知", "us-demo-test-web", "INFO", "09-10 17:26", "Stopping", "美东弗吉尼亚"]),
    // CloudMonitor: threshold rules
    case("cms-threshold-alert-capture.form", Form, &["API网关_返回码5XX个数", "42df3c02c3124cc3becd911e9495cc25", "INFO", "06-02 03:02", "9个 ($Value >= 5)", "new-ecommerce-pd"]),
    case("cms-threshold-ok-capture.form", Form, &["RESOLVED", "API网关_返回码4XX个数", "c6fa0ad7950644b68437d8ae10f0b95f", "06-01 18:09"]),
    case("cms-threshold-doc-encoded.form", Form, &["Basic monitoring-ECS-Memory usage", "instance-name-", "WARNING", "10-16 14:52", "97.39% ($Average>=95)"]),
    case("cms-threshold-doc-unescaped.form", Form, &["Basic monitoring-ECS-Memory usage", "instance-name-", "WARNING", "10-16 14:52", "97.39% ($Average>=95)"]),
    case("cms-threshold-2019.json", Json, &["putNewAlarm_group_a37cd898", "i-12345", "10-16 14:52", "CPUUtilization 95 ($Average>90)"]),
    case("cms-threshold-mns.json", Json, &["AY14051913564762762e", "yapot_serv", "05-26 18:15", "磁盘使用率 85.65% (平均值>80%)"]),
    // CloudMonitor 2.0, Managed Prometheus
    case("cms2-triggered.json", Json, &["ECS CPU usage is high", "api-server", "WARNING", "07-29 14:00", "CPU usage exceeded 80%", "cmsnext.console.aliyun.com"]),
    case("cms2-resolved.json", Json, &["RESOLVED", "ECS CPU usage is high", "i-123", "07-29 14:00"]),
    case("arms-alertmanager.json", Json, &["容器内存使用率大于80%", "10.0.80.186:10255", "WARNING", "02-22 15:18", "alerts.console.aliyun.com"]),
    // Smart Conversation Analysis, AICC
    case("sca-rulehit-as-printed-invalid.json", Json, &["AlertTest01", "Voice-StudyAbroadRecording.wav", "WARNING", "05-28 22:33", "broken"]),
    case("sca-rulehit-stringified.json", Json, &["AlertTest01", "Voice-StudyAbroadRecording.wav", "WARNING", "05-28 22:33", "4140"]),
    case("sca-rulehit-list.json", Json, &["[Preset] Customer may complain, Insulting customer", "Voice-StudyAbroadRecording.wav", "WARNING", "05-28 22:33"]),
    case("huawei-release-unsigned.json", Json, &["语音通知", "138****0000", "INFO", "02-17 13:10", "played to the end"]),
    case("huawei-release-signed.json", Hook(Method::POST, "aicc"), &["语音通知", "138****0000", "INFO", "02-17 13:10", "played to the end"]),
    // OceanBase
    case("ocp-labels.json", Json, &["RESOLVED", "exporter进程数量不够", "service=OCP:svr_ip=192.0.2.11", "12-03 09:50", "192.0.2.10:8080/alarm/event/1000160"]),
    case("ocp-http-text.json", Json, &["OB 租户 CPU 使用率超限", "ob_cluster=demo:tenant=t1", "警告", "2020-12-03T09:44:04+08:00"]),
    case("ocp-http-text.json", Hook(Method::POST, "ocp"), &["OB 租户 CPU 使用率超限", "ob_cluster=demo:tenant=t1", "警告", "2020-12-03T09:44:04+08:00"]),
    case("ocp-http-markdown.json", Json, &["exporter进程数量不够", "service=OCP:svr_ip=192.0.2.11", "停服"]),
    case("ocp-http-markdown-content-key.json", Json, &["OCP 告警通知 x", "严重"]),
    case("ocp-http-recover.json", Json, &["告警恢复通知", "service=OCP:svr_ip=192.0.2.11", "2020-12-03T09:50:12+08:00"]),
    case("ocp-http-unescaped-invalid.json", Json, &["OCP告警通知", "ERROR \"ret=-4016\" in ob_x.cpp", "broken"]),
    case("ocp-http-aggregate.json", Json, &["多条告警", "告警数量：3", "警告", "2024-03-11T09:44:04+08:00"]),
    case("ocp-http-aggregate-en.json", Json, &["Multiple Alerts", "Alerts: 2", "Warning", "2024-03-11T09:44:04+08:00"]),
    case("ocp-dingtalk-zh.json", Json, &["OceanBase 服务器安装目录磁盘使用率超限", "svr_ip=192.0.2.11", "严重", "2024-03-11T09:44:04+08:00"]),
    case("ocp-dingtalk-zh-recover.json", Json, &["告警恢复通知", "svr_ip=192.0.2.11", "2024-03-11T10:12:44+08:00"]),
    case("ocp-dingtalk-zh-tw.json", Json, &["OceanBase 租戶存在長交易", "tenant_name=t1", "嚴重", "2024-03-11T09:44:04+08:00"]),
    case("ocp-dingtalk-zh-tw-recover.json", Json, &["警示恢復通知", "tenant_name=t1", "2024-03-11T10:01:00+08:00"]),
    case("ocp-dingtalk-en.json", Json, &["The thread usage of the OceanBase tenant exceeds the threshold", "tenant_name=t1", "Alert", "2024-03-11T09:44:04+08:00"]),
    case("ocp-dingtalk-en-recover.json", Json, &["[Alarm Recover Notification]", "tenant_name=t1", "2024-03-11T09:59:14+08:00"]),
    case("ocp-json.json", Json, &["OceanBase 服务器安装目录磁盘使用率超限", "svr_ip=192.0.2.11", "CRITICAL", "03-11 09:44", "192.0.2.10:8080/alarm/event/1000160"]),
    case("ocp-json-recover.json", Json, &["RESOLVED", "OceanBase 服务器安装目录磁盘使用率超限", "svr_ip=192.0.2.11", "03-11 10:12"]),
    case("ocp-json-message-object.json", Json, &["exporter进程数量不够", "svr_ip=192.0.2.11", "CRITICAL", "12-03 09:44"]),
    case("ocp-json-message-quoted-invalid.json", Json, &["OBServer 程序日志", "svr_ip=192.0.2.11", "CRITICAL", "03-11 09:44", "broken"]),
    // Whoever speaks DingTalk's language
    case("dingtalk-grafana-link.json", Json, &["[FIRING:1]  (val1)", "alertname = alert1", "dingtalk://dingtalkclient/page/link"]),
    case("dingtalk-grafana-actioncard.json", Json, &["Alerts firing: 2", "2 alerts are firing, 0 are resolved", "dingtalk://dingtalkclient/page/link"]),
    case("dingtalk-uptimekuma.json", Json, &["[DOWN] web", "connect ECONNREFUSED 127.0.0.1:80", "2024-01-01 12:00:00"]),
    case("dingtalk-kube-eventer.json", Json, &["Reason:BackOff", "Name:web-0.17a", "Level:Warning", "2024-01-01 12:00:00"]),
    case("dingtalk-feedcard.json", Json, &["Deploy of shop-api failed", "Tests of shop-web are red"]),
    case("dingtalk-buttons.json", Json, &["Disk of db1", "97 % used"]),
    // The others
    case("grafana-firing.json", Json, &["Queue is growing", "invoices", "CRITICAL", "03-05 09:12", "grafana.example.com/d/b7f1orders"]),
    case("grafana-resolved.json", Hook(Method::PUT, "grafana"), &["RESOLVED:2", "Queue is growing", "mails", "09:12–09:31"]),
    case("grafana-nodata.json", Json, &["DatasourceNoData", "Queue is growing", "03-05 09:20"]),
    case("grafana-legacy.json", Json, &["Shop CPU", "web-3", "WARNING", "93.4", "grafana.example.com/d/shop7"]),
    case("sls-firing.json", Json, &["nginx 5xx", "demo-project/nginx", "WARNING", "03-26 15:59", "5xx 数量 120"]),
    case("sls-merged-array.json", Hook(Method::PUT, "sls"), &["RESOLVED", "nginx 5xx", "demo-project/nginx", "03-26 17:00"]),
    case("eventbridge-envelope.json", Json, &["mns:Queue:SendMessage", "zeus", "04-08 14:28", "TEST"]),
    case("eventbridge-ecs-spot-constructed.json", Json, &["ecs:Instance:PreemptibleInstanceInterruption", "i-bp1ecr", "11-19 21:04", "delete"]),
    case("kube-eventer-webhook.json", Hook(Method::GET, "kube-eventer"), &["BackOff", "Back-off restarting failed container", "WARNING", "01-01 12:00", "Pod"]),
    case("uptimekuma-down.json", Json, &["web", "http://127.0.0.1", "CRITICAL", "01-01 12:00", "ECONNREFUSED"]),
    case("uptimekuma-test.json", Json, &["My Notification Testing"]),
    case("zabbix-problem.json", Json, &["Free disk space is less than 10% on volume /var", "db-1", "CRITICAL"]),
    case("zabbix-update.json", Json, &["Free disk space is less than 10% on volume /var", "db-1"]),
    case("zabbix-recovery.json", Json, &["RESOLVED", "Free disk space is less than 10% on volume /var", "db-1"]),
];
