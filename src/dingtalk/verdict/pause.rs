//! How long a throttle lasts, if it says so.

use std::time::Duration;

use serde_json::Value;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// The ban of an address, when it does not say how long: DingTalk documents five minutes.
const BAN_MINUTES: f64 = 5.0;

/// The pause that the ban of an address asks for. The unit of its `wait` is not documented; 5 is what is seen, and
/// five minutes what the documentation says.
pub(super) fn of_ban(answer: &Value) -> Duration {
    minutes(wait(answer).unwrap_or(BAN_MINUTES))
}

/// The pause that a throttle of a robot tells: its `wait` in minutes, or "retry after 30 s" in its text, which must be
/// lower-case. At least a second, at most an hour.
pub(super) fn told(answer: &Value, text: &str) -> Option<Duration> {
    let wait = wait(answer).map(minutes);
    wait.or_else(|| in_words(text)).map(|pause| pause.clamp(Duration::from_secs(1), Duration::from_secs(3_600)))
}

fn wait(answer: &Value) -> Option<f64> {
    match answer.get("wait")? {
        Value::String(text) => text.trim().parse().ok().filter(|minutes: &f64| minutes.is_finite()),
        number => number.as_f64(),
    }
}

fn minutes(minutes: f64) -> Duration {
    Duration::from_secs_f64(minutes.clamp(1.0, 60.0) * 60.0)
}

/// The first number with a unit of time, in a text that speaks of waiting. "20 times per 1 minute" is the limit, not
/// the pause.
fn in_words(text: &str) -> Option<Duration> {
    const SPEAKS: [&str; 6] = ["retry", "again", "wait", "重试", "再试", "等待"];
    if !SPEAKS.iter().any(|word| text.contains(word)) {
        return None;
    }
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        rest = after;
        let limit = before.trim_end().ends_with("per") || before.trim_end().ends_with('每');
        if let (false, Ok(number), Some(unit)) = (limit, number.parse::<u64>(), unit(after.trim_start())) {
            return Some(Duration::from_millis(number.saturating_mul(unit)));
        }
    }
    None
}

/// The milliseconds of the unit that a text begins with.
fn unit(text: &str) -> Option<u64> {
    let word = text.find(|c: char| !c.is_ascii_alphabetic()).map_or(text, |end| &text[..end]);
    match word {
        "ms" | "millis" | "millisecond" | "milliseconds" => Some(1),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(MINUTE),
        "h" | "hour" | "hours" => Some(HOUR),
        "" if text.starts_with("毫秒") => Some(1),
        "" if text.starts_with('秒') => Some(SECOND),
        "" if text.starts_with('分') => Some(MINUTE),
        "" if text.starts_with("小时") || text.starts_with("个小时") => Some(HOUR),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_text_says() {
        let cases = [
            ("retry after 30 s", Some(30)),
            ("exceed 20 times per minute, please wait 10 minutes", Some(600)),
            ("20 messages per 1 minute, try again in 45sec", Some(45)),
            ("发送速度太快，每 1 分钟最多 20 条，请 5 分钟后重试", Some(300)),
            ("请等待90秒", Some(90)),
            ("retry in 5 ms", Some(1)),
            ("retry after 99999999999999999999 h or 3 days or 999 hours", Some(3600)),
            ("wait", None),
            ("retry: 20 messages", None),
            ("send too fast, exceed 20 times per minute", None),
            ("limit of 10 minutes", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(told(&Value::Null, text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn wait_is_minutes_within_an_hour() {
        let cases = [("5", 300), ("\"7\"", 420), ("0", 60), ("-3", 60), ("1e300", 3600), ("\"x\"", 300), ("null", 300)];
        for (wait, seconds) in cases {
            let answer: Value = serde_json::from_str(&format!("{{\"wait\":{wait}}}")).unwrap();
            assert_eq!(of_ban(&answer), Duration::from_secs(seconds), "{wait}");
        }
        assert_eq!(of_ban(&serde_json::json!({})), Duration::from_secs(300));
        assert_eq!(told(&serde_json::json!({"wait": 2}), ""), Some(Duration::from_secs(120)));
    }
}
