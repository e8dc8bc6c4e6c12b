//! Figures over months: summary, score, history, spending.

use std::sync::Arc;

use chrono::NaiveDate;
use florin_domain::account::Account;
use florin_domain::budget::in_force;
use florin_domain::calendar::Month;
use florin_domain::categorizer::UNCATEGORIZED;
use florin_domain::id::CategoryId;
use florin_domain::insights::{Chart, GroupBy, InsightsError, SeriesKey, SpendingRow, chart};
use florin_domain::repository::{BudgetRepository, ReportRepository, SpendingBy};
use florin_domain::score::{DEFAULT_MODEL, Model, MonthFacts, Score, model, model_names, score};
use florin_domain::summary::{Summary, summarize};

use crate::error::{AppError, Result};
use crate::expenses::{Shown, overflow};
use crate::port::Clock;
use crate::writer::Writer;

/// The most months of one score history.
pub const MAX_HISTORY: i32 = 60;

/// The use cases that only look.
pub struct Insights {
    writer: Arc<Writer>,
    budgets: Arc<dyn BudgetRepository>,
    reports: Arc<dyn ReportRepository>,
    clock: Arc<dyn Clock>,
}

impl Insights {
    /// A service over its ports.
    #[must_use]
    pub fn new(
        writer: Arc<Writer>,
        budgets: Arc<dyn BudgetRepository>,
        reports: Arc<dyn ReportRepository>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { writer, budgets, reports, clock }
    }

    fn today(&self, account: &Account) -> NaiveDate {
        self.clock.now().date_in(account.zone)
    }

    /// A month's spending against its limits (`None`: the present month in the caller's zone).
    ///
    /// # Errors
    /// Those of storage.
    pub async fn summary(&self, account: &Account, month: Option<Month>) -> Result<Shown<Summary>> {
        let today = self.today(account);
        let month = month.unwrap_or_else(|| Month::of(today));
        let books = self.writer.basis(account.id).await?.books;
        let limits = in_force(&self.budgets.entries(account.id, month).await?, month);
        let totals = self.reports.totals(account.id, month, month).await?;
        let spent: Vec<(CategoryId, i64)> = totals.into_iter().map(|(_, category, total)| (category, total)).collect();
        let data = summarize(month, today, &limits, &spent, UNCATEGORIZED).map_err(overflow)?;
        Ok(Shown { data, books })
    }

    /// A month's score under a model (`None`: the default one).
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a month to come or an unknown model.
    pub async fn score(&self, account: &Account, month: Option<Month>, model: Option<&str>) -> Result<Shown<Score>> {
        let month = month.unwrap_or_else(|| Month::of(self.today(account)));
        let Shown { data, books } = self.history(account, month, month, model, "/month").await?;
        let data = data.into_iter().next().ok_or(AppError::NotFound)?;
        Ok(Shown { data, books })
    }

    /// The scores of several months, earliest first.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for months to come, `from` after `to`, more than [`MAX_HISTORY`] months, an unknown model.
    pub async fn score_history(
        &self,
        account: &Account,
        from: Option<Month>,
        to: Option<Month>,
        model: Option<&str>,
    ) -> Result<Vec<Score>> {
        let to = to.unwrap_or_else(|| Month::of(self.today(account)));
        let from = from.unwrap_or_else(|| (0..5).fold(to, |month, _| month.previous()));
        let months = from.months_until(to);
        if months < 0 {
            return Err(AppError::field("/from", "range_reversed", "must not be after to"));
        }
        if months >= MAX_HISTORY {
            return Err(AppError::field("/from", "range_too_long", format!("must be at most {MAX_HISTORY} months")));
        }
        Ok(self.history(account, from, to, model, "/to").await?.data)
    }

    async fn history(
        &self,
        account: &Account,
        from: Month,
        to: Month,
        model: Option<&str>,
        pointer: &str,
    ) -> Result<Shown<Vec<Score>>> {
        let today = self.today(account);
        let model = find_model(model)?;
        if to > Month::of(today) {
            return Err(AppError::field(pointer, "month_in_future", "must not be after the present month"));
        }
        let books = self.writer.basis(account.id).await?.books;
        let entries = self.budgets.entries(account.id, to).await?;
        let totals = self.reports.totals(account.id, from, to).await?;
        let activity = self.reports.activity(account.id, from, to).await?;
        let signed_up_on = account.created_at.date_in(account.zone);
        let mut scores = Vec::new();
        let mut month = from;
        while month <= to {
            let facts = MonthFacts {
                month,
                today,
                signed_up_on,
                limits: in_force(&entries, month),
                spent: totals.iter().filter(|(m, ..)| *m == month).map(|(_, category, n)| (*category, *n)).collect(),
                activity: activity.iter().filter(|row| Month::of(row.date) == month).cloned().collect(),
            };
            scores.push(score(model, &facts));
            month = month.next();
        }
        Ok(Shown { data: scores, books })
    }

    /// Spending from `from` to `to`, both included, as series for a chart. Left out, the range is the present month.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a reversed or too long range.
    pub async fn spending(
        &self,
        account: &Account,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        group_by: GroupBy,
    ) -> Result<Shown<Chart>> {
        let month = Month::of(self.today(account));
        let to = to.unwrap_or_else(|| month.last_day());
        let from = from.unwrap_or_else(|| Month::of(to).first_day());
        // Ranges are refused before anything is read.
        chart(group_by, from, to, &[]).map_err(refuse_range)?;
        let books = self.writer.basis(account.id).await?.books;
        let by = match group_by {
            GroupBy::Category => SpendingBy::Category,
            GroupBy::Tag => SpendingBy::Tag,
            _ => SpendingBy::Day,
        };
        let rows = self.reports.spending(account.id, from, to, by).await?;
        let rows: Vec<SpendingRow> = rows
            .into_iter()
            .map(|row| {
                let key = match by {
                    SpendingBy::Day => SeriesKey::Total,
                    SpendingBy::Tag if row.key.is_empty() => SeriesKey::Untagged,
                    SpendingBy::Tag => SeriesKey::Tag(row.key),
                    SpendingBy::Category => {
                        row.key.parse().map_or(SeriesKey::Total, |id| SeriesKey::Category(CategoryId(id)))
                    }
                };
                SpendingRow { date: row.date, key, amount: row.amount }
            })
            .collect();
        let data = chart(group_by, from, to, &rows).map_err(refuse_range)?;
        Ok(Shown { data, books })
    }
}

fn find_model(name: Option<&str>) -> Result<&'static Model> {
    let name = name.unwrap_or(DEFAULT_MODEL);
    model(name).ok_or_else(|| {
        let known = model_names().collect::<Vec<_>>().join(", ");
        AppError::field("/model", "unknown_model", format!("must be one of {known}"))
    })
}

fn refuse_range(error: InsightsError) -> AppError {
    match error {
        InsightsError::Reversed => AppError::field("/from", "range_reversed", "must not be after to"),
        InsightsError::TooManyBuckets => AppError::field("/from", "range_too_long", error.to_string()),
        InsightsError::Money(error) => overflow(error),
    }
}
