//! Whole digests, one for each step of the ladder.

use super::*;

/// 14 hosts are down, disks fill up; some is over, some came and went, some flapped.
pub(super) fn night() -> Vec<Folded> {
    let mut hosts = group(firing("HostDown", "critical", 0..14));
    hosts.flaps.insert("HostDown-critical-2".to_owned(), 3);
    hosts.flaps.insert("HostDown-critical-5".to_owned(), 1);
    hosts.gone = resolved("NodeNotReady", 3..5);
    let mut disks = group([firing("DiskFull", "warning", 0..2), resolved("HighLoad", 0..4)].concat());
    disks.gone = resolved("ProbeFailed", 7..8);
    vec![disks, hosts, group(firing("TargetMissing", "", 3..4))]
}

fn told(groups: &[Folded], limit: usize, most: usize) -> String {
    let style = Style { message_limit: limit, ..Style::default() };
    let accepted_at = "2026-11-20T08:56:00Z".parse().expect("time");
    let packed = library().tell(groups, &style, &Circumstances { accepted_at, ..circumstances() }, false, most);
    check(&packed, &style, most);
    assert!(packed.digest);
    shown(&packed)
}

#[test]
fn everything() {
    insta::assert_snapshot!(told(&night(), 19_500, 1), @"
    🔴 [FIRING:17] in 3 groups · HostDown, DiskFull, TargetMissing
    ----
    #### 🔴 CRITICAL · 17 firing

    4 resolved · 3 came and went · 3 groups

    <font color=#e8710a>Delivered 14m late</font>

    🔴 **HostDown** ×14 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.0:9100 has been unreachable for 5m.
    - 10.0.0.1:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.1:9100 has been unreachable for 5m.
    - 10.0.0.2:9100 is down · since 09:00 · flapped 3 times · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.2:9100 has been unreachable for 5m.
    - 10.0.0.3:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.3:9100 has been unreachable for 5m.
    - 10.0.0.4:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.4:9100 has been unreachable for 5m.
    - 10.0.0.5:9100 is down · since 09:00 · flapped once · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.5:9100 has been unreachable for 5m.
    - 10.0.0.6:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.6:9100 has been unreachable for 5m.
    - 10.0.0.7:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.7:9100 has been unreachable for 5m.
    - 10.0.0.8:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.8:9100 has been unreachable for 5m.
    - 10.0.0.9:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.9:9100 has been unreachable for 5m.
    - 10.0.0.10:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.10:9100 has been unreachable for 5m.
    - 10.0.0.11:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.11:9100 has been unreachable for 5m.
    - 10.0.0.12:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.12:9100 has been unreachable for 5m.
    - 10.0.0.13:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.13:9100 has been unreachable for 5m.

    🟠 **DiskFull** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.0:9100 has been unreachable for 5m.
    - 10.0.0.1:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.1:9100 has been unreachable for 5m.

    🟣 **TargetMissing**

    - 10.0.0.3:9100 is down · cluster: cn-hangzhou-1 · job: node · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.3:9100 has been unreachable for 5m.

    **<font color=#188038>✅ Resolved</font>**

    **HighLoad** ×4 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.1:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.2:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m

    **<font color=#188038>✅ Fired and over before it could be told</font>**

    **NodeNotReady** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.4:9100 is down · 09:00–09:05, lasted 5m

    **ProbeFailed**

    - 10.0.0.7:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00–09:05, lasted 5m

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn a_line_each() {
    insta::assert_snapshot!(told(&night(), 2_400, 1), @"
    🔴 [FIRING:17] in 3 groups · HostDown, DiskFull, TargetMissing
    ----
    #### 🔴 CRITICAL · 17 firing

    4 resolved · 3 came and went · 3 groups

    <font color=#e8710a>Delivered 14m late</font>

    🔴 **HostDown** ×14 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00
    - 10.0.0.1:9100 is down · since 09:00
    - 10.0.0.2:9100 is down · since 09:00 · flapped 3 times
    - 10.0.0.3:9100 is down · since 09:00
    - 10.0.0.4:9100 is down · since 09:00
    - 10.0.0.5:9100 is down · since 09:00 · flapped once
    - 10.0.0.6:9100 is down · since 09:00
    - 10.0.0.7:9100 is down · since 09:00
    - 10.0.0.8:9100 is down · since 09:00
    - 10.0.0.9:9100 is down · since 09:00
    - 10.0.0.10:9100 is down · since 09:00
    - 10.0.0.11:9100 is down · since 09:00
    - 10.0.0.12:9100 is down · since 09:00
    - 10.0.0.13:9100 is down · since 09:00

    🟠 **DiskFull** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00
    - 10.0.0.1:9100 is down · since 09:00

    🟣 **TargetMissing**

    - 10.0.0.3:9100 is down · cluster: cn-hangzhou-1 · job: node · since 09:00

    **<font color=#188038>✅ Resolved</font>**

    **HighLoad** ×4 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.1:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.2:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m

    **<font color=#188038>✅ Fired and over before it could be told</font>**

    **NodeNotReady** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.4:9100 is down · 09:00–09:05, lasted 5m

    **ProbeFailed**

    - 10.0.0.7:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00–09:05, lasted 5m

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn few_lines_of_a_name() {
    insta::assert_snapshot!(told(&night(), 1_600, 1), @"
    🔴 [FIRING:17] in 3 groups · HostDown, DiskFull, TargetMissing
    ----
    #### 🔴 CRITICAL · 17 firing

    4 resolved · 3 came and went · 3 groups

    <font color=#e8710a>Delivered 14m late</font>

    🔴 **HostDown** ×14 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00
    - 10.0.0.1:9100 is down · since 09:00
    - 10.0.0.2:9100 is down · since 09:00 · flapped 3 times
    - 10.0.0.3:9100 is down · since 09:00
    - 10.0.0.4:9100 is down · since 09:00
    - … 9 more

    🟠 **DiskFull** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00
    - 10.0.0.1:9100 is down · since 09:00

    🟣 **TargetMissing**

    - 10.0.0.3:9100 is down · cluster: cn-hangzhou-1 · job: node · since 09:00

    **<font color=#188038>✅ Resolved</font>**

    - **HighLoad** ×4

    **<font color=#188038>✅ Fired and over before it could be told</font>**

    - **NodeNotReady** ×2
    - **ProbeFailed**

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn only_names() {
    insta::assert_snapshot!(told(&night(), 700, 1), @"
    🔴 [FIRING:17] in 3 groups · HostDown, DiskFull, TargetMissing
    ----
    #### 🔴 CRITICAL · 17 firing

    4 resolved · 3 came and went · 3 groups

    <font color=#e8710a>Delivered 14m late</font>

    🔴 **HostDown** ×14 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00
    - … 13 more

    - 🟠 **DiskFull** ×2
    - 🟣 **TargetMissing**

    **<font color=#188038>✅ Resolved</font>**

    - **HighLoad** ×4

    **<font color=#188038>✅ Fired and over before it could be told</font>**

    - **NodeNotReady** ×2
    - **ProbeFailed**

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn not_even_all_names() {
    let group = |number: usize| group(firing(&format!("Alert{number}"), "warning", 0..number + 1));
    let groups: Vec<_> = (0..40).map(group).collect();
    insta::assert_snapshot!(told(&groups, 1_000, 1), @"
    🟠 [FIRING:820] in 40 groups · Alert39, Alert38, Alert37 +37
    ----
    #### 🟠 WARNING · 820 firing

    40 groups

    <font color=#e8710a>Delivered 14m late</font>

    - 🟠 **Alert39** ×40
    - 🟠 **Alert38** ×39
    - 🟠 **Alert37** ×38
    - 🟠 **Alert36** ×37
    - 🟠 **Alert35** ×36
    - 🟠 **Alert34** ×35
    - 🟠 **Alert33** ×34
    - 🟠 **Alert32** ×33
    - 🟠 **Alert31** ×32
    - 🟠 **Alert30** ×31
    - 🟠 **Alert29** ×30
    - 🟠 **Alert28** ×29
    - 🟠 **Alert27** ×28
    - 🟠 **Alert26** ×27
    - 🟠 **Alert25** ×26
    - 🟠 **Alert24** ×25
    - 🟠 **Alert23** ×24
    - 🟠 **Alert22** ×23
    - 🟠 **Alert21** ×22
    - 🟠 **Alert20** ×21
    - 🟠 **Alert19** ×20
    - 🟠 **Alert18** ×19
    - 🟠 **Alert17** ×18
    - 🟠 **Alert16** ×17
    - 🟠 **Alert15** ×16
    - 🟠 **Alert14** ×15

    … and 105 more alerts under 14 names

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn in_two_parts() {
    insta::assert_snapshot!(told(&night(), 1_400, 2), @"
    🔴 [FIRING:17] in 3 groups · HostDown, DiskFull, TargetMissing (1/2)
    ----
    #### 🔴 CRITICAL · 17 firing (1/2)

    4 resolved · 3 came and went · 3 groups

    <font color=#e8710a>Delivered 14m late</font>

    🔴 **HostDown** ×14 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00
    - 10.0.0.1:9100 is down · since 09:00
    - 10.0.0.2:9100 is down · since 09:00 · flapped 3 times
    - 10.0.0.3:9100 is down · since 09:00
    - 10.0.0.4:9100 is down · since 09:00
    - 10.0.0.5:9100 is down · since 09:00 · flapped once
    - 10.0.0.6:9100 is down · since 09:00
    - 10.0.0.7:9100 is down · since 09:00
    - 10.0.0.8:9100 is down · since 09:00
    - 10.0.0.9:9100 is down · since 09:00
    - 10.0.0.10:9100 is down · since 09:00
    - 10.0.0.11:9100 is down · since 09:00
    - 10.0.0.12:9100 is down · since 09:00
    - 10.0.0.13:9100 is down · since 09:00

    🟠 **DiskFull** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00
    - 10.0.0.1:9100 is down · since 09:00

    🟣 **TargetMissing**

    - 10.0.0.3:9100 is down · cluster: cn-hangzhou-1 · job: node · since 09:00

    [Alertmanager](http://am.test)

    =====

    🔴 [FIRING:17] in 3 groups · HostDown, DiskFull, TargetMissing (2/2)
    ----
    #### 🔴 CRITICAL · 17 firing (2/2)

    4 resolved · 3 came and went · 3 groups

    <font color=#e8710a>Delivered 14m late</font>

    **<font color=#188038>✅ Resolved</font>**

    **HighLoad** ×4 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.1:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.2:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m

    **<font color=#188038>✅ Fired and over before it could be told</font>**

    **NodeNotReady** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.4:9100 is down · 09:00–09:05, lasted 5m

    **ProbeFailed**

    - 10.0.0.7:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00–09:05, lasted 5m

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn one_alert_that_flapped() {
    let mut one = group(firing("HostDown", "critical", 1..2));
    one.flaps.insert("HostDown-critical-1".to_owned(), 2);
    one.notification.meant_for = "dba_team".to_owned();
    insta::assert_snapshot!(told(&[one], 19_500, 1), @r"
    🔴 [FIRING:1] HostDown · 10.0.0.1:9100 is down
    ----
    #### 🔴 CRITICAL · 1 firing

    Meant for dba\_team, which cannot be reached

    <font color=#e8710a>Delivered 14m late</font>

    🔴 **HostDown**

    - 10.0.0.1:9100 is down · cluster: cn-hangzhou-1 · job: node · since 09:00 · flapped 2 times · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.1:9100 has been unreachable for 5m.

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn only_what_is_gone() {
    let mut one = group(Vec::new());
    one.gone = resolved("HostDown", 1..3);
    insta::assert_snapshot!(told(&[one], 19_500, 1), @"
    ✅ [CAME AND WENT:2] HostDown
    ----
    #### ✅ 2 came and went

    <font color=#e8710a>Delivered 14m late</font>

    **<font color=#188038>✅ Fired and over before it could be told</font>**

    **HostDown** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.1:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.2:9100 is down · 09:00–09:05, lasted 5m

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn all_is_over() {
    let groups = [group(resolved("HostDown", 1..3)), group(resolved("DiskFull", 1..2))];
    insta::assert_snapshot!(told(&groups, 19_500, 1), @"
    ✅ [RESOLVED:3] in 2 groups · HostDown, DiskFull
    ----
    #### ✅ 3 resolved

    2 groups

    <font color=#e8710a>Delivered 14m late</font>

    **HostDown** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.1:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.2:9100 is down · 09:00–09:05, lasted 5m

    **DiskFull**

    - 10.0.0.1:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00–09:05, lasted 5m

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn as_text() {
    let style = Style { kind: Kind::Text, text: Some("plain.text".to_owned()), ..Style::default() };
    let packed = library().tell(&night(), &style, &circumstances(), false, 1);
    check(&packed, &style, 1);
    insta::assert_snapshot!(shown(&packed), @"
    🔴 CRITICAL, 17 firing, 4 resolved, 3 came and went, 3 groups

    🔴 HostDown ×14 · cluster: cn-hangzhou-1 · job: node
    - 10.0.0.0:9100 is down · since 09:00
      Host 10.0.0.0:9100 has been unreachable for 5m.
    - 10.0.0.1:9100 is down · since 09:00
      Host 10.0.0.1:9100 has been unreachable for 5m.
    - 10.0.0.2:9100 is down · since 09:00 · flapped 3 times
      Host 10.0.0.2:9100 has been unreachable for 5m.
    - 10.0.0.3:9100 is down · since 09:00
      Host 10.0.0.3:9100 has been unreachable for 5m.
    - 10.0.0.4:9100 is down · since 09:00
      Host 10.0.0.4:9100 has been unreachable for 5m.
    - 10.0.0.5:9100 is down · since 09:00 · flapped once
      Host 10.0.0.5:9100 has been unreachable for 5m.
    - 10.0.0.6:9100 is down · since 09:00
      Host 10.0.0.6:9100 has been unreachable for 5m.
    - 10.0.0.7:9100 is down · since 09:00
      Host 10.0.0.7:9100 has been unreachable for 5m.
    - 10.0.0.8:9100 is down · since 09:00
      Host 10.0.0.8:9100 has been unreachable for 5m.
    - 10.0.0.9:9100 is down · since 09:00
      Host 10.0.0.9:9100 has been unreachable for 5m.
    - 10.0.0.10:9100 is down · since 09:00
      Host 10.0.0.10:9100 has been unreachable for 5m.
    - 10.0.0.11:9100 is down · since 09:00
      Host 10.0.0.11:9100 has been unreachable for 5m.
    - 10.0.0.12:9100 is down · since 09:00
      Host 10.0.0.12:9100 has been unreachable for 5m.
    - 10.0.0.13:9100 is down · since 09:00
      Host 10.0.0.13:9100 has been unreachable for 5m.

    🟠 DiskFull ×2 · cluster: cn-hangzhou-1 · job: node
    - 10.0.0.0:9100 is down · since 09:00
      Host 10.0.0.0:9100 has been unreachable for 5m.
    - 10.0.0.1:9100 is down · since 09:00
      Host 10.0.0.1:9100 has been unreachable for 5m.

    🟣 TargetMissing
    - 10.0.0.3:9100 is down · cluster: cn-hangzhou-1 · job: node · since 09:00
      Host 10.0.0.3:9100 has been unreachable for 5m.

    ✅ Resolved

    HighLoad ×4 · cluster: cn-hangzhou-1 · job: node
    - 10.0.0.0:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.1:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.2:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m

    ✅ Fired and over before it could be told

    NodeNotReady ×2 · cluster: cn-hangzhou-1 · job: node
    - 10.0.0.3:9100 is down · 09:00–09:05, lasted 5m
    - 10.0.0.4:9100 is down · 09:00–09:05, lasted 5m

    ProbeFailed
    - 10.0.0.7:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00–09:05, lasted 5m

    http://am.test
    ");
}

#[test]
fn plainly() {
    let style = Style::default();
    let packed = library().tell(&night(), &style, &circumstances(), true, 3);
    check(&packed, &style, 1);
    insta::assert_snapshot!(shown(&packed), @"
    [FIRING:17] HostDown, DiskFull, TargetMissing in 3 groups
    Firing (17)
    - HostDown x14 | cluster=cn-hangzhou-1, job=node, severity=critical
    - DiskFull x2 | cluster=cn-hangzhou-1, job=node, severity=warning
    - TargetMissing | 10.0.0.3:9100 is down | cluster=cn-hangzhou-1, instance=10.0.0.3:9100, job=node | since 11-20 09:00 UTC
    Resolved (4)
    - HighLoad x4 | cluster=cn-hangzhou-1, job=node, severity=warning
    Fired and over before it could be told (3)
    - NodeNotReady x2 | cluster=cn-hangzhou-1, job=node, severity=warning
    - ProbeFailed | 10.0.0.7:9100 is down | cluster=cn-hangzhou-1, instance=10.0.0.7:9100, job=node, severity=warning | 09:00–09:05, lasted 5m
    ");
}
