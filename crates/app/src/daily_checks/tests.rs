//! What only a broken port, or a moment that cannot be brought about otherwise, shows.

use std::sync::Mutex;

use florin_domain::budget::Scope;
use florin_domain::calendar::{Month, Timestamp, Zone, parse_date};
use florin_domain::id::{CategoryId, JobRunId, Seq, UserId};
use florin_domain::money::Currency;
use florin_domain::notification::schedule::Cohort;
use florin_domain::repository::{
    InactiveCandidate, JobRun, MockCheckRepository, MockJobRepository, OverspendCandidate, RepositoryError, RunOutcome,
    Scanned,
};

use super::*;
use crate::error::AppError;
use crate::port::MockClock;

/// Tuesday, 10 March 2026, noon in Kolkata: half past two in the morning in New York.
const NOON: &str = "2026-03-10T06:30:00Z";
const KOLKATA: &str = "Asia/Kolkata";
const NEW_YORK: &str = "America/New_York";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn cohort(name: &str, done_on: Option<&str>) -> Cohort {
    Cohort { zone: zone(name), hour: 9, done_on: done_on.map(|date| parse_date(date).unwrap()) }
}

fn over(user: i64, name: &str) -> OverspendCandidate {
    OverspendCandidate {
        user: UserId(user),
        zone: zone(name),
        hour: 9,
        verified_at: Timestamp(0),
        currency: Currency::parse("INR").unwrap(),
        scope: Scope::Category(CategoryId(1)),
        category_name: "Food".to_owned(),
        limit: 1000,
        spent: 2000,
        levels: vec![80, 100],
        told: None,
        channels: None,
    }
}

fn silent(user: i64, name: &str, since: &str) -> InactiveCandidate {
    InactiveCandidate {
        user: UserId(user),
        zone: zone(name),
        hour: 9,
        verified_at: Timestamp(0),
        last: Seq(4),
        since: at(since),
        told: None,
        channels: Some(vec![Channel::Push, Channel::Sms]),
    }
}

fn broken() -> RepositoryError {
    RepositoryError::Unavailable("away".into())
}

fn rows<T>(rows: Vec<T>) -> Scanned<T> {
    Scanned { rows, unreadable: 0 }
}

/// Checks in which only one job has anybody.
struct Given {
    checks: MockCheckRepository,
    jobs: MockJobRepository,
    kind: Kind,
}

impl Given {
    fn new(kind: Kind, cohorts: Vec<Cohort>, last_user: i64) -> Self {
        let mut checks = MockCheckRepository::new();
        checks.expect_cohorts().returning(move |asked| Ok(if asked == kind { cohorts.clone() } else { vec![] }));
        checks.expect_last_user().returning(move || Ok(UserId(last_user)));
        Self { checks, jobs: MockJobRepository::new(), kind }
    }

    fn of_overspend() -> Self {
        Self::new(Kind::Overspend, vec![cohort(KOLKATA, Some("2026-03-09"))], 10)
    }

    /// A run is begun, shown to be alive any number of times, and ends so.
    fn begins(mut self, outcome: RunOutcome) -> Self {
        let kind = self.kind;
        self.jobs
            .expect_begin()
            .times(1)
            .withf(move |job, instance, now, alive_since, _| {
                job == kind.as_str() && instance == "here" && now.0 - alive_since.0 == 60_000
            })
            .returning(|_, _, _, _, _| Ok(Some(JobRunId(5))));
        self.jobs.expect_seen().returning(|_, _, _| Ok(()));
        self.jobs.expect_finish().times(1).withf(move |run| run.outcome == outcome).returning(|_| Ok(()));
        self
    }

    fn stores_all(mut self) -> Self {
        self.checks
            .expect_insert()
            .returning(|new, _| Ok(new.iter().map(|new| new.notice.dedupe_key(new.user)).collect()));
        self
    }

    fn marks(mut self, times: usize) -> Self {
        self.checks.expect_mark_done().times(times).returning(|_, _| Ok(()));
        self
    }

    fn built(self) -> DailyChecks {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(at(NOON));
        let ports = CheckPorts { checks: Arc::new(self.checks), jobs: Arc::new(self.jobs), clock: Arc::new(clock) };
        let channels = vec![Channel::Log, Channel::Push];
        DailyChecks::new(ports, CheckPolicy { channels, instance: "here".to_owned() })
    }

    async fn run(self, mode: Mode) -> (Result<Report>, Vec<NewNotification>) {
        run(&self.built(), mode).await
    }
}

async fn run(checks: &DailyChecks, mode: Mode) -> (Result<Report>, Vec<NewNotification>) {
    let told = Mutex::new(Vec::new());
    let report = checks.run(mode, &|new| told.lock().unwrap().push(new.clone())).await;
    (report, told.into_inner().unwrap())
}

fn users(told: &[NewNotification]) -> Vec<i64> {
    told.iter().map(|new| new.user.0).collect()
}

#[tokio::test]
async fn a_job_that_fails_does_not_keep_the_other_from_running() {
    let mut checks = MockCheckRepository::new();
    checks.expect_cohorts().times(2).returning(|_| Ok(vec![cohort(KOLKATA, None)]));
    checks.expect_last_user().returning(|| Ok(UserId(1)));
    checks.expect_overspends().times(1).returning(|_, _| Err(broken()));
    checks.expect_inactives().times(1).returning(|_, _| Ok(rows(vec![])));
    checks.expect_mark_done().times(1).withf(|kind, _| *kind == Kind::Inactivity).returning(|_, _| Ok(()));
    let mut jobs = MockJobRepository::new();
    jobs.expect_begin().times(2).returning(|_, _, _, _, _| Ok(Some(JobRunId(5))));
    jobs.expect_seen().returning(|_, _, _| Ok(()));
    let failed = |run: &JobRun| run.job == "overspend" && run.error.is_some() && run.finished_at == Some(at(NOON));
    jobs.expect_finish()
        .times(2)
        .withf(move |run| (run.outcome == RunOutcome::Failed) == failed(run))
        .returning(|_| Ok(()));
    let (report, told) = Given { checks, jobs, kind: Kind::Overspend }.run(Mode::Scheduled).await;
    assert!(matches!(report, Err(AppError::Unavailable(_))), "{report:?}");
    assert_eq!(told, []);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_all_that_a_chunk_gave() {
    let mut given = Given::of_overspend().begins(RunOutcome::Stopped).marks(0);
    given.checks.expect_overspends().returning(|_, _| Ok(rows((1..=1200).map(|user| over(user, KOLKATA)).collect())));
    let checks: Arc<std::sync::OnceLock<Arc<DailyChecks>>> = Arc::default();
    let stopped = Arc::clone(&checks);
    given.checks.expect_insert().times(1).returning(move |new, _| {
        stopped.get().unwrap().stop();
        Ok(new.iter().map(|new| new.notice.dedupe_key(new.user)).collect())
    });
    let built = Arc::new(given.built());
    assert!(checks.set(Arc::clone(&built)).is_ok());
    let (report, told) = run(&built, Mode::Scheduled).await;
    let overspend = report.unwrap().overspend;
    assert_eq!((overspend.outcome, told.len()), (JobOutcome::Stopped, 500));
}

#[tokio::test]
async fn a_note_from_a_year_ahead_keeps_nobody_from_hearing() {
    for (noted, is_told) in [("2026-03-10", false), ("2026-03-17", false), ("2026-03-18", true), ("2027-03-10", true)] {
        let mut given = Given::new(Kind::Overspend, vec![cohort(KOLKATA, Some(noted))], 10);
        if is_told {
            given = given.begins(RunOutcome::Ok).stores_all().marks(1);
            given.checks.expect_overspends().returning(|_, _| Ok(rows(vec![over(1, KOLKATA)])));
        }
        let (report, told) = given.run(Mode::Scheduled).await;
        assert_eq!((report.unwrap().is_complete(), told.len()), (true, usize::from(is_told)), "{noted}");
    }
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_told_nor_done() {
    let mut given = Given::of_overspend().begins(RunOutcome::Failed).marks(0);
    given.checks.expect_overspends().returning(|_, _| Ok(rows(vec![over(1, KOLKATA)])));
    given.checks.expect_insert().times(1).returning(|_, _| Err(broken()));
    let (report, told) = given.run(Mode::Scheduled).await;
    assert!(report.is_err());
    assert_eq!(told, []);
}

#[tokio::test]
async fn an_end_that_cannot_be_noted_is_a_failure() {
    let mut given = Given::of_overspend().marks(1);
    given.checks.expect_overspends().returning(|_, _| Ok(rows(vec![])));
    given.jobs.expect_begin().returning(|_, _, _, _, _| Ok(Some(JobRunId(5))));
    given.jobs.expect_seen().returning(|_, _, _| Ok(()));
    given.jobs.expect_finish().returning(|_| Err(broken()));
    assert!(given.run(Mode::Scheduled).await.0.is_err());
}

#[tokio::test]
async fn only_what_this_run_stored_is_told() {
    let mut given = Given::of_overspend().begins(RunOutcome::Ok).marks(1);
    let found = || Scanned { rows: vec![over(1, KOLKATA), over(2, KOLKATA), over(3, KOLKATA)], unreadable: 2 };
    given.checks.expect_overspends().returning(move |_, _| Ok(found()));
    let second = |new: &[NewNotification]| vec![new[1].notice.dedupe_key(new[1].user)];
    given.checks.expect_insert().times(1).returning(move |new, _| Ok(second(new)));
    let (report, told) = given.run(Mode::Scheduled).await;
    assert_eq!(users(&told), [2]);
    assert_eq!(told[0].channels, [Channel::Log, Channel::Push]);
    let expected = JobReport { decided: 1, unreadable: 2, chunks: 1, outcome: JobOutcome::Done };
    assert_eq!(report.unwrap(), Report { overspend: expected, inactivity: JobReport::default() });
}

#[tokio::test]
async fn many_are_stored_in_bounded_batches() {
    let mut given = Given::of_overspend().begins(RunOutcome::Ok).marks(1);
    let counted = Arc::new(Mutex::new(Vec::new()));
    let sizes = Arc::clone(&counted);
    given.checks.expect_overspends().returning(|_, _| Ok(rows((0..1201).map(|n| over(n, KOLKATA)).collect())));
    given.checks.expect_insert().returning(move |new, _| {
        sizes.lock().unwrap().push(new.len());
        Ok(new.iter().map(|new| new.notice.dedupe_key(new.user)).collect())
    });
    let (report, told) = given.run(Mode::Scheduled).await;
    assert_eq!((report.unwrap().overspend.decided, told.len()), (1201, 1201));
    assert_eq!(*counted.lock().unwrap(), [500, 500, 201]);
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_ends_after_its_chunk_and_notes_nothing_done() {
    let mut given = Given::new(Kind::Overspend, vec![cohort(KOLKATA, Some("2026-03-09"))], 50_000)
        .begins(RunOutcome::Stopped)
        .stores_all()
        .marks(0);
    given.checks.expect_overspends().times(1).returning(|scan, _| {
        assert_eq!((scan.after, scan.up_to), (UserId(0), UserId(20_000)));
        Ok(rows(vec![over(1, KOLKATA)]))
    });
    let checks = given.built();
    let report = checks.run(Mode::Scheduled, &|_| checks.stop()).await.unwrap();
    let stopped = JobReport { decided: 1, unreadable: 0, chunks: 1, outcome: JobOutcome::Stopped };
    assert_eq!(report.overspend, stopped);
    assert_eq!(report.inactivity, JobReport { outcome: JobOutcome::Stopped, ..JobReport::default() });
    assert_eq!(run(&checks, Mode::Scheduled).await.0.unwrap().overspend.chunks, 0, "nor is another one begun");
}

#[tokio::test]
async fn all_users_are_scanned_in_ranges_that_meet() {
    let mut given = Given::new(Kind::Inactivity, vec![cohort(KOLKATA, None)], 40_001).begins(RunOutcome::Ok).marks(1);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ranges = Arc::clone(&seen);
    given.checks.expect_inactives().returning(move |scan, before| {
        assert_eq!((before, &scan.zones), (at("2026-03-06T08:30:00Z"), &None));
        ranges.lock().unwrap().push((scan.after.0, scan.up_to.0));
        Ok(rows(vec![]))
    });
    assert_eq!(given.run(Mode::Scheduled).await.0.unwrap().inactivity.chunks, 3);
    assert_eq!(*seen.lock().unwrap(), [(0, 20_000), (20_000, 40_000), (40_000, 60_000)]);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_tells_all() {
    // Nothing else is expected: any other call fails the test.
    let mut given = Given::of_overspend();
    given.checks.expect_overspends().times(1).returning(|_, _| Ok(rows(vec![over(1, KOLKATA), over(2, KOLKATA)])));
    let (report, told) = given.run(Mode::DryRun).await;
    assert_eq!(users(&told), [1, 2]);
    let expected = JobReport { decided: 2, unreadable: 0, chunks: 1, outcome: JobOutcome::Done };
    assert_eq!(report.unwrap().overspend, expected);
}

#[tokio::test]
async fn a_job_that_another_process_is_at_is_left_to_it() {
    let mut given = Given::of_overspend();
    given.jobs.expect_begin().withf(|_, _, _, _, alone| *alone).returning(|_, _, _, _, _| Ok(None));
    let report = given.run(Mode::Scheduled).await.0.unwrap();
    assert_eq!(report.overspend, JobReport { outcome: JobOutcome::Elsewhere, ..JobReport::default() });
}

#[tokio::test]
async fn what_is_noted_as_done_is_due_only_for_who_asks() {
    for noted in ["2026-03-10", "2026-03-11", "2026-03-12"] {
        let given = Given::new(Kind::Overspend, vec![cohort(KOLKATA, Some(noted))], 10);
        assert_eq!(given.run(Mode::Scheduled).await.0.unwrap(), Report::default(), "{noted}");
        let mut given = Given::new(Kind::Overspend, vec![cohort(KOLKATA, Some(noted))], 10);
        given.jobs.expect_begin().withf(|_, _, _, _, alone| !*alone).returning(|_, _, _, _, _| Ok(Some(JobRunId(1))));
        given.jobs.expect_seen().returning(|_, _, _| Ok(()));
        given.jobs.expect_finish().returning(|_| Ok(()));
        given.checks.expect_overspends().returning(|_, _| Ok(rows(vec![over(1, KOLKATA)])));
        let today =
            |done: &[(Zone, u8, chrono::NaiveDate)]| done == [(zone(KOLKATA), 9, parse_date("2026-03-10").unwrap())];
        given.checks.expect_mark_done().times(1).withf(move |_, done| today(done)).returning(|_, _| Ok(()));
        assert_eq!(users(&given.stores_all().run(Mode::Once).await.1), [1], "{noted}");
    }
    // Whose hour has not come today is not due for asking, either.
    let given = Given::new(Kind::Overspend, vec![cohort(NEW_YORK, Some("2026-03-09"))], 10);
    assert_eq!(given.run(Mode::Once).await.0.unwrap(), Report::default());
}

#[tokio::test]
async fn a_missed_run_is_caught_up_for_who_was_there() {
    // In New York it is 2 o'clock on the 10th; 9 o'clock on the 9th was 13:00 UTC.
    let there = OverspendCandidate { verified_at: at("2026-03-09T13:00:00Z"), ..over(1, NEW_YORK) };
    let later = OverspendCandidate { verified_at: at("2026-03-09T13:00:00.001Z"), ..over(2, NEW_YORK) };
    let given = |noted| {
        let (there, later) = (there.clone(), later.clone());
        let mut given = Given::new(Kind::Overspend, vec![cohort(NEW_YORK, noted)], 10).begins(RunOutcome::Ok);
        given.checks.expect_overspends().returning(move |_, _| Ok(rows(vec![there.clone(), later.clone()])));
        let yesterday = parse_date("2026-03-09").unwrap();
        given.checks.expect_mark_done().withf(move |_, done| done[0].2 == yesterday).returning(|_, _| Ok(()));
        given.stores_all()
    };
    for noted in [None, Some("2026-03-08")] {
        for mode in [Mode::Scheduled, Mode::Once] {
            assert_eq!(users(&given(noted).run(mode).await.1), [1]);
        }
    }
}

#[tokio::test]
async fn each_cohort_hears_of_its_own_months_and_at_its_own_hour() {
    let cohorts = vec![
        cohort(KOLKATA, Some("2026-02-27")),
        cohort("UTC", Some("2026-03-08")),
        cohort("Europe/London", Some("2026-03-09")),
    ];
    let mut given = Given::new(Kind::Overspend, cohorts, 10).begins(RunOutcome::Ok).stores_all().marks(1);
    let scans = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&scans);
    given.checks.expect_overspends().returning(move |scan, month| {
        let zones = scan.zones.as_ref().map(|zones| zones.iter().map(|zone| zone.name()).collect::<Vec<_>>());
        seen.lock().unwrap().push((month, zones));
        let other_hour = OverspendCandidate { hour: 8, ..over(4, KOLKATA) };
        Ok(rows(vec![over(1, KOLKATA), over(2, "UTC"), over(3, "Europe/London"), other_hour]))
    });
    let (_, told) = given.run(Mode::Scheduled).await;
    let month = |text| Month::parse(text).unwrap();
    // In London and at UTC the hour has not come: it is the 9th that UTC missed.
    let (february, march) = (month("2026-02"), month("2026-03"));
    let expected = [(february, Some(vec![KOLKATA])), (march, Some(vec![KOLKATA, "UTC"]))];
    assert_eq!(*scans.lock().unwrap(), expected);
    let told: Vec<_> = told.iter().map(|new| new.notice.dedupe_key(new.user)).collect();
    assert_eq!(
        told,
        ["overspend:1:1:202602:1000:100", "overspend:1:1:202603:1000:100", "overspend:2:1:202603:1000:100"]
    );
}

#[tokio::test]
async fn silence_is_counted_in_the_users_zone_and_sent_over_what_they_chose() {
    let mut given =
        Given::new(Kind::Inactivity, vec![cohort(KOLKATA, None)], 10).begins(RunOutcome::Ok).stores_all().marks(1);
    given.checks.expect_inactives().returning(|_, _| {
        // Half an hour before and after midnight, between the 4th and the 5th.
        Ok(rows(vec![silent(1, KOLKATA, "2026-03-04T18:00:00Z"), silent(2, KOLKATA, "2026-03-04T19:00:00Z")]))
    });
    let (_, told) = given.run(Mode::Scheduled).await;
    assert_eq!(users(&told), [1]);
    assert_eq!(told[0].notice.message(), "You have not logged any expenses for 6 days.");
    assert_eq!(told[0].channels, [Channel::Push], "of those that the operator has");
}
