//! The contract of runs of jobs, on whichever database `TEST_DATABASE` names.

use super::*;
use crate::repository::account::tests::{Place, START};

const MINUTE: i64 = 60_000;

fn jobs(place: &Place) -> SqlJobRepository {
    SqlJobRepository::new(place.database.clone())
}

fn finished(id: JobRunId, outcome: RunOutcome) -> JobRun {
    let at = START.plus_millis(5);
    JobRun {
        id,
        job: "overspend".to_owned(),
        instance: "one".to_owned(),
        started_at: START,
        seen_at: at,
        finished_at: Some(at),
        outcome,
        decided: 3,
        unreadable: 1,
        error: None,
    }
}

#[tokio::test]
async fn a_run_is_read_as_it_was_noted() {
    let place = Place::new().await;
    let jobs = jobs(&place);
    assert_eq!(jobs.runs(None, None, 10).await.unwrap(), Page { rows: vec![], more: false });
    let begin = async |job| jobs.begin(job, "one", START, START.plus_millis(-MINUTE), true).await.unwrap().unwrap();
    let first = begin("overspend").await;
    let running =
        JobRun { seen_at: START, finished_at: None, decided: 0, unreadable: 0, ..finished(first, RunOutcome::Running) };
    assert_eq!(jobs.runs(None, None, 10).await.unwrap().rows, std::slice::from_ref(&running));
    jobs.seen(first, START.plus_millis(2), 9).await.unwrap();
    let seen = JobRun { seen_at: START.plus_millis(2), decided: 9, ..running };
    assert_eq!(jobs.runs(None, None, 10).await.unwrap().rows, [seen]);
    let done = finished(first, RunOutcome::Ok);
    jobs.finish(&done).await.unwrap();
    jobs.seen(first, START.plus_millis(99), 99).await.unwrap();
    assert_eq!(jobs.runs(None, None, 10).await.unwrap().rows, std::slice::from_ref(&done), "what has ended has ended");

    let second = begin("inactivity").await;
    let long = JobRun { error: Some("é".repeat(300)), ..finished(second, RunOutcome::Failed) };
    jobs.finish(&long).await.unwrap();
    let third = begin("overspend").await;
    let page = jobs.runs(None, None, 2).await.unwrap();
    assert_eq!((page.rows.iter().map(|run| run.id).collect::<Vec<_>>(), page.more), (vec![third, second], true));
    assert_eq!(page.rows[1].error.as_deref(), Some(&*"é".repeat(200)));
    assert_eq!((page.rows[1].outcome, &*page.rows[1].job), (RunOutcome::Failed, "inactivity"));
    let older = jobs.runs(None, Some(second), 2).await.unwrap();
    assert_eq!(older, Page { rows: vec![done], more: false });
    let of_job = jobs.runs(Some("overspend"), None, 10).await.unwrap();
    assert_eq!(of_job.rows.iter().map(|run| run.id).collect::<Vec<_>>(), [third, first]);
}

#[tokio::test]
async fn a_job_that_another_process_is_at_is_left_to_it() {
    let place = Place::new().await;
    let jobs = jobs(&place);
    let begin = async |job, instance, at: i64, alone| {
        let now = START.plus_millis(at);
        jobs.begin(job, instance, now, now.plus_millis(-MINUTE), alone).await.unwrap()
    };
    let first = begin("overspend", "one", 0, true).await.unwrap();
    assert_eq!(begin("overspend", "two", MINUTE - 1, true).await, None);
    assert!(begin("inactivity", "two", 0, true).await.is_some(), "another job");
    assert!(begin("overspend", "one", 0, true).await.is_some(), "it was this process, which was killed");
    assert!(begin("overspend", "three", 0, false).await.is_some(), "an operator waits for nobody");
    assert_eq!(begin("overspend", "two", MINUTE - 1, true).await, None);
    jobs.seen(first, START.plus_millis(MINUTE), 1).await.unwrap();
    assert_eq!(begin("overspend", "two", 2 * MINUTE - 1, true).await, None, "it was seen since");
    let second = begin("overspend", "two", 2 * MINUTE, true).await.unwrap();
    jobs.finish(&JobRun { id: second, ..finished(second, RunOutcome::Ok) }).await.unwrap();
    assert!(begin("overspend", "four", 2 * MINUTE, true).await.is_some(), "it has ended");
}

#[tokio::test]
async fn a_run_that_was_killed_while_the_clock_was_ahead_keeps_nobody_waiting() {
    let place = Place::new().await;
    let jobs = jobs(&place);
    let begin = async |instance, at: i64| {
        let now = START.plus_millis(at);
        jobs.begin("overspend", instance, now, now.plus_millis(-MINUTE), true).await.unwrap()
    };
    assert!(begin("killed a year ahead", 365 * 24 * 60 * MINUTE).await.is_some());
    assert!(begin("two", 0).await.is_some());
    assert!(begin("three", 1 - MINUTE).await.is_none(), "clocks differ a little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_begin_at_once_one_does() {
    let place = Place::new().await;
    for _ in 0..5 {
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let jobs = jobs(&place);
                tokio::spawn(async move {
                    let alive_since = START.plus_millis(-MINUTE);
                    jobs.begin("overspend", &format!("process {n}"), START, alive_since, true).await.unwrap()
                })
            })
            .collect();
        let mut begun = Vec::new();
        for task in tasks {
            begun.extend(task.await.unwrap());
        }
        let [only] = begun[..] else { panic!("{begun:?}") };
        jobs(&place).finish(&finished(only, RunOutcome::Ok)).await.unwrap();
    }
}
