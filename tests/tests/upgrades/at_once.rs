//! Several programs migrate one database at once, and one of them is killed.

use std::process::{Child, Stdio};
use std::time::Duration;

use acceptance::binary::with_crash_points;
use acceptance::random::Random;
use acceptance::release::Release;
use acceptance::torture::{figure, place, seed, size};

use super::{ROW, migrate};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_servers_that_migrate_at_once_one_is_killed_and_the_others_end_well() {
    let rounds = size(2, 8, 50);
    let program = with_crash_points().to_owned();
    let mut random = Random::new(seed());
    let (mut dead, mut n) = (0, 0);
    // Within how many milliseconds it is killed: fewer after it had nothing left to do before it died.
    let mut window = 300;
    while dead < rounds {
        assert!(n < 12 * rounds, "{dead} of {n} died");
        let release = Release::read(if n % 2 == 0 { "accounts" } else { "ledger" });
        let database = release.restored().await;
        let place = place(database.url()).running(program.clone()).with("FLORIN__AUTH__SECRET", &release.secret);
        let start = |point: Option<String>| -> Child {
            let mut command = place.command(&["migrate"]);
            if let Some(point) = point {
                command.env("CRASH_AT", point);
            }
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let others = if n % 2 == 0 { 1 } else { 3 };
        // In every other round it is there first, and dies while it has the lock; else it is killed at any moment.
        let point = (dead % 2 == 0).then(|| format!("migration.done:{}", 1 + random.below(6)));
        let is_crashing = point.is_some();
        let mut victim = start(point);
        if is_crashing {
            std::thread::sleep(Duration::from_millis(50));
        }
        let rest: Vec<Child> = (0..others).map(|_| start(None)).collect();
        if !is_crashing {
            std::thread::sleep(Duration::from_millis(random.below(window)));
            victim.kill().unwrap();
        }
        if victim.wait_with_output().unwrap().status.success() {
            window = (window / 2).max(4);
        } else {
            dead += 1;
        }
        for child in rest {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        }
        migrate(&place, &database).await;
        n += 1;
    }
    figure(
        ROW,
        &format!(
            "{n} times two or four processes migrated at once, {dead} times one of them died: the others ended well"
        ),
    );
}
