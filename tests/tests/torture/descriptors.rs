//! A server that has no file descriptor left, as when somebody opens connections and sends nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use acceptance::binary::{florin_api, released};
use acceptance::database::TestDatabase;
use acceptance::raw;
use acceptance::torture::{Fleet, Outcome, figure, fleet, is_shipped, seed, size};

use super::database::work_until;

/// Descriptors that the server may have open.
const FEW: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_free_descriptor_lives_and_serves_again() {
    let rounds = size(1, 3, 10);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("few");
    let shipped = if is_shipped() { released().expect("the release build") } else { florin_api().to_path_buf() };
    write_script(&program, &format!("#!/bin/sh\nulimit -n {FEW}\nexec {} \"$@\"\n", shipped.display()));
    let database = TestDatabase::migrated().await;
    // A SQLite connection has three files open.
    let few = |place: acceptance::binary::Place| {
        place.running(program.clone()).with("FLORIN__DATABASE__MAX_CONNECTIONS", "4")
    };
    let mut fleet = Fleet::start_with(&[database.url().to_owned()], few).await;
    let mut people = fleet.people(4, seed()).await;
    let mut recovery = Duration::ZERO;
    for _ in 0..rounds {
        let over = Arc::new(AtomicBool::new(false));
        let working = tokio::spawn(work_until(people, Arc::clone(&over)));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut idle = Vec::new();
        for _ in 0..4 * FEW {
            // Beyond what the server accepts, the kernel keeps them waiting until it does.
            let connection = tokio::time::timeout(Duration::from_secs(1), raw::connect(fleet.client(0).base())).await;
            idle.extend(connection.ok());
        }
        assert!(idle.len() > FEW, "more connections than descriptors: {}", idle.len());
        let id = fleet.server(0).child.id().unwrap();
        let open = || std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
        let filling = Instant::now();
        while open() + 8 <= FEW {
            // What was let go of in the round before still waits to be accepted, a few dozen each half second.
            assert!(filling.elapsed() < Duration::from_secs(20), "{} of {FEW} descriptors are open", open());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(idle);
        let began = Instant::now();
        while fleet.client(0).at("GET", "/readyz").try_send().await.map_or(0, |answer| answer.status) != 200 {
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not recover");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        recovery = recovery.max(began.elapsed());
        over.store(true, Ordering::Release);
        people = working.await.unwrap();
        assert!(fleet.server_mut(0).child.try_wait().unwrap().is_none(), "the server lives");
        fleet::reconcile(&mut people).await;
        let mut worked = Vec::new();
        for (person, outcome) in fleet::work(people, 3).await {
            assert_eq!(outcome, Outcome::Acknowledged, "{person:?}");
            worked.push(person);
        }
        people = worked;
    }
    fleet::reconcile(&mut people).await;
    fleet.verify();
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    figure(
        "no file descriptor left",
        &format!("{rounds} times, {acknowledged} acknowledged, 0 lost; the server lived and served {recovery:?} after"),
    );
}

fn write_script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
