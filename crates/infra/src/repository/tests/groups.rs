//! Writes that share a transaction.

use std::time::Duration;

use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, Seq, UserId};
use florin_domain::ledger::{ActionKind, ChangeSet, Posting, record};
use florin_domain::repository::{Applied, ExpenseRepository, LedgerRepository, RepositoryError, UniqueKey};
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

use super::database::{TestDatabase, with_database};
use super::person::{Person, lunch, tags};
use crate::db::Database;

/// As many people who write through one repository, all to the same writer.
async fn town(database: &Database, people: i64) -> Vec<Person> {
    let first = Person::new(database, 1000);
    let mut town = Vec::new();
    for n in 0..people {
        let person = Person { user: UserId(1000 + 4 * n), ..first.clone() };
        person.create(lunch()).await;
        town.push(person);
    }
    town
}

/// Keeps a person's head, so that their next write waits for it, and what comes after queues up behind.
async fn hold(database: &Database, person: &Person) -> DatabaseTransaction {
    let holding = database.writing().begin().await.unwrap();
    let user = person.user.0;
    holding.execute_unprepared(&format!("UPDATE last_user_action SET seq = seq WHERE user_id = {user}")).await.unwrap();
    holding
}

impl Person {
    async fn a_lunch(&self, state: ExpenseState) -> ChangeSet {
        let id = self.expenses.reserve_ids(1).await.unwrap()[0];
        self.planned(ActionKind::Create, vec![record(id, state)]).await
    }
}

/// Applies the first, which waits, and meanwhile the others, which queue up; then lets them go.
async fn together(
    holding: DatabaseTransaction,
    writes: Vec<(Person, ChangeSet)>,
) -> Vec<Result<Applied, RepositoryError>> {
    let mut waiting = Vec::new();
    for (person, change_set) in writes {
        waiting.push(tokio::spawn(async move { person.ledger.apply(&change_set).await }));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holding.rollback().await.unwrap();
    join_all(waiting).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_who_write_at_once_all_keep_their_books() {
    with_database(async |database| {
        let town = town(&database, 24).await;
        let lives = town.iter().cloned().map(|person| {
            tokio::spawn(async move {
                for n in 0_i64..6 {
                    let id = person.create(ExpenseState { amount: 100 + n, tags: tags(&["a", "b"]), ..lunch() }).await;
                    person.edit(id, |state| state.category = CategoryId(2 + n % 3)).await;
                    person.edit(id, |state| state.tags = tags(&["b", "c"])).await;
                    if n % 2 == 0 {
                        person.undo().await.unwrap();
                        person.redo().await.unwrap();
                    }
                    if n % 3 == 0 {
                        person.delete(id).await;
                    }
                }
            })
        });
        for life in join_all(lives.collect::<Vec<_>>()).await {
            life.unwrap();
        }
        for person in &town {
            assert_eq!(person.ledger.head(person.user).await.unwrap().seq, Seq(1 + 18 + 6 + 2));
            assert_eq!(person.live().await.len(), 1 + 4);
            person.check().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_be_written_takes_nobody_with_it() {
    with_database(async |database| {
        let town = town(&database, 7).await;
        let key = ExpenseState { external_id: Some("key".to_owned()), ..lunch() };
        town[3].create(key.clone()).await;
        let before = town[4].a_lunch(lunch()).await;
        town[4].ledger.apply(&before).await.unwrap();
        let mut writes = Vec::new();
        for person in &town {
            writes.push((person.clone(), person.a_lunch(lunch()).await));
        }
        // Planned on categories that are no more; an external id that is taken; an operation that was applied before; a total
        // that has no room.
        writes[2].1.guard.taxonomy_version += 1;
        writes[3].1 = town[3].a_lunch(key).await;
        writes[4].1.operation = before.operation.clone();
        let Posting { month, category, .. } = writes[5].1.postings[0];
        writes[5].1.postings = vec![Posting { month, category, amount: i64::MAX }];
        let outcomes = together(hold(&database, &town[0]).await, writes).await;
        for (n, outcome) in outcomes.iter().enumerate() {
            match n {
                2 => assert!(matches!(outcome, Err(RepositoryError::Stale)), "{outcome:?}"),
                3 => assert!(matches!(outcome, Err(RepositoryError::Taken(UniqueKey::ExternalId))), "{outcome:?}"),
                4 => assert!(matches!(outcome, Err(RepositoryError::Taken(UniqueKey::Operation))), "{outcome:?}"),
                5 => assert!(matches!(outcome, Err(RepositoryError::OutOfRange)), "{outcome:?}"),
                _ => assert!(outcome.is_ok(), "{n}: {outcome:?}"),
            }
        }
        let lunches = [2, 2, 1, 2, 2, 1, 2];
        for (person, lunches) in town.iter().zip(lunches) {
            assert_eq!(person.live().await.len(), lunches);
            person.check().await;
        }
    })
    .await;
}

/// Somebody's log may be locked for long, as by another server's merge of thousands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_to_wait_has_nobody_else_wait() {
    let fresh = TestDatabase::empty().await;
    let database = fresh.connect().await;
    database.migrate().await.unwrap();
    let town = town(&database, 6).await;
    // A file has one lock for all.
    if !fresh.is_sqlite() {
        let first = hold(&database, &town[0]).await;
        let held = hold(&database, &town[2]).await;
        let mut waiting = Vec::new();
        for person in town.clone() {
            let change_set = person.a_lunch(lunch()).await;
            waiting.push(tokio::spawn(async move { person.ledger.apply(&change_set).await.map(drop) }));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        first.rollback().await.unwrap();
        let held_one = waiting.remove(2);
        for done in join_all(waiting).await {
            done.unwrap().unwrap();
        }
        assert!(!held_one.is_finished(), "it waits for its own log alone");
        held.rollback().await.unwrap();
        held_one.await.unwrap().unwrap();
        for person in &town {
            person.check().await;
        }
    }
    fresh.remove(&[database]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_can_wait_are_refused_at_once() {
    with_database(async |database| {
        let ana = town(&database, 1).await.remove(0);
        let ids = ana.expenses.reserve_ids(1100).await.unwrap();
        let head = ana.ledger.head(ana.user).await.unwrap();
        let planned = |id| ana.planned_on(&head, ActionKind::Create, vec![record(id, lunch())]);
        let writes: Vec<ChangeSet> = ids.into_iter().map(planned).collect();
        let holding = hold(&database, &ana).await;
        let waiting: Vec<_> = writes
            .into_iter()
            .map(|change_set| {
                let ana = ana.clone();
                tokio::spawn(async move { ana.ledger.apply(&change_set).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let refused = waiting.iter().filter(|write| write.is_finished()).count();
        // One is being written and waits there.
        assert_eq!(refused, 1100 - 1024 - 1);
        holding.rollback().await.unwrap();
        let (mut applied, mut unavailable) = (0, 0);
        for write in join_all(waiting).await {
            match write.unwrap() {
                Ok(_) => applied += 1,
                // On a slow server also those whose time is over.
                Err(RepositoryError::Unavailable(_)) => unavailable += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(unavailable >= refused);
        assert_eq!(ana.live().await.len(), applied + 1);
        ana.check().await;
    })
    .await;
}
