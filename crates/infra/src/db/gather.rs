//! The same question of many requests, asked in one statement.
//!
//! Every request asks for the row behind its token. While one such statement is under way, further questions gather, and
//! the next statement asks for all of them. A question is only ever answered by a statement that began after it was asked:
//! what was committed before is seen, as if each had a statement of its own. Nobody waits for company.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use tokio::sync::oneshot;

use super::deadline::Deadline;
use super::detached::Reads;

/// The most questions of one statement.
const MOST: usize = 64;
/// How many statements may be under way at once.
const AT_ONCE: usize = 2;

/// Who has less time left than this is not asked for.
const LEAST: Duration = Duration::from_millis(300);

/// How many are asked for in one statement: the rows that there are, by key.
type Ask<K, V> = fn(DatabaseConnection, Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>, DbErr>>;

/// Asks one kind of question. Clones share its statements.
pub(crate) struct Gather<K, V>(Arc<Inner<K, V>>);

struct Inner<K, V> {
    reads: Reads,
    ask: Ask<K, V>,
    asked: Mutex<Asked<K, V>>,
}

struct Asked<K, V> {
    waiting: VecDeque<Question<K, V>>,
    under_way: usize,
}

struct Question<K, V> {
    key: K,
    deadline: Deadline,
    answer: oneshot::Sender<Result<Option<V>, DbErr>>,
}

impl<K, V> Clone for Gather<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> fmt::Debug for Gather<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

impl<K, V> Gather<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + 'static,
{
    /// Asks with these connections.
    pub(crate) fn new(reads: Reads, ask: Ask<K, V>) -> Self {
        Self(Arc::new(Inner { reads, ask, asked: Mutex::new(Asked { waiting: VecDeque::new(), under_way: 0 }) }))
    }

    /// The row of that key, if there is one.
    ///
    /// # Errors
    /// What the database failed with.
    pub(crate) async fn get(&self, key: K) -> Result<Option<V>, DbErr> {
        let (answer, answered) = oneshot::channel();
        let question = Question { key, deadline: self.0.reads.deadline(), answer };
        let begins = {
            let mut asked = self.0.asked();
            asked.waiting.push_back(question);
            let begins = asked.under_way < AT_ONCE;
            asked.under_way += usize::from(begins);
            begins
        };
        if begins {
            tokio::spawn(answer_all(Arc::clone(&self.0)));
        }
        answered
            .await
            .unwrap_or_else(|_| Err(DbErr::Conn(RuntimeErr::Internal("a statement ended without a word".to_owned()))))
    }
}

impl<K, V> Inner<K, V> {
    fn asked(&self) -> MutexGuard<'_, Asked<K, V>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a task that asks out when it panics. Those who wait then learn that there is no answer: nobody else may come by.
struct UnderWay<K, V> {
    inner: Arc<Inner<K, V>>,
    is_over: bool,
}

impl<K, V> Drop for UnderWay<K, V> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut asked = self.inner.asked();
            asked.under_way -= 1;
            asked.waiting.clear();
        }
    }
}

/// Asks until nobody waits.
async fn answer_all<K, V>(inner: Arc<Inner<K, V>>)
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + 'static,
{
    let mut this = UnderWay { inner, is_over: false };
    loop {
        let questions: Vec<Question<K, V>> = {
            let mut asked = this.inner.asked();
            if asked.waiting.is_empty() {
                // Before the lock is given up: who asks next sees that somebody has to begin.
                asked.under_way -= 1;
                this.is_over = true;
                return;
            }
            let count = asked.waiting.len().min(MOST);
            asked.waiting.drain(..count).collect()
        };
        let questions = in_time(questions);
        let Some(deadline) = questions.iter().map(|question| question.deadline.clone()).reduce(|a, b| a.earlier(&b))
        else {
            continue;
        };
        let keys: Vec<K> = questions.iter().map(|question| question.key.clone()).collect();
        let ask = this.inner.ask;
        let found = this.inner.reads.run_until(&deadline, |pool| ask(pool, keys.clone())).await;
        for Question { key, answer, .. } in questions {
            let row = found.as_ref().map(|rows| rows.get(&key).cloned()).map_err(Clone::clone);
            // Whoever does not wait for it any more has let go of it.
            drop(answer.send(row));
        }
    }
}

/// Those for whom there is time. The others waited behind a server that did not answer, and are told so: with them the statement
/// would be called off for all.
fn in_time<K, V>(questions: Vec<Question<K, V>>) -> Vec<Question<K, V>> {
    let mut left = Vec::with_capacity(questions.len());
    for question in questions {
        match question.deadline.check(LEAST) {
            Ok(()) => left.push(question),
            Err(late) => drop(question.answer.send(Err(late))),
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::db::{Database, DatabaseOptions};

    static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

    fn doubled(_: DatabaseConnection, keys: Vec<i64>) -> BoxFuture<'static, Result<HashMap<i64, i64>, DbErr>> {
        async move {
            STATEMENTS.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            match keys.contains(&666) {
                true => Err(DbErr::Custom("refused".to_owned())),
                false => Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, 2 * key)).collect()),
            }
        }
        .boxed()
    }

    #[tokio::test]
    async fn many_who_ask_at_once_share_few_statements() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/florin.db", folder.path().display());
        let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
        let database = Database::connect(&url, &options).await.unwrap();
        let gather = Gather::new(database.read().clone(), doubled);
        let answers = join_all((0..100).map(|key| gather.get(key))).await;
        for (key, answer) in (0..100).zip(answers) {
            assert_eq!(answer.unwrap(), (key % 2 == 0).then_some(2 * key));
        }
        // On one thread all have asked before the first statement begins.
        assert_eq!(STATEMENTS.load(Ordering::SeqCst), 2);
        assert!(gather.get(666).await.is_err(), "errors are told");
        assert_eq!(gather.get(4).await.unwrap(), Some(8), "and are over");
        // Whoever stops waiting takes nothing from the others.
        let left = gather.get(2).now_or_never();
        assert!(left.is_none());
        assert_eq!(gather.get(2).await.unwrap(), Some(4));
        database.close().await;
    }
}
