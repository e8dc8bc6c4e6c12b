//! Runs that are repeated, made by several at once, or made by a clock that cannot be relied on.

use acceptance::size;
use florin_app::daily_checks::{JobOutcome, Mode};

use crate::people::{Town, limit, person, preference, run, spent};

/// Somebody who has overspent in Food in March 2026, and who has been there for long.
fn spender(user: i64, zone: &str) -> Vec<String> {
    [person(user, zone, "1"), limit(user, 1, 202_603, 1000), spent(user, 1, 202_603, 1001)].concat()
}

fn over(user: i64, level: u16) -> String {
    format!("overspend:{user}:1:202603:1000:{level}")
}

fn never_logged(user: i64) -> String {
    format!("inactivity:{user}:0:30")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_processes_at_once_tell_each_person_once() {
    let users = i64::try_from(size(200, 1000)).unwrap();
    let town = Town::at("2026-03-10T06:30:00Z").await;
    let rows: Vec<String> = (1..=users).flat_map(|user| spender(user, "Asia/Kolkata")).collect();
    town.write(&rows).await;
    for mode in [Mode::Scheduled, Mode::Once] {
        let processes: Vec<_> = ["a", "b", "c", "d", "e"]
            .map(|name| {
                let checks = town.process(name);
                tokio::spawn(async move { run(&checks, mode).await.1 })
            })
            .into();
        let mut told = Vec::new();
        for process in processes {
            told.extend(process.await.unwrap());
        }
        told.sort_unstable();
        let mut expected: Vec<_> = (1..=users).flat_map(|user| [over(user, 100), never_logged(user)]).collect();
        expected.sort_unstable();
        if mode == Mode::Once {
            expected.clear();
        }
        assert_eq!(told, expected);
    }
    assert_eq!(town.database.number("SELECT COUNT(*) FROM notification").await, 2 * users);
    assert_eq!(
        town.database.number("SELECT COUNT(DISTINCT notification_id) FROM notification_delivery").await,
        2 * users
    );
    assert_eq!(town.database.number("SELECT COUNT(*) FROM job_run WHERE outcome <> 'ok'").await, 0);
    town.close().await;
}

#[tokio::test]
async fn who_asks_again_hears_what_is_new_and_a_dry_run_leaves_no_trace() {
    let town = Town::at("2026-03-10T06:30:00Z").await;
    town.write(&spender(1, "Asia/Kolkata")).await;
    town.write(&spent(1, 1, 202_603, 850)).await;
    let checks = town.process("here");
    let rows = || {
        town.database.texts(
            "SELECT job FROM job_run UNION ALL SELECT job FROM daily_run UNION ALL SELECT kind FROM notification \
         UNION ALL SELECT channel FROM notification_delivery",
        )
    };
    let everything = [over(1, 80), never_logged(1)];
    assert_eq!(run(&checks, Mode::DryRun).await.1, everything);
    assert!(rows().await.is_empty());
    assert_eq!(run(&checks, Mode::Once).await.1, everything);
    assert_eq!(run(&checks, Mode::Once).await.1, [""; 0]);
    town.write(&spent(1, 1, 202_603, 1001)).await;
    assert_eq!(run(&checks, Mode::Scheduled).await.0.overspend.outcome, JobOutcome::Idle, "not before tomorrow");
    assert_eq!(run(&checks, Mode::DryRun).await.1, [over(1, 100)]);
    let before = rows().await.len();
    assert_eq!(run(&checks, Mode::DryRun).await.1, [over(1, 100)]);
    assert_eq!(rows().await.len(), before);
    assert_eq!(run(&checks, Mode::Once).await.1, [over(1, 100)]);
    town.close().await;
}

#[tokio::test]
async fn a_clock_that_goes_back_tells_nothing_twice() {
    let town = Town::at("2026-03-10T06:30:00Z").await;
    town.write(&spender(1, "Asia/Kolkata")).await;
    let checks = town.process("here");
    town.clock.advance_days(3);
    assert_eq!(run(&checks, Mode::Scheduled).await.1.len(), 2);
    town.write(&spent(1, 1, 202_603, 500)).await;
    town.write(&limit(1, 1, 202_603, 400)).await;
    for _ in 0..3 {
        town.clock.advance_days(-1);
        assert_eq!(run(&checks, Mode::Scheduled).await.0.overspend.outcome, JobOutcome::Idle);
    }
    town.clock.advance_days(3);
    assert_eq!(run(&checks, Mode::Scheduled).await.1, [""; 0]);
    town.clock.advance_days(1);
    assert_eq!(run(&checks, Mode::Scheduled).await.1, ["overspend:1:1:202603:400:100"]);
    town.close().await;
}

#[tokio::test]
async fn who_moves_over_the_date_line_hears_no_second_time() {
    let town = Town::at("2026-03-09T19:30:00Z").await;
    town.write(&spender(1, "Pacific/Kiritimati")).await;
    town.write(&[preference(1, 9)]).await;
    let checks = town.process("here");
    assert_eq!(run(&checks, Mode::Scheduled).await.1.len(), 2);
    // There it is the 8th, 25 hours before.
    town.write(&["UPDATE user_login SET timezone = 'Pacific/Pago_Pago'".to_owned()]).await;
    for _ in 0..60 {
        assert_eq!(run(&checks, Mode::Scheduled).await.1, [""; 0]);
        town.clock.advance_seconds(3600);
    }
    town.close().await;
}

#[tokio::test]
async fn others_are_served_beside_a_row_that_cannot_be_read() {
    let town = Town::at("2026-03-10T06:30:00Z").await;
    for user in 1..=4 {
        town.write(&spender(user, "Asia/Kolkata")).await;
    }
    town.write(&["UPDATE user_login SET timezone = 'Mars/Olympus' WHERE id = 2".to_owned()]).await;
    town.write(&["UPDATE user_login SET currency = '???' WHERE id = 3".to_owned()]).await;
    let (report, told) = run(&town.process("here"), Mode::Scheduled).await;
    assert_eq!(told, [over(1, 100), over(4, 100), never_logged(1), never_logged(3), never_logged(4)]);
    assert_eq!((report.overspend.unreadable, report.inactivity.unreadable), (2, 1));
    assert_eq!(town.database.number("SELECT unreadable FROM job_run WHERE job = 'overspend'").await, 2);
    town.close().await;
}
