//! The program that migrates is killed: run again, it ends well, and the schema is the same.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use acceptance::binary::{ABORTED, Place, with_crash_points};
use acceptance::database::{Engine, TestDatabase};
use acceptance::random::Random;
use acceptance::release::Release;
use acceptance::torture::{figure, place, seed, size};
use florin_migration::Migrator;
use florin_migration::sea_orm_migration::MigratorTrait;

use super::{ROW, migrate};

/// An empty database, or one of the first release with its people.
async fn database(populated: bool) -> (TestDatabase, Place, usize) {
    let all = Migrator::migrations().len();
    if !populated {
        let database = TestDatabase::empty().await;
        let place = place(database.url());
        return (database, place, all);
    }
    let release = Release::read("ledger");
    let database = release.restored().await;
    let place = place(database.url()).with("FLORIN__AUTH__SECRET", &release.secret);
    (database, place, all - release.migrations.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_that_die_between_any_two_are_run_to_their_end() {
    let deaths = size(3, 16, 200);
    let program = with_crash_points().to_owned();
    let mut random = Random::new(seed());
    for n in 0..deaths {
        let (database, place, pending) = database(n % 2 == 1).await;
        let pass = 1 + random.below(pending as u64);
        let point = match n / 2 % 3 {
            0 => format!("migration.done:{pass}"),
            1 => format!("migration.begun:{pass}"),
            // All migrations are one transaction there.
            _ if *Engine::chosen() == Engine::Sqlite => "migration.before_commit:1".to_owned(),
            _ => format!("migration.done:{pass}"),
        };
        let dying = place.running(program.clone()).with("CRASH_AT", &point);
        // The server brings an embedded database up to date by itself.
        let command = if *Engine::chosen() == Engine::Sqlite && n % 4 > 1 { "serve" } else { "migrate" };
        let status = dying.run(&[command]).status;
        assert_eq!(status.signal(), Some(ABORTED), "{command} did not die at {point}");
        migrate(&dying.without("CRASH_AT"), &database).await;
    }
    figure(
        ROW,
        &format!("{deaths} migrations died between two of them or at their end; run again all were done, same schema"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_that_are_killed_at_any_moment_are_run_to_their_end() {
    let kills = size(2, 16, 200);
    let mut random = Random::new(seed());
    let (mut took, mut killed) = ([Duration::ZERO; 2], 0);
    for (n, took) in took.iter_mut().enumerate() {
        let (database, place, _) = database(n == 1).await;
        let began = Instant::now();
        assert_eq!(place.run(&["migrate"]).status.code(), Some(0));
        *took = began.elapsed();
        migrate(&place, &database).await;
    }
    let mut n = 0;
    // Some end before they are killed.
    while killed < kills {
        assert!(n < 6 * kills, "{killed} of {n} were killed before they ended");
        let (database, place, _) = database(n % 2 == 1).await;
        let most = u64::try_from(took[n % 2].as_micros()).unwrap();
        let command = if *Engine::chosen() == Engine::Sqlite && n % 4 > 1 { "serve" } else { "migrate" };
        let mut child = place.command(&[command]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(most)));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal().is_some());
        migrate(&place, &database).await;
        n += 1;
    }
    figure(ROW, &format!("{killed} migrations killed by kill -9 at any moment; run again all were done, same schema"));
}
