//! Housekeeping: what has served its time goes, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use florin_app::housekeeping::{Housekeeping, HousekeepingPorts, KeptDays, Pruned};
use florin_app::port::Clock;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, UserId};
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::repository::{AuditRepository, NewCode, SessionRepository, ThrottleRepository};
use florin_domain::session::{CodePurpose, Device, NewRefreshToken, Rotation};
use florin_domain::throttle::LOG_INS;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::db::Database;
use crate::entity::{
    idempotency_key, job_run, login_event, notification_delivery, one_time_code, refresh_token, session, sign_up,
    throttle,
};
use crate::repository::account::tests::{Place, START, hash};
use crate::repository::{SqlAuditRepository, SqlPruningRepository, SqlThrottleRepository};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

struct Time(AtomicI64);

impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Housekeeping of a server, and its clock.
fn server(database: &Database) -> (Housekeeping, Arc<Time>) {
    let time = Arc::new(Time(AtomicI64::new(START.0)));
    let ports = HousekeepingPorts {
        pruning: Arc::new(SqlPruningRepository::new(database.clone())),
        throttles: Arc::new(SqlThrottleRepository::new(database.clone())),
        audit: Arc::new(SqlAuditRepository::new(database.clone())),
        clock: Arc::clone(&time) as _,
    };
    (Housekeeping::new(ports, KeptDays { audit: 400, deliveries: 90 }), time)
}

/// A token that is issued so long after the start and good for thirty days.
fn token(after: i64) -> NewRefreshToken {
    let issued_at = START.plus_millis(after);
    let expires_at = issued_at.plus_millis(30 * DAY);
    NewRefreshToken { hash: hash(), issued_at, expires_at, session_millis: 400 * DAY }
}

async fn put_answers(database: &Database, user: i64, count: usize) {
    let row = |_| {
        let row = idempotency_key::Model {
            user_id: user,
            key_hash: hash().to_vec(),
            fingerprint: hash().to_vec(),
            answer: vec![1],
            created_at: START.0,
        };
        idempotency_key::ActiveModel::from(row)
    };
    let rows: Vec<_> = (0..count).map(row).map(sea_orm::ActiveModelTrait::reset_all).collect();
    for rows in rows.chunks(250) {
        let new = idempotency_key::Entity::insert_many(rows.to_vec());
        new.exec_without_returning(database.writing()).await.unwrap();
    }
}

async fn count<E: EntityTrait>(database: &Database) -> u64
where
    E::Model: Sync,
{
    E::find().count(database.writing()).await.unwrap()
}

async fn tokens_of(database: &Database, id: SessionId) -> u64 {
    let of_session = refresh_token::Entity::find().filter(refresh_token::Column::SessionId.eq(id.0));
    of_session.count(database.writing()).await.unwrap()
}

async fn rotated(place: &Place, old: &NewRefreshToken, after: i64) -> (Rotation, NewRefreshToken) {
    let new = token(after);
    (place.sessions().rotate(&old.hash, &new, &Device::default()).await.unwrap(), new)
}

#[tokio::test]
async fn what_has_served_its_time_goes_and_nothing_else() {
    let place = Place::new().await;
    let database = &place.database;
    let (housekeeping, time) = server(database);
    let sessions = place.sessions();
    let user = place.somebody().await;
    let open = async |token: &NewRefreshToken| sessions.open(user, &Device::default(), token).await.unwrap();

    // One in use, one that ends, one that nobody comes back to, one whose first token was stolen.
    let (first, ended, lapsed, stolen) = (token(0), token(0), token(0), token(0));
    let (live, over) = (open(&first).await, open(&ended).await);
    let (forgotten, robbed) = (open(&lapsed).await, open(&stolen).await);
    let (_, second) = rotated(&place, &first, HOUR).await;
    rotated(&place, &stolen, HOUR).await;
    sessions.close_by_token(&ended.hash, START.plus_millis(HOUR), &Device::default()).await.unwrap();
    for owner in [user, UserId(-5)] {
        let good_until = START.plus_millis(600_000);
        let purpose = CodePurpose::Login;
        let code = NewCode { user: owner, purpose, hash: hash(), at: START, expires_at: good_until };
        let event = NewLoginEvent::new(None, START, EventKind::Code, EventOutcome::Ok, &Device::default());
        sessions.put_code(&code, &event).await.unwrap();
    }
    put_answers(database, user.0, 1200).await;
    let waiting = sign_up::Model {
        id: 1,
        user_id: user.0,
        code_hash: hash().to_vec(),
        code_expires_at: START.0,
        created_at: START.0,
        name: String::new(),
        currency: "INR".to_owned(),
        timezone: "UTC".to_owned(),
        password_hash: String::new(),
    };
    let waiting = sea_orm::ActiveModelTrait::reset_all(sign_up::ActiveModel::from(waiting));
    sign_up::Entity::insert(waiting).exec_without_returning(database.writing()).await.unwrap();
    let throttles = SqlThrottleRepository::new(database.clone());
    throttles.take(&LOG_INS, &hash(), START).await.unwrap();
    let event = NewLoginEvent::new(Some(user), START, EventKind::LogIn, EventOutcome::Ok, &Device::default());
    SqlAuditRepository::new(database.clone()).note(&event).await.unwrap();

    let run = async |after: i64| {
        time.0.store(START.0 + after, Ordering::Relaxed);
        housekeeping.run_once().await.unwrap()
    };
    assert_eq!(run(1).await, Pruned::default(), "nothing at first");
    assert_eq!(run(23 * HOUR).await, Pruned { throttles: 1, ..Pruned::default() });
    // One day on. A used token stays, for its family lives.
    let pruned = run(26 * HOUR).await;
    assert_eq!(pruned, Pruned { answers: 1200, refresh_tokens: 1, codes: 2, ..Pruned::default() });
    assert_eq!((tokens_of(database, live).await, tokens_of(database, over).await), (2, 0));
    assert_eq!(sessions.principal(live, user).await.unwrap().unwrap().account.id, user);

    // Weeks on, the stolen token is shown again: its family ends.
    assert_eq!(run(7 * DAY - 1).await, Pruned::default());
    assert_eq!(run(20 * DAY).await, Pruned { sign_ups: 1, ..Pruned::default() });
    let reused = rotated(&place, &stolen, 20 * DAY).await.0;
    assert_eq!(reused, Rotation::Reused { session: robbed, user });
    assert_eq!(sessions.principal(robbed, user).await.unwrap(), None);
    assert_eq!(run(21 * DAY + 1).await, Pruned { refresh_tokens: 2, ..Pruned::default() });
    let (kept, third) = rotated(&place, &second, 22 * DAY).await;
    assert!(matches!(kept, Rotation::Rotated { .. }));

    // The month is over: the ended session goes, and the one that nobody came back to; not the one in use, though its first
    // tokens have expired.
    let pruned = run(31 * DAY + 2 * HOUR).await;
    assert_eq!(pruned, Pruned { refresh_tokens: 3, sessions: 2, ..Pruned::default() });
    let left: Vec<i64> =
        session::Entity::find().all(database.writing()).await.unwrap().iter().map(|row| row.id).collect();
    assert_eq!((left.contains(&live.0), left.contains(&robbed.0), left.len()), (true, true, 2));
    assert!(!left.contains(&forgotten.0) && !left.contains(&over.0));
    let (goes_on, last) = rotated(&place, &third, 32 * DAY).await;
    assert!(matches!(goes_on, Rotation::Rotated { .. }));
    assert!(matches!(rotated(&place, &third, 33 * DAY).await.0, Rotation::Reused { .. }), "its second token is known");
    assert_eq!(rotated(&place, &last, 33 * DAY).await.0, Rotation::Invalid);

    assert_eq!(run(400 * DAY).await.login_events, 0);
    // That one, and those of the two codes; those of the tokens came later.
    assert_eq!(run(400 * DAY + 1).await.login_events, 3);
    assert!(run(434 * DAY).await.login_events > 0);
    let tables = [
        count::<session::Entity>(database).await,
        count::<refresh_token::Entity>(database).await,
        count::<one_time_code::Entity>(database).await,
        count::<sign_up::Entity>(database).await,
        count::<idempotency_key::Entity>(database).await,
        count::<throttle::Entity>(database).await,
        count::<login_event::Entity>(database).await,
    ];
    assert_eq!(tables, [0; 7]);
}

#[tokio::test]
async fn deliveries_go_once_they_are_settled_and_runs_by_their_age() {
    let place = Place::new().await;
    let database = &place.database;
    let (housekeeping, time) = server(database);
    for (id, settled_at) in [(1, None), (2, Some(0)), (3, Some(DAY)), (4, Some(2 * DAY))] {
        let row = notification_delivery::Model {
            id,
            notification_id: id,
            user_id: 1,
            channel: "log".to_owned(),
            target: 0,
            state: if settled_at.is_some() { 2 } else { 0 },
            attempts: 1,
            fence: 1,
            leased_by: None,
            next_at: START.0,
            created_at: START.0,
            settled_at: settled_at.map(|after| START.0 + after),
            last_error: None,
        };
        let row = sea_orm::ActiveModelTrait::reset_all(notification_delivery::ActiveModel::from(row));
        notification_delivery::Entity::insert(row).exec_without_returning(database.writing()).await.unwrap();
        let row = job_run::Model {
            id,
            job: "overspend".to_owned(),
            instance: "one".to_owned(),
            started_at: START.0 + id * DAY,
            seen_at: START.0,
            finished_at: None,
            outcome: "running".to_owned(),
            decided: 0,
            unreadable: 0,
            error: None,
        };
        let row = sea_orm::ActiveModelTrait::reset_all(job_run::ActiveModel::from(row));
        job_run::Entity::insert(row).exec_without_returning(database.writing()).await.unwrap();
    }
    let run = async |after: i64| {
        time.0.store(START.0 + after, Ordering::Relaxed);
        let pruned = housekeeping.run_once().await.unwrap();
        assert_eq!(pruned.total(), pruned.deliveries + pruned.job_runs);
        (pruned.deliveries, pruned.job_runs)
    };
    assert_eq!(run(90 * DAY).await, (0, 0));
    assert_eq!(run(90 * DAY + 1).await, (1, 0));
    assert_eq!(run(91 * DAY + 1).await, (1, 1));
    assert_eq!(run(400 * DAY).await, (1, 3));
    assert_eq!(count::<notification_delivery::Entity>(database).await, 1, "one that is yet to be delivered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_servers_may_be_at_it_at_once() {
    let place = Place::new().await;
    put_answers(&place.database, 1, 5000).await;
    let user = place.somebody().await;
    for _ in 0..100 {
        let opened = place.sessions().open(user, &Device::default(), &token(0)).await;
        opened.unwrap();
    }
    place.sessions().close_all(user, None, START).await.unwrap();
    let servers: Vec<_> = (0..4)
        .map(|_| {
            let (housekeeping, time) = server(&place.database);
            time.0.store(START.0 + 40 * DAY, Ordering::Relaxed);
            tokio::spawn(async move { housekeeping.run_once().await.unwrap() })
        })
        .collect();
    let mut removed = 0;
    for server in servers {
        let pruned = server.await.unwrap();
        removed += pruned.answers;
    }
    assert_eq!(removed, 5000, "each row is counted by the one that removed it");
    assert_eq!(count::<idempotency_key::Entity>(&place.database).await, 0);
    assert_eq!(count::<session::Entity>(&place.database).await, 0);
    assert_eq!(count::<refresh_token::Entity>(&place.database).await, 0);
}

#[tokio::test]
async fn a_server_that_stops_does_not_go_on() {
    let place = Place::new().await;
    put_answers(&place.database, 1, 10).await;
    let (housekeeping, time) = server(&place.database);
    time.0.store(START.0 + 40 * DAY, Ordering::Relaxed);
    housekeeping.stop();
    assert_eq!(housekeeping.run_once().await.unwrap(), Pruned::default());
    assert_eq!(count::<idempotency_key::Entity>(&place.database).await, 10);
}
