//! Erasing a person: nothing of theirs is left, nothing of anybody else's is touched, the chain can still be walked, and no
//! write slips in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use florin_domain::account::{Email, Role};
use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::{Month, Timestamp, Zone};
use florin_domain::category::slug;
use florin_domain::device::Platform;
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::{ActionKind, FirstBad, OperationId, record};
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::notification::Preferences;
use florin_domain::repository::{
    AccountRepository, AuditRepository, BudgetRepository, CategoryRepository, ErasureRepository, EventFilter,
    ExpenseRepository, LedgerRepository, NewAccount, NewCode, NewDevice, ProfileChange, ReachRepository,
    RepositoryError, SessionRepository,
};
use florin_domain::session::{CodePurpose, Device};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Statement,
};
use sea_orm::{ColumnTrait, ModelTrait};

use crate::db::Database;
use crate::entity::{
    expense, idempotency_key, monthly_expense, notification, notification_delivery, personal_token, sign_up, tag,
    user_login, user_phone,
};
use crate::repository::account::tests::{START, hash, somebody, token};
use crate::repository::{
    SqlAccountRepository, SqlAuditRepository, SqlErasureRepository, SqlReachRepository, SqlSessionRepository,
};

use super::database::{TestDatabase, with_database};
use super::person::{Person, lunch, tags};

const AT: Timestamp = START.plus_millis(86_400_000);

/// What is looked for afterwards. Each stands in another place.
fn markers(who: &str) -> Vec<String> {
    [
        "mail",
        "name",
        "note",
        "edited",
        "tag",
        "external",
        "category",
        "keyword",
        "agent",
        "operation",
        "token",
        "answer",
        "told",
        "device",
        "push",
        "delivery",
        "phone",
    ]
    .map(|place| format!("planted{who}{place}"))
    .to_vec()
}

async fn account(database: &Database, email: &str, name: &str, role: Role) -> UserId {
    let new = NewAccount {
        email: Email::parse(email).unwrap(),
        name: name.to_owned(),
        role,
        verified_at: Some(START),
        ..somebody()
    };
    SqlAccountRepository::new(database.clone()).create(&new).await.unwrap()
}

async fn insert<M>(database: &Database, row: M)
where
    M: IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + ModelTrait,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity>,
{
    let row = row.into_active_model().reset_all();
    M::Entity::insert(row).exec_without_returning(database.writing()).await.unwrap();
}

/// A person with something in every table.
async fn planted(database: &Database, who: &str, role: Role) -> Person {
    let mark = |place: &str| format!("planted{who}{place}");
    let user = account(database, &format!("{}@example.com", mark("mail")), &mark("name"), role).await;
    let person = Person::new(database, user.0);
    let device = Device { ip: "203.0.113.9".to_owned(), user_agent: mark("agent") };
    let sessions = SqlSessionRepository::new(database.clone());
    sessions.open(user, &device, &token(START)).await.unwrap();
    let purpose = CodePurpose::Login;
    let code = NewCode { user, purpose, hash: hash(), at: START, expires_at: START.plus_millis(1) };
    let event = NewLoginEvent::new(Some(user), START, EventKind::LogIn, EventOutcome::Ok, &device);
    sessions.put_code(&code, &event).await.unwrap();

    let name = mark("category");
    let own = person.own_category(&name, &slug(&name), &[mark("keyword")]).await.unwrap().id;
    let other = person.own_category("Other", "other", &[]).await.unwrap().id;
    person.categories.put_keywords(user, CategoryId(2), &[format!("{} too", mark("keyword"))]).await.unwrap();
    let version = person.ledger.head(user).await.unwrap().taxonomy_version;
    for scope in [Scope::Total, Scope::Category(own)] {
        let entry = BudgetEntry { scope, from_month: Month::parse("2026-03").unwrap(), limit: Some(500) };
        person.budgets.put(user, &entry, version).await.unwrap();
    }
    let state = ExpenseState {
        notes: mark("note"),
        category: own,
        tags: tags(&[&mark("tag")]),
        external_id: Some(mark("external")),
        ..lunch()
    };
    let id = person.expenses.reserve_ids(1).await.unwrap()[0];
    let mut first = person.planned(ActionKind::Create, vec![record(id, state)]).await;
    first.operation = OperationId(mark("operation"));
    person.ledger.apply(&first).await.unwrap();
    person.edit(id, |state| state.notes = mark("edited")).await;
    person.undo().await.unwrap();
    let deleted = person.create(lunch()).await;
    person.delete(deleted).await;
    person.merge(own, other).await;

    // The column holds sixteen characters.
    let number = mark("phone");
    insert(database, user_phone::Model { user_id: user.0, number, added_at: 0, proved_at: None }).await;
    insert(
        database,
        sign_up::Model {
            id: user.0,
            user_id: user.0,
            code_hash: hash().to_vec(),
            code_expires_at: 0,
            created_at: START.0,
            name: mark("name"),
            currency: "INR".to_owned(),
            timezone: "UTC".to_owned(),
            password_hash: "$argon2id$x".to_owned(),
        },
    )
    .await;
    insert(
        database,
        personal_token::Model {
            id: user.0,
            user_id: user.0,
            name: mark("token"),
            scopes: "read".to_owned(),
            hash: hash().to_vec(),
            created_at: START.0,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        },
    )
    .await;
    insert(
        database,
        idempotency_key::Model {
            user_id: user.0,
            key_hash: hash().to_vec(),
            fingerprint: hash().to_vec(),
            answer: mark("answer").into_bytes(),
            created_at: START.0,
        },
    )
    .await;
    told(database, user, &mark).await;
    person
}

/// A notification and its delivery, a device, and preferences.
async fn told(database: &Database, user: UserId, mark: &impl Fn(&str) -> String) {
    let told = notification::Model {
        id: user.0,
        user_id: user.0,
        kind: "overspend".to_owned(),
        dedupe_key: format!("overspend:{user}"),
        created_at: START.0,
        read_at: None,
        cancelled_at: None,
        basis: 100,
        level: 80,
        category_id: Some(1),
        category_name: Some(mark("told")),
        month: Some(202_603),
        spent: Some(90),
        currency: Some("INR".to_owned()),
        days: None,
    };
    insert(database, told).await;
    let delivery = notification_delivery::Model {
        id: user.0,
        notification_id: user.0,
        user_id: user.0,
        channel: "push".to_owned(),
        target: user.0,
        state: 2,
        attempts: 8,
        fence: 8,
        leased_by: None,
        next_at: START.0,
        created_at: START.0,
        settled_at: Some(START.0),
        last_error: Some(mark("delivery")),
    };
    insert(database, delivery).await;
    let reach = SqlReachRepository::new(database.clone());
    let (name, token) = (mark("device"), mark("push"));
    let device = NewDevice { user, platform: Platform::Web, name, token, at: START };
    reach.register(&device, 1).await.unwrap();
    reach.put_preferences(user, &Preferences::default(), 0).await.unwrap();
}

async fn erase(database: &Database, user: UserId) -> Result<(), RepositoryError> {
    let event = NewLoginEvent::new(Some(user), AT, EventKind::Erasure, EventOutcome::Ok, &Device::default());
    SqlErasureRepository::new(database.clone()).erase(user, &event).await
}

/// The columns of all tables in which some bytes stand.
async fn find(database: &Database, text: &str) -> Vec<String> {
    let connection = database.writing();
    let backend = connection.get_database_backend();
    let columns = match database.backend_name() {
        "sqlite" => "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
        "mysql" => "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()",
        _ => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
    };
    let columns = connection.query_all_raw(Statement::from_string(backend, columns)).await.unwrap();
    let mut found = Vec::new();
    for row in &columns {
        let (table, column): (String, String) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        let quote = if database.backend_name() == "mysql" { '`' } else { '"' };
        let sql = format!("SELECT {quote}{column}{quote} FROM {table}");
        let values = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        let holds = values.iter().any(|value| {
            let texts = value.try_get_by_index::<Option<String>>(0).ok().flatten().map(String::into_bytes);
            let bytes = texts.or_else(|| value.try_get_by_index::<Option<Vec<u8>>>(0).ok().flatten());
            bytes.is_some_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        });
        if holds {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

/// How many rows of each table name a user, the log and the trail aside.
async fn rows_of(database: &Database, user: UserId) -> Vec<(String, i64)> {
    let tables = [
        "expenses",
        "tags",
        "monthly_expense",
        "category_budget",
        "category",
        "keyword",
        "session",
        "one_time_code",
        "sign_up",
        "personal_token",
        "idempotency_key",
        "user_cred",
        "notification",
        "notification_delivery",
        "notification_preference",
        "device",
    ];
    let mut counts = Vec::new();
    for table in tables {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE user_id = {user}");
        let statement = Statement::from_string(database.writing().get_database_backend(), sql);
        let row = database.writing().query_one_raw(statement).await.unwrap().unwrap();
        counts.push((table.to_owned(), row.try_get_by_index::<i64>(0).unwrap()));
    }
    counts
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left() {
    let fresh = TestDatabase::empty().await;
    let database = fresh.connect().await;
    database.migrate().await.unwrap();
    let (ana, bob) = (planted(&database, "ana", Role::Admin).await, planted(&database, "bob", Role::User).await);
    let audit = SqlAuditRepository::new(database.clone());
    let of_admin = Device { ip: "198.51.100.7".to_owned(), user_agent: "plantedanaadmin".to_owned() };
    let mut by_admin = NewLoginEvent::new(Some(bob.user), START, EventKind::Disable, EventOutcome::Ok, &of_admin);
    by_admin.actor = Some(ana.user);
    audit.note(&by_admin).await.unwrap();
    for marker in markers("ana").iter().chain(&markers("bob")) {
        assert!(!find(&database, marker).await.is_empty(), "{marker} was not planted");
    }
    let (before, bobs) = (ana.ledger.head(ana.user).await.unwrap(), rows_of(&database, bob.user).await);

    ana.categories.forget_learned(ana.user, AT, None, AT).await.unwrap();
    erase(&database, ana.user).await.unwrap();

    // A try that began before is noted, but not where it came from.
    let late = Device { ip: "203.0.113.77".to_owned(), user_agent: "plantedanalate".to_owned() };
    audit
        .note(&NewLoginEvent::new(Some(ana.user), AT.plus_millis(1), EventKind::LogIn, EventOutcome::Failed, &late))
        .await
        .unwrap();
    for marker in markers("ana").iter().chain([&"plantedana".to_owned()]) {
        assert_eq!(find(&database, marker).await, [""; 0], "{marker}");
    }
    for (table, count) in rows_of(&database, ana.user).await {
        assert_eq!(count, 0, "{table}");
    }
    for marker in markers("bob") {
        assert!(!find(&database, &marker).await.is_empty(), "{marker} is gone too");
    }
    assert_eq!(rows_of(&database, bob.user).await, bobs);
    bob.check().await;
    let links = crate::entity::tag_map::Entity::find().count(database.writing()).await.unwrap();
    let tokens = crate::entity::refresh_token::Entity::find().count(database.writing()).await.unwrap();
    assert_eq!((links, tokens), (1, 1), "those of bob");

    // What stays: the row, the chain, the trail without addresses.
    let row = user_login::Entity::find_by_id(ana.user.0).one(database.writing()).await.unwrap().unwrap();
    assert_eq!((row.email, row.name), (format!("erased:{}", ana.user), String::new()));
    assert_eq!((row.disabled_at, row.erased_at, row.learned_since), (Some(AT.0), Some(AT.0), None));
    let after = ana.ledger.head(ana.user).await.unwrap();
    assert_eq!((after.seq, after.hash, after.is_sealed()), (before.seq, before.hash, true));
    let verified = ana.ledger.verify(ana.user).await.unwrap();
    assert_eq!((verified.first_bad, verified.actions, verified.totals_checked), (None, before.seq.0, 0));
    let trail = audit.events(EventFilter { user: Some(ana.user), kind: None }, None, 10).await.unwrap().rows;
    let trail: Vec<_> = trail.into_iter().map(|row| (row.event.kind, row.event.device)).collect();
    let nowhere = [EventKind::LogIn, EventKind::Erasure, EventKind::LogIn].map(|kind| (kind, Device::default()));
    assert_eq!(trail, nowhere);

    // The account is there no more, and its address is free.
    let accounts = SqlAccountRepository::new(database.clone());
    assert_eq!(accounts.account(ana.user).await.unwrap(), None);
    let renamed = ProfileChange { name: Some("Ana".to_owned()), zone: Some(Zone::UTC), ..Default::default() };
    accounts.update_profile(ana.user, &renamed).await.unwrap();
    let row = user_login::Entity::find_by_id(ana.user.0).one(database.writing()).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.disabled_at), ("", Some(AT.0)));
    let again = account(&database, "plantedanamail@example.com", "Ana", Role::User).await;
    assert!(again > ana.user);
    assert!(matches!(erase(&database, ana.user).await, Err(RepositoryError::Erased)), "it is done once");
    assert!(matches!(erase(&database, UserId(999_999)).await, Err(RepositoryError::Erased)), "nobody");

    // SQLite keeps nothing in free pages or in its log either.
    if let Some(path) = fresh.url.strip_prefix("sqlite://") {
        erase(&database, again).await.unwrap();
        for file in [path.to_owned(), format!("{path}-wal")] {
            let bytes = std::fs::read(&file).unwrap_or_default();
            assert!(!bytes.windows(10).any(|window| window == b"plantedana"), "{file}");
        }
    }
    fresh.remove(&[database]).await;
}

#[tokio::test]
async fn what_is_altered_after_an_erasure_is_named() {
    with_database(async |database| {
        let ana = planted(&database, "ana", Role::User).await;
        erase(&database, ana.user).await.unwrap();
        let last = ana.ledger.head(ana.user).await.unwrap().seq;
        let action = |seq| Some(FirstBad::Action(Seq(seq)));
        let total =
            FirstBad::Total { month: Month::parse("2026-03").unwrap(), category: CategoryId(1), stored: 0, live: 0 };
        let (user, id) = (ana.user, 777_777);
        let expense = format!(
            "INSERT INTO expenses (id, user_id, amount, date, notes, notes_words, category_id, categorization_source, \
             categorization_bp, logged_at, logged_on, imported, live, version, updated_at, last_action) VALUES \
             ({id}, {user}, 1, '2026-03-01', '', '', 1, 'client', 10000, 1, '2026-03-01', 0, 0, 1, 1, 1)"
        );
        for (alter, repair, named) in [
            (
                "UPDATE user_action SET at = at + 1 WHERE seq = 2",
                "UPDATE user_action SET at = at - 1 WHERE seq = 2",
                action(2),
            ),
            (
                "UPDATE user_action SET kind = 'delete' WHERE seq = 1",
                "UPDATE user_action SET kind = 'create' WHERE seq = 1",
                action(1),
            ),
            (
                "UPDATE user_action SET payload = '{}' WHERE seq = 3",
                "UPDATE user_action SET payload = NULL WHERE seq = 3",
                action(3),
            ),
            (
                "UPDATE user_action SET seq = 99 WHERE seq = 2",
                "UPDATE user_action SET seq = 2 WHERE seq = 99",
                action(3),
            ),
            (
                "UPDATE last_user_action SET taxonomy_version = 5",
                "UPDATE last_user_action SET taxonomy_version = -1",
                Some(FirstBad::Head),
            ),
            ("UPDATE user_login SET erased_at = NULL", "UPDATE user_login SET erased_at = 1", action(1)),
            (expense.as_str(), "DELETE FROM expenses", Some(FirstBad::Expense(ExpenseId(id)))),
            (
                &format!(
                    "INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES ({user}, 202603, 1, 0)"
                ),
                "DELETE FROM monthly_expense",
                Some(total),
            ),
        ] {
            ana.execute(alter).await;
            assert_eq!(ana.ledger.verify(user).await.unwrap().first_bad, named, "{alter}");
            ana.execute(repair).await;
            assert_eq!(ana.ledger.verify(user).await.unwrap().first_bad, None, "{repair}");
        }
        ana.execute(&format!("DELETE FROM user_action WHERE seq = {last}")).await;
        assert_eq!(ana.ledger.verify(user).await.unwrap().first_bad, Some(FirstBad::Head));
    })
    .await;
}

/// Every kind of write, by many at once, while the person is erased: what comes before is erased, what comes after refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_slips_into_an_erasure() {
    let fresh = TestDatabase::empty().await;
    let database = fresh.connect().await;
    database.migrate().await.unwrap();
    for round in 0..4_u64 {
        let ana = Person {
            user: account(&database, &format!("ana{round}@example.com"), "Ana", Role::User).await,
            ..Person::new(&database, 0)
        };
        let written = Arc::new(AtomicU32::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..16)
            .map(|n| {
                let (ana, written, over) = (ana.clone(), Arc::clone(&written), Arc::clone(&over));
                tokio::spawn(async move {
                    for step in 0.. {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        match write(&ana, n, step).await {
                            Ok(()) => drop(written.fetch_add(1, Ordering::Relaxed)),
                            Err(RepositoryError::Stale) => {}
                            Err(RepositoryError::Erased) => break,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        while written.load(Ordering::Relaxed) < 40 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        erase(&database, ana.user).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        for (table, count) in rows_of(&database, ana.user).await {
            assert_eq!(count, 0, "{table}");
        }
        assert_eq!(ana.ledger.verify(ana.user).await.unwrap().first_bad, None);
    }
    fresh.remove(&[database]).await;
}

async fn write(ana: &Person, writer: usize, step: u64) -> Result<(), RepositoryError> {
    let unique = format!("{writer} {step}");
    match (writer + usize::try_from(step).unwrap()) % 8 {
        0 => {
            let name = format!("Own {unique}");
            ana.own_category(&name, &slug(&name), &[unique]).await.map(drop)
        }
        1 => ana.categories.put_keywords(ana.user, CategoryId(3), &[unique]).await,
        2 => {
            let version = ana.ledger.head(ana.user).await?.taxonomy_version;
            let from_month = Month::parse("2026-03").unwrap();
            let entry = BudgetEntry { scope: Scope::Total, from_month, limit: Some(i64::try_from(step).unwrap()) };
            ana.budgets.put(ana.user, &entry, version).await
        }
        3 => {
            let sessions = SqlSessionRepository::new(ana.database.clone());
            sessions.open(ana.user, &Device::default(), &token(START)).await.map(drop)
        }
        _ => {
            let head = ana.ledger.head(ana.user).await?;
            let id = ana.expenses.reserve_ids(1).await?[0];
            let state = ExpenseState { tags: tags(&[&unique]), ..lunch() };
            let change_set = ana.planned_on(&head, ActionKind::Create, vec![record(id, state)]);
            ana.ledger.apply(&change_set).await.map(drop)
        }
    }
}

#[tokio::test]
async fn a_large_account_is_erased_within_seconds() {
    with_database(async |database| {
        let user = account(&database, "ana@example.com", "Ana", Role::User).await;
        let ana = Person::new(&database, user.0);
        for part in 0..4 {
            let ids = ana.expenses.reserve_ids(5000).await.unwrap();
            let state = |n: usize| ExpenseState {
                notes: format!("planted {part} {n}"),
                tags: tags(&["a", if n.is_multiple_of(2) { "b" } else { "c" }]),
                ..lunch()
            };
            let changes = ids.into_iter().enumerate().map(|(n, id)| record(id, state(n))).collect();
            ana.ledger.apply(&ana.planned(ActionKind::Batch, changes).await).await.unwrap();
        }
        let started = Instant::now();
        erase(&database, user).await.unwrap();
        let took = started.elapsed();
        println!("erased 20,000 expenses in {took:?}");
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert_eq!(
            expense::Entity::find().filter(expense::Column::UserId.eq(user.0)).count(database.writing()).await.unwrap(),
            0
        );
        assert_eq!(tag::Entity::find().count(database.writing()).await.unwrap(), 0);
        assert_eq!(monthly_expense::Entity::find().count(database.writing()).await.unwrap(), 0);
        assert_eq!(ana.ledger.verify(user).await.unwrap().first_bad, None);
    })
    .await;
}
