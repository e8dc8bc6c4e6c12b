//! Power cuts: of what SQLite asked of the system, only what was synced is sure to be on the disk.

use std::collections::BTreeMap;

use acceptance::client::Client;
use acceptance::database::Engine;
use acceptance::random::Random;
use acceptance::torture::model::{Books, Model};
use acceptance::torture::power::disk::{Image, put_into};
use acceptance::torture::power::{Disk, Event, Left, Recorder, Trace};
use acceptance::torture::{Fleet, figure, fleet::free_port, place, seed, size};
use acceptance::{User, Value, books};
use futures::future::join_all;
use serde_json::json;

/// How many people write.
const PEOPLE: usize = 4;
/// The one who leaves in the middle.
const LEAVER: &str = "leaver";

/// A person who writes, one operation after the other, under request ids by which the answers are known in the recording.
struct Writer {
    n: usize,
    client: Client,
    model: Model,
    /// What was asked for: method, path, body.
    requests: Vec<(&'static str, String, Value)>,
    /// What the books hold after each action, beginning with none.
    history: Vec<Books>,
    random: Random,
}

impl Writer {
    async fn write(mut self, operations: usize) -> Self {
        for _ in 0..operations {
            let operation = self.model.next(&mut self.random);
            let (method, path, body) = self.model.request(&operation);
            let id = format!("p{}-{}", self.n, self.requests.len());
            self.requests.push((method, path.clone(), body.clone()));
            let call = self.client.call(method, &path).header("x-request-id", &id).header("idempotency-key", &id);
            let answer = if body.is_null() { call.await } else { call.json(&body).await };
            assert!(answer.status < 300, "nothing is in the way: {answer:?}");
            self.model.apply(&operation);
            self.model.learn(&answer.json);
            self.history.push(self.model.books.clone());
        }
        self
    }
}

async fn write(writers: Vec<Writer>, operations: usize) -> Vec<Writer> {
    let writing: Vec<_> = writers.into_iter().map(|writer| tokio::spawn(writer.write(operations))).collect();
    join_all(writing).await.into_iter().map(Result::unwrap).collect()
}

/// What people did, and all that the server asked of the system for it.
struct Recording {
    writers: Vec<Writer>,
    trace: Trace,
}

/// A server from its first start on, with people who write; it is stopped and started again, and somebody leaves.
async fn record(operations: usize) -> Recording {
    let recorder = Recorder::new();
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}/florin.db", folder.path().display());
    let program = recorder.program();
    let mut fleet = Fleet::start_with(&[database], |place| place.running(program.clone())).await;
    let mut writers = Vec::new();
    for n in 0..PEOPLE {
        let user = fleet.user().await;
        let (model, history) = (Model::default(), vec![Books::new()]);
        let random = Random::new(seed().wrapping_add(n as u64));
        writers.push(Writer { n, client: (*user).clone(), model, requests: Vec::new(), history, random });
    }
    let leaver: User = fleet.user().await;
    let third = operations / PEOPLE / 3;
    writers = write(writers, third).await;
    let leaving = leaver.delete("/me").json(&json!({"password": leaver.password})).header("x-request-id", LEAVER);
    leaving.await.expect(204);
    writers = write(writers, third).await;
    fleet.stop(0).await;
    fleet.restart(0).await;
    writers = write(writers, third).await;
    fleet.kill(0).await;
    Recording { writers, trace: recorder.trace(folder.path(), 2).await }
}

impl Recording {
    /// Up to where nobody has written anything yet, and everybody has signed up.
    fn beginning(&self) -> usize {
        let is_first = |event: &Event| matches!(event, Event::Acknowledged(id) if id.starts_with('p'));
        self.trace.events.iter().position(is_first).expect("an answer to a write")
    }

    /// How often, since people write, what was in the log was brought home to the file and synced.
    fn checkpoints(&self) -> usize {
        let is_sync = |event: &&Event| matches!(event, Event::SyncBegan(_, file) if file == "florin.db");
        self.trace.events[self.beginning()..].iter().filter(is_sync).count()
    }

    /// Which answers were given before an event.
    fn acknowledged<'a>(&'a self, before: usize) -> Vec<&'a str> {
        let given = self.trace.events[..before].iter();
        let id = |event: &'a Event| match event {
            Event::Acknowledged(id) => Some(id.as_str()),
            _ => None,
        };
        given.filter_map(id).collect()
    }
}

/// Whether everything acknowledged is there, and nothing but whole operations: with the real programs on an image of the disk.
async fn judge(recording: &Recording, image: &Image, before: usize) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    put_into(folder.path(), image);
    let database = format!("sqlite://{}/florin.db", folder.path().display());
    let place = place(&database).with("FLORIN__SERVER__BIND", &format!("127.0.0.1:{}", free_port()));
    let server = place.serve().await;
    let (code, stdout, stderr) = place.outcome(&["verify"]);
    if code != 0 {
        return Err(format!("verify: {stdout}{stderr}"));
    }
    if before >= recording.beginning() {
        let acknowledged = recording.acknowledged(before);
        for writer in &recording.writers {
            let client = Client::new(server.client.base()).with_token(writer.client.token().unwrap());
            let prefix = format!("p{}-", writer.n);
            let known = acknowledged.iter().filter(|id| id.starts_with(&prefix)).count();
            let found = writer.model.clone().read(&books::assert_sound(&client).await);
            let actions = client.verify_books().await.expect(200)["actions"].as_u64().unwrap();
            let actions = usize::try_from(actions).unwrap();
            if actions < known || actions > known + 1 {
                return Err(format!("{prefix}: {known} acknowledged, {actions} there"));
            }
            if found != writer.history[actions] {
                return Err(format!("{prefix}: the books are not those after {actions} actions"));
            }
            // The latest action is asked for again, acknowledged or not: its answer is kept with it.
            if let Some((method, path, body)) = actions.checked_sub(1).map(|last| &writer.requests[last]) {
                let call = client.call(method, path).header("idempotency-key", &format!("{prefix}{}", actions - 1));
                let again = if body.is_null() { call.await } else { call.json(body).await };
                if again.status >= 300 || again.header("idempotency-replayed") != Some("true") {
                    return Err(format!("{prefix}: asked for again: {again:?}"));
                }
            }
        }
        let left = acknowledged.contains(&LEAVER);
        let login = server.client.login(&format!("person{}@example.com", PEOPLE + 1), "a password of many words").await;
        if left && login.status != 401 {
            return Err(format!("who was erased is there: {login:?}"));
        }
    }
    Ok(())
}

/// Moments among events, in order: most of them any, some right before and after an answer, some before anybody writes.
fn cuts(recording: &Recording, count: usize, random: &mut Random) -> Vec<usize> {
    let (beginning, end) = (recording.beginning(), recording.trace.events.len());
    let mut cuts = Vec::new();
    for n in 0..count {
        let any = |from: usize, to: usize, random: &mut Random| {
            from + usize::try_from(random.below((to - from) as u64)).unwrap()
        };
        let cut = any(beginning, end, random);
        let is_answer = |event: &Event| matches!(event, Event::Acknowledged(_));
        let next = || cut + recording.trace.events[cut..].iter().position(is_answer).unwrap_or(0);
        cuts.push(match n % 10 {
            0 => any(0, beginning, random),
            1..=3 => next(),
            4..=6 => Ord::min(next() + 1, end),
            _ => cut,
        });
    }
    cuts.sort_unstable();
    cuts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_takes_nothing_that_was_acknowledged() {
    // Servers of databases sync by themselves.
    if *Engine::chosen() != Engine::Sqlite {
        return;
    }
    let (points, variants) = (size(12, 60, 200), size(1, 2, 4));
    let recording = record(size(60, 600, 1500)).await;
    assert!(recording.checkpoints() >= 2, "the log was brought home while the power could go");
    let mut random = Random::new(seed());
    let (mut disk, mut taken, mut images) = (Disk::default(), 0, 0);
    for (n, cut) in cuts(&recording, points, &mut random).into_iter().enumerate() {
        recording.trace.events[taken..cut].iter().for_each(|event| disk.take(event));
        taken = cut;
        let mut seen = Vec::new();
        for variant in 0..variants {
            let left = Left::ALL[(n + variant) % Left::ALL.len()];
            let image = disk.left(left, &mut random);
            if seen.contains(&image) {
                continue;
            }
            if let Err(missing) = judge(&recording, &image, cut).await {
                panic!("power cut before event {cut}, of what was not synced {left:?}: {missing}");
            }
            images += 1;
            seen.push(image);
        }
    }
    let acknowledged = recording.acknowledged(recording.trace.events.len()).len();
    figure(
        "power cut (SQLite)",
        &format!(
            "{points} cut points in {acknowledged} acknowledgements and {} checkpoints, {images} states of the disk, 0 missing",
            recording.checkpoints()
        ),
    );
}

/// The same judgement finds what a database that does not sync its log before it answers would lose: what SQLite does with
/// `synchronous=NORMAL`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_not_synced_is_found_out() {
    if *Engine::chosen() != Engine::Sqlite {
        return;
    }
    let recording = record(24).await;
    let events = &recording.trace.events;
    let beginning = recording.beginning();
    let mut disk = Disk::default();
    events[..beginning].iter().for_each(|event| disk.take(event));
    disk.lie_about("florin.db-wal");
    // Up to the first checkpoint, before which the log is synced even so.
    let is_home = |event: &Event| matches!(event, Event::Wrote { file, .. } if file == "florin.db");
    let end = beginning + events[beginning..].iter().position(is_home).unwrap();
    let mut found = BTreeMap::new();
    for (n, event) in events[..end].iter().enumerate().skip(beginning) {
        disk.take(event);
        if matches!(event, Event::Acknowledged(_)) && found.len() < size(3, 10, 30) && n > beginning + 20 {
            let image = disk.left(Left::Nothing, &mut Random::new(seed()));
            found.insert(n, judge(&recording, &image, n + 1).await);
        }
    }
    assert!(!found.is_empty(), "there were answers");
    for (cut, judged) in &found {
        let missing = judged.as_ref().expect_err("what was not synced is lost");
        assert!(missing.contains("acknowledged"), "{cut}: {missing}");
    }
    figure(
        "power cut (SQLite)",
        &format!(
            "with a log that is not synced: acknowledged writes missing at {} of {} cut points",
            found.len(),
            found.len()
        ),
    );
}
