//! The one thread that writes: it shares each commit among all who wait for one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::{Checkpoints, is_full};
use super::folder::Folder;
use super::ledger::Ledgers;
use super::{
    Accepted, Copy, Offer, OpenError, Refusal, Repair, Repaired, Reservation, Reserved, Settings, Settlement,
    StoreError, Subscription, Waiting, store,
};
use crate::clock::Clock;
use crate::dedupe::{GroupState, LastStates};
use crate::notification::GroupId;

mod decide;

/// What the writer is asked, and where the answer goes.
#[derive(Debug)]
pub(super) enum Request {
    Accept(Offer, oneshot::Sender<Result<Accepted, Refusal>>),
    Subscribe(Arc<str>, oneshot::Sender<Result<Subscription, StoreError>>),
    Reserve(Reservation, oneshot::Sender<Result<Reserved, StoreError>>),
    Settle(Settlement, oneshot::Sender<Result<(), StoreError>>),
    Forward(Vec<Copy>, oneshot::Sender<Result<(), StoreError>>),
    Forgive(oneshot::Sender<Result<(), StoreError>>),
    Repair(Repair, oneshot::Sender<Result<Repaired, StoreError>>),
    Tidy,
    Stop(oneshot::Sender<()>),
}

/// What a request came to, before the commit.
enum Outcome {
    Accepted(Result<Accepted, Refusal>, Option<Waiting>),
    Subscribed(Subscription, mpsc::UnboundedSender<Vec<Waiting>>),
    Reserved(Reserved),
    Settled,
    Forwarded(BTreeMap<Arc<str>, Vec<Waiting>>),
    /// An entry that waits from now on is announced to its target's lane.
    Repaired(Repaired, Option<(Arc<str>, Waiting)>),
}

struct Writer {
    connection: Connection,
    folder: Folder,
    settings: Settings,
    clock: Clock,
    ledgers: Arc<Mutex<Ledgers>>,
    last_states: LastStates,
    /// The states that the open transaction has changed; `None` where it removed one.
    changed_states: HashMap<GroupId, Option<GroupState>>,
    backlogs: HashMap<Arc<str>, u64>,
    subscribers: HashMap<Arc<str>, mpsc::UnboundedSender<Vec<Waiting>>>,
    next_seq: i64,
    /// Whether the ballast is there: without it nothing new is accepted.
    ballasted: bool,
    checkpoints: Checkpoints,
}

/// How many requests share a commit at the most.
const BATCH: usize = 256;

/// How often old rows are deleted and lost ballast is made again.
const TIDY_EVERY: Duration = Duration::from_secs(10);

/// Starts the writer. It ends when all senders of `requests` are gone or it is told to stop.
pub(super) fn start(
    folder: Folder,
    connection: Connection,
    settings: Settings,
    clock: Clock,
    ledgers: Arc<Mutex<Ledgers>>,
    requests: mpsc::Receiver<Request>,
) -> Result<(), OpenError> {
    let ballasted = folder.fill_ballast().inspect_err(log_no_room).is_ok();
    let mut writer = Writer {
        checkpoints: Checkpoints::start(folder.path())?,
        next_seq: store::next_seq(&connection)?,
        backlogs: HashMap::new(),
        subscribers: HashMap::new(),
        last_states: LastStates::new(),
        changed_states: HashMap::new(),
        connection,
        folder,
        settings,
        clock,
        ledgers,
        ballasted,
    };
    writer.count_backlogs()?;
    let write = move || {
        let asked_to_stop = writer.run(requests);
        // The folder is free for another bridge before anybody is told so.
        drop(writer);
        if let Some(reply) = asked_to_stop {
            let _ = reply.send(());
        }
    };
    std::thread::Builder::new().name("outbox".into()).spawn(write).map_err(OpenError::Thread)?;
    Ok(())
}

/// Asks for tidying now and then, until the outbox is closed.
pub(super) async fn tidy_regularly(requests: mpsc::WeakSender<Request>) {
    let mut ticks = tokio::time::interval(TIDY_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(requests) = requests.upgrade() else { return };
        if requests.send(Request::Tidy).await.is_err() {
            return;
        }
    }
}

fn log_no_room(error: &std::io::Error) {
    tracing::error!(%error, "no room for the outbox's reserve: nothing is accepted until there is; free disk space");
}

// === impl Writer ===

impl Writer {
    /// Returns whom to tell that it has stopped.
    fn run(&mut self, mut requests: mpsc::Receiver<Request>) -> Option<oneshot::Sender<()>> {
        let mut batch = Vec::with_capacity(BATCH);
        while requests.blocking_recv_many(&mut batch, BATCH) > 0 {
            let stop = batch.iter().position(|request| matches!(request, Request::Stop(_)));
            // What came after the order to stop is dropped, which its askers see.
            let stop = stop.and_then(|at| batch.drain(at..).next());
            if batch.iter().any(|request| matches!(request, Request::Tidy)) {
                batch.retain(|request| !matches!(request, Request::Tidy));
                self.tidy();
            }
            if !batch.is_empty() {
                self.work(std::mem::take(&mut batch));
            }
            if let Some(Request::Stop(reply)) = stop {
                return Some(reply);
            }
        }
        None
    }

    /// Carries out a batch. If it cannot be written, offers are refused, for their senders try again; what lanes do
    /// is tried once more without them, on the ballast's room.
    fn work(&mut self, batch: Vec<Request>) {
        if self.ballasted && self.checkpoints.out_of_room() {
            self.release_ballast(&"the log cannot be moved into the database");
        }
        let error = match self.commit(&batch) {
            Ok(outcomes) => return self.answer_all(batch, outcomes),
            Err(error) => error,
        };
        if is_full(&error) && self.ballasted {
            self.release_ballast(&error);
        } else {
            tracing::error!(%error, "the outbox cannot be written; check the disk and who else has opened the file");
        }
        let (offers, lanes): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|request| matches!(request, Request::Accept(..)));
        refuse_all(offers, &error);
        if lanes.is_empty() {
            return;
        }
        let mut committed = self.commit(&lanes);
        if committed.as_ref().is_err_and(is_full) && self.checkpoints.empty_log(&self.connection) {
            committed = self.commit(&lanes);
        }
        match committed {
            Ok(outcomes) => self.answer_all(lanes, outcomes),
            Err(error) => refuse_all(lanes, &error),
        }
    }

    /// One transaction for all requests; nothing of it remains if it fails.
    fn commit(&mut self, batch: &[Request]) -> rusqlite::Result<Vec<Outcome>> {
        self.changed_states.clear();
        let outcomes = self.transact(batch);
        if outcomes.is_err() {
            self.changed_states.clear();
            let restored = self.ledgers().read(&self.connection);
            if let Err(error) = restored.and_then(|()| self.count_backlogs()) {
                tracing::error!(%error, "the outbox cannot be read");
            }
        }
        outcomes
    }

    fn transact(&mut self, batch: &[Request]) -> rusqlite::Result<Vec<Outcome>> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = batch.iter().map(|request| self.carry_out(request)).collect::<rusqlite::Result<Vec<_>>>();
        let done = done.and_then(|outcomes| self.connection.execute_batch("COMMIT").map(|()| outcomes));
        if done.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    fn carry_out(&mut self, request: &Request) -> rusqlite::Result<Outcome> {
        match request {
            Request::Accept(offer, _) => self.accept(offer),
            Request::Subscribe(target, _) => self.subscribe(target),
            Request::Reserve(reservation, _) => self.reserve(reservation),
            Request::Settle(settlement, _) => self.settle(settlement),
            Request::Forward(copies, _) => self.forward(copies),
            Request::Forgive(_) => self.ledgers().forgive(&self.connection).map(|()| Outcome::Settled),
            Request::Repair(repair, _) => self.repair(*repair),
            Request::Tidy | Request::Stop(_) => unreachable!("taken out of the batch before"),
        }
    }

    /// Publishes what has been committed, then answers.
    fn answer_all(&mut self, batch: Vec<Request>, outcomes: Vec<Outcome>) {
        for (group, state) in self.changed_states.drain() {
            match state {
                Some(state) => self.last_states.insert(group, state),
                None => self.last_states.forget(&group),
            }
        }
        let written = batch.iter().map(size).sum();
        self.checkpoints.move_large(&self.connection, written);
        for (request, outcome) in batch.into_iter().zip(outcomes) {
            match (request, outcome) {
                (Request::Accept(offer, reply), Outcome::Accepted(accepted, waiting)) => {
                    if let Some(waiting) = waiting {
                        self.announce(&offer.target, vec![waiting]);
                    }
                    let _ = reply.send(accepted);
                }
                (Request::Subscribe(target, reply), Outcome::Subscribed(subscription, lane)) => {
                    self.subscribers.insert(target, lane);
                    let _ = reply.send(Ok(subscription));
                }
                (Request::Forward(_, reply), Outcome::Forwarded(copies)) => {
                    // Together: what was missed is told in one digest.
                    for (target, waiting) in copies {
                        self.announce(&target, waiting);
                    }
                    let _ = reply.send(Ok(()));
                }
                (Request::Reserve(_, reply), Outcome::Reserved(reserved)) => drop(reply.send(Ok(reserved))),
                (Request::Settle(_, reply) | Request::Forgive(reply), Outcome::Settled) => drop(reply.send(Ok(()))),
                (Request::Repair(_, reply), Outcome::Repaired(repaired, entered)) => {
                    if let Some((target, waiting)) = entered {
                        self.announce(&target, vec![waiting]);
                    }
                    let _ = reply.send(Ok(repaired));
                }
                _ => unreachable!("each request has its own outcome"),
            }
        }
        self.checkpoints.committed(&self.connection, written, !self.ballasted);
    }

    /// Tells a lane what waits for it now.
    fn announce(&self, target: &str, waiting: Vec<Waiting>) {
        if let Some(lane) = self.subscribers.get(target) {
            let _ = lane.send(waiting);
        }
    }

    fn release_ballast(&mut self, error: &dyn std::fmt::Display) {
        tracing::error!(%error, "the outbox's disk is full: nothing is accepted until there is room; free disk space");
        self.folder.release_ballast();
        self.ballasted = false;
        // Now, while there is the ballast's room for the database to grow into: later the log has it.
        self.checkpoints.empty_log(&self.connection);
    }

    fn tidy(&mut self) {
        let in_order = || !self.checkpoints.out_of_room() || self.checkpoints.empty_log(&self.connection);
        if !self.ballasted && in_order() && self.folder.fill_ballast().is_ok() {
            tracing::info!("there is room again: the outbox accepts");
            self.ballasted = true;
        }
        let crowded = store::bytes(&self.connection).is_ok_and(|bytes| bytes > self.settings.max_bytes / 2);
        match store::tidy(&self.connection, self.clock.now(), self.settings.retention, crowded) {
            Ok(0) => {}
            Ok(dead_letters) => {
                tracing::info!(dead_letters, "dead letters have reached their retention and are deleted")
            }
            Err(error) => tracing::warn!(%error, "old rows stay in the outbox for now"),
        }
    }

    fn count_backlogs(&mut self) -> rusqlite::Result<()> {
        let counted = store::backlogs(&self.connection)?;
        self.backlogs = counted.into_iter().map(|(target, count)| (target.into(), count)).collect();
        Ok(())
    }

    fn ledgers(&self) -> MutexGuard<'_, Ledgers> {
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how many bytes a request adds to the write-ahead log.
fn size(request: &Request) -> usize {
    const ROWS: usize = 4096;
    const MEMBER: usize = 512;
    ROWS + match request {
        Request::Accept(offer, _) => offer.json.len(),
        Request::Reserve(reservation, _) => {
            reservation.fresh.iter().flat_map(|fresh| &fresh.parts).map(|(_, body)| body.len()).sum()
        }
        Request::Settle(settlement, _) => settlement.members.len() * MEMBER,
        Request::Forward(copies, _) => copies.iter().map(|copy| copy.offer.json.len() + MEMBER).sum(),
        _ => 0,
    }
}

fn refuse_all(requests: Vec<Request>, error: &rusqlite::Error) {
    let reason = error.to_string();
    for request in requests {
        match request {
            Request::Accept(_, reply) => drop(reply.send(Err(Refusal::Storage(reason.clone())))),
            Request::Subscribe(_, reply) => drop(reply.send(Err(StoreError::Storage(reason.clone())))),
            Request::Reserve(_, reply) => drop(reply.send(Err(StoreError::Storage(reason.clone())))),
            Request::Settle(_, reply) | Request::Forgive(reply) | Request::Forward(_, reply) => {
                drop(reply.send(Err(StoreError::Storage(reason.clone()))));
            }
            Request::Repair(_, reply) => drop(reply.send(Err(StoreError::Storage(reason.clone())))),
            Request::Tidy | Request::Stop(_) => {}
        }
    }
}
