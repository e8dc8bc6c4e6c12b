//! The schema: up, down and up again, and two who migrate at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

use acceptance::database::{Engine, TestDatabase, schema};
use florin_infra::db::{Database, DatabaseOptions, SchemaState};
use florin_migration::Migrator;
use florin_migration::sea_orm_migration::MigratorTrait;

async fn open(url: &str) -> Database {
    let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
    Database::connect(url, &options).await.unwrap()
}

#[tokio::test]
async fn up_down_and_up_again_give_the_same_schema() {
    let database = TestDatabase::empty().await;
    let florin = open(database.url()).await;
    assert_eq!(florin.schema_state().await.unwrap(), SchemaState::Missing);
    let names: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    assert_eq!(florin.migrate().await.unwrap(), names);
    assert_eq!(florin.schema_state().await.unwrap(), SchemaState::Current);
    assert_eq!(florin.migrate().await.unwrap(), Vec::<String>::new());

    let connection = database.connect().await;
    let first = schema(&connection).await;
    assert!(first.len() > 20, "{first:?}");
    // One step down and up again.
    Migrator::down(&connection, Some(1)).await.unwrap();
    assert_eq!(florin.schema_state().await.unwrap(), SchemaState::Older { pending: names[names.len() - 1..].to_vec() });
    Migrator::up(&connection, None).await.unwrap();
    assert_eq!(schema(&connection).await, first);
    // All the way.
    Migrator::down(&connection, None).await.unwrap();
    assert_eq!(schema(&connection).await, Vec::<String>::new(), "down leaves nothing");
    Migrator::up(&connection, None).await.unwrap();
    assert_eq!(schema(&connection).await, first);
    connection.close().await.unwrap();
    florin.close().await;
    let categories = "SELECT COUNT(*) FROM category WHERE id <= 19";
    assert_eq!(database.number(categories).await, 19, "the system categories are seeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_migrate_at_once_one_does_and_all_find_it_done() {
    for _ in 0..3 {
        let database = TestDatabase::empty().await;
        let migrations = (0..4).map(|_| {
            let url = database.url().to_owned();
            tokio::spawn(async move {
                let florin = open(&url).await;
                let applied = florin.migrate().await.unwrap();
                let state = florin.schema_state().await.unwrap();
                florin.close().await;
                (applied.len(), state)
            })
        });
        let outcomes: Vec<_> = futures::future::join_all(migrations.collect::<Vec<_>>()).await;
        let mut applied: Vec<usize> = Vec::new();
        for outcome in outcomes {
            let (count, state) = outcome.unwrap();
            assert_eq!(state, SchemaState::Current);
            applied.push(count);
        }
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 0, Migrator::migrations().len()]);
    }
}

#[tokio::test]
async fn a_migration_that_was_cut_short_is_run_again() {
    let database = TestDatabase::migrated().await;
    // As a server without transactional DDL leaves it: the table is there, its entry is not.
    database.execute("DELETE FROM seaql_migrations WHERE version LIKE '%000017_user_action'").await;
    let florin = open(database.url()).await;
    assert_eq!(florin.migrate().await.unwrap().len(), 1);
    assert_eq!(florin.schema_state().await.unwrap(), SchemaState::Current);
    florin.close().await;
}

#[tokio::test]
async fn text_is_compared_byte_by_byte() {
    let database = TestDatabase::migrated().await;
    for (slug, found) in [("food", 1), ("FOOD", 0), ("Food", 0), ("föod", 0), ("fo", 0)] {
        let sql = format!("SELECT COUNT(*) FROM category WHERE slug = '{slug}'");
        assert_eq!(database.number(&sql).await, found, "{slug}");
    }
    if let Engine::MySql(_) = Engine::chosen() {
        let other = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() \
                     AND table_name <> 'seaql_migrations' AND collation_name NOT LIKE 'utf8mb4%bin'";
        assert_eq!(database.number(other).await, 0);
    }
}
