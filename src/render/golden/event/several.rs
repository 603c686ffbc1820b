//! Several events at once, and events without markup.

use super::*;

/// Two that fire and one that is over, as merged arrays of the Log Service tell them.
fn merged() -> Notification {
    let of = |name, host| {
        let shared = [("project", "demo-project"), ("region", "cn-hangzhou"), ("env", "test")];
        [&[("alertname", name), ("instance", host)], &shared[..]].concat()
    };
    let annotations = [("summary", "nginx 5xx 过多"), ("description", "5xx 数量 120")];
    let nginx = event(Severity::Critical, &of("nginx 5xx", "nginx"), &annotations);
    let nginx = Alert { generator_url: "https://sls.console.example.com/a".to_owned(), ..nginx };
    let disk = |host| event(Severity::Warning, &of("磁盘空间", host), &[("summary", "磁盘使用率 91%")]);
    told(Sender::Sls, vec![disk("db-1"), over(disk("db-2")), nginx])
}

#[test]
fn several_are_told_at_once() {
    insta::assert_snapshot!(markdown(&merged()), @"
    🔴 [CRITICAL:2] nginx 5xx, 磁盘空间 · nginx …
    ----
    #### 🔴 nginx 5xx, 磁盘空间

    **<font color=#d93026>CRITICAL · 2 firing</font>** · 1 resolved

    > env: test · project: demo-project · region: cn-hangzhou

    🔴 **nginx 5xx** · nginx

    nginx 5xx 过多

    5xx 数量 120

    11-20 17:23 CST · [Details](https://sls.console.example.com/a)

    🟠 **磁盘空间** · db-1

    磁盘使用率 91%

    11-20 17:23 CST

    ✅ **磁盘空间** · db-2

    磁盘使用率 91%

    Since 11-20 17:23, over 11-20 17:33 CST, lasted 10m

    =====

    🔴【紧急:2】nginx 5xx、磁盘空间 · nginx …
    ----
    #### 🔴 nginx 5xx、磁盘空间

    **<font color=#d93026>紧急 · 2 条告警</font>** · 1 条已恢复

    > env: test · project: demo-project · region: cn-hangzhou

    🔴 **nginx 5xx** · nginx

    nginx 5xx 过多

    5xx 数量 120

    11-20 17:23 CST · [查看详情](https://sls.console.example.com/a)

    🟠 **磁盘空间** · db-1

    磁盘使用率 91%

    11-20 17:23 CST

    ✅ **磁盘空间** · db-2

    磁盘使用率 91%

    开始于 11-20 17:23，恢复于 11-20 17:33 CST，持续 10 分钟
    ");
}

#[test]
fn many_are_told_as_a_group_of_alerts() {
    let pod = |number: usize| {
        let name = format!("web-{number}");
        let of = [("alertname", "BackOff"), ("instance", name.as_str()), ("namespace", "shop")];
        event(Severity::Warning, &of, &[("summary", "Back-off restarting failed container")])
    };
    insta::assert_snapshot!(markdown(&told(Sender::KubeEventer, (0..6).map(pod).collect())), @"
    🟠 [WARNING:6] BackOff · web-0 …
    ----
    #### 🟠 BackOff

    **<font color=#e8710a>WARNING · 6 firing</font>**

    **Back-off restarting failed container**

    > namespace: shop

    - 🟠 instance: web-0 · since 17:23
    - 🟠 instance: web-1 · since 17:23
    - 🟠 instance: web-2 · since 17:23
    - 🟠 instance: web-3 · since 17:23
    - 🟠 instance: web-4 · since 17:23
    - 🟠 instance: web-5 · since 17:23

    =====

    🟠【警告:6】BackOff · web-0 …
    ----
    #### 🟠 BackOff

    **<font color=#e8710a>警告 · 6 条告警</font>**

    **Back-off restarting failed container**

    > namespace: shop

    - 🟠 instance: web-0 · 17:23 起
    - 🟠 instance: web-1 · 17:23 起
    - 🟠 instance: web-2 · 17:23 起
    - 🟠 instance: web-3 · 17:23 起
    - 🟠 instance: web-4 · 17:23 起
    - 🟠 instance: web-5 · 17:23 起
    ");
}

#[test]
fn without_markup() {
    let shown = [
        (told(Sender::Ocp, vec![exporter()]), 1),
        (told(Sender::CloudMonitor, vec![over(memory())]), 0),
        (merged(), 0),
    ]
    .map(|(notification, repeats)| in_both(Kind::Text, &notification, repeats));
    insta::assert_snapshot!(shown.join("\n\n##########\n\n"), @"
    🔴 CRITICAL · exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    service=OCP:svr_ip=192.0.2.11 exporter进程数量不够
    部署服务 OB_CLUSTER,OB_PROXY
    预期exporter数量 6
    实际exporter数量 5
    - service: OCP
    - alarmId: 1000160
    - level: 停服
    11-20 17:23 CST (2m ago)
    http://192.0.2.10:8080/alarm/event/1000160

    1 identical repeat was held back

    =====

    🔴 紧急 · exporter进程数量不够 · service=OCP:svr_ip=192.0.2.11
    service=OCP:svr_ip=192.0.2.11 exporter进程数量不够
    部署服务 OB_CLUSTER,OB_PROXY
    预期exporter数量 6
    实际exporter数量 5
    - service: OCP
    - alarmId: 1000160
    - level: 停服
    11-20 17:23 CST（2 分钟前）
    http://192.0.2.10:8080/alarm/event/1000160

    已合并 1 条重复通知

    ##########

    ✅ Resolved · ECS 内存使用率 · web-01
    memory_usedutilization 97.39 %，条件 $Average>=95
    - namespace: acs_ecs_dashboard
    - instanceId: i-8psdh7l6lphbn10l
    - lastTime: 2分钟
    - regionName: 华东1（杭州）
    Since 11-20 17:23, over 11-20 17:33 CST, lasted 10m

    =====

    ✅ 已恢复 · ECS 内存使用率 · web-01
    memory_usedutilization 97.39 %，条件 $Average>=95
    - namespace: acs_ecs_dashboard
    - instanceId: i-8psdh7l6lphbn10l
    - lastTime: 2分钟
    - regionName: 华东1（杭州）
    开始于 11-20 17:23，恢复于 11-20 17:33 CST，持续 10 分钟

    ##########

    🔴 CRITICAL · nginx 5xx, 磁盘空间 · nginx …
    2 firing, 1 resolved
    env: test · project: demo-project · region: cn-hangzhou

    🔴 nginx 5xx · nginx
    nginx 5xx 过多
    5xx 数量 120
    11-20 17:23 CST
    https://sls.console.example.com/a

    🟠 磁盘空间 · db-1
    磁盘使用率 91%
    11-20 17:23 CST

    ✅ 磁盘空间 · db-2
    磁盘使用率 91%
    Since 11-20 17:23, over 11-20 17:33 CST, lasted 10m

    =====

    🔴 紧急 · nginx 5xx、磁盘空间 · nginx …
    2 条告警 · 1 条已恢复
    env: test · project: demo-project · region: cn-hangzhou

    🔴 nginx 5xx · nginx
    nginx 5xx 过多
    5xx 数量 120
    11-20 17:23 CST
    https://sls.console.example.com/a

    🟠 磁盘空间 · db-1
    磁盘使用率 91%
    11-20 17:23 CST

    ✅ 磁盘空间 · db-2
    磁盘使用率 91%
    开始于 11-20 17:23，恢复于 11-20 17:33 CST，持续 10 分钟
    ");
}
