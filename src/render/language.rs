//! The languages that messages are written in, and the words of each that stand in no template.
//!
//! The templates themselves are in `templates/en` and `templates/zh`; those that hold no words are in `templates` and
//! serve both. What the bridge says to whoever runs it, in logs, errors and on the command line, is English.

use super::RenderFailure;
use super::digest::Section;
use crate::notification::{Sender, Severity, Status};

/// What the built-in templates are written in, and what is said without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese, in simplified characters.
    Zh,
}

use Language::{En, Zh};

// === impl Language ===

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [En, Zh];

    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            En => "en",
            Zh => "zh",
        }
    }

    /// The language of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == name)
    }

    // --- words ---

    /// How bad something is, as a heading says it; nothing when it is not known.
    pub(super) fn severity(self, severity: Severity) -> &'static str {
        match (severity, self) {
            (Severity::Critical, En) => "CRITICAL",
            (Severity::Critical, Zh) => "紧急",
            (Severity::Warning, En) => "WARNING",
            (Severity::Warning, Zh) => "警告",
            (Severity::Info, En) => "INFO",
            (Severity::Info, Zh) => "提醒",
            (Severity::Unknown, _) => "",
        }
    }

    /// A state, as a heading says it.
    pub(super) fn status(self, status: Status) -> &'static str {
        match (status, self) {
            (Status::Firing, En) => "FIRING",
            (Status::Firing, Zh) => "告警",
            (Status::Resolved, En) => "RESOLVED",
            (Status::Resolved, Zh) => "恢复",
        }
    }

    /// What an alert without a name is called.
    pub(super) fn alert(self) -> &'static str {
        match self {
            En => "Alert",
            Zh => "告警",
        }
    }

    /// What stands between names.
    pub(super) fn comma(self) -> &'static str {
        match self {
            En => ", ",
            Zh => "、",
        }
    }

    /// What stands in place of an address.
    pub(super) fn link(self) -> &'static str {
        match self {
            En => "(link)",
            Zh => "（链接）",
        }
    }

    /// The link to where an alert comes from.
    pub(super) fn source(self, sender: Sender) -> &'static str {
        let measured = matches!(sender, Sender::Alertmanager | Sender::Grafana);
        match (self, measured) {
            (En, true) => "Source",
            (En, false) => "Details",
            (Zh, true) => "查看图表",
            (Zh, false) => "查看详情",
        }
    }

    /// The link to what to do about an alert.
    pub(super) fn runbook(self) -> &'static str {
        match self {
            En => "Runbook",
            Zh => "处理手册",
        }
    }

    /// The link to the sender.
    pub(super) fn home(self, sender: Sender) -> &'static str {
        match (sender, self) {
            (Sender::Alertmanager, _) => "Alertmanager",
            (Sender::Grafana, _) => "Grafana",
            (_, En) => "Console",
            (_, Zh) => "控制台",
        }
    }

    // --- times ---

    /// A span in its two largest units: `5m`, `1h 2m`; `5 分钟`, `1 小时 2 分钟`.
    pub(super) fn span(self, seconds: i64) -> String {
        let units = [(86_400, "d", "天"), (3_600, "h", "小时"), (60, "m", "分钟"), (1, "s", "秒")];
        let shown = |count: i64, (_, en, zh): (i64, &str, &str)| match self {
            En => format!("{count}{en}"),
            Zh => format!("{count} {zh}"),
        };
        let Some(first) = units.iter().position(|(length, ..)| seconds >= *length) else { return shown(0, units[3]) };
        let (length, ..) = units[first];
        let largest = shown(seconds / length, units[first]);
        match units.get(first + 1).filter(|(next, ..)| seconds % length >= *next) {
            // Nobody says 9 分钟 43 秒.
            Some(next) => format!("{} {}", largest.trim_end_matches('钟'), shown(seconds % length / next.0, *next)),
            None => largest,
        }
    }

    /// That something began at `time` and is not over.
    pub(super) fn since(self, time: &str) -> String {
        match self {
            En => format!("since {time}"),
            Zh => format!("{time} 起"),
        }
    }

    /// When something was and how long it lasted, as far as it is known: `10:02–10:07, lasted 5m`.
    pub(super) fn over(self, when: &str, seconds: Option<i64>) -> String {
        let lasted = seconds.map_or_else(String::new, |seconds| match self {
            En => format!("lasted {}", self.span(seconds)),
            Zh => format!("持续 {}", self.span(seconds)),
        });
        match (when.is_empty() || lasted.is_empty(), self) {
            (true, _) => format!("{when}{lasted}"),
            (false, En) => format!("{when}, {lasted}"),
            (false, Zh) => format!("{when}，{lasted}"),
        }
    }

    // --- what is left out ---

    /// That so many bytes of a text are missing; at least so many when it was `stopped` before its end.
    pub(super) fn cut(self, bytes: usize, stopped: bool) -> String {
        let (count, unit) = if bytes < 1_000 { (bytes, "bytes") } else { (bytes.div_ceil(1_000), "kB") };
        match (self, unit, stopped) {
            (En, "bytes", false) => format!("… {count} bytes more are left out"),
            (En, "bytes", true) => format!("… at least {count} bytes more are left out"),
            (En, _, false) => format!("… {count} kB more is left out"),
            (En, _, true) => format!("… at least {count} kB more is left out"),
            (Zh, "bytes", false) => format!("… 另有 {count} 字节未显示"),
            (Zh, "bytes", true) => format!("… 另有至少 {count} 字节未显示"),
            (Zh, _, false) => format!("… 另有 {count} kB 未显示"),
            (Zh, _, true) => format!("… 另有至少 {count} kB 未显示"),
        }
    }

    /// That so many alerts are in no message.
    pub(super) fn alerts_left_out(self, count: usize) -> String {
        match self {
            En => format!("… {count} more alerts are left out"),
            Zh => format!("… 另有 {count} 条告警未显示"),
        }
    }

    /// That a list goes on.
    pub(super) fn more(self, count: usize) -> String {
        match self {
            En => format!("… {count} more"),
            Zh => format!("… 另有 {count} 条"),
        }
    }

    /// That so many alerts under so many names are only counted.
    pub(super) fn others(self, alerts: usize, names: usize) -> String {
        match self {
            En => format!("… and {alerts} more under {names} names"),
            Zh => format!("… 另有 {names} 类共 {alerts} 条告警"),
        }
    }

    /// That the sender left so many alerts out.
    pub(super) fn truncated(self, count: u64) -> String {
        match self {
            En => format!("{count} more not sent by the sender"),
            Zh => format!("另有 {count} 条发送方未推送"),
        }
    }

    // --- the message of last resort ---

    /// That a template failed, which is why the message is plain.
    pub(super) fn failed(self, failure: &RenderFailure) -> String {
        let RenderFailure { template, line, column, reason } = failure;
        match self {
            En => format!("This message is plain because of its {failure}"),
            Zh if *line == 0 => format!("模板 {template} 出错，本消息为简化格式：{reason}"),
            Zh => format!("模板 {template} 第 {line} 行第 {column} 列出错，本消息为简化格式：{reason}"),
        }
    }

    /// Its title: what became of how many alerts of which names.
    pub(super) fn headline(self, section: Section, count: usize, names: &str) -> String {
        let word = match (section, self) {
            (Section::Firing, _) => self.status(Status::Firing),
            (Section::Resolved, _) => self.status(Status::Resolved),
            (Section::Gone, En) => "CAME AND WENT",
            (Section::Gone, Zh) => "发送前已恢复",
        };
        match self {
            En => format!("[{word}:{count}] {names}").trim_end().to_owned(),
            Zh => format!("【{word}:{count}】{names}"),
        }
    }

    /// Its title when it is about several groups.
    pub(super) fn headline_of_groups(self, section: Section, count: usize, names: &str, groups: usize) -> String {
        let headline = self.headline(section, count, names);
        match self {
            En => format!("{headline} in {groups} groups"),
            Zh => format!("{headline}（共 {groups} 组）"),
        }
    }

    /// What stands above a list of alerts.
    pub(super) fn heading(self, section: Section, count: usize) -> String {
        let words = match (section, self) {
            (Section::Firing, En) => "Firing",
            (Section::Firing, Zh) => "告警中",
            (Section::Resolved, En) => "Resolved",
            (Section::Resolved, Zh) => "已恢复",
            (Section::Gone, En) => "Fired and over before it could be told",
            (Section::Gone, Zh) => "发送前已恢复",
        };
        match self {
            En => format!("{words} ({count})"),
            Zh => format!("{words}（{count}）"),
        }
    }

    /// For whom it is told here.
    pub(super) fn meant_for(self, target: &str) -> String {
        match self {
            En => format!("Meant for {target}, which cannot be reached"),
            Zh => format!("原定发往 {target}，该群无法送达，转至本群"),
        }
    }

    /// How long it waited.
    pub(super) fn delayed(self, seconds: i64) -> String {
        let span = self.span(seconds);
        match self {
            En => format!("Delivered {span} late"),
            Zh => format!("延迟 {span}送达"),
        }
    }

    /// That its request was broken.
    pub(super) fn salvaged(self) -> &'static str {
        match self {
            En => "The request was broken; this is what could be read of it",
            Zh => "请求格式有误，以下为能够识别的内容",
        }
    }

    /// That the requests of some groups were broken.
    pub(super) fn some_salvaged(self) -> &'static str {
        match self {
            En => "Some requests were broken and could be read only in part",
            Zh => "部分请求格式有误，仅识别出部分内容",
        }
    }

    /// How often the same was not told again.
    pub(super) fn repeats(self, count: u64) -> String {
        match (self, count) {
            (En, 1) => "1 identical repeat was held back meanwhile".to_owned(),
            (En, _) => format!("{count} identical repeats were held back meanwhile"),
            (Zh, _) => format!("期间合并 {count} 条重复通知"),
        }
    }

    // --- what the bridge tells of itself ---

    /// That a target, or one of its robots, gets no messages; or that it gets them again.
    pub(crate) fn refused(self, target: &str, robot: Option<usize>, over: bool) -> String {
        match (self, robot, over) {
            (En, None, false) => format!("{target} gets no messages"),
            (En, None, true) => format!("{target} gets messages again"),
            (En, Some(robot), false) => format!("Robot {robot} of {target} takes no messages"),
            (En, Some(robot), true) => format!("Robot {robot} of {target} takes messages again"),
            (Zh, None, false) => format!("{target} 收不到消息"),
            (Zh, None, true) => format!("{target} 已能收到消息"),
            (Zh, Some(robot), false) => format!("{target} 的机器人 {robot} 无法发送消息"),
            (Zh, Some(robot), true) => format!("{target} 的机器人 {robot} 已能发送消息"),
        }
    }

    /// How much of the month's budget is used, and what follows from that.
    pub(crate) fn budget(self, percent: u32, count: u64, monthly: u64) -> [String; 2] {
        match self {
            En => [
                format!("{percent} % of this month's calls to DingTalk are used: {count} of {monthly}"),
                "What is not critical is told less often until the month ends. Raise the quota at DingTalk and \
                 `budget.monthly`, or let fewer alerts through."
                    .to_owned(),
            ],
            Zh => [
                format!("本月钉钉调用量已用 {percent}%：{count}/{monthly}"),
                "月底前非紧急告警将合并发送。请在钉钉提升额度并调大 `budget.monthly`，或减少告警。".to_owned(),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        for (seconds, en, zh) in [
            (0, "0s", "0 秒"),
            (59, "59s", "59 秒"),
            (60, "1m", "1 分钟"),
            (583, "9m 43s", "9 分 43 秒"),
            (3_720, "1h 2m", "1 小时 2 分钟"),
            (3_605, "1h", "1 小时"),
            (273_600, "3d 4h", "3 天 4 小时"),
            (86_400, "1d", "1 天"),
        ] {
            assert_eq!((En.span(seconds).as_str(), Zh.span(seconds).as_str()), (en, zh));
        }
    }

    #[test]
    fn names_come_back() {
        assert_eq!(Language::ALL.map(|language| Language::named(language.as_str())), [Some(En), Some(Zh)]);
        assert_eq!((Language::named("zh-CN"), Language::default()), (None, En));
    }

    #[test]
    fn the_bridge_tells_of_itself() {
        assert_eq!(En.refused("ops", None, false), "ops gets no messages");
        assert_eq!(En.refused("ops", Some(1), true), "Robot 1 of ops takes messages again");
        assert_eq!(Zh.refused("ops", None, true), "ops 已能收到消息");
        assert_eq!(Zh.refused("ops", Some(1), false), "ops 的机器人 1 无法发送消息");
        let [summary, _] = Zh.budget(80, 4_000, 5_000);
        assert_eq!(summary, "本月钉钉调用量已用 80%：4000/5000");
    }

    /// The frame of a message reserves room for the longest mark.
    #[test]
    fn marks_are_short() {
        for language in Language::ALL {
            assert!(language.cut(usize::MAX, true).len() <= 54 && language.cut(999, true).len() <= 54, "{language:?}");
        }
    }
}
