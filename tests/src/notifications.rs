//! Notifications as the notification process leaves them behind, for tests of those who look at them.

use crate::App;

/// What somebody was told.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// 85.00 INR of a limit of 100.00 in March 2026 is spent: of that category, or of the overall limit.
    Overspend(Option<(i64, &'a str)>),
    /// Nothing was logged for so many days.
    Inactivity(i64),
}

impl App {
    /// Stores a notification that was decided just now; its identifier.
    pub async fn tell(&self, user: i64, told: Told<'_>) -> i64 {
        let id = self.database.number("SELECT COALESCE(MAX(id), 1000) + 1 FROM notification").await;
        let (kind, basis, level, rest) = match told {
            Told::Overspend(category) => {
                let (category, name) = category.unwrap_or_default();
                ("overspend", 10_000, 80, format!("{category}, '{name}', 202603, 8500, 'INR', NULL"))
            }
            Told::Inactivity(days) => ("inactivity", 7, 6, format!("NULL, NULL, NULL, NULL, NULL, {days}")),
        };
        let sql = format!(
            "INSERT INTO notification (id, user_id, kind, dedupe_key, created_at, basis, level, category_id, \
             category_name, month, spent, currency, days) \
             VALUES ({id}, {user}, '{kind}', 'test:{id}', {}, {basis}, {level}, {rest})",
            self.clock.millis()
        );
        assert_eq!(self.database.execute(&sql).await, 1);
        id
    }

    /// Stores a delivery of a notification in a state, as the outbox numbers them (0 pending, 1 delivered, 2 dead, 3
    /// cancelled); its identifier.
    pub async fn deliver(&self, user: i64, notification: i64, channel: &str, state: i16) -> i64 {
        let id = self.database.number("SELECT COALESCE(MAX(id), 2000) + 1 FROM notification_delivery").await;
        let now = self.clock.millis();
        let (settled, error) = match state {
            0 => ("NULL".to_owned(), "NULL"),
            2 => (now.to_string(), "'the other side said no'"),
            _ => (now.to_string(), "NULL"),
        };
        let sql = format!(
            "INSERT INTO notification_delivery (id, notification_id, user_id, channel, target, state, attempts, fence, \
             next_at, created_at, settled_at, last_error) \
             VALUES ({id}, {notification}, {user}, '{channel}', 0, {state}, 8, 8, {now}, {now}, {settled}, {error})"
        );
        assert_eq!(self.database.execute(&sql).await, 1);
        id
    }
}
