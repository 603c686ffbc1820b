//! What each request comes to, within the open transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Outcome, Writer};
use crate::clock::Timestamp;
use crate::dedupe::{self, GroupState, REPEAT_FLOOR};
use crate::notification::GroupId;
use crate::outbox::pace::Pace;
use crate::outbox::{
    Accepted, Batch, Copy, Fate, Form, Month, Offer, Refusal, Repair, Repaired, Reservation, Reserved, Scope,
    Settlement, Standing, Subscription, Waiting, repair, store,
};

// === impl Writer ===

impl Writer {
    pub(super) fn accept(&mut self, offer: &Offer) -> rusqlite::Result<Outcome> {
        let now = self.clock.now();
        let last = match self.changed_states.get(&offer.group) {
            Some(changed) => changed.clone(),
            None => match self.last_states.get(&offer.group) {
                Some(cached) => Some(cached),
                None => store::state(&self.connection, &offer.group)?,
            },
        };
        let verdict = dedupe::judge(last.as_ref(), offer.digest, offer.repeat, now, offer.window, REPEAT_FLOOR);
        if let (dedupe::Verdict::Duplicate, Some(mut state)) = (verdict, last.clone()) {
            state.repeats += 1;
            let id = state.id;
            self.set_state(offer.group, state)?;
            return Ok(Outcome::Accepted(Ok(Accepted::Duplicate(id)), None));
        }
        if let Err(refusal) = self.room_for(offer)? {
            return Ok(Outcome::Accepted(Err(refusal), None));
        }

        let id = Uuid::now_v7();
        let waiting = self.append(offer, id, last.map_or(0, |last| last.repeats), Batch::Any, now)?;
        self.set_state(offer.group, GroupState { digest: offer.digest, accepted_at: now, id, repeats: 0 })?;
        Ok(Outcome::Accepted(Ok(Accepted::New(id)), Some(waiting)))
    }

    /// Makes an offer an entry.
    fn append(
        &mut self,
        offer: &Offer,
        id: Uuid,
        repeats: u32,
        batch: Batch,
        now: Timestamp,
    ) -> rusqlite::Result<Waiting> {
        let waiting = Waiting {
            seq: self.next_seq,
            id,
            group: offer.group,
            accepted_at: now,
            not_before: now,
            severity: offer.severity,
            resolves: offer.alerts.starts_with('-'),
            bytes: offer.json.len().try_into().unwrap_or(u32::MAX),
            form: Form::Full,
            batch,
            copied: false,
            plan: None,
        };
        store::append(&self.connection, &waiting, offer, repeats)?;
        self.next_seq += 1;
        *self.backlogs.entry(Arc::clone(&offer.target)).or_default() += 1;
        Ok(waiting)
    }

    pub(super) fn subscribe(&self, target: &str) -> rusqlite::Result<Outcome> {
        let (announce, announced) = mpsc::unbounded_channel();
        let subscription = Subscription {
            waiting: store::waiting(&self.connection, target)?,
            plans: store::plans(&self.connection, target)?,
            forwarded: store::forwarded(&self.connection, target)?,
            announced,
        };
        Ok(Outcome::Subscribed(subscription, announce))
    }

    /// Copies what a full backlog, or a full disk, has no room for as well: it was accepted.
    pub(super) fn forward(&mut self, copies: &[Copy]) -> rusqlite::Result<Outcome> {
        let now = self.clock.now();
        let mut announced: BTreeMap<Arc<str>, Vec<Waiting>> = BTreeMap::new();
        for copy in copies {
            let batch = if copy.at_once { Batch::Any } else { Batch::Missed };
            let waiting = self.append(&copy.offer, Uuid::now_v7(), 0, batch, now)?;
            store::record_copy(&self.connection, copy, waiting.seq, now)?;
            announced.entry(Arc::clone(&copy.offer.target)).or_default().push(waiting);
        }
        Ok(Outcome::Forwarded(announced))
    }

    fn room_for(&self, offer: &Offer) -> rusqlite::Result<Result<(), Refusal>> {
        let backlog = self.backlogs.get(&offer.target).copied().unwrap_or_default();
        Ok(if backlog >= self.settings.backlog {
            Err(Refusal::Backlog(backlog))
        } else if !self.ballasted {
            Err(Refusal::Storage("the disk is full".into()))
        } else {
            match store::bytes(&self.connection)? {
                bytes if bytes >= self.settings.max_bytes => Err(Refusal::TooLarge(bytes)),
                _ => Ok(()),
            }
        })
    }

    fn set_state(&mut self, group: GroupId, state: GroupState) -> rusqlite::Result<()> {
        store::set_state(&self.connection, &group, &state)?;
        self.changed_states.insert(group, Some(state));
        Ok(())
    }

    pub(super) fn reserve(&mut self, reservation: &Reservation) -> rusqlite::Result<Outcome> {
        if !repair::still_there(&self.connection, reservation)? {
            // The lane looks again.
            return Ok(Outcome::Reserved(Reserved::Busy(Pace::Free)));
        }
        let Reservation { plan, fresh, part, robot, .. } = reservation;
        let now = self.clock.now();
        let needed = fresh.as_ref().map_or(1, |fresh| fresh.parts.len() as u32);
        let reserved = self.ledgers().reserve(&self.connection, reservation, needed, now)?;
        Ok(Outcome::Reserved(match reserved {
            Ok(slot) => {
                match fresh {
                    Some(fresh) => store::freeze(&self.connection, *plan, *robot, fresh)?,
                    None => store::try_again(&self.connection, *plan, *part, *robot)?,
                }
                Reserved::Slot { slot, calls: self.ledgers().calls(Month::of(now)).count }
            }
            Err(pace) => Reserved::Busy(pace),
        }))
    }

    pub(super) fn settle(&mut self, settlement: &Settlement) -> rusqlite::Result<Outcome> {
        let Settlement { target, plan, members, call, fate, standing } = settlement;
        let now = self.clock.now();
        if let Some(call) = call {
            self.ledgers().settle(&self.connection, call.robot, call.slot, now)?;
            if let Some(answer) = &call.failure {
                store::record_failure(&self.connection, settlement, call, answer, now)?;
            }
        }
        self.learn(standing, call.as_ref().is_some_and(|call| call.counted), now)?;
        let connection = &self.connection;
        let mut gone = 0;
        match (fate, call) {
            (Fate::Delivered, Some(call)) => {
                store::remove_part(connection, *plan, call.part)?;
                if call.part == call.parts {
                    members.iter().try_for_each(|seq| store::deliver(connection, *plan, *seq, call, now))?;
                    gone = members.len();
                }
            }
            // Nothing can be delivered without a call.
            (Fate::Delivered, None) => {}
            (Fate::Again(not_before), _) => store::postpone(connection, *plan, *not_before)?,
            (Fate::Moved, _) => store::unbind(connection, *plan)?,
            (Fate::Thawed(form, not_before), _) => store::thaw(connection, *plan, members, *form, *not_before)?,
            (Fate::Split(batches), _) => {
                store::thaw(connection, *plan, members, Form::Plain, now)?;
                for batch in batches {
                    let number = batch.first().copied().unwrap_or_default();
                    store::set_apart(connection, batch, Batch::Apart(number))?;
                }
            }
            (Fate::Dead(reason), _) => {
                store::remove_plan(connection, *plan)?;
                members.iter().try_for_each(|seq| self.bury(*seq, reason, now))?;
                gone = members.len();
            }
        }
        if let Some(backlog) = self.backlogs.get_mut(target) {
            *backlog = backlog.saturating_sub(gone as u64);
        }
        Ok(Outcome::Settled)
    }

    /// Writes down what an attempt told about the robot or its host.
    fn learn(&self, standing: &Standing, counted: bool, now: Timestamp) -> rusqlite::Result<()> {
        let mut ledgers = self.ledgers();
        if let Some((scope, pause)) = standing.pause() {
            ledgers.set_pause(&self.connection, scope, pause)?;
        }
        match standing {
            Standing::Healthy(scopes) => {
                scopes.iter().try_for_each(|scope| ledgers.lift_pause(&self.connection, scope))?;
                if counted { ledgers.set_used_up(&self.connection, now, false) } else { Ok(()) }
            }
            Standing::UsedUp(..) => ledgers.set_used_up(&self.connection, now, true),
            Standing::Throttled(Scope::Robot(robot), _) => {
                if ledgers.throttled(&self.connection, *robot, now)? {
                    tracing::warn!(
                        "a robot was throttled though this bridge kept to its limit: somebody else uses it too. For an hour it gets half as many messages"
                    );
                }
                Ok(())
            }
            Standing::Unchanged | Standing::Throttled(..) | Standing::Misconfigured(..) => Ok(()),
        }
    }

    /// Turns an entry into a dead letter. What was not told must not hold back the next repeat of it.
    fn bury(&mut self, seq: i64, reason: &str, now: Timestamp) -> rusqlite::Result<()> {
        if let Some((group, id)) = store::bury(&self.connection, seq, reason, now)? {
            store::forget_state(&self.connection, &group, &id)?;
            let forgotten = store::state(&self.connection, &group)?;
            self.changed_states.insert(group, forgotten);
        }
        Ok(())
    }

    /// What an operator wants needs no room and repeats nothing.
    pub(super) fn repair(&mut self, repair: Repair) -> rusqlite::Result<Outcome> {
        match repair {
            Repair::Replay(id) => {
                let Some(offer) = repair::exhume(&self.connection, id)? else {
                    return Ok(Outcome::Repaired(Repaired::NotFound, None));
                };
                let new_id = Uuid::now_v7();
                let waiting = self.append(&offer, new_id, 0, Batch::Any, self.clock.now())?;
                Ok(Outcome::Repaired(Repaired::Replayed(new_id), Some((offer.target, waiting))))
            }
            Repair::Drop(id) => {
                let (repaired, waited_for) = repair::remove(&self.connection, id)?;
                if let Some(backlog) = waited_for.and_then(|target| self.backlogs.get_mut(&target)) {
                    *backlog = backlog.saturating_sub(1);
                }
                Ok(Outcome::Repaired(repaired, None))
            }
        }
    }
}
