//! Killed with SIGKILL at each point of its work: nobody goes without, and a repeat carries the same identifier.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acceptance::binary::Place;
use acceptance::crowd;
use acceptance::database::{Engine, TestDatabase};
use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

const AT: &[&str] = &["--once"];
const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// What a sink does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// Takes it.
    Take,
    /// Reads it, tells the test, and never answers.
    Hang,
    /// Takes it, and tells the test at once.
    TakeAndTell,
}

/// A receiver of webhooks: which notification each user was told, by identifier.
#[derive(Debug, Clone)]
struct Sink {
    url: String,
    told: Arc<Mutex<BTreeMap<i64, Vec<i64>>>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Sink {
    async fn open() -> (Self, mpsc::UnboundedReceiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tell, told) = mpsc::unbounded_channel();
        let sink = Self { url, told: Arc::default(), behaviour: Arc::new(Mutex::new(Behaviour::Take)) };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sink, tell) = (serving.clone(), tell.clone());
                tokio::spawn(async move { sink.serve(stream, tell).await });
            }
        });
        (sink, told)
    }

    /// Requests of one connection until it ends.
    async fn serve(&self, stream: TcpStream, tell: mpsc::UnboundedSender<()>) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.ok()? == 0 {
                    return None;
                }
                if line.trim().is_empty() {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().ok()?;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.ok()?;
            let body = acceptance::parse(std::str::from_utf8(&body).ok()?);
            let behaviour = *self.behaviour.lock().unwrap();
            if behaviour == Behaviour::Hang {
                // It may have been acted upon, so it counts as told.
                self.note(&body);
                tell.send(()).ok()?;
                std::future::pending::<()>().await;
            }
            self.note(&body);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.ok()?;
            if behaviour == Behaviour::TakeAndTell {
                tell.send(()).ok()?;
            }
        }
    }

    fn note(&self, body: &acceptance::Value) {
        let number = |member: &str| body["data"][member].as_i64().expect("a number");
        self.told.lock().unwrap().entry(number("user_id")).or_default().push(number("id"));
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }
}

struct Scene {
    database: TestDatabase,
    place: Place,
    sink: Sink,
    told: mpsc::UnboundedReceiver<()>,
}

impl Scene {
    async fn of(people: i64) -> Self {
        let database = TestDatabase::migrated().await;
        let (sink, told) = Sink::open().await;
        // Here since the day before yesterday: too young to be silent.
        let verified_at = chrono::Utc::now().timestamp_millis() - 2 * 24 * 3_600_000;
        crowd::overspend(&database, 1001, people, current_month(), verified_at).await;
        let place = Place::new(database.url())
            .with("FLORIN__DELIVERY__CHANNELS", "webhook")
            .with("FLORIN__WEBHOOK__URL", &sink.url)
            .with("FLORIN__WEBHOOK__SECRETS", SECRET)
            .with("FLORIN__WEBHOOK__ALLOW_PRIVATE", "true")
            .with("FLORIN__DELIVERY__TIMEOUT_MS", "900")
            .with("FLORIN__DELIVERY__LEASE_SECONDS", "1");
        Self { database, place, sink, told }
    }

    fn start(&self) -> Child {
        let mut command = Command::from(self.place.scheduler(AT));
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("the program starts")
    }

    /// Kills a run once the sink has a request.
    async fn kill_when_told(&mut self, mut run: Child) {
        while self.told.try_recv().is_ok() {}
        let told = async {
            tokio::select! {
                told = self.told.recv() => told.is_some(),
                _ = run.wait() => false,
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(30), told).await.expect("something happens");
        if told {
            run.kill().await.unwrap();
        }
    }

    /// Runs to the end as often as it takes for leases to end, and looks at what everybody was told.
    async fn finish(self, people: i64) -> usize {
        self.sink.behave(Behaviour::Take);
        for _ in 0..60 {
            let status = self.start().wait().await.unwrap();
            assert!(status.success(), "{status}");
            let open = "SELECT COUNT(*) FROM notification_delivery WHERE state <> 1";
            if self.database.number(open).await == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let told = self.sink.told.lock().unwrap().clone();
        let missing: Vec<i64> = (1001..1001 + people).filter(|user| !told.contains_key(user)).collect();
        assert!(missing.is_empty(), "not told: {missing:?}");
        for (user, ids) in &told {
            let different: BTreeSet<i64> = ids.iter().copied().collect();
            assert_eq!(different.len(), 1, "user {user} was told under several identifiers: {ids:?}");
        }
        assert_eq!(told.len(), usize::try_from(people).unwrap());
        told.values().map(|ids| ids.len() - 1).sum()
    }
}

fn current_month() -> i32 {
    use chrono::Datelike;
    let now = chrono::Utc::now();
    now.year() * 100 + i32::try_from(now.month()).unwrap()
}

fn kills() -> u64 {
    u64::try_from(acceptance::size(2, 20)).unwrap()
}

/// Keeps the database from being written to until the returned value goes.
async fn hold(database: &DatabaseConnection) -> Box<dyn Send> {
    match Engine::chosen() {
        Engine::Sqlite => {
            let tx = database.begin().await.unwrap();
            // A transaction that has written keeps every other writer out.
            tx.execute_unprepared("UPDATE id_range SET next = next WHERE name = 'user'").await.unwrap();
            Box::new(tx)
        }
        _ => {
            let tx = database.begin().await.unwrap();
            tx.execute_unprepared("UPDATE user_login SET created_at = created_at").await.unwrap();
            tx.execute_unprepared("UPDATE notification_delivery SET created_at = created_at").await.unwrap();
            Box::new(tx)
        }
    }
}

#[tokio::test]
async fn killed_while_it_decides_or_inserts_nobody_goes_without() {
    let people = i64::try_from(acceptance::size(150, 1000)).unwrap();
    let scene = Scene::of(people).await;
    let connection = scene.database.connect().await;
    for kill in 0..kills() {
        // While the accounts' rows, or all of the file, are held, it comes as far as its first insert and no further.
        let held = if kill % 2 == 0 { Some(hold(&connection).await) } else { None };
        let mut run = scene.start();
        tokio::time::sleep(Duration::from_millis(40 + 23 * kill % 400)).await;
        run.kill().await.unwrap();
        drop(held);
    }
    connection.close().await.unwrap();
    let repeats = scene.finish(people).await;
    println!("{} kills at decide and insert: {people} of {people} told, {repeats} repeats", kills());
}

#[tokio::test]
async fn killed_while_it_sends_nobody_goes_without() {
    let people = i64::try_from(acceptance::size(40, 200)).unwrap();
    let mut scene = Scene::of(people).await;
    for _ in 0..kills() {
        scene.sink.behave(Behaviour::Hang);
        let run = scene.start();
        scene.kill_when_told(run).await;
        // What it held comes due again.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    let repeats = scene.finish(people).await;
    println!("{} kills at send: {people} of {people} told, {repeats} repeats, each under the same identifier", kills());
}

#[tokio::test]
async fn killed_before_it_notes_what_it_sent_a_repeat_has_the_same_identifier() {
    let people = i64::try_from(acceptance::size(40, 200)).unwrap();
    let mut scene = Scene::of(people).await;
    for _ in 0..kills() {
        scene.sink.behave(Behaviour::TakeAndTell);
        let run = scene.start();
        scene.kill_when_told(run).await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    let repeats = scene.finish(people).await;
    println!("{} kills at mark: {people} of {people} told, {repeats} repeats, each under the same identifier", kills());
}
