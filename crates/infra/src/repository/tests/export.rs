//! What an export reads, page by page.

use florin_domain::budget::{BudgetEntry, Scope};
use florin_domain::calendar::Month;
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, ExpenseId, NotificationId, Seq, SessionId, TokenId};
use florin_domain::ledger::{GENESIS, Header, action_hash, payload_hash};
use florin_domain::repository::{
    AccountRepository, BudgetRepository, CategoryRepository, ExportRepository, LedgerRepository, Page,
    SessionRepository,
};
use florin_domain::session::Device;
use sea_orm::{ActiveModelTrait, EntityTrait};

use crate::db::Database;
use crate::entity::{notification, personal_token};
use crate::repository::account::tests::{START, hash, somebody, token};
use crate::repository::{SqlAccountRepository, SqlExportRepository, SqlSessionRepository};

use super::database::with_database;
use super::person::{Person, lunch, tags};

async fn person(database: &Database) -> Person {
    let user = SqlAccountRepository::new(database.clone()).create(&somebody()).await.unwrap();
    Person::new(database, user.0)
}

#[tokio::test]
async fn pages_put_together_are_all_there_is() {
    with_database(async |database| {
        let (ana, bob) = (person(&database).await, person(&database).await);
        let exports = SqlExportRepository::new(database.clone());
        let own = ana.own_category("Own", "own", &[]).await.unwrap().id;
        ana.categories.put_keywords(ana.user, CategoryId(5), &["five".to_owned()]).await.unwrap();
        let mut ids = Vec::new();
        for n in 0..7 {
            let state = ExpenseState { amount: n + 1, tags: tags(&["b", "a"]), ..lunch() };
            ids.push(ana.create(ExpenseState { category: CategoryId(n % 3 + 1), ..state }).await);
            bob.create(ExpenseState { notes: "of bob".to_owned(), category: CategoryId(9), ..lunch() }).await;
        }
        ana.delete(ids[2]).await;
        ana.edit(ids[4], |state| state.amount = 500).await;
        let version = ana.ledger.head(ana.user).await.unwrap().taxonomy_version;
        let mut limits = Vec::new();
        for (scope, months) in [(Scope::Total, 3), (Scope::Category(CategoryId(7)), 1), (Scope::Category(own), 2)] {
            for month in 1..=months {
                let from_month = Month::parse(&format!("2026-0{month}")).unwrap();
                let limit = (month != 2).then_some(100 * month);
                let entry = BudgetEntry { scope, from_month, limit };
                ana.budgets.put(ana.user, &entry, version).await.unwrap();
                limits.push(entry);
            }
        }

        let used = exports.categories_in_use(ana.user).await.unwrap();
        assert_eq!(used, [1, 2, 3, 5, 7, own.0].map(CategoryId));

        for size in [1, 2, 3, 100] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let Page { rows, more } = exports.limits(ana.user, after, size).await.unwrap();
                assert!(rows.len() as u64 <= size);
                after = rows.last().map(|entry| (entry.scope, entry.from_month));
                found.extend(rows);
                if !more {
                    break;
                }
            }
            assert_eq!(found, limits, "by {size}");

            let (mut found, mut after) = (Vec::new(), ExpenseId(0));
            loop {
                let Page { rows, more } = exports.expenses(ana.user, after, size).await.unwrap();
                assert!(rows.len() as u64 <= size);
                after = rows.last().map_or(after, |expense| expense.id);
                found.extend(rows);
                if !more {
                    break;
                }
            }
            assert_eq!(found.iter().map(|expense| expense.id).collect::<Vec<_>>(), ids, "by {size}");
            assert_eq!(found.iter().map(|expense| expense.live).filter(|live| !live).count(), 1);
            assert_eq!((found[4].state.amount, &found[4].state.tags), (500, &tags(&["a", "b"])));

            let (mut found, mut after) = (Vec::new(), Seq::ZERO);
            loop {
                let Page { rows, more } = exports.actions(ana.user, after, size).await.unwrap();
                assert!(rows.len() as u64 <= size);
                after = rows.last().map_or(after, |logged| logged.action.seq);
                found.extend(rows);
                if !more {
                    break;
                }
            }
            assert_eq!(found.iter().map(|logged| logged.action.seq.0).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
            let mut last = GENESIS;
            for logged in &found {
                let action = &logged.action;
                // Every test action is salted alike.
                let payload = payload_hash(&[7; 16], &action.changes, &action.links);
                let (user, kind) = (ana.user, action.kind);
                let header = Header { user, seq: action.seq, at: action.at, kind, reverses: action.reverses, payload };
                assert_eq!(action_hash(&last, &header), logged.hash);
                last = logged.hash;
            }
            assert_eq!(last, ana.ledger.head(ana.user).await.unwrap().hash);
        }
    })
    .await;
}

#[tokio::test]
async fn sessions_and_tokens_come_without_secrets() {
    with_database(async |database| {
        let (ana, bob) = (person(&database).await, person(&database).await);
        let exports = SqlExportRepository::new(database.clone());
        let sessions = SqlSessionRepository::new(database.clone());
        let device = Device { ip: "203.0.113.9".to_owned(), user_agent: "tests/1 ✓".to_owned() };
        let mut opened = Vec::new();
        for person in [&ana, &bob, &ana, &ana] {
            let id = sessions.open(person.user, &device, &token(START)).await.unwrap();
            opened.push((person.user, id));
        }
        let mine: Vec<SessionId> = opened.iter().filter(|(user, _)| *user == ana.user).map(|(_, id)| *id).collect();
        sessions.close_all(ana.user, Some(mine[0]), START.plus_millis(5)).await.unwrap();
        let first = exports.sessions(ana.user, SessionId(0), 2).await.unwrap();
        assert!(first.more);
        let rest = exports.sessions(ana.user, first.rows[1].id, 2).await.unwrap();
        assert!(!rest.more);
        let found: Vec<_> = first.rows.into_iter().chain(rest.rows).collect();
        assert_eq!(found.iter().map(|session| session.id).collect::<Vec<_>>(), mine);
        assert_eq!(
            found.iter().map(|session| session.revoked_at).collect::<Vec<_>>(),
            [None, Some(START.plus_millis(5)), Some(START.plus_millis(5))]
        );
        assert_eq!((&found[0].device, found[0].created_at, found[0].last_used_at), (&device, START, START));

        for (id, person, scopes) in [(1, &ana, "read"), (2, &bob, "read"), (3, &ana, "read write")] {
            let row = personal_token::Model {
                id,
                user_id: person.user.0,
                name: format!("token {id}"),
                scopes: scopes.to_owned(),
                hash: hash().to_vec(),
                created_at: START.0,
                expires_at: Some(START.0 + 1),
                last_used_at: None,
                revoked_at: Some(START.0 + 2),
            };
            let row = personal_token::ActiveModel::from(row).reset_all();
            personal_token::Entity::insert(row).exec_without_returning(database.writing()).await.unwrap();
        }
        let first = exports.tokens(ana.user, TokenId(0), 1).await.unwrap();
        assert_eq!((first.rows[0].name.as_str(), first.more), ("token 1", true));
        let rest = exports.tokens(ana.user, TokenId(1), 1).await.unwrap();
        assert_eq!((rest.rows[0].scopes.clone(), rest.more), (tags(&["read", "write"]), false));
        assert_eq!((rest.rows[0].expires_at, rest.rows[0].last_used_at), (Some(START.plus_millis(1)), None));
    })
    .await;
}

#[tokio::test]
async fn notifications_come_in_pages_but_for_those_that_were_taken_back() {
    with_database(async |database| {
        let (ana, bob) = (person(&database).await, person(&database).await);
        for id in 1..=6 {
            let row = notification::Model {
                id,
                user_id: if id == 3 { bob.user.0 } else { ana.user.0 },
                kind: "inactivity".to_owned(),
                dedupe_key: format!("inactivity:{id}"),
                created_at: START.0,
                read_at: None,
                cancelled_at: (id == 4).then_some(START.0),
                basis: id,
                level: 6,
                category_id: None,
                category_name: None,
                month: None,
                spent: None,
                currency: None,
                days: Some(6),
            };
            let row = notification::ActiveModel::from(row).reset_all();
            notification::Entity::insert(row).exec_without_returning(database.writing()).await.unwrap();
        }
        let exports = SqlExportRepository::new(database.clone());
        for size in [1, 2, 3, 100] {
            let (mut found, mut after) = (Vec::new(), NotificationId(0));
            loop {
                let Page { rows, more } = exports.notifications(ana.user, after, size).await.unwrap();
                assert!(rows.len() as u64 <= size);
                after = rows.last().map_or(after, |row| row.id);
                found.extend(rows.into_iter().map(|row| row.id.0));
                if !more {
                    break;
                }
            }
            assert_eq!(found, [1, 2, 5, 6], "by {size}");
        }
    })
    .await;
}
