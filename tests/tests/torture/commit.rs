//! The network between server and database, cut at COMMIT.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acceptance::database::{Engine, TestDatabase};
use acceptance::random::Random;
use acceptance::torture::proxy::{Cut, Manner, Proxy};
use acceptance::torture::{Fleet, Outcome, Person, figure, fleet, seed, size};
use futures::future::join_all;

use super::retries::{KINDS, actions, ask, length, send};

/// Cuts of one kind before everybody looks at their books.
const CUTS_A_ROUND: usize = 4;

/// Works until told to stop, or until an outcome is not known.
async fn work(mut person: Person, stop: Arc<AtomicBool>) -> Person {
    while !stop.load(Ordering::Relaxed) {
        match person.step().await {
            Outcome::Acknowledged => {}
            Outcome::Unknown => break,
            Outcome::Refused => panic!("nobody else writes for {person:?}"),
        }
    }
    person
}

/// What came of cuts of one kind.
#[derive(Debug, Default)]
struct Tally {
    cuts: usize,
    /// Operations that were not acknowledged: found done, and not.
    done: usize,
    not_done: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_the_network_cuts_is_done_once_or_not_at_all() {
    if *Engine::chosen() == Engine::Sqlite {
        return; // There is no network between Florin and its file.
    }
    let wanted = size(16, 60, 400);
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::to(database.url()).await;
    let mut fleet = Fleet::start(proxy.url(), 2).await;
    let mut people = fleet.people(8, seed()).await;
    for person in &mut people {
        assert_eq!(person.work(5).await, Outcome::Acknowledged);
    }
    let mut random = Random::new(seed());
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut cuts = 0;
    while cuts < wanted {
        let (name, kind) = match (cuts / CUTS_A_ROUND) % 4 {
            0 => ("answer lost", Cut::AfterCommit),
            1 => ("before COMMIT", Cut::BeforeCommit),
            2 => ("with COMMIT", Cut::WithCommit),
            _ => ("elsewhere", Cut::Statement),
        };
        let (done, not_done) = unacknowledged(&people);
        let stop = Arc::new(AtomicBool::new(false));
        let working: Vec<_> = people.drain(..).map(|person| tokio::spawn(work(person, Arc::clone(&stop)))).collect();
        let mut cut_now = 0;
        while cut_now < CUTS_A_ROUND {
            // Not only the first COMMIT, which may be that of a block of identifiers.
            let after = below(&mut random, if kind == Cut::Statement { 40 } else { 6 });
            let manner = if random.below(2) == 0 { Manner::Reset } else { Manner::Close };
            // Nobody may be left who writes.
            let is_cut = proxy.cut(kind, manner, after, Duration::from_secs(5)).await;
            if !is_cut {
                assert!(working.iter().all(tokio::task::JoinHandle::is_finished), "no statement passes any more");
                break;
            }
            cut_now += 1;
        }
        stop.store(true, Ordering::Relaxed);
        people = join_all(working).await.into_iter().map(|person| person.expect("no defect found")).collect();
        fleet::reconcile(&mut people).await;
        cuts += cut_now;
        let now = unacknowledged(&people);
        let tally = tallies.entry(name).or_default();
        tally.cuts += cut_now;
        tally.done += now.0 - done;
        tally.not_done += now.1 - not_done;
    }
    fleet.verify();
    assert!(proxy.cuts() >= wanted, "{} of {wanted}", proxy.cuts());
    assert!(proxy.commits() > wanted, "COMMIT is recognised");
    let acknowledged: usize = people.iter().map(|person| person.acknowledged).sum();
    let tell = |(name, tally): (&&str, &Tally)| {
        format!("{name} {} ({} unacknowledged were there, {} not)", tally.cuts, tally.done, tally.not_done)
    };
    let told: Vec<String> = tallies.iter().map(tell).collect();
    figure(
        "commit cut by the network",
        &format!("{cuts} cuts, {acknowledged} acknowledged, 0 wrong: {}", told.join(", ")),
    );
}

/// How many operations that were not acknowledged were found done, and not.
fn unacknowledged(people: &[Person]) -> (usize, usize) {
    people.iter().fold((0, 0), |(done, not), person| (done + person.resolved.0, not + person.resolved.1))
}

fn below(random: &mut Random, end: u64) -> usize {
    usize::try_from(random.below(end)).expect("a small number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_again_after_a_cut_every_kind_of_write_is_done_once() {
    if *Engine::chosen() == Engine::Sqlite {
        return; // There is no network between Florin and its file.
    }
    let rounds = size(KINDS.len(), 4 * KINDS.len(), 20 * KINDS.len());
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::to(database.url()).await;
    let mut fleet = Fleet::start(proxy.url(), 2).await;
    let people = fleet.people(rounds.div_ceil(KINDS.len()), seed()).await;
    let mut random = Random::new(seed());
    let (mut cuts, mut unavailable) = (0, 0);
    for round in 0..rounds {
        let cut = *random.pick(&[Cut::AfterCommit, Cut::AfterCommit, Cut::BeforeCommit, Cut::WithCommit]);
        // Some take an identifier first, some keep their answer afterwards, each in a transaction of its own.
        let (person, after) = (&people[round / KINDS.len()], below(&mut random, 2));
        let (is_cut, is_told) =
            ask_through_a_cut(&proxy, person, KINDS[round % KINDS.len()], round, (cut, after)).await;
        cuts += usize::from(is_cut);
        unavailable += usize::from(is_told);
    }
    // What is done by the first COMMIT and answered after the second, which keeps the answer.
    let device = KINDS.into_iter().find(|(kind, ..)| *kind == "a device").expect("a kind");
    for (n, cut) in [Cut::BeforeCommit, Cut::WithCommit, Cut::AfterCommit].into_iter().enumerate() {
        let (is_cut, _) = ask_through_a_cut(&proxy, &people[0], device, rounds + n, (cut, 1)).await;
        assert!(is_cut, "an answer is kept by a COMMIT of its own");
        cuts += 1;
    }
    for person in &people {
        acceptance::books::assert_sound(&person.user).await;
    }
    fleet.verify();
    figure(
        "commit cut by the network",
        &format!(
            "{cuts} cuts under {} kinds of writes with a key: one effect and one answer each; {unavailable} were told 503 first",
            KINDS.len()
        ),
    );
}

/// Asks for a write of that kind while the connection is cut at the COMMIT that comes after so many, and again at the other
/// server: there is one effect, and one answer. Whether it was cut, and whether the client was told 503 first.
async fn ask_through_a_cut(
    proxy: &Proxy,
    person: &Person,
    (kind, list, by): (&'static str, &str, i64),
    number: usize,
    (cut, after): (Cut, usize),
) -> (bool, bool) {
    let Person { user, clients, .. } = person;
    let ask = ask(user, kind, number).await;
    let before = (length(user, list).await, actions(user).await);
    let patience = Duration::from_secs(1);
    let (is_cut, answer) = futures::join!(proxy.cut(cut, Manner::Reset, after, patience), send(&clients[0], &ask));
    let mut answer = answer.expect("an answer");
    let first = answer.status;
    if first == 503 {
        answer = send(&clients[1], &ask).await.expect("an answer");
    }
    assert!(answer.status < 300, "{kind}, {cut:?} after {after} ({is_cut}), first {first}: {answer:?}");
    let now = (length(user, list).await, actions(user).await);
    let is_action = list == "/expenses" || list == "/actions";
    assert_eq!(now, (before.0 + by, before.1 + i64::from(is_action)), "{kind}, {cut:?}, first {first}");
    let again = send(&clients[1], &ask).await.expect("an answer");
    assert_eq!((answer.status, &answer.body), (again.status, &again.body), "{kind}, {cut:?}, first {first}: {again:?}");
    (is_cut, first == 503)
}
