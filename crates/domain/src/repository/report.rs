//! Figures over many expenses.

use async_trait::async_trait;
use chrono::NaiveDate;

use crate::calendar::Month;
use crate::id::{CategoryId, UserId};
use crate::score::Activity;

use super::Result;

/// What [`ReportRepository::spending`] splits each day's spending by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendingBy {
    /// Not at all.
    Day,
    /// By category id.
    Category,
    /// By tag name; an expense counts once under each of its tags, one without tags under none.
    Tag,
}

/// What was spent on one day under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentRow {
    /// The day.
    pub date: NaiveDate,
    /// The category id in decimal, the tag, or empty.
    pub key: String,
    /// Minor units.
    pub amount: i64,
}

/// Totals (`monthly_expense`) and sums over live expenses.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReportRepository: Send + Sync {
    /// The totals of the months from `from` to `to`, both included, that are not zero, by month and category.
    ///
    /// # Errors
    /// None of its own.
    async fn totals(&self, user: UserId, from: Month, to: Month) -> Result<Vec<(Month, CategoryId, i64)>>;

    /// The live expenses of the months from `from` to `to`, both included, counted by date, logging date and origin, in
    /// that order.
    ///
    /// # Errors
    /// None of its own.
    async fn activity(&self, user: UserId, from: Month, to: Month) -> Result<Vec<Activity>>;

    /// What live expenses from `from` to `to`, both included, add up to, by day and key, in byte order.
    ///
    /// # Errors
    /// None of its own.
    async fn spending(&self, user: UserId, from: NaiveDate, to: NaiveDate, by: SpendingBy) -> Result<Vec<SpentRow>>;
}
