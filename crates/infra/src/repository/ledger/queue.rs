//! Writes that wait for a transaction, which they share with whatever else waits by then ("group commit").
//!
//! The cost of a durable write is the sync at its end, and that is the same for one change set and for a hundred. So change
//! sets queue up, and a writer drains the queue: what came while one transaction was under way goes into the next one. Nobody
//! waits for company: who comes alone writes alone, at once. Each is answered after the commit.
//!
//! There is one writer for a SQLite file. For a server there are a few, and a person's writes always go to the same one. The
//! queues are bounded; above that a write is refused, and its client told to ask again.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use florin_domain::id::Seq;
use tokio::sync::oneshot;

use crate::db::deadline::Deadline;
use crate::db::{Database, Failure};

use super::apply::{self, Prepared, Verdict};

/// The most change sets of one transaction.
const MOST: usize = 128;
/// The most that wait for one writer. With what each may weigh that is at most 16 MiB.
const MOST_WAITING: usize = 1024;
/// Who has less time left than this is not written any more.
const LEAST: Duration = Duration::from_millis(300);

/// The queues of one database. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: Database,
    lanes: Vec<Mutex<Lane>>,
}

/// What waits for one writer.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Entry>,
    /// Whether a writer is at work, which goes on until nothing waits.
    is_drained: bool,
}

struct Entry {
    prepared: Prepared<'static>,
    deadline: Deadline,
    answer: oneshot::Sender<Result<Seq, Failure>>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("user", &self.prepared.change_set.user).finish_non_exhaustive()
    }
}

impl Entry {
    /// Tells the outcome. Whoever does not wait for it any more has let go of it.
    fn answer(self, outcome: Result<Seq, Failure>) {
        drop(self.answer.send(outcome));
    }
}

impl Queue {
    pub(super) fn new(database: Database) -> Self {
        let lanes = (0..database.writers()).map(|_| Mutex::default()).collect();
        Self(Arc::new(Inner { database, lanes }))
    }

    /// Has it applied, and waits for the commit. It is applied too when nobody waits any more.
    ///
    /// # Errors
    /// Those of [`apply::apply`] and of a transaction; `Unavailable` when too many wait.
    pub(super) async fn write(&self, prepared: Prepared<'static>, deadline: Deadline) -> Result<Seq, Failure> {
        let (answer, answered) = oneshot::channel();
        let number = usize::try_from(prepared.change_set.user.0).unwrap_or_default() % self.0.lanes.len();
        let is_first = {
            let mut lane = self.0.lane(number);
            if lane.waiting.len() >= MOST_WAITING {
                return Err(Failure::overloaded());
            }
            lane.waiting.push_back(Entry { prepared, deadline, answer });
            !mem::replace(&mut lane.is_drained, true)
        };
        if is_first {
            self.0.database.spawn_writer(number, drain(Arc::clone(&self.0), number));
        }
        let outcome = answered.await.unwrap_or_else(|_| Err(Failure::untold()));
        outcome.map_err(|failure| self.0.database.told(failure))
    }
}

impl Inner {
    fn lane(&self, number: usize) -> MutexGuard<'_, Lane> {
        self.lanes[number].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// What goes into the next transaction, in order: of each person the first.
    fn next(&mut self) -> Vec<Entry> {
        let mut users = HashSet::new();
        let mut batch = Vec::new();
        let mut later = VecDeque::new();
        while batch.len() < MOST
            && let Some(entry) = self.waiting.pop_front()
        {
            if users.insert(entry.prepared.change_set.user) { batch.push(entry) } else { later.push_back(entry) }
        }
        later.append(&mut self.waiting);
        self.waiting = later;
        batch
    }
}

/// Writes until nothing waits.
async fn drain(queue: Arc<Inner>, number: usize) {
    loop {
        let batch = {
            let mut lane = queue.lane(number);
            let batch = lane.next();
            if batch.is_empty() {
                lane.is_drained = false;
                return;
            }
            batch
        };
        // In a task of its own: a panic ends it, and not the queue.
        let database = queue.database.clone();
        if let Err(error) = tokio::spawn(write_all(database, batch)).await {
            tracing::error!(%error, "a writer of the ledger ended");
        }
    }
}

async fn write_all(database: Database, batch: Vec<Entry>) {
    let mut entries = Vec::with_capacity(batch.len());
    for entry in batch {
        // They waited too long, behind others that a silent server was waited for. With them the transaction would be called off
        // for all.
        match entry.deadline.check(LEAST) {
            Ok(()) => entries.push(entry),
            Err(error) => entry.answer(Err(error.into())),
        }
    }
    let Some(deadline) = entries.iter().map(|entry| entry.deadline.clone()).reduce(|a, b| a.earlier(&b)) else {
        return;
    };
    // What is rare is kept on the heap, so that the task is small.
    if entries.len() == 1 {
        return Box::pin(write_each(&database, entries)).await;
    }
    let all: &Vec<_> = &entries.iter().map(|entry| &entry.prepared).collect();
    let outcome = database.try_write_until(deadline, |tx| async move { apply::apply_all(&tx, all).await }).await;
    match outcome {
        Ok(verdicts) => {
            let written = entries.iter().zip(&verdicts).filter(|(_, verdict)| matches!(verdict, Verdict::Applied(_)));
            database.note_changes(written.map(|(entry, _)| entry.prepared.change_set.changes.len()).sum());
            let mut waiting = Vec::new();
            for (entry, verdict) in entries.into_iter().zip(verdicts) {
                match verdict {
                    Verdict::Applied(seq) => entry.answer(Ok(seq)),
                    Verdict::Refused(error) => entry.answer(Err(error.into())),
                    Verdict::Waits => waiting.push(entry),
                }
            }
            // Whoever holds their locks may do so for a while; the others do not wait for that.
            for entry in waiting {
                let database = database.clone();
                tokio::spawn(async move { write_each(&database, vec![entry]).await });
            }
        }
        Err(failure) => {
            tracing::debug!(?failure, members = entries.len(), "a shared transaction failed");
            // On a server it is somebody's rows that are in the way, as of one whose log moves at another node of a cluster. A file
            // has one lock for all.
            let is_of_one = failure.is_contention() && database.writers() > 1;
            match failure.shared().filter(|_| !is_of_one) {
                Some(_) => {
                    for entry in entries {
                        entry.answer(Err(failure.shared().unwrap_or_else(Failure::untold)));
                    }
                }
                None => Box::pin(write_each(&database, entries)).await,
            }
        }
    }
}

/// Writes them one by one, each in a transaction of its own.
async fn write_each(database: &Database, entries: Vec<Entry>) {
    for entry in entries {
        if let Err(error) = entry.deadline.check(Duration::ZERO) {
            entry.answer(Err(error.into()));
            continue;
        }
        let prepared = &entry.prepared;
        let write =
            database.try_write_until(entry.deadline.clone(), |tx| async move { apply::apply(&tx, prepared).await });
        let outcome = write.await;
        if outcome.is_ok() {
            database.note_changes(prepared.change_set.changes.len());
        }
        entry.answer(outcome);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use florin_domain::calendar::Timestamp;
    use florin_domain::id::UserId;
    use florin_domain::ledger::{ActionKind, Draft, Guard, OperationId, plan};

    use super::*;
    use crate::db::DatabaseOptions;

    /// The next transaction holds of each person the first that waits; the others keep their order.
    #[tokio::test]
    async fn nobody_is_twice_in_a_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/florin.db", folder.path().display());
        let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
        let database = Database::connect(&url, &options).await.unwrap();
        let mut lane = Lane::default();
        for (user, name) in [(1, "a"), (2, "b"), (1, "c"), (1, "d"), (3, "e"), (2, "f")] {
            let draft = Draft {
                user: UserId(user),
                at: Timestamp(0),
                kind: ActionKind::Create,
                operation: OperationId(name.to_owned()),
                salt: [0; 16],
                guard: Guard { taxonomy_version: 0, seq: None },
            };
            let change_set = plan(draft, Vec::new(), Vec::new()).unwrap();
            let prepared = Prepared::empty(Cow::Owned(change_set));
            let deadline = database.deadline(crate::db::deadline::PROMPT);
            lane.waiting.push_back(Entry { prepared, deadline, answer: oneshot::channel().0 });
        }
        let mut batches = Vec::new();
        loop {
            let batch = lane.next();
            if batch.is_empty() {
                break;
            }
            let names = batch.iter().map(|entry| entry.prepared.change_set.operation.0.clone());
            batches.push(names.collect::<Vec<_>>().concat());
        }
        assert_eq!(batches, ["abe", "cf", "d"]);
    }
}
