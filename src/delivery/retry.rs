//! What an answer leads to. Pure but for the jitter.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::clock::{Timestamp, later};
use crate::dingtalk::{self, Misconfiguration, RobotId, Verdict};
use crate::outbox::{Fate, Form, Pause, Scope, Standing};

/// The first wait between two attempts of one message.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest wait between two attempts of one message.
const LAST_RETRY: Duration = Duration::from_secs(5 * 60);

/// How long a misconfigured robot is left alone at first; then twice as long each time.
const FIRST_PROBE: Duration = Duration::from_secs(60);

/// The longest time between two probes of a misconfigured robot.
const LAST_PROBE: Duration = Duration::from_secs(30 * 60);

/// The attempt that an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// How often the plan was tried, this attempt included.
    pub attempts: u32,
    /// How the entry was rendered.
    pub form: Form,
    /// The robot that was called.
    pub robot: RobotId,
    /// Its host.
    pub host: String,
    /// How often in a row the robot has been paused before.
    pub strikes: u32,
}

/// Decides what becomes of the entry and of the robot.
///
/// Only an answer that proves that nothing was delivered thaws a plan; otherwise the same bytes go again, so that
/// DingTalk can drop a second copy.
pub fn conclude(verdict: &Verdict, attempt: &Attempt, now: Timestamp) -> (Fate, Standing) {
    let robot = Scope::Robot(attempt.robot);
    let host = Scope::Host(attempt.host.clone());
    match verdict {
        Verdict::Delivered => (Fate::Delivered, Standing::Healthy(vec![robot, host])),
        Verdict::Retry(..) => {
            (Fate::Again(later(now, backoff(FIRST_RETRY, LAST_RETRY, attempt.attempts))), Standing::Unchanged)
        }
        Verdict::Throttled { scope, pause, .. } => {
            let scope = match scope {
                dingtalk::Scope::Robot => robot,
                dingtalk::Scope::Host => host,
            };
            let pause = Pause { until: later(now, *pause), strikes: 0 };
            (Fate::Thawed(attempt.form, now), Standing::Paused(scope, pause))
        }
        // One message may lack the keyword while others have it, so the message is blamed first.
        Verdict::Misconfigured(Misconfiguration::Keyword, _) if attempt.form == Form::Full => {
            (Fate::Thawed(Form::Plain, now), Standing::Unchanged)
        }
        // The answer's date has corrected the next signature's time.
        Verdict::Misconfigured(Misconfiguration::Clock, _) if attempt.attempts == 1 => {
            (Fate::Again(now), Standing::Unchanged)
        }
        Verdict::Misconfigured(what, _) => {
            let strikes = attempt.strikes.saturating_add(1);
            let until = later(now, backoff(FIRST_PROBE, LAST_PROBE, strikes));
            // The probe should be another message where this one may be all that the robot does not like.
            let not_before = if *what == Misconfiguration::Keyword { later(until, FIRST_RETRY) } else { now };
            (Fate::Thawed(attempt.form, not_before), Standing::Paused(robot, Pause { until, strikes }))
        }
        Verdict::Rejected(..) if attempt.form == Form::Full => (Fate::Thawed(Form::Plain, now), Standing::Unchanged),
        Verdict::Rejected(..) => (Fate::Dead(verdict.to_string()), Standing::Unchanged),
    }
}

/// How long to wait after the `count`th failure: twice as long each time, with up to as much again at random, so
/// that what failed together is not tried together.
fn backoff(first: Duration, longest: Duration, count: u32) -> Duration {
    let delays = ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_delay(longest / 2)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times();
    delays.build().nth(count.saturating_sub(1).min(16) as usize).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::clock::from_millis;
    use crate::dingtalk::{Outcome, verdict};

    const NOW: i64 = 1_000_000;

    fn answered(body: &str) -> Verdict {
        verdict(&Outcome::Answer { status: 200, body: Bytes::copy_from_slice(body.as_bytes()) })
    }

    fn attempt(form: Form, attempts: u32, strikes: u32) -> Attempt {
        Attempt { attempts, form, robot: RobotId::from_bytes([7; 16]), host: "oapi.dingtalk.com".into(), strikes }
    }

    fn concluded(body: &str, attempt: &Attempt) -> (Fate, Standing) {
        conclude(&answered(body), attempt, from_millis(NOW))
    }

    fn seconds_from_now(time: Timestamp) -> i64 {
        (time.as_millisecond() - NOW) / 1000
    }

    #[test]
    fn a_delivery_lifts_the_pauses_of_robot_and_host() {
        let robot = Scope::Robot(RobotId::from_bytes([7; 16]));
        let healthy = Standing::Healthy(vec![robot, Scope::Host("oapi.dingtalk.com".into())]);
        assert_eq!(concluded(r#"{"errcode":0}"#, &attempt(Form::Full, 3, 2)), (Fate::Delivered, healthy));
    }

    #[test]
    fn what_may_have_arrived_goes_again_as_it_is() {
        for (attempts, shortest, longest) in [(1, 1, 2), (2, 2, 4), (5, 16, 32), (1000, 150, 300)] {
            let (fate, standing) = concluded(r#"{"errcode":-1}"#, &attempt(Form::Full, attempts, 0));
            let Fate::Again(at) = fate else { panic!("{fate:?}") };
            assert!((shortest..=longest).contains(&seconds_from_now(at)), "{attempts}: {at}");
            assert_eq!(standing, Standing::Unchanged);
        }
    }

    #[test]
    fn a_throttle_thaws_the_message_and_freezes_who_is_throttled() {
        let robot = attempt(Form::Full, 1, 0);
        let (fate, standing) = concluded(r#"{"errcode":660026}"#, &robot);
        assert_eq!(fate, Fate::Thawed(Form::Full, from_millis(NOW)));
        let pause = |seconds: i64| Pause { until: from_millis(NOW + seconds * 1000), strikes: 0 };
        assert_eq!(standing, Standing::Paused(Scope::Robot(robot.robot), pause(600)));
        let (_, standing) = concluded(r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#, &robot);
        assert_eq!(standing, Standing::Paused(Scope::Host(robot.host), pause(300)));
    }

    #[test]
    fn a_misconfigured_robot_is_probed_less_and_less_often() {
        for (strikes, shortest, longest) in [(0, 60, 120), (1, 120, 240), (9, 900, 1800)] {
            let (fate, standing) = concluded(r#"{"errcode":300005}"#, &attempt(Form::Full, 1, strikes));
            let Standing::Paused(Scope::Robot(_), pause) = standing else { panic!("{standing:?}") };
            assert!((shortest..=longest).contains(&seconds_from_now(pause.until)), "{strikes}: {pause:?}");
            assert_eq!(pause.strikes, strikes + 1);
            assert_eq!(fate, Fate::Thawed(Form::Full, from_millis(NOW)));
        }
    }

    #[test]
    fn a_missing_keyword_is_the_messages_fault_first() {
        let keyword = r#"{"errcode":310000,"errmsg":"keywords not in content"}"#;
        let (fate, standing) = concluded(keyword, &attempt(Form::Full, 1, 0));
        assert_eq!((fate, standing), (Fate::Thawed(Form::Plain, from_millis(NOW)), Standing::Unchanged));
        let (fate, standing) = concluded(keyword, &attempt(Form::Plain, 1, 0));
        let Standing::Paused(Scope::Robot(_), pause) = standing else { panic!("{standing:?}") };
        assert!(matches!(fate, Fate::Thawed(Form::Plain, at) if at > pause.until), "another goes first: {fate:?}");
    }

    #[test]
    fn a_wrong_clock_is_corrected_by_the_answer_and_tried_again_at_once() {
        let expired = r#"{"errcode":310000,"errmsg":"invalid timestamp"}"#;
        let (fate, standing) = concluded(expired, &attempt(Form::Full, 1, 0));
        assert_eq!((fate, standing), (Fate::Again(from_millis(NOW)), Standing::Unchanged));
        let (_, standing) = concluded(expired, &attempt(Form::Full, 2, 0));
        assert!(matches!(standing, Standing::Paused(..)), "{standing:?}");
    }

    #[test]
    fn what_dingtalk_rejects_goes_once_more_in_plain_text_and_then_dies() {
        let unsafe_link = r#"{"errcode":430101,"errmsg":"x"}"#;
        let (fate, standing) = concluded(unsafe_link, &attempt(Form::Full, 1, 0));
        assert_eq!((fate, standing), (Fate::Thawed(Form::Plain, from_millis(NOW)), Standing::Unchanged));
        let (fate, standing) = concluded(unsafe_link, &attempt(Form::Plain, 1, 0));
        assert!(matches!(&fate, Fate::Dead(reason) if reason.contains("430101")), "{fate:?}");
        assert_eq!(standing, Standing::Unchanged);
    }
}
