//! The robots of a target: where each is called, what signs its calls, how many messages it may be sent.

use super::credential::credential;
use super::fields::{Field, Section};
use super::target::Defaults;
use super::value::rate_limit;
use crate::clock;
use crate::delivery::{Address, Robot};
use crate::dingtalk::{RobotId, Webhook};
use crate::outbox::pace::RateLimit;

/// What a `url` is for the built-in stand-in.
const SANDBOX: &str = "sandbox";

/// As many robots as one target may have.
const MAX_ROBOTS: usize = 20;

/// As many limits as one robot may have; each is looked at for every message.
const MAX_LIMITS: usize = 10;

/// The robots of a target: the one of its own `url`, or those of `robots`. None only beside a finding.
pub(super) fn read(target: &Section<'_>, defaults: &Defaults<'_>) -> Vec<Robot> {
    match target.get("robots") {
        Some(pool) => read_pool(target, &pool, defaults),
        None => read_robot(target, defaults).into_iter().collect(),
    }
}

fn read_pool(target: &Section<'_>, pool: &Field<'_>, defaults: &Defaults<'_>) -> Vec<Robot> {
    for key in ["url", "url_file", "secret", "secret_file", "rate_limit"] {
        if let Some(field) = target.get(key) {
            field.fail("stands beside `robots`; move it into one of them");
        }
    }
    let Some(fields) = pool.list() else { return Vec::new() };
    if fields.is_empty() {
        pool.fail("expected a robot: copy the webhook URL from its settings into `url`");
    }
    if fields.len() > MAX_ROBOTS {
        pool.fail(format!("expected at most {MAX_ROBOTS} robots; give the rest to another target"));
    }
    let robots: Vec<_> = fields.iter().map(|field| read_pooled(field, defaults)).collect();
    refuse_twins(&fields, &robots);
    let robots: Vec<_> = robots.into_iter().flatten().collect();
    // The stand-in knows a target by its name, not its robots, and what it gets reaches nobody.
    if fields.len() > 1 && robots.iter().any(Robot::is_sandbox) {
        pool.fail(
            "`url: sandbox` cannot be one of several robots, what it gets reaches nobody; remove it or the others",
        );
    }
    robots
}

fn read_pooled(field: &Field<'_>, defaults: &Defaults<'_>) -> Option<Robot> {
    let section = field.section()?;
    let robot = read_robot(&section, defaults);
    if let Some(keyword) = section.get("keyword") {
        keyword.fail("stands in a robot; move it beside `robots`, it is put into every message");
    }
    section.finish();
    robot
}

/// Refuses robots that are already there: the pool would seem to have more room than DingTalk gives it.
fn refuse_twins(fields: &[Field<'_>], robots: &[Option<Robot>]) {
    let id = |robot: &Option<Robot>| robot.as_ref()?.webhook("", None).ok().map(|webhook| webhook.robot_id());
    let ids: Vec<Option<RobotId>> = robots.iter().map(id).collect();
    for (at, field) in fields.iter().enumerate() {
        let twin = ids[..at].iter().position(|other| other.is_some() && *other == ids[at]);
        if let Some(twin) = twin {
            field.fail(format!("the same robot as `robots[{twin}]`; remove it, or copy the URL of another robot"));
        }
    }
}

fn read_robot(section: &Section<'_>, defaults: &Defaults<'_>) -> Option<Robot> {
    let allow_http = defaults.allow_http;
    let secret = credential(section, "secret", "secret_file", defaults.folder).map(|(source, _)| source);
    let limits = limits(section);
    let field = section.get("url").or_else(|| section.get("url_file"));
    let Some((url, written)) = credential(section, "url", "url_file", defaults.folder) else {
        if field.is_none() {
            section.fail("no `url`: copy the webhook URL from the robot's settings, or write `url: sandbox` to try");
        }
        return None;
    };
    let field = field?;
    if written && url.read().expose() == SANDBOX {
        field.warn("messages go to the built-in stand-in: nobody is told");
        return Some(Robot { address: Address::Sandbox, secret, limits });
    }
    if let Err(error) = Webhook::parse(url.read().expose(), allow_http) {
        field.fail(error.to_string());
        return None;
    }
    Some(Robot { address: Address::Webhook { url, allow_http }, secret, limits })
}

fn limits(section: &Section<'_>) -> Vec<RateLimit> {
    let Some(field) = section.get("rate_limit") else { return vec![RateLimit::DINGTALK] };
    let fields = field.one_or_many().unwrap_or_default();
    let limits: Vec<_> = fields.iter().filter_map(|field| Some((field, field.parse(rate_limit)?))).collect();
    let within = |limit: &RateLimit| most(limit, &RateLimit::DINGTALK) <= RateLimit::DINGTALK.messages.into();
    if fields.is_empty() {
        field.fail("expected at least one limit, such as 20/1m");
    } else if fields.len() > MAX_LIMITS {
        field.fail(format!("expected at most {MAX_LIMITS} limits; keep those that are reached first"));
    } else if !limits.is_empty() && !limits.iter().any(|(_, limit)| within(limit)) {
        field.warn("more than DingTalk's 20 messages a minute: it bans a robot that exceeds them for ten minutes");
    }
    compare(&limits);
    limits.into_iter().map(|(_, limit)| limit).collect()
}

/// Finds limits that contradict another one, and those that can never be reached because of another one.
fn compare(limits: &[(&Field<'_>, RateLimit)]) {
    for (at, (field, limit)) in limits.iter().enumerate() {
        let period = clock::show(limit.period);
        if let Some((_, other)) = limits[..at].iter().find(|(_, other)| other.period == limit.period) {
            let lower = if other.messages < limit.messages { other } else { limit };
            field.fail(format!("a second limit for {period}; one is enough: {lower}"));
            continue;
        }
        let mut others = limits.iter().map(|(_, other)| other).filter(|other| other.period != limit.period);
        if let Some(other) = others.find(|other| most(other, limit) <= limit.messages.into()) {
            let most = most(other, limit);
            field.warn(format!("has no effect: {other} lets no more than {most} through in {period}"));
        }
    }
}

/// How many messages `limit` lets through in the period of `other` at the most.
fn most(limit: &RateLimit, other: &RateLimit) -> u128 {
    u128::from(limit.messages) * other.period.as_nanos().div_ceil(limit.period.as_nanos())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_limit_lets_as_many_through_as_fit_into_its_periods() {
        let limit = |messages, seconds| RateLimit { messages, period: Duration::from_secs(seconds) };
        assert_eq!(most(&limit(20, 60), &limit(1, 3600)), 1200);
        assert_eq!(most(&limit(20, 60), &limit(1, 61)), 40);
        assert_eq!(most(&limit(100, 3600), &limit(1, 60)), 100);
        assert_eq!(most(&limit(u32::MAX, 1), &limit(1, 86_400)), u128::from(u32::MAX) * 86_400);
    }
}
