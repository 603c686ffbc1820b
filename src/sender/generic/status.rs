//! Whether it is over, in the words that people use.

/// What is over, in lower case; `0` is Zabbix' recovery.
const OVER: [&str; 30] = [
    "resolved",
    "resolve",
    "recovered",
    "recovery",
    "recover",
    "ok",
    "okay",
    "up",
    "normal",
    "clear",
    "cleared",
    "close",
    "closed",
    "fixed",
    "success",
    "succeeded",
    "healthy",
    "inactive",
    "0",
    "恢复",
    "已恢复",
    "恢复正常",
    "正常",
    "解决",
    "已解决",
    "消除",
    "已消除",
    "关闭",
    "已关闭",
    "成功",
];

/// What lasts, in lower case; `1` is Zabbix' problem.
const LASTS: [&str; 29] = [
    "firing",
    "fire",
    "problem",
    "alert",
    "alerting",
    "alarm",
    "trigger",
    "triggered",
    "open",
    "opened",
    "active",
    "down",
    "error",
    "fail",
    "failed",
    "failure",
    "critical",
    "warning",
    "unhealthy",
    "1",
    "告警",
    "告警中",
    "报警",
    "触发",
    "异常",
    "故障",
    "问题",
    "失败",
    "未恢复",
];

/// Whether a word says that it is over; `None` when it is not known to mean either.
pub(super) fn over(word: &str) -> Option<bool> {
    let word = word.trim().to_lowercase();
    match word.as_str() {
        word if OVER.contains(&word) => Some(true),
        word if LASTS.contains(&word) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_languages_are_known() {
        for (word, known) in [
            ("firing", Some(false)),
            (" PROBLEM ", Some(false)),
            ("1", Some(false)),
            ("告警", Some(false)),
            ("Resolved", Some(true)),
            ("OK", Some(true)),
            ("0", Some(true)),
            ("已恢复", Some(true)),
            ("未恢复", Some(false)),
            ("acknowledged", None),
            ("2", None),
            ("", None),
        ] {
            assert_eq!(over(word), known, "{word}");
        }
    }

    #[test]
    fn no_word_means_both() {
        let mut words: Vec<&str> = OVER.iter().chain(&LASTS).copied().collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        assert!(words.iter().all(|word| *word == word.to_lowercase()));
    }
}
