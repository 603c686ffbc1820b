//! What is frozen, sent and settled.

use std::sync::Arc;

use uuid::Uuid;

use super::entry::{Form, Offer};
use super::pace::{Pace, RateLimit, Share};
use crate::clock::Timestamp;
use crate::dingtalk::RobotId;

/// A plan as scheduling sees it: the message of it that is sent next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Its number, that of its oldest member.
    pub plan: i64,
    /// Who has to bring it, because it may have arrived already; `None` when any robot may.
    pub robot: Option<RobotId>,
    /// When it may be tried next.
    pub not_before: Timestamp,
}

/// A message of a plan as it is sent, the same at every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
    /// DingTalk drops a second message of the same `msgUuid`.
    pub msg_uuid: Uuid,
    /// The bytes on the wire.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// A lane's wish to send the next part of a plan now.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The plan.
    pub plan: i64,
    /// What the plan is frozen into, when it is new.
    pub fresh: Option<Fresh>,
    /// The part that is sent.
    pub part: u32,
    /// By whom.
    pub robot: RobotId,
    /// The robot's limits.
    pub limits: Vec<RateLimit>,
    /// Which part of its windows may be used.
    pub share: Share,
    /// Whether DingTalk counts the call.
    pub counted: bool,
}

/// A plan before its first attempt.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The entries that it tells, the oldest first.
    pub members: Vec<i64>,
    /// Its messages, each under a `msgUuid` of its own.
    pub parts: Vec<(Uuid, String)>,
}

/// The answer to a [`Reservation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// The plan is frozen and the slot taken: send it.
    Slot {
        /// The slot, to be settled.
        slot: i64,
        /// The calls of this month, this one included.
        calls: u64,
    },
    /// There is no room for all of it, because another lane was faster; nothing has changed.
    Busy(Pace),
}

/// How an attempt, or the wait for one, ended.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The target.
    pub target: Arc<str>,
    /// The plan; the number of the entry when there was none.
    pub plan: i64,
    /// The entries that it tells.
    pub members: Vec<i64>,
    /// The message that was tried, and how.
    pub call: Option<Call>,
    /// What becomes of the entries.
    pub fate: Fate,
    /// What was learnt about the robot or its host.
    pub standing: Standing,
}

/// A call that has ended.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who was called.
    pub robot: RobotId,
    /// The slot that it took.
    pub slot: i64,
    /// Which part was sent.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
    /// Under which `msgUuid`.
    pub msg_uuid: Uuid,
    /// How often it was sent, this time included.
    pub attempts: u32,
    /// Whether DingTalk counts it.
    pub counted: bool,
    /// What was answered, when that did not deliver.
    pub failure: Option<String>,
}

/// What becomes of a plan, or of entries without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// DingTalk took this part; with the last one the entries are delivered.
    Delivered,
    /// It may or may not have arrived: the same bytes again by the same robot, not before that time.
    Again(Timestamp),
    /// This part did not arrive, but others did: the same bytes again, by any robot.
    Moved,
    /// Nothing of it arrived: the entries are told anew, in that form, not before that time.
    Thawed(Form, Timestamp),
    /// Nothing of it can arrive as it is: the entries are told apart, so that one of them does not stop the others.
    Split(Vec<Vec<i64>>),
    /// It can never arrive, for this reason.
    Dead(String),
}

/// What an attempt tells about the robot or its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Unchanged,
    /// They work: pauses are lifted.
    Healthy(Vec<Scope>),
    /// Too much was sent, by whomever: not before that time.
    Throttled(Scope, Timestamp),
    /// The calls of the month are used up: not before that time.
    UsedUp(Scope, Timestamp),
    /// Nothing passes the robot until somebody changes a setting.
    Misconfigured(Scope, Pause),
}

/// What a pause is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One robot.
    Robot(RobotId),
    /// Every robot of a host.
    Host(String),
}

/// A time during which a robot or host is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When it is tried again.
    pub until: Timestamp,
    /// How often in a row the robot was found misconfigured, this time included; 0 for a throttle or a ban, which no
    /// change of the configuration ends.
    pub strikes: u32,
}

/// An entry told to another target as well.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The entry.
    pub seq: i64,
    /// Its group at its own target.
    pub group: crate::notification::GroupId,
    /// What the other target is told.
    pub offer: Offer,
    /// Whether it is told there at once, or with whatever else was missed.
    pub at_once: bool,
}

/// How many calls a month has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// How many.
    pub count: u64,
    /// Whether DingTalk said that they are used up.
    pub used_up: bool,
}

// === impl Scope ===

impl Scope {
    pub(super) fn key(&self) -> String {
        match self {
            Self::Robot(robot) => format!("robot {robot:?}"),
            Self::Host(host) => format!("host {host}"),
        }
    }
}

// === impl Standing ===

impl Standing {
    /// Who is left alone, and for how long.
    pub fn pause(&self) -> Option<(&Scope, Pause)> {
        match self {
            Self::Unchanged | Self::Healthy(_) => None,
            Self::Throttled(scope, until) | Self::UsedUp(scope, until) => {
                Some((scope, Pause { until: *until, strikes: 0 }))
            }
            Self::Misconfigured(scope, pause) => Some((scope, *pause)),
        }
    }
}
