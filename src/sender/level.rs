//! How bad it is, in the words of every sender, English and Chinese.

use crate::notification::Severity;

/// The words that mean each severity, in lower case. Numbers are not among them: each system counts its own way.
const WORDS: [(Severity, &[&str]); 3] = [
    (
        Severity::Critical,
        &[
            "critical",
            "fatal",
            "emergency",
            "emerg",
            "disaster",
            "down",
            "stopped",
            "page",
            "p0",
            "p1",
            "high",
            "crit",
            "停服",
            "严重",
            "嚴重",
            "紧急",
            "緊急",
            "致命",
            "灾难",
            "危险",
            "一级",
            "高",
        ],
    ),
    (
        Severity::Warning,
        &[
            "warning", "warn", "error", "alert", "average", "major", "medium", "p2", "p3", "警告", "告警", "重要",
            "主要", "一般", "错误", "二级", "中",
        ],
    ),
    (
        Severity::Info,
        &[
            "info",
            "information",
            "informational",
            "notice",
            "caution",
            "reminder",
            "report",
            "normal",
            "minor",
            "low",
            "none",
            "debug",
            "not classified",
            "p4",
            "p5",
            "注意",
            "提醒",
            "提示",
            "信息",
            "通知",
            "次要",
            "三级",
            "低",
        ],
    ),
];

/// What a word means; `None` when no sender is known to use it.
pub(super) fn severity(word: &str) -> Option<Severity> {
    let word = word.trim().to_lowercase();
    WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(severity, _)| *severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_languages_mean_the_same() {
        for (word, level) in [
            ("CRITICAL", Some(Severity::Critical)),
            ("停服", Some(Severity::Critical)),
            (" Warn ", Some(Severity::Warning)),
            ("警告", Some(Severity::Warning)),
            ("Caution", Some(Severity::Info)),
            ("Not classified", Some(Severity::Info)),
            ("注意", Some(Severity::Info)),
            ("OK", None),
            ("", None),
        ] {
            assert_eq!(severity(word), level, "{word}");
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let mut words: Vec<&str> = WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        assert!(words.iter().all(|word| *word == word.to_lowercase()));
    }
}
