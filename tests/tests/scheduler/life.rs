//! The process that goes on: it makes up for what it missed, answers about its health, and ends when told to.

use std::process::Stdio;
use std::time::Duration;

use acceptance::binary::Place;
use acceptance::crowd;
use acceptance::database::TestDatabase;
use chrono::{Datelike, Utc};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

struct Running {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    log: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(place: &Place) -> Self {
        let mut command = Command::from(place.scheduler(&[]));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, output, log }
    }

    async fn line(&mut self) -> acceptance::Value {
        let line = tokio::time::timeout(Duration::from_secs(20), self.output.next_line()).await;
        acceptance::parse(&line.expect("a line in time").unwrap().expect("a line before the end"))
    }

    async fn log_with(&mut self, words: &str) -> String {
        loop {
            let line = tokio::time::timeout(Duration::from_secs(20), self.log.next_line()).await;
            let line = line.expect("a line in time").unwrap().expect("a line before the end");
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Tells it to stop; the lines that were still to come.
    async fn stop(mut self) -> Vec<acceptance::Value> {
        let id = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        let mut rest = Vec::new();
        while let Some(line) = self.output.next_line().await.unwrap() {
            rest.push(acceptance::parse(&line));
        }
        let status = tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await;
        let status = status.expect("it ends in time").unwrap();
        assert!(status.success(), "{status}");
        rest
    }
}

/// People who are over their limit now and were there yesterday.
async fn overspent_now(database: &TestDatabase, people: i64) {
    let now = Utc::now();
    let month = now.year() * 100 + i32::try_from(now.month()).unwrap();
    crowd::overspend(database, 1001, people, month, now.timestamp_millis() - 2 * 24 * 3_600_000).await;
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_at_the_start_and_not_again_at_the_next() {
    let database = TestDatabase::migrated().await;
    overspent_now(&database, 3).await;
    let place = Place::new(database.url());
    let mut scheduler = Running::start(&place);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(scheduler.line().await["user_id"].as_i64().unwrap());
    }
    told.sort_unstable();
    assert_eq!(told, [1001, 1002, 1003]);
    assert_eq!(scheduler.stop().await.len(), 0);
    let mut again = Running::start(&place);
    again.log_with("checked").await;
    assert_eq!(again.stop().await.len(), 0, "nobody is told twice");
    let runs = "SELECT COUNT(*) FROM job_run WHERE outcome = 'ok'";
    assert_eq!(database.number(runs).await, 2, "two jobs, each with something to do once");
}

#[tokio::test]
async fn it_answers_about_its_health_on_a_port_of_its_own() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url()).with("FLORIN__SCHEDULER__BIND", "127.0.0.1:0");
    let mut scheduler = Running::start(&place);
    let line = scheduler.log_with("health at http://").await;
    let base = line.split_whitespace().find_map(|word| word.strip_suffix("/readyz")).expect("an address").to_owned();
    scheduler.log_with("checked").await;
    let client = reqwest::Client::new();
    let get = async |path: &str| {
        let answer = client.get(format!("{base}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get("/livez").await, (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(get("/readyz").await, (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(get("/api/v1/me").await.0, 404);
    let (status, text) = get("/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("florin_"), "{text}");
    database
        .execute("UPDATE seaql_migrations SET version = 'm99991231_000000_future' WHERE version LIKE '%_job_run'")
        .await;
    let (status, text) = get("/readyz").await;
    assert_eq!(status, 503);
    assert!(text.contains("later version"), "{text}");
    scheduler.stop().await;
}

#[tokio::test]
async fn a_stop_in_the_middle_loses_and_doubles_nothing() {
    let people = i64::try_from(acceptance::size(300, 2000)).unwrap();
    let database = TestDatabase::migrated().await;
    overspent_now(&database, people).await;
    let place = Place::new(database.url());
    let mut told = Vec::new();
    for _ in 0..3 {
        let mut scheduler = Running::start(&place);
        told.push(scheduler.line().await["id"].as_i64().unwrap());
        for line in scheduler.stop().await {
            told.push(line["id"].as_i64().unwrap());
        }
    }
    let (code, stdout, stderr) = place.schedule(&["--once"]);
    assert_eq!(code, 0, "{stderr}");
    told.extend(stdout.lines().map(|line| acceptance::parse(line)["id"].as_i64().unwrap()));
    let all = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!((all, told.len()), (told.len(), usize::try_from(people).unwrap()), "each once");
}

#[tokio::test]
async fn it_ends_though_nobody_reads_its_output_and_loses_nothing() {
    let people = 1000;
    let database = TestDatabase::migrated().await;
    overspent_now(&database, people).await;
    let place = Place::new(database.url()).with("FLORIN__SERVER__SHUTDOWN_SECONDS", "4");
    let mut scheduler = Running::start(&place);
    // A pipe holds 64 KiB, which are fewer lines than these.
    let delivered = "SELECT COUNT(*) FROM notification_delivery WHERE state = 1";
    let (mut before, mut now) = (-1, 0);
    while now < 64 || before < now {
        tokio::time::sleep(Duration::from_millis(300)).await;
        (before, now) = (now, database.number(delivered).await);
    }
    assert!(now < people, "{now}");
    let id = scheduler.child.id().expect("it runs").to_string();
    let begun = std::time::Instant::now();
    assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    let status = tokio::time::timeout(Duration::from_secs(15), scheduler.child.wait()).await;
    assert!(status.expect("it ends").unwrap().success());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut lines = 0;
    while let Some(line) = scheduler.output.next_line().await.unwrap() {
        // The last one may be cut off.
        lines += i64::from(line.ends_with('}'));
    }
    let noted = database.number(delivered).await;
    assert!(noted <= lines, "{noted} of {lines} lines are noted as delivered");
    let kept = "SELECT COUNT(*) FROM notification_delivery WHERE state IN (0, 1)";
    assert_eq!(database.number(kept).await, people);
}
