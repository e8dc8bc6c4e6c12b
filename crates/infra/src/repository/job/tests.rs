use super::*;
use crate::repository::account::tests::{Place, START};

fn jobs(place: &Place) -> SqlJobRepository {
    SqlJobRepository::new(place.database.clone())
}

fn ended(id: JobRunId, outcome: RunOutcome, error: Option<&str>) -> JobRun {
    let at = START.plus_millis(20);
    JobRun {
        id,
        job: "overspend".to_owned(),
        instance: "one".to_owned(),
        started_at: START,
        seen_at: at,
        finished_at: Some(at),
        outcome,
        decided: 7,
        unreadable: 1,
        error: error.map(str::to_owned),
    }
}

#[tokio::test]
async fn who_wants_to_be_alone_waits_for_who_is_alive() {
    let place = Place::new().await;
    let jobs = jobs(&place);
    let begin_as = async |instance: &str, job: &str, after: i64, alone: bool| {
        let at = START.plus_millis(after);
        jobs.begin(job, &instance.repeat(100), at, at.plus_millis(-100), alone).await.unwrap()
    };
    let begin = async |job: &str, after: i64, alone: bool| begin_as("two", job, after, alone).await;
    let first = begin_as("one", "overspend", 0, true).await.unwrap();
    assert_eq!(begin("overspend", 99, true).await, None);
    assert!(begin_as("one", "inactivity", 98, true).await.is_some());
    assert!(begin_as("one", "inactivity", 98, true).await.is_some(), "nobody waits for themselves");
    jobs.seen(first, START.plus_millis(90), 3).await.unwrap();
    assert_eq!(begin("overspend", 189, true).await, None, "it was seen again");
    let beside = begin("overspend", 189, false).await.unwrap();
    jobs.finish(&ended(beside, RunOutcome::Stopped, None)).await.unwrap();
    assert!(begin("overspend", 190, true).await.is_some(), "its process is taken for dead");

    jobs.finish(&ended(first, RunOutcome::Failed, Some(&"é".repeat(300)))).await.unwrap();
    jobs.seen(first, START.plus_millis(500), 9).await.unwrap();
    let runs = jobs.runs(Some("overspend"), None, 10).await.unwrap().rows;
    let last = runs.last().unwrap();
    assert_eq!((last.id, last.outcome, last.decided), (first, RunOutcome::Failed, 7), "what ended is not seen again");
    assert_eq!(last.error.as_ref().unwrap().chars().count(), 200);
    assert_eq!(last.instance.len(), 64);
    assert_eq!(runs.len(), 3);
}

#[tokio::test]
async fn runs_come_newest_first() {
    let place = Place::new().await;
    let other = Database::clone(&place.database);
    let processes = [jobs(&place), SqlJobRepository::new(other)];
    let mut made = Vec::new();
    for n in 0..6_usize {
        let job = ["overspend", "inactivity"][n % 2];
        let begun = processes[n % 2].begin(job, "one", START, START, false).await.unwrap();
        made.push((job, begun.unwrap()));
    }
    made.reverse();
    for job in [None, Some("overspend")] {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = jobs(&place).runs(job, before, 2).await.unwrap();
            before = page.rows.last().map(|run| run.id);
            found.extend(page.rows.iter().map(|run| run.id));
            if !page.more {
                break;
            }
        }
        let expected: Vec<_> = made.iter().filter(|(name, _)| job.is_none_or(|job| job == *name)).collect();
        assert_eq!(found, expected.into_iter().map(|(_, id)| *id).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_begin_at_once_one_is_alone() {
    let place = Place::new().await;
    for round in 0..5_i64 {
        let racers: Vec<_> = (0..8)
            .map(|n| {
                let jobs = jobs(&place);
                let at = START.plus_millis(round * 1000);
                tokio::spawn(async move {
                    jobs.begin("overspend", &format!("{n}"), at, at.plus_millis(-500), true).await.unwrap()
                })
            })
            .collect();
        let mut begun = 0;
        for racer in racers {
            begun += u32::from(racer.await.unwrap().is_some());
        }
        assert_eq!(begun, 1);
    }
}
