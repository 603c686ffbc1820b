//! Whole digests in Chinese.

use super::golden::night;
use super::*;

fn told(style: Style, plain: bool) -> String {
    let library = Library::compile(Language::Zh, Vec::new()).expect("built-in");
    let style = Style { language: Language::Zh, ..style };
    let accepted_at = "2026-11-20T08:56:00Z".parse().expect("time");
    let circumstances = Circumstances { accepted_at, ..circumstances() };
    let packed = library.tell(&night(), &style, &circumstances, plain, 1);
    check(&packed, &style, 1);
    shown(&packed)
}

#[test]
fn the_first_of_each_name() {
    insta::assert_snapshot!(told(Style { message_limit: 1_500, ..Style::default() }, false), @"
    🔴【告警:17】HostDown、DiskFull、TargetMissing（共 3 组）
    ----
    #### 🔴 紧急 · 17 条告警

    4 条已恢复 · 3 条发送前已恢复 · 共 3 组

    <font color=#e8710a>延迟 14 分钟送达</font>

    🔴 **HostDown** ×14 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · 09:00 起
    - 10.0.0.1:9100 is down · 09:00 起
    - 10.0.0.2:9100 is down · 09:00 起 · 抖动 3 次
    - 10.0.0.3:9100 is down · 09:00 起
    - 10.0.0.4:9100 is down · 09:00 起
    - … 另有 9 条

    🟠 **DiskFull** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · 09:00 起
    - 10.0.0.1:9100 is down · 09:00 起

    🟣 **TargetMissing**

    - 10.0.0.3:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00 起

    **<font color=#188038>✅ 已恢复</font>**

    - **HighLoad** ×4

    **<font color=#188038>✅ 发送前已恢复</font>**

    - **NodeNotReady** ×2
    - **ProbeFailed**

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn a_line_for_each() {
    let whole = told(Style { message_limit: 3_000, ..Style::default() }, false);
    let over = whole.find("**HighLoad**").expect("what is over");
    insta::assert_snapshot!(&whole[over..], @"
    **HighLoad** ×4 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · 09:00–09:05，持续 5 分钟
    - 10.0.0.1:9100 is down · 09:00–09:05，持续 5 分钟
    - 10.0.0.2:9100 is down · 09:00–09:05，持续 5 分钟
    - 10.0.0.3:9100 is down · 09:00–09:05，持续 5 分钟

    **<font color=#188038>✅ 发送前已恢复</font>**

    **NodeNotReady** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.3:9100 is down · 09:00–09:05，持续 5 分钟
    - 10.0.0.4:9100 is down · 09:00–09:05，持续 5 分钟

    **ProbeFailed**

    - 10.0.0.7:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00–09:05，持续 5 分钟

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn as_text() {
    let style = Style { kind: Kind::Text, message_limit: 1_500, ..Style::default() };
    insta::assert_snapshot!(told(style, false), @"
    🔴 紧急 · 17 条告警 · 4 条已恢复 · 3 条发送前已恢复 · 共 3 组
    延迟 14 分钟送达

    🔴 HostDown ×14 · cluster: cn-hangzhou-1 · job: node
    - 10.0.0.0:9100 is down · 09:00 起
    - 10.0.0.1:9100 is down · 09:00 起
    - 10.0.0.2:9100 is down · 09:00 起 · 抖动 3 次
    - 10.0.0.3:9100 is down · 09:00 起
    - 10.0.0.4:9100 is down · 09:00 起
    - … 另有 9 条

    🟠 DiskFull ×2 · cluster: cn-hangzhou-1 · job: node
    - 10.0.0.0:9100 is down · 09:00 起
    - 10.0.0.1:9100 is down · 09:00 起

    🟣 TargetMissing
    - 10.0.0.3:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00 起

    ✅ 已恢复
    HighLoad ×4

    ✅ 发送前已恢复
    NodeNotReady ×2
    ProbeFailed

    http://am.test
    ");
}

#[test]
fn plainly() {
    insta::assert_snapshot!(told(Style::default(), true), @"
    【告警:17】HostDown、DiskFull、TargetMissing（共 3 组）
    延迟 14 分钟送达
    告警中（17）
    - HostDown x14 | cluster=cn-hangzhou-1, job=node, severity=critical
    - DiskFull x2 | cluster=cn-hangzhou-1, job=node, severity=warning
    - TargetMissing | 10.0.0.3:9100 is down | cluster=cn-hangzhou-1, instance=10.0.0.3:9100, job=node | 11-20 09:00 UTC 起
    已恢复（4）
    - HighLoad x4 | cluster=cn-hangzhou-1, job=node, severity=warning
    发送前已恢复（3）
    - NodeNotReady x2 | cluster=cn-hangzhou-1, job=node, severity=warning
    - ProbeFailed | 10.0.0.7:9100 is down | cluster=cn-hangzhou-1, instance=10.0.0.7:9100, job=node, severity=warning | 09:00–09:05，持续 5 分钟
    ");
}

#[test]
fn all_came_and_went() {
    let mut one = group(Vec::new());
    one.gone = resolved("ProbeFailed", 7..8);
    let library = Library::compile(Language::Zh, Vec::new()).expect("built-in");
    let style = Style { language: Language::Zh, ..Style::default() };
    let held = Circumstances { repeats: 2, ..circumstances() };
    insta::assert_snapshot!(shown(&library.tell(&[one], &style, &held, false, 1)), @"
    ✅【发送前已恢复:1】ProbeFailed · 10.0.0.7:9100 is down
    ----
    #### ✅ 1 条发送前已恢复

    **<font color=#188038>✅ 发送前已恢复</font>**

    **ProbeFailed**

    - 10.0.0.7:9100 is down · cluster: cn-hangzhou-1 · job: node · 09:00–09:05，持续 5 分钟

    期间合并 2 条重复通知

    [Alertmanager](http://am.test)
    ");
}
