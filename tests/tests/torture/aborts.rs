//! Clients that go away in the middle, beside honest ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::torture::{Fleet, Outcome, Person, figure, fleet, seed, size};
use acceptance::{User, Value, books, json, raw};
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Expenses in a batch of those who abort.
const BATCH: usize = 3;

/// What an expense of this mark looks like: no field of one mark stands beside a field of another.
fn fields(mark: &str) -> Value {
    let number = mark.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 900_000);
    json!({
        "notes": mark,
        "amount": format!("{}.{:02}", 1 + number / 100, number % 100),
        "tags": [format!("tag{}", number % 97)],
    })
}

/// Somebody who only aborts. `left` counts what is still to be aborted, by all of them.
struct Aborter {
    user: User,
    random: Random,
    name: String,
    /// An expense that is edited only by requests that are aborted.
    edited: i64,
    marks: u64,
}

impl Aborter {
    async fn new(user: User, n: u64) -> Self {
        let name = format!("a{n}");
        let edited = user.record(&fields(&format!("{name}-edited-0"))).await;
        Self { user, random: Random::new(seed().wrapping_add(n)), name, edited, marks: 0 }
    }

    fn request(&mut self) -> Vec<u8> {
        self.marks += 1;
        let (name, n) = (&self.name, self.marks);
        let (method, path, body) = match self.random.below(4) {
            0 => {
                let one = |k| {
                    let mut operation = fields(&format!("{name}-batch-{n}-{k}"));
                    operation["op"] = json!("create");
                    operation
                };
                let operations: Vec<Value> = (0..BATCH).map(one).collect();
                ("POST", "/expenses/batch".to_owned(), json!({"operations": operations}))
            }
            1 => ("PATCH", format!("/expenses/{}", self.edited), fields(&format!("{name}-edited-{n}"))),
            _ => ("POST", "/expenses".to_owned(), fields(&format!("{name}-one-{n}"))),
        };
        let (body, token) = (body.to_string(), self.user.token().expect("a token"));
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }

    /// Sends a request over a new connection, or over one that has been of use before, all of it or a part, and cuts it.
    async fn abort(&mut self) {
        let mut stream = raw::connect(self.user.base()).await;
        for _ in 0..self.random.below(3) {
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("the server reads");
            let mut answer = [0; 4096];
            assert!(stream.read(&mut answer).await.expect("an answer") > 0, "a connection that is kept");
        }
        let bytes = self.request();
        let end = match self.random.below(8) {
            0 => usize::try_from(self.random.below(bytes.len() as u64)).expect("a length"),
            _ => bytes.len(),
        };
        stream.write_all(&bytes[..end]).await.ok();
        tokio::time::sleep(Duration::from_micros(self.random.below(20_000))).await;
        stream.set_zero_linger().expect("a reset");
    }
}

/// Works until told to stop.
async fn work(mut person: Person, stop: Arc<AtomicBool>, acknowledged: Arc<AtomicUsize>) -> Person {
    while !stop.load(Ordering::Relaxed) {
        match person.step().await {
            Outcome::Acknowledged => acknowledged.fetch_add(1, Ordering::Relaxed),
            Outcome::Unknown if stop.load(Ordering::Relaxed) => break,
            // So busy with those who are gone that it said so.
            Outcome::Unknown if person.was_told_to_wait() => {
                person.reconcile_within(50).await;
                continue;
            }
            // Killed.
            Outcome::Unknown => break,
            Outcome::Refused => panic!("nobody else writes for {person:?}"),
        };
    }
    person
}

/// Everything that is there of somebody who only aborts is whole. Returns how many requests had an effect that is still seen.
fn assert_whole(listed: &[Value]) -> usize {
    let mut ones = BTreeSet::new();
    let mut batches: BTreeMap<String, usize> = BTreeMap::new();
    for expense in listed {
        let mark = expense["notes"].as_str().expect("notes");
        for (name, value) in fields(mark).as_object().expect("fields") {
            assert_eq!(&expense[name], value, "half of one request: {expense}");
        }
        assert!(ones.insert(mark.to_owned()), "twice: {expense}");
        if let Some((batch, _)) = mark.contains("-batch-").then(|| mark.rsplit_once('-').expect("a number")) {
            *batches.entry(batch.to_owned()).or_default() += 1;
        }
    }
    let halves: Vec<_> = batches.iter().filter(|(_, count)| **count != BATCH).collect();
    assert!(halves.is_empty(), "parts of batches: {halves:?}");
    ones.len() - batches.len() * (BATCH - 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_go_away_touch_nobodys_writes() {
    let (aborts, acknowledgements) = (size(400, 4000, 20_000), size(40, 400, 2000));
    let database = TestDatabase::migrated().await;
    let mut fleet = Fleet::start(database.url(), 1).await;
    let mut people = fleet.people(4, seed()).await;
    let mut aborters = Vec::new();
    for n in 0..8 {
        aborters.push(Aborter::new(fleet.user().await, n).await);
    }
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let working: Vec<_> = people
        .drain(..)
        .map(|person| tokio::spawn(work(person, Arc::clone(&stop), Arc::clone(&acknowledged))))
        .collect();
    let working = Arc::new(working);
    let left = Arc::new(AtomicUsize::new(aborts));
    let aborting = aborters.into_iter().map(|mut aborter| {
        let (left, acknowledged, working) = (Arc::clone(&left), Arc::clone(&acknowledged), Arc::clone(&working));
        tokio::spawn(async move {
            let mut done = 0;
            let is_wanted = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
            let is_awaited = || {
                let is_over = working.iter().all(tokio::task::JoinHandle::is_finished);
                acknowledged.load(Ordering::Relaxed) < acknowledgements && !is_over
            };
            while is_wanted() || is_awaited() {
                aborter.abort().await;
                done += 1;
            }
            (aborter, done)
        })
    });
    let aborted = join_all(aborting.collect::<Vec<_>>()).await;
    // A connection left inside a transaction would take with it what others had been told was done.
    fleet.kill(0).await;
    stop.store(true, Ordering::Relaxed);
    let working = Arc::into_inner(working).expect("nobody else waits for them");
    people = join_all(working).await.into_iter().map(|person| person.expect("no defect found")).collect();
    fleet.restart(0).await;
    fleet::reconcile(&mut people).await;
    let (mut done, mut whole) = (0, 0);
    for aborted in aborted {
        let (aborter, count) = aborted.expect("no defect found");
        done += count;
        whole += assert_whole(&books::assert_sound(&aborter.user).await);
    }
    fleet.verify();
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    assert!(done >= aborts && acknowledged >= acknowledgements, "{done} aborts, {acknowledged} acknowledged");
    assert!(whole > 8, "some requests arrived whole: {whole}");
    figure(
        "client aborts (RST)",
        &format!(
            "{done} aborts beside {acknowledged} acknowledged writes, then kill -9: 0 lost; {whole} of the aborted were there, whole"
        ),
    );
}
