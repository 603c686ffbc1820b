//! An alarm as OCP tells it, in whatever shape, and what makes it the same alarm when it is told again.

use jiff::SignedDuration;

use super::super::event::Event;
use super::super::fields::{first_of, headline, present, put};
use super::super::level;
use super::super::time::{Zone, time};
use crate::notification::{Labels, Severity};

/// What is told of an alarm, in OCP's words. What is not told is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Alarm {
    /// The rule's name.
    pub name: String,
    /// A name that may be the rule's, but is not said to be.
    pub title: String,
    /// The level's name, or its number.
    pub level: String,
    /// The state's name.
    pub status: String,
    /// What it is about: `ob_cluster=demo:tenant=t1`.
    pub target: String,
    /// It in one line.
    pub summary: String,
    /// It at length.
    pub description: String,
    /// When it began.
    pub began: String,
    /// When it was over.
    pub ended: String,
    /// Where to look.
    pub url: String,
    /// The number of its record in OCP.
    pub id: String,
    /// Of how many alarms this was put together.
    pub count: String,
    /// By what they were put together.
    pub grouped_by: String,
    /// Whether it is told in the words of a recovery.
    pub recovered: bool,
    /// Whatever else is told of it.
    pub more: Labels,
}

/// The longest title that is made of a text, in characters.
const TITLE_CHARS: usize = 100;

/// The longest name that is looked for in a text, in characters.
const NAME_CHARS: usize = 120;

/// What stands before the name in the details of most rules.
const BEFORE_NAME: [&str; 8] = ["告警：", "告警:", "警示：", "警示:", "Alert:", "Alert：", "Alarm:", "Alarm："];

/// Words of `alarm_status` for what is over, and for what is not, in lower case.
const OVER: [&str; 11] =
    ["已消除", "已恢复", "已恢復", "已解除", "已清除", "cleared", "inactive", "resolved", "recovered", "ok", "closed"];
const NOT_OVER: [&str; 8] = ["告警中", "警示中", "active", "firing", "alerting", "silenced", "inhibited", "suppressed"];

// === impl Alarm ===

impl Alarm {
    /// Takes from `other` what is not told here.
    pub(super) fn complete(&mut self, other: Self) {
        let Self { name, title, level, status, target, summary, description, began, ended, url, .. } = self;
        for (mine, its) in [
            (name, other.name),
            (title, other.title),
            (level, other.level),
            (status, other.status),
            (target, other.target),
            (summary, other.summary),
            (description, other.description),
            (began, other.began),
            (ended, other.ended),
            (url, other.url),
            (&mut self.id, other.id),
            (&mut self.count, other.count),
            (&mut self.grouped_by, other.grouped_by),
        ] {
            if mine.is_empty() {
                *mine = its;
            }
        }
        self.recovered |= other.recovered;
        for (name, value) in other.more {
            self.more.entry(name).or_insert(value);
        }
    }

    /// It as what is told; `text` is all that was said, in case that nothing in it could be understood.
    pub(super) fn event(mut self, text: &str, zone: &Zone) -> Event {
        let resolved = self.is_over();
        let name = self.known_name();
        let title = std::mem::take(&mut self.title);
        let began = time(&self.began, zone);
        let ended = if resolved { time(&self.ended, zone) } else { String::new() };
        if self.summary.is_empty() && self.description.is_empty() {
            // People who are called are not part of it.
            let said: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('@')).collect();
            said.join("\n").trim().clone_into(&mut self.description);
        }
        let told = first_of([&self.description, &self.summary]);
        let what = match (name.as_str(), title.as_str()) {
            // A title may be the same for all alarms. Of recoveries hardly any lacks its name without having it there.
            ("", title) if resolved && !title.is_empty() => title.to_owned(),
            ("", title) => format!("{title}\n{told}"),
            (name, _) => name.to_owned(),
        };
        let state = match (resolved, name.as_str()) {
            (true, "") => format!("over\n{ended}\n{told}"),
            (true, _) => format!("over\n{ended}"),
            (false, _) => format!("{}\n{}\n{}", self.level, first_of([&began, &self.id, &self.url]), self.count),
        };
        let key = match () {
            () if name.is_empty() && self.target.is_empty() => text.trim().to_owned(),
            () if self.is_several() => format!("{what}\n{}\nseveral\n{}", self.target, self.grouped_by),
            () => format!("{what}\n{}", self.target),
        };
        let mut labels = std::mem::take(&mut self.more);
        put(&mut labels, "level", &self.level);
        put(&mut labels, "alarmId", &self.id);
        put(&mut labels, "count", &self.count);
        put(&mut labels, "groupBy", &self.grouped_by);
        Event {
            title: first_of([&name, &title, &headline(&told, TITLE_CHARS)]),
            object: self.target,
            resolved,
            severity: severity(&self.level),
            summary: self.summary,
            description: self.description,
            starts_at: began,
            ends_at: ended,
            url: self.url,
            labels,
            key,
            state,
            ..Event::default()
        }
    }

    /// Whether it is over: its words tell, else its state's name, else that it has an end.
    fn is_over(&self) -> bool {
        let status = self.status.to_lowercase();
        let is = |words: &[&str]| words.contains(&status.trim());
        self.recovered || is(&OVER) || (!is(&NOT_OVER) && present(&self.ended).is_some())
    }

    /// Whether it was put together of several.
    fn is_several(&self) -> bool {
        !self.count.is_empty() || !self.grouped_by.is_empty()
    }

    /// The rule's name: as it is told, else as its details or its summary have it.
    fn known_name(&self) -> String {
        let texts = [&self.description, &self.summary];
        let found = texts.into_iter().find_map(|text| named_in(text, &self.target));
        tidy(&first_of([&self.name, found.unwrap_or_default()])).to_owned()
    }
}

/// The name that a text of OCP's own rules has in it: behind "告警：", in brackets before "集群：…" or the object, or behind
/// the object.
fn named_in<'a>(text: &'a str, target: &str) -> Option<&'a str> {
    let text = text.trim();
    let bracketed = || {
        let (name, rest) = text.strip_prefix('[')?.split_once(']')?;
        let rest = rest.trim_start_matches([';', ' ']);
        (rest == target || clause(rest).contains([':', '：'])).then_some(name)
    };
    let said = || {
        let found = BEFORE_NAME.iter().filter_map(|before| {
            let (head, rest) = text.split_once(before)?;
            let begins = head.is_empty() || head.ends_with([' ', ',', '，', '.', '。', ';', '；', '\n']);
            begins.then_some((head.len(), clause(rest)))
        });
        found.min_by_key(|(at, _)| *at).map(|(_, name)| name)
    };
    let behind = || {
        let target = present(target)?;
        text.strip_prefix(target).map(|rest| clause(rest.trim_start_matches(['.', '。', ' '])))
    };
    let name = bracketed().or_else(said).or_else(behind)?;
    present(tidy(name)).filter(|name| name.chars().count() <= NAME_CHARS)
}

/// A text up to where its first part ends.
fn clause(text: &str) -> &str {
    let end = text.char_indices().find(|(at, c)| match c {
        ',' | '，' | '。' | ';' | '；' | '\n' => true,
        // `v4.2` goes on.
        '.' => text[at + 1..].starts_with(char::is_whitespace),
        _ => false,
    });
    text[..end.map_or(text.len(), |(at, _)| at)].trim()
}

/// A name without what ends a sentence.
fn tidy(name: &str) -> &str {
    name.trim().trim_end_matches(['.', '。']).trim_end()
}

/// How bad a level is: numbers from 1, the worst, to 5, or words.
fn severity(level: &str) -> Option<Severity> {
    match level.trim() {
        "1" | "2" => Some(Severity::Critical),
        "3" => Some(Severity::Warning),
        "4" | "5" => Some(Severity::Info),
        word => level::severity(word),
    }
}

/// How long something lasted, as `6m8s`; OCP writes ISO 8601 (`PT6M8.301194S`) or seconds. What is neither stays as it is.
pub(super) fn span(text: &str) -> String {
    let seconds = text.trim().parse::<u32>().map(i64::from).ok();
    let Some(seconds) = seconds.or_else(|| text.trim().parse::<SignedDuration>().ok().map(|span| span.as_secs()))
    else {
        return text.to_owned();
    };
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let told: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if told.is_empty() { "0s".to_owned() } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_the_words_of_rules() {
        let target = "ob_cluster=c1:tenant_name=t1";
        for (text, name) in [
            (
                "集群：c1，租户：t1，告警：OceanBase 租户线程使用率超限。租户线程使用率 96.0 % 超过 95.0 %。",
                Some("OceanBase 租户线程使用率超限"),
            ),
            (
                "告警：OceanBase 租户线程使用率超限，OceanBase 租户线程使用率：93 %",
                Some("OceanBase 租户线程使用率超限"),
            ),
            ("告警：OceanBase 租户存在慢 SQL", Some("OceanBase 租户存在慢 SQL")),
            ("Cluster: c1. Tenant: t1. Alert: Too many threads. The usage is 96.0%.", Some("Too many threads")),
            ("Cluster: c1, Host:192.0.2.11, Alert: Disk v4.2 is full. More.", Some("Disk v4.2 is full")),
            ("[OBServer 程序日志] 集群：c1，主机：192.0.2.11，日志详情=告警：x", Some("OBServer 程序日志")),
            ("[OBServer log]; Cluster: c1; Host: 192.0.2.11", Some("OBServer log")),
            ("ob_cluster=c1:tenant_name=t1 exporter进程数量不够, 部署服务 OB_PROXY", Some("exporter进程数量不够")),
            ("ob_cluster=c1:tenant_name=t1. The usage is high.", Some("The usage is high")),
            ("集群：c1，租户：t1 存在长事务。会话 ID：3221635048。", None),
            ("[OBServer log] ob_cluster=c1:tenant_name=t1", Some("OBServer log")),
            ("[observer.log] ERROR \"ret=-4016\" in ob_x.cpp", None),
            ("无告警：x", None),
            ("告警：，x", None),
            ("", None),
        ] {
            assert_eq!(named_in(text, target), name, "{text}");
        }
        assert_eq!(named_in("exporter down", ""), None);
    }

    #[test]
    fn levels_are_numbers_or_words_of_three_languages() {
        use Severity::{Critical, Info, Warning};
        for (words, expected) in [
            (["1", "停服", "Down", "Stopped"], Critical),
            (["2", "严重", "嚴重", "Critical"], Critical),
            (["3", "警告", "Alert", "Warning"], Warning),
            (["4", "注意", "Caution", " caution "], Info),
            (["5", "提醒", "Info", "Reminder"], Info),
        ] {
            assert!(words.iter().all(|word| severity(word) == Some(expected)), "{words:?}");
        }
        assert_eq!(severity("Notice"), Some(Info));
        assert_eq!(severity("6"), None);
        assert_eq!(severity(""), None);
    }

    #[test]
    fn spans_are_short() {
        for (text, told) in [
            ("PT6M8.301194S", "6m8s"),
            ("PT26H", "26h"),
            ("PT0.2S", "0s"),
            ("368", "6m8s"),
            ("-1", "-1"),
            ("soon", "soon"),
        ] {
            assert_eq!(span(text), told);
        }
    }
}
