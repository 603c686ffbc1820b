//! Each robot's ledger: what it was sent lately, and whether it is left alone for a while.
//!
//! The rows are the truth; this is their mirror in memory, changed together with them by the writer and read by the
//! lanes. It belongs to the robot, not to the target, because several targets may share one.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::pace::{self, Pace, RateLimit, Share, Slot, Tempo};
use super::{Calls, Month, Pause, Reservation, Scope};
use crate::clock::{Timestamp, from_millis, later};
use crate::dingtalk::RobotId;

/// The ledgers of all robots and the pauses of robots and hosts.
#[derive(Debug, Default)]
pub(super) struct Ledgers {
    robots: HashMap<RobotId, Ledger>,
    pauses: HashMap<String, Pause>,
    /// By the number of the month.
    calls: HashMap<i64, Calls>,
    next_slot: i64,
}

#[derive(Debug, Default)]
struct Ledger {
    slots: Vec<Slot>,
    /// The longest period of any limit that was asked about: targets that share a robot may differ.
    remembers: Duration,
    /// Until when only half of its limits is trusted.
    halved_until: Option<Timestamp>,
}

/// For how long a robot that somebody else uses too is trusted with half its limits.
const HALVED: Duration = Duration::from_secs(60 * 60);

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

    /// Ends the pauses of misconfigured robots, and the waits for a next attempt: somebody may have put right what was
    /// wrong. The robots' strikes stay until a message arrives, for only that shows it.
    pub(super) fn forgive(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute("UPDATE pauses SET until = 0 WHERE strikes > 0", [])?;
        connection.execute("UPDATE entries SET not_before = accepted_at WHERE not_before > accepted_at", [])?;
        connection.execute("UPDATE parts SET not_before = 0", [])?;
        self.pauses.values_mut().filter(|pause| pause.strikes > 0).for_each(|pause| pause.until = from_millis(0));
        Ok(())
    }

    /// Makes this what the rows say, which also undoes what a failed transaction did here.
    pub(super) fn read(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for ledger in self.robots.values_mut() {
            ledger.slots.clear();
            ledger.halved_until = None;
        }
        let mut statement = connection.prepare("SELECT slot, robot, settled_at FROM ledger")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let slot = Slot { id: row.get(0)?, settled_at: row.get::<_, Option<i64>>(2)?.map(from_millis) };
            self.next_slot = self.next_slot.max(slot.id + 1);
            self.robots.entry(RobotId::from_bytes(row.get(1)?)).or_default().slots.push(slot);
        }
        let mut statement = connection.prepare("SELECT robot, until FROM halved")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let ledger = self.robots.entry(RobotId::from_bytes(row.get(0)?)).or_default();
            ledger.halved_until = Some(from_millis(row.get(1)?));
        }
        self.calls.clear();
        let mut statement = connection.prepare("SELECT month, calls, used_up FROM calls")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.calls.insert(row.get(0)?, Calls { count: row.get(1)?, used_up: row.get(2)? });
        }
        self.pauses.clear();
        let mut statement = connection.prepare("SELECT scope, until, strikes FROM pauses")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.pauses.insert(row.get(0)?, Pause { until: from_millis(row.get(1)?), strikes: row.get(2)? });
        }
        Ok(())
    }

    /// How `robot` stands under its limits, or half of them while somebody else uses it too.
    pub(super) fn tempo(&mut self, robot: RobotId, limits: &[RateLimit], share: Share, now: Timestamp) -> Tempo {
        let ledger = self.robots.entry(robot).or_default();
        ledger.remembers = ledger.remembers.max(pace::longest(limits));
        if ledger.halved_until.is_some_and(|until| until > now) {
            let halved: Vec<_> = limits.iter().map(RateLimit::halved).collect();
            return pace::tempo(ledger.slots.iter(), &halved, share, now);
        }
        pace::tempo(ledger.slots.iter(), limits, share, now)
    }

    /// Takes a slot for the next of `needed` messages if there is room for all of them, else says when to ask again.
    pub(super) fn reserve(
        &mut self,
        connection: &Connection,
        reservation: &Reservation,
        needed: u32,
        now: Timestamp,
    ) -> rusqlite::Result<Result<i64, Pace>> {
        let robot = reservation.robot;
        let tempo = self.tempo(robot, &reservation.limits, reservation.share, now);
        if tempo.free < needed {
            return Ok(Err(tempo.pace));
        }
        self.forget_old(connection, robot, now)?;
        let id = self.next_slot;
        connection
            .prepare_cached("INSERT INTO ledger (slot, robot) VALUES (?1, ?2)")?
            .execute(params![id, robot.as_bytes()])?;
        self.next_slot += 1;
        self.robots.entry(robot).or_default().slots.push(Slot { id, settled_at: None });
        if reservation.counted {
            self.count_call(connection, Month::of(now))?;
        }
        Ok(Ok(id))
    }

    /// The calls of a month.
    pub(super) fn calls(&self, month: Month) -> Calls {
        self.calls.get(&month.number).copied().unwrap_or_default()
    }

    fn count_call(&mut self, connection: &Connection, month: Month) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO calls (month, calls, used_up) VALUES (?1, 1, 0)
                 ON CONFLICT (month) DO UPDATE SET calls = calls + 1",
            )?
            .execute([month.number])?;
        self.calls.entry(month.number).or_default().count += 1;
        Ok(())
    }

    /// DingTalk said whether it still takes calls this month.
    pub(super) fn set_used_up(
        &mut self,
        connection: &Connection,
        now: Timestamp,
        used_up: bool,
    ) -> rusqlite::Result<()> {
        let month = Month::of(now).number;
        if self.calls.get(&month).copied().unwrap_or_default().used_up == used_up {
            return Ok(());
        }
        connection.execute(
            "INSERT INTO calls (month, calls, used_up) VALUES (?1, 0, ?2)
             ON CONFLICT (month) DO UPDATE SET used_up = ?2",
            params![month, used_up],
        )?;
        self.calls.entry(month).or_default().used_up = used_up;
        Ok(())
    }

    /// A robot was throttled. Unless it was sent more than DingTalk's limit, somebody else uses it too: then only half
    /// of its limits is trusted for a while. Whether that is so is returned.
    pub(super) fn throttled(
        &mut self,
        connection: &Connection,
        robot: RobotId,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        let ledger = self.robots.entry(robot).or_default();
        let period = RateLimit::DINGTALK.period;
        let sent =
            ledger.slots.iter().filter(|slot| pace::frees_at(slot, period, now).is_none_or(|frees_at| frees_at > now));
        if sent.count() > RateLimit::DINGTALK.messages as usize {
            return Ok(false);
        }
        let until = later(now, HALVED);
        connection.execute(
            "INSERT OR REPLACE INTO halved (robot, until) VALUES (?1, ?2)",
            params![robot.as_bytes(), until.as_millisecond()],
        )?;
        ledger.halved_until = Some(until);
        Ok(true)
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
