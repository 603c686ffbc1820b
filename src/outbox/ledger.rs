//! Each robot's ledger: what it was sent lately, and whether it is left alone for a while.
//!
//! The rows are the truth; this is their mirror in memory, changed together with them by the writer and read by the
//! lanes. It belongs to the robot, not to the target, because several targets may share one.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::pace::{self, Pace, RateLimit, Slot};
use super::{Pause, Scope};
use crate::clock::{Timestamp, from_millis};
use crate::dingtalk::RobotId;

/// The ledgers of all robots and the pauses of robots and hosts.
#[derive(Debug, Default)]
pub(super) struct Ledgers {
    robots: HashMap<RobotId, Ledger>,
    pauses: HashMap<String, Pause>,
    next_slot: i64,
}

#[derive(Debug, Default)]
struct Ledger {
    slots: Vec<Slot>,
    /// The longest period of any limit that was asked about: targets that share a robot may differ.
    remembers: Duration,
}

// === impl Ledgers ===

impl Ledgers {
    /// Reads the rows at start. A call that was under way when the last run ended counts from its `deadline`: what the
    /// system has taken of it goes on its way without the bridge. A robot that was misconfigured may have been put right.
    pub(super) fn load(connection: &Connection, deadline: Timestamp) -> rusqlite::Result<Self> {
        connection
            .execute("UPDATE ledger SET settled_at = ?1 WHERE settled_at IS NULL", [deadline.as_millisecond()])?;
        let mut ledgers = Self::default();
        ledgers.forgive(connection)?;
        ledgers.read(connection)?;
        Ok(ledgers)
    }

    /// Ends the pauses of misconfigured robots, and the waits of messages that they did not like.
    pub(super) fn forgive(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute("DELETE FROM pauses WHERE strikes > 0", [])?;
        connection.execute("UPDATE entries SET not_before = accepted_at WHERE not_before > accepted_at", [])?;
        self.pauses.retain(|_, pause| pause.strikes == 0);
        Ok(())
    }

    /// Makes this what the rows say, which also undoes what a failed transaction did here.
    pub(super) fn read(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.robots.values_mut().for_each(|ledger| ledger.slots.clear());
        let mut statement = connection.prepare("SELECT slot, robot, settled_at FROM ledger")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let slot = Slot { id: row.get(0)?, settled_at: row.get::<_, Option<i64>>(2)?.map(from_millis) };
            self.next_slot = self.next_slot.max(slot.id + 1);
            self.robots.entry(RobotId::from_bytes(row.get(1)?)).or_default().slots.push(slot);
        }
        self.pauses.clear();
        let mut statement = connection.prepare("SELECT scope, until, strikes FROM pauses")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.pauses.insert(row.get(0)?, Pause { until: from_millis(row.get(1)?), strikes: row.get(2)? });
        }
        Ok(())
    }

    /// When `robot` may be sent the next message.
    pub(super) fn pace(&mut self, robot: RobotId, limits: &[RateLimit], now: Timestamp) -> Pace {
        let ledger = self.robots.entry(robot).or_default();
        ledger.remembers = ledger.remembers.max(pace::longest(limits));
        pace::pace(ledger.slots.iter(), limits, now)
    }

    /// Takes a slot of `robot`, or says when there is one.
    pub(super) fn reserve(
        &mut self,
        connection: &Connection,
        robot: RobotId,
        limits: &[RateLimit],
        now: Timestamp,
    ) -> rusqlite::Result<Result<i64, Pace>> {
        match self.pace(robot, limits, now) {
            Pace::Free => {}
            busy => return Ok(Err(busy)),
        }
        self.forget_old(connection, robot, now)?;
        let id = self.next_slot;
        connection
            .prepare_cached("INSERT INTO ledger (slot, robot) VALUES (?1, ?2)")?
            .execute(params![id, robot.as_bytes()])?;
        self.next_slot += 1;
        self.robots.entry(robot).or_default().slots.push(Slot { id, settled_at: None });
        Ok(Ok(id))
    }

    /// The call that took `slot` has ended: from now on it counts for one period.
    pub(super) fn settle(
        &mut self,
        connection: &Connection,
        robot: RobotId,
        slot: i64,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached("UPDATE ledger SET settled_at = ?2 WHERE slot = ?1")?
            .execute(params![slot, now.as_millisecond()])?;
        let slots = self.robots.get_mut(&robot).map(|ledger| &mut ledger.slots);
        if let Some(slot) = slots.and_then(|slots| slots.iter_mut().rev().find(|known| known.id == slot)) {
            slot.settled_at = Some(now);
        }
        Ok(())
    }

    /// The pause of a robot or host, over or not: its strikes count until it is lifted.
    pub(super) fn pause(&self, scope: &Scope) -> Option<Pause> {
        self.pauses.get(&scope.key()).copied()
    }

    /// Leaves a robot or host alone until a time.
    pub(super) fn set_pause(&mut self, connection: &Connection, scope: &Scope, pause: Pause) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT OR REPLACE INTO pauses (scope, until, strikes) VALUES (?1, ?2, ?3)")?
            .execute(params![scope.key(), pause.until.as_millisecond(), pause.strikes])?;
        self.pauses.insert(scope.key(), pause);
        Ok(())
    }

    /// A delivery shows that there is nothing wrong any more.
    pub(super) fn lift_pause(&mut self, connection: &Connection, scope: &Scope) -> rusqlite::Result<()> {
        if self.pauses.remove(&scope.key()).is_some() {
            connection.execute("DELETE FROM pauses WHERE scope = ?1", [scope.key()])?;
        }
        Ok(())
    }

    fn forget_old(&mut self, connection: &Connection, robot: RobotId, now: Timestamp) -> rusqlite::Result<()> {
        let Some(ledger) = self.robots.get_mut(&robot) else { return Ok(()) };
        let remembers = ledger.remembers;
        let mut delete = connection.prepare_cached("DELETE FROM ledger WHERE slot = ?1")?;
        let mut deleted = Ok(());
        ledger.slots.retain(|slot| {
            let counts = pace::frees_at(slot, remembers, now).is_none_or(|frees_at| frees_at > now);
            if !counts && deleted.is_ok() {
                deleted = delete.execute([slot.id]).map(drop);
            }
            counts
        });
        deleted
    }
}
