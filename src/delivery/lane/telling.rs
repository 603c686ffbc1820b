//! From entries to messages: what waited of each group, folded, in the target's style.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::delivery::Target;
use crate::fold::{Folded, fold};
use crate::notification::{GroupId, Notification};
use crate::outbox::{Form, Loaded};
use crate::render::{Circumstances, Packed};

/// Entries that are to be told together.
#[derive(Debug)]
pub(super) struct Telling {
    /// The entries, in the order in which their groups are told, those of a group together and oldest first.
    pub loaded: Loaded,
    /// How they are rendered.
    pub form: Form,
    /// How many messages they may take.
    pub room: u32,
    /// Whether a digest may call people.
    pub digest_mentions: bool,
    /// The present.
    pub now: Timestamp,
}

/// From so many entries on, rendering takes long enough to hold up what shares the lane's thread.
const MANY: usize = 50;

// === impl Telling ===

impl Telling {
    /// The messages that tell them.
    pub(super) async fn compose(self, target: Arc<Target>) -> Packed {
        if self.loaded.entries.len() < MANY {
            return self.render(&target);
        }
        match tokio::task::spawn_blocking(move || self.render(&target)).await {
            Ok(packed) => packed,
            // What renders catches its panics, so this is one of folding: the lane starts anew.
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// A bug on the way to a digest costs its looks, not the message. Templates' own panics are caught, and counted,
    /// where they run.
    fn render(self, target: &Target) -> Packed {
        let Self { loaded, form, room, digest_mentions, now } = self;
        let accepted_at = loaded.entries.iter().map(|entry| entry.accepted_at).min().unwrap_or(now);
        let repeats = loaded.entries.iter().map(|entry| u64::from(entry.repeats)).sum();
        let groups = folded(loaded);
        let circumstances = Circumstances { target: &target.name, now, accepted_at, repeats, digest_mentions };
        let tell = |plain| target.library.tell(&groups, &target.style, &circumstances, plain, room as usize);
        catch_unwind(AssertUnwindSafe(|| tell(form == Form::Plain))).unwrap_or_else(|_panic| tell(true))
    }
}

/// Each group as one, in the order in which the groups came.
fn folded(loaded: Loaded) -> Vec<Folded> {
    let nothing = BTreeSet::new();
    let mut order: Vec<GroupId> = Vec::new();
    let mut states: HashMap<GroupId, Vec<Notification>> = HashMap::new();
    for entry in loaded.entries {
        let states = states.entry(entry.group).or_insert_with(|| {
            order.push(entry.group);
            Vec::new()
        });
        states.push(entry.notification);
    }
    let fold_group = |group: &GroupId| fold(states.remove(group)?, loaded.shown.get(group).unwrap_or(&nothing));
    order.iter().filter_map(fold_group).collect()
}
