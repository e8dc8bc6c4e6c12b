//! How the databases find what is read most: by an index whose order is the wanted one, or that holds all that is asked for;
//! and in how many statements.

use std::sync::Arc;

use chrono::NaiveDate;
use florin_app::expenses::Expenses;
use florin_app::insights::Insights;
use florin_app::writer::Writer;
use florin_domain::account::Account;
use florin_domain::calendar::{Month, parse_date};
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, Seq, UserId};
use florin_domain::ledger::{ActionKind, record};
use florin_domain::repository::{
    AccountRepository, ExpenseFilter, ExpenseQuery, ExpenseRepository, ExpenseSort, LedgerRepository, SortKey,
    SpendingBy,
};
use florin_domain::session::Device;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, QueryTrait};

use super::database::with_database;
use super::person::{Person, lunch, tags};
use crate::clock::SystemClock;
use crate::db::Database;
use crate::entity::{expense, user_action};
use crate::repository::account::tests::{START, somebody, token};
use crate::repository::expense::{page_of, rows_of};
use crate::repository::ledger::flagged;
use crate::repository::report::{activity_of, spending_of};
use crate::repository::session::holders_of;
use crate::repository::{
    SqlAccountRepository, SqlBudgetRepository, SqlCategoryRepository, SqlExpenseRepository, SqlLedgerRepository,
    SqlReportRepository, SqlSessionRepository,
};
use crate::security::{Secrets, SigningKey};

fn day(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

impl Person {
    /// Records so many expenses over two years, in actions of a hundred.
    async fn record_many(&self, count: usize) {
        let ids = self.expenses.reserve_ids(count).await.unwrap();
        for (n, ids) in ids.chunks(100).enumerate() {
            let changes = ids.iter().enumerate().map(|(k, id)| {
                let date = day("2024-04-01") + chrono::Days::new(u64::try_from((n * 100 + k) % 700).unwrap());
                let state = ExpenseState {
                    amount: 100 + i64::try_from(k).unwrap(),
                    date,
                    category: CategoryId(1 + i64::try_from(k % 9).unwrap()),
                    tags: tags(&["a", "b"]),
                    ..lunch()
                };
                record(*id, state)
            });
            self.ledger.apply(&self.planned(ActionKind::Batch, changes.collect()).await).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_read_most_is_read_from_an_index() {
    with_database(async |database| {
        for user in 1..=6 {
            Person::new(&database, user).record_many(2000).await;
        }
        database.analyze(&["expenses", "monthly_expense"]).await;
        let (user, month) = (UserId(3), Month::parse("2025-03").unwrap());
        let (from, to) = (month.first_day(), month.last_day());
        let covering: [(&str, SelectStatement); 3] = [
            ("the score", activity_of(user, month, month)),
            ("spending by day", spending_of(&database, user, from, to, SpendingBy::Day)),
            ("spending by category", spending_of(&database, user, from, to, SpendingBy::Category)),
        ];
        for (what, select) in covering {
            let plan = database.plan(&select).await;
            assert!(plan.contains("expenses_by_date"), "{what}: {plan}");
            let alone = ["USING COVERING INDEX", "Using index", "Index Only Scan"];
            // "Using index condition" is another thing.
            let plan = plan.replace("Using index condition", "");
            assert!(alone.iter().any(|words| plan.contains(words)), "{what}: {plan}");
        }
        for (key, index) in [
            (SortKey::Date, "expenses_by_date"),
            (SortKey::Amount, "expenses_by_amount"),
            (SortKey::LoggedAt, "expenses_by_logged_at"),
        ] {
            for descending in [false, true] {
                let sort = ExpenseSort { key, descending };
                let query = ExpenseQuery { filter: ExpenseFilter::default(), sort, after: None, limit: 50 };
                let plan = database.plan(&page_of(user, &query).into_query()).await;
                assert!(plan.contains(index), "{sort:?}: {plan}");
                for sorted in ["TEMP B-TREE", "filesort", "Sort"] {
                    assert!(!plan.contains(sorted), "{sort:?}: {plan}");
                }
            }
        }
    })
    .await;
}

/// Indexes that leave out what nobody looks for by them are used for what they hold. MySQL knows no such indexes: there they hold
/// everything.
#[tokio::test]
async fn an_index_that_leaves_rows_out_is_used_for_the_others() {
    with_database(async |database| {
        for user in 1..=6 {
            Person::new(&database, user).record_many(2000).await;
        }
        database.analyze(&["expenses", "user_action"]).await;
        let user = UserId(3);
        let keys = expense::Column::ExternalId.is_in(["a", "b", "c", "c"]);
        let plan = database.plan(&rows_of(user, keys).into_query()).await;
        assert!(plan.contains("expenses_external_id"), "{plan}");
        let plan = database.plan(&flagged(user, user_action::Column::Redoable, Some(Seq(7))).into_query()).await;
        assert!(plan.contains("user_action_redoable"), "{plan}");
    })
    .await;
}

/// Every request asks who is behind its session. Where nothing was counted yet PostgreSQL once read all sessions that go on, for each
/// account there is: it took the index of revoked sessions for the shortest way.
#[tokio::test]
async fn who_is_behind_a_session_is_found_by_keys_before_anything_was_counted() {
    with_database(async |database| {
        let accounts = SqlAccountRepository::new(database.clone());
        let sessions = SqlSessionRepository::new(database.clone());
        for _ in 0..200 {
            let user = accounts.create(&somebody()).await.unwrap();
            sessions.open(user, &Device::default(), &token(START)).await.unwrap();
        }
        // So few may well be read all at once. What may not be is every session again for each account.
        let plan = database.plan(&holders_of(vec![1, 2, 3, 4])).await;
        assert!(!plan.contains("session_revoked_at") && !plan.contains("session_by_user"), "{plan}");
    })
    .await;
}

/// One server's use cases that read.
struct Server {
    expenses: Expenses,
    insights: Insights,
}

impl Server {
    fn new(database: &Database) -> Self {
        let expenses = Arc::new(SqlExpenseRepository::new(database.clone()));
        let writer = Arc::new(Writer::new(
            Arc::new(SqlAccountRepository::new(database.clone())),
            Arc::new(SqlCategoryRepository::new(database.clone())),
            Arc::new(SqlLedgerRepository::new(database.clone())),
            Arc::new(Secrets::new(&SigningKey::new("a key of thirty-two letters for tests".to_owned().into()))),
            Arc::new(SystemClock),
        ));
        let insights = Insights::new(
            Arc::clone(&writer),
            Arc::new(SqlBudgetRepository::new(database.clone())),
            Arc::new(SqlReportRepository::new(database.clone())),
            Arc::new(SystemClock),
        );
        Self { expenses: Expenses::new(writer, expenses), insights }
    }

    /// How many statements each of the usual reads takes.
    async fn statements(&self, database: &Database, account: &Account) -> Vec<(&'static str, u64)> {
        let month = Month::parse("2025-03").unwrap();
        let sort = ExpenseSort { key: SortKey::Date, descending: true };
        let query = ExpenseQuery { filter: ExpenseFilter::default(), sort, after: None, limit: 200 };
        // Categories and keywords are remembered from now on.
        self.insights.summary(account, Some(month)).await.unwrap();
        let mut counted = Vec::new();
        let mut before = database.read().asked();
        let mut count = |what| {
            let now = database.read().asked();
            counted.push((what, now - before));
            before = now;
        };
        self.expenses.list(account, &query).await.unwrap();
        count("list");
        self.insights.summary(account, Some(month)).await.unwrap();
        count("summary");
        self.insights.score(account, Some(month), None).await.unwrap();
        count("score");
        self.insights.score_history(account, Some(Month::parse("2024-04").unwrap()), Some(month), None).await.unwrap();
        count("score history");
        self.expenses.changes(account, Seq(0), 200).await.unwrap();
        count("changes");
        counted
    }
}

#[tokio::test]
async fn reads_take_as_many_statements_for_many_rows_as_for_few() {
    with_database(async |database| {
        let accounts = SqlAccountRepository::new(database.clone());
        let server = Server::new(&database);
        let mut counted = Vec::new();
        for expenses in [1, 400] {
            let id = accounts.create(&somebody()).await.unwrap();
            let account = accounts.account(id).await.unwrap().unwrap();
            Person::new(&database, id.0).record_many(expenses).await;
            counted.push(server.statements(&database, &account).await);
        }
        // Rows, their tags, the head; totals, limits, the head; the same and the days.
        let expected = [("list", 3), ("summary", 3), ("score", 4), ("score history", 4), ("changes", 3)];
        assert_eq!(counted, [expected, expected]);
    })
    .await;
}
