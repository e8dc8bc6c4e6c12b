//! Many at once, and what is left when somebody gives up half-way.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use florin_domain::expense::ExpenseState;
use florin_domain::id::{ExpenseId, Seq};
use florin_domain::ledger::{ActionKind, record, remove};
use florin_domain::repository::{ExpenseRepository, LedgerRepository, RepositoryError, UniqueKey};

use florin_migration::Migrator;
use florin_migration::sea_orm_migration::MigratorTrait;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::db::deadline::PROMPT;
use crate::db::{Failure, SchemaState};

use super::database::{TestDatabase, with_database};
use super::person::{Person, lunch, tags};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_writes_of_one_person_are_ordered_without_gaps() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let tasks: Vec<_> = (0..16)
            .map(|n| {
                let ana = ana.clone();
                tokio::spawn(async move {
                    for _ in 0..50 {
                        ana.create(ExpenseState { tags: tags(&["a", ["b", "c"][n % 2]]), ..lunch() }).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(ana.ledger.head(ana.user).await.unwrap().seq, Seq(800));
        ana.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_do_not_wait_for_long_for_each_other() {
    with_database(async |database| {
        let tasks: Vec<_> = (1..=16)
            .map(|user| {
                let person = Person::new(&database, user);
                tokio::spawn(async move {
                    for _ in 0..20 {
                        person.create(lunch()).await;
                    }
                    person.check().await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_simultaneous_undos_wins() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        for round in 0..5 {
            ana.create(lunch()).await;
            let last = ana.ledger.head(ana.user).await.unwrap().next_undo.unwrap();
            let tasks: Vec<_> = (0..16)
                .map(|_| {
                    let ana = ana.clone();
                    tokio::spawn(async move { ana.reverse(last).await })
                })
                .collect();
            let mut won = 0;
            for task in tasks {
                match task.await.unwrap() {
                    Ok(Ok(_)) => won += 1,
                    Ok(Err(_)) | Err(RepositoryError::Stale) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            assert_eq!(won, 1, "round {round}");
            assert_eq!(ana.live().await, []);
        }
        ana.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_simultaneous_deletions_wins() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let id = ana.create(lunch()).await;
        let change = remove(&ana.get(id).await);
        let mut tasks = Vec::new();
        for _ in 0..16 {
            let (ana, change_set) = (ana.clone(), ana.planned(ActionKind::Delete, vec![change.clone()]).await);
            tasks.push(tokio::spawn(async move { ana.ledger.apply(&change_set).await }));
        }
        let mut won = 0;
        for task in tasks {
            won += i32::from(task.await.unwrap().is_ok());
        }
        assert_eq!(won, 1);
        ana.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_share_one_database() {
    let fresh = TestDatabase::empty().await;
    let (a, b) = (fresh.connect().await, fresh.connect().await);
    let (first, second) = tokio::join!(a.migrate(), b.migrate());
    let applied = first.unwrap().len() + second.unwrap().len();
    assert_eq!(applied, Migrator::migrations().len());
    assert_eq!(b.schema_state().await.unwrap(), SchemaState::Current);
    let people = [Person::new(&a, 1), Person::new(&b, 1)];
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let ana = people[n % 2].clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    ana.create(lunch()).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(people[0].ledger.head(people[0].user).await.unwrap().seq, Seq(200));
    people[1].check().await;
    fresh.remove(&[a, b]).await;
}

/// Requests that are given up while they wait must not take another one's acknowledged write with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_is_given_up_takes_no_other_with_it() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let quitters: Vec<_> = (0..200_u64)
            .map(|n| {
                let ben = Person::new(&database, 2 + (n % 8).cast_signed());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_micros(n * 300)).await;
                    let change = record(ben.expenses.reserve_ids(1).await.unwrap()[0], lunch());
                    let change_set = ben.planned(ActionKind::Create, vec![change]).await;
                    let give_up = Duration::from_micros(n * 37 % 4_000);
                    let _ = tokio::time::timeout(give_up, ben.ledger.apply(&change_set)).await;
                    let _ = tokio::time::timeout(give_up / 3, ben.ledger.verify(ben.user)).await;
                    let _ = tokio::time::timeout(give_up / 2, ben.live()).await;
                })
            })
            .collect();
        let mut acknowledged = BTreeSet::new();
        for _ in 0..100 {
            acknowledged.insert(ana.create(lunch()).await);
        }
        for quitter in quitters {
            quitter.await.unwrap();
        }
        assert_eq!(ana.live_ids().await, acknowledged);
        for user in 1..10 {
            Person::new(&database, user).check().await;
        }
    })
    .await;
}

/// Connections are cut while they write, at COMMIT too. What fails is unavailable, and may be sent again as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_are_cut_double_and_lose_nothing() {
    let fresh = TestDatabase::empty().await;
    let database = fresh.connect().await;
    database.migrate().await.unwrap();
    let writers: Vec<_> = (0..8)
        .map(|n| {
            let ana = Person::new(&database, 1 + n % 2);
            tokio::spawn(async move {
                let mut again = 0;
                for _ in 0..60 {
                    let change = record(ana.patient(|| ana.expenses.reserve_ids(1)).await[0], lunch());
                    let head = ana.patient(|| ana.ledger.head(ana.user)).await;
                    let change_set = ana.planned_on(&head, ActionKind::Create, vec![change]);
                    loop {
                        match ana.ledger.apply(&change_set).await {
                            Ok(_) | Err(RepositoryError::Taken(UniqueKey::Operation)) => break,
                            Err(RepositoryError::Unavailable(_)) => again += 1,
                            Err(error) => panic!("{error:?}"),
                        }
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                again
            })
        })
        .collect();
    let mut again = 0;
    let mut cuts = 0;
    for writer in writers {
        while !writer.is_finished() {
            cuts += fresh.cut_connections().await;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        again += writer.await.unwrap();
    }
    for user in 1..=2 {
        let person = Person::new(&database, user);
        assert_eq!(person.patient(|| person.ledger.head(person.user)).await.seq, Seq(240));
        assert_eq!(person.live().await.len(), 240);
        person.check().await;
    }
    println!("{cuts} connections were cut, {again} writes sent again");
    fresh.remove(&[database]).await;
}

impl Person {
    /// Asks until the database answers.
    async fn patient<T, Fut: Future<Output = Result<T, RepositoryError>>>(&self, ask: impl Fn() -> Fut) -> T {
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(RepositoryError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_lost_answer_to_commit_is_resolved() {
    with_database(async |database| {
        let ana = Person::new(&database, 1);
        let lost = || Failure::OutcomeUnknown(sea_orm::DbErr::Custom("connection reset".to_owned()));
        let change = record(ana.expenses.reserve_ids(1).await.unwrap()[0], lunch());
        let change_set = ana.planned(ActionKind::Create, vec![change]).await;
        let unknown = ana.ledger.resolve(&change_set, lost(), database.deadline(PROMPT)).await;
        assert!(matches!(unknown, Err(RepositoryError::Unavailable(_))));
        ana.ledger.apply(&change_set).await.unwrap();
        assert_eq!(ana.ledger.resolve(&change_set, lost(), database.deadline(PROMPT)).await.unwrap().seq, Seq(1));
    })
    .await;
}

/// Servers have their own limits on waiting, which are set for each session.
#[tokio::test]
async fn a_file_that_another_process_writes_to_is_not_waited_for_long() {
    let fresh = TestDatabase::empty().await;
    let (database, other) = (fresh.connect().await, fresh.connect().await);
    database.migrate().await.unwrap();
    let ana = Person::new(&database, 1);
    ana.create(lunch()).await;
    if fresh.is_sqlite() {
        let writing = other.writing().begin().await.unwrap();
        writing.execute_unprepared("UPDATE last_user_action SET seq = seq").await.unwrap();
        let change = record(ana.expenses.reserve_ids(1).await.unwrap()[0], lunch());
        let change_set = ana.planned(ActionKind::Create, vec![change]).await;
        let started = Instant::now();
        let refused = ana.ledger.apply(&change_set).await;
        assert!(matches!(refused, Err(RepositoryError::Unavailable(_))), "{refused:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        writing.rollback().await.unwrap();
        ana.ledger.apply(&change_set).await.unwrap();
        ana.check().await;
    }
    fresh.remove(&[database, other]).await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_heals() {
    let fresh = TestDatabase::empty().await;
    let database = fresh.connect().await;
    database.migrate().await.unwrap();
    let ana = Person::new(&database, 1);
    ana.create(lunch()).await;
    if fresh.is_sqlite() {
        // The bound belongs to the one writing connection.
        ana.execute("PRAGMA max_page_count = 1").await;
        let mut full = None;
        for _ in 0..500 {
            let ids: Vec<ExpenseId> = ana.expenses.reserve_ids(1).await.unwrap();
            let state = ExpenseState { notes: "long words ".repeat(45), ..lunch() };
            let change_set = ana.planned(ActionKind::Create, vec![record(ids[0], state)]).await;
            if let Err(error) = ana.ledger.apply(&change_set).await {
                full = Some(error);
                break;
            }
        }
        assert!(matches!(full, Some(RepositoryError::StorageFull(_))), "{full:?}");
        ana.check().await;
        ana.execute("PRAGMA max_page_count = 1000000").await;
        ana.create(lunch()).await;
        ana.check().await;
    }
    fresh.remove(&[database]).await;
}
