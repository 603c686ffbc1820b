//! The texts that OCP's templates make, in Chinese of both scripts and in English.
//!
//! They begin with a line that says what they are, and go on with one line for each variable:
//!
//! ```text
//! ### OCP 告警通知 租户线程使用率超限        【OCP 告警恢复通知】
//! - 级别：警告                               - 告警对象 ob_cluster=demo:tenant=t1
//! - 告警对象：ob_cluster=demo:tenant=t1      - 告警详情 告警：租户线程使用率超限，…
//! ```
//!
//! Operators change them, so no line is needed: what is there is read, under any marks of markdown. What follows a line
//! of details without a name of its own goes on with them, as the log of an OBServer does.

use super::super::fields::{headline, present};
use super::alarm::Alarm;

/// How many lines are looked at for variables; the rest can only be details.
const MOST_LINES: usize = 200;

/// In how many lines from the first the one is looked for that says what it is: some put a keyword before it.
const HEAD_LINES: usize = 4;

/// The variables, and how a line of each begins.
const FIELDS: [(Field, &[&str]); 11] = [
    (Field::Name, &["名称", "告警名称", "告警项", "名稱", "警示名稱", "告警名稱", "Name", "Alert name", "Alarm name"]),
    (
        Field::Level,
        &[
            "级别",
            "告警级别",
            "告警等级",
            "級別",
            "警示級別",
            "告警級別",
            "Level",
            "Alert level",
            "Alarm level",
            "Severity",
        ],
    ),
    (Field::Status, &["告警状态", "状态", "警示狀態", "告警狀態", "狀態", "Status", "Alert status", "Alarm status"]),
    (
        Field::Target,
        &[
            "告警对象",
            "警示對象",
            "告警對象",
            "对象",
            "對象",
            "Alert object",
            "Alarm object",
            "Alert target",
            "Alarm target",
            "Target",
            "Object",
        ],
    ),
    (Field::Summary, &["概述", "告警概述", "警示概述", "Summary", "Overview", "Alert summary", "Alarm summary"]),
    (
        Field::Description,
        &[
            "详情",
            "告警详情",
            "詳情",
            "警示詳情",
            "告警詳情",
            "描述",
            "Description",
            "Details",
            "Alert details",
            "Alert description",
            "Alarm details",
            "Alarm description",
        ],
    ),
    (
        Field::Began,
        &[
            "生成时间",
            "触发时间",
            "告警时间",
            "生成時間",
            "產生時間",
            "觸發時間",
            "Generation time",
            "Generated at",
            "Alert time",
            "Active at",
        ],
    ),
    (
        Field::Ended,
        &["恢复时间", "消除时间", "恢復時間", "消除時間", "Recovered at", "Recovery time", "Resolved at", "Cleared at"],
    ),
    (
        Field::Url,
        &["OCP链接", "OCP 链接", "OCP連結", "OCP 連結", "OCP鏈接", "OCP 鏈接", "OCP link", "OCP URL", "Link", "链接"],
    ),
    (Field::Count, &["告警数量", "警示數量", "告警數量", "Alerts", "Alert count", "Number of alerts"]),
    (Field::GroupedBy, &["聚合分组", "聚合分組", "Aggregation group", "Aggregated by"]),
];

/// What the first line calls a recovery, and an alarm; behind `OCP`, which a recovery need not have.
const RECOVERED: [&str; 12] = [
    "告警恢复通知",
    "告警恢復通知",
    "警示恢復通知",
    "告警消除通知",
    "恢复通知",
    "恢復通知",
    "Alarm Recover Notification",
    "Alarm Recovery Notification",
    "Alert Recover Notification",
    "Alert Recovery Notification",
    "Recover Notification",
    "Recovery Notification",
];
const FIRING: [&str; 8] = [
    "告警通知",
    "警示通知",
    "聚合通知",
    "告警聚合通知",
    "Alert Notification",
    "Alarm Notification",
    "Aggregated Alert Notification",
    "Aggregated Alarm Notification",
];

/// What stands behind these in place of a name, in lower case.
const NUMBERS: [&str; 6] = ["单条", "多条", "單條", "多條", "single", "multiple"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Level,
    Status,
    Target,
    Summary,
    Description,
    Began,
    Ended,
    Url,
    Count,
    GroupedBy,
}

/// What was read of a text.
#[derive(Debug, Default)]
struct Words {
    alarm: Alarm,
    /// Whether it begins as OCP's texts do.
    headed: bool,
    /// Whether `OCP` stands there.
    signed: bool,
}

/// A first line that is OCP's.
#[derive(Debug, PartialEq, Eq)]
struct Head<'a> {
    recovered: bool,
    /// Whether `OCP` stands in it.
    signed: bool,
    /// The alarm's name; empty when it has none.
    name: &'a str,
}

/// Whether a title and a text are OCP's.
pub(super) fn are_ocps(title: &str, text: &str) -> bool {
    let Words { alarm, headed, signed } = scan(title, text);
    // Other systems have notifications of recoveries too.
    let recovered = headed && !alarm.target.is_empty() && !alarm.ended.is_empty();
    signed || recovered || (alarm.target.contains('=') && !alarm.level.is_empty())
}

/// Reads what a title and a text tell.
pub(super) fn read(title: &str, text: &str) -> Alarm {
    scan(title, text).alarm
}

fn scan(title: &str, text: &str) -> Words {
    let mut words = Words::default();
    let title = bare(title);
    match head(title) {
        Some(head) => words.begin(&head),
        // Some give a message the beginning of its text for a title.
        None if headline(text, usize::MAX) != title => title.clone_into(&mut words.alarm.title),
        None => {}
    }
    let mut last = None;
    for (at, line) in text.lines().enumerate() {
        let bare = bare(line);
        if bare.is_empty() {
            continue;
        }
        if last.is_none()
            && at < HEAD_LINES
            && let Some(head) = head(bare)
        {
            words.begin(&head);
            continue;
        }
        let alarm = &mut words.alarm;
        let field = if at < MOST_LINES { field(bare, alarm.recovered) } else { None };
        match field {
            Some((field, value)) if alarm.place(field).is_empty() => {
                let value = if field == Field::Url { link(value).unwrap_or_default() } else { plain(value) };
                value.clone_into(alarm.place(field));
                last = Some(field);
            }
            _ => alarm.go_on(last, line.trim(), bare),
        }
    }
    words
}

/// A line as one that OCP's templates begin with.
fn head(line: &str) -> Option<Head<'_>> {
    let line = line.trim_start_matches(['【', '[']);
    let unsigned = without(line, "OCP").map(str::trim_start);
    let (rest, signed) = (unsigned.unwrap_or(line), unsigned.is_some());
    let behind = |names: &[&str]| names.iter().find_map(|name| without(rest, name));
    let (recovered, name) = match (behind(&RECOVERED), behind(&FIRING)) {
        (Some(name), _) => (true, name),
        (None, Some(name)) if signed => (false, name),
        // `OCP 告警测试`
        _ if signed && rest.starts_with(['告', '警', '聚']) => (false, ""),
        _ => return None,
    };
    let name = name.trim_start_matches([']', '】', ' ', '-', '–', '—', ':', '：']).trim_end_matches(['】', ' ']);
    let is_number = NUMBERS.iter().any(|number| without(name, number).is_some());
    Some(Head { recovered, signed, name: if is_number { "" } else { name } })
}

/// The variable that a line tells. In recoveries there is nothing but a space behind the names.
fn field(line: &str, recovered: bool) -> Option<(Field, &str)> {
    FIELDS.iter().find_map(|(field, names)| {
        names.iter().find_map(|name| {
            let rest = without(line, name)?;
            let marked = rest.trim_start_matches(['*', '`', ' ']).strip_prefix([':', '：']);
            let spaced = || {
                let may_be = recovered && matches!(field, Field::Target | Field::Description | Field::Ended);
                rest.strip_prefix(' ').filter(|_| may_be)
            };
            Some((*field, marked.or_else(spaced)?))
        })
    })
}

/// Where a text leads: the address of its first link, or what looks like an address.
fn link(text: &str) -> Option<&str> {
    let is_address = |text: &&str| text.starts_with("http://") || text.starts_with("https://");
    let linked = || text.split("](").skip(1).find_map(|rest| rest.split_once(')').map(|(address, _)| address.trim()));
    let written = || text.split_whitespace().find(is_address);
    linked().filter(is_address).or_else(written)
}

/// A line without what makes it a heading, a quotation or an item of a list, and as [`plain`].
fn bare(line: &str) -> &str {
    let marks: &[char] = &['#', '>', '*', '-', '·', '•', ' ', '\t', '\u{3000}'];
    plain(plain(line.trim_start_matches(marks)).trim_start_matches(marks))
}

/// Words without the marks of emphasis and of colour around them.
fn plain(words: &str) -> &str {
    let marks: &[char] = &['*', '`', ' ', '\t', '\r', '\u{3000}'];
    let mut words = words.trim_matches(marks);
    while let Some((_, rest)) = words.strip_prefix("<font").and_then(|rest| rest.split_once('>')) {
        words = rest.trim_start_matches(marks);
    }
    while let Some(rest) = words.strip_suffix("</font>") {
        words = rest.trim_end_matches(marks);
    }
    words
}

/// What follows `prefix`, in any case of its letters.
fn without<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

// === impl Words ===

impl Words {
    fn begin(&mut self, head: &Head<'_>) {
        self.headed = true;
        self.signed |= head.signed;
        self.alarm.recovered |= head.recovered;
        if !head.name.is_empty() {
            head.name.clone_into(&mut self.alarm.name);
        }
    }
}

// === impl Alarm ===

impl Alarm {
    fn place(&mut self, field: Field) -> &mut String {
        match field {
            Field::Name => &mut self.name,
            Field::Level => &mut self.level,
            Field::Status => &mut self.status,
            Field::Target => &mut self.target,
            Field::Summary => &mut self.summary,
            Field::Description => &mut self.description,
            Field::Began => &mut self.began,
            Field::Ended => &mut self.ended,
            Field::Url => &mut self.url,
            Field::Count => &mut self.count,
            Field::GroupedBy => &mut self.grouped_by,
        }
    }

    /// A line that tells no variable: a link, people who are called, or more of the details.
    fn go_on(&mut self, last: Option<Field>, line: &str, words: &str) {
        match last {
            _ if words.starts_with('@') => {}
            _ if words.starts_with('[') && words.contains("](http") => {
                if let (true, Some(address)) = (self.url.is_empty(), link(line)) {
                    address.clone_into(&mut self.url);
                }
            }
            Some(field @ (Field::Summary | Field::Description)) => {
                let place = self.place(field);
                if present(place).is_some() {
                    place.push('\n');
                }
                place.push_str(line);
            }
            _ => {}
        }
    }
}
