//! Many people at once, written past the server: what a scheduler looks at, and nothing else of theirs.

use crate::database::TestDatabase;

/// The limit that everybody in a crowd has on Food, and what they spent on it, in minor units.
pub const LIMIT: i64 = 100_000;
/// What they spent.
pub const SPENT: i64 = 150_000;

/// Makes people `first`, `first + 1`, ... who are over their limit on Food in a month (`yyyymm`), proved their address at
/// `verified_at` and live in UTC.
pub async fn overspend(database: &TestDatabase, first: i64, people: i64, month: i32, verified_at: i64) {
    let ids: Vec<i64> = (first..first + people).collect();
    for ids in ids.chunks(500) {
        let rows = |row: &dyn Fn(i64) -> String| ids.iter().map(|id| row(*id)).collect::<Vec<_>>().join(", ");
        let logins = rows(&|id| {
            format!("({id}, 'crowd{id}@example.com', '', 'user', 'INR', 'UTC', {verified_at}, {verified_at})")
        });
        let limits = rows(&|id| format!("({id}, 1, {month}, {LIMIT})"));
        let totals = rows(&|id| format!("({id}, {month}, 1, {SPENT})"));
        for sql in [
            format!(
                "INSERT INTO user_login (id, email, name, user_type, currency, timezone, created_at, verified_at) \
                 VALUES {logins}"
            ),
            format!("INSERT INTO category_budget (user_id, category_id, from_month, limit_minor) VALUES {limits}"),
            format!("INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES {totals}"),
        ] {
            database.execute(&sql).await;
        }
    }
}

/// Changes everybody's limit, so that each is to be told anew.
pub async fn change_limits(database: &TestDatabase, limit: i64) {
    database.execute(&format!("UPDATE category_budget SET limit_minor = {limit}")).await;
}
