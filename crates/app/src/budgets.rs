//! Budgets: setting, removing and showing limits.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::budget::{BudgetEntry, Limit, Scope, in_force};
use florin_domain::calendar::Month;
use florin_domain::money::MoneyError;
use florin_domain::repository::{BudgetRepository, RepositoryError};

use crate::error::{AppError, Result};
use crate::port::Clock;
use crate::writer::{Tries, Writer};

/// The use cases of budgets.
pub struct Budgets {
    writer: Arc<Writer>,
    repository: Arc<dyn BudgetRepository>,
    clock: Arc<dyn Clock>,
}

impl Budgets {
    /// A service over its ports.
    #[must_use]
    pub fn new(writer: Arc<Writer>, repository: Arc<dyn BudgetRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { writer, repository, clock }
    }

    /// The present month in the caller's zone.
    #[must_use]
    pub fn current_month(&self, account: &Account) -> Month {
        Month::of(self.clock.now().date_in(account.zone))
    }

    /// The limits in force in a month (`None`: the present one), the overall one first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn in_force(&self, account: &Account, month: Option<Month>) -> Result<(Month, Vec<Limit>)> {
        let month = month.unwrap_or_else(|| self.current_month(account));
        Ok((month, in_force(&self.repository.entries(account.id, month).await?, month)))
    }

    /// Sets a limit from a month on (`None`: the present one). A past month is changed only when it is named.
    ///
    /// # Errors
    /// [`AppError::Invalid`] at `/limit`, [`AppError::NotFound`] for a category that is not the caller's,
    /// [`AppError::Conflict`] `category_archived`.
    pub async fn put(&self, account: &Account, scope: Scope, limit: &str, from_month: Option<Month>) -> Result<Limit> {
        let from_month = from_month.unwrap_or_else(|| self.current_month(account));
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.basis(account.id).await?;
            if let Scope::Category(id) = scope {
                let category = basis.books.taxonomy.get(id).ok_or(AppError::NotFound)?;
                if !category.is_live() {
                    return Err(AppError::conflict("category_archived", "an archived category takes no limit"));
                }
            }
            let amount = basis.books.currency.parse_amount(limit).map_err(|error| {
                let code = match error {
                    MoneyError::TooManyDecimals => "too_many_decimals",
                    MoneyError::TooLarge => "too_large",
                    _ => "invalid_amount",
                };
                AppError::field("/limit", code, error.to_string())
            })?;
            let entry = BudgetEntry { scope, from_month, limit: Some(amount) };
            match self.repository.put(account.id, &entry, basis.head.taxonomy_version).await {
                Err(RepositoryError::Stale) if tries.again() => {}
                other => {
                    other?;
                    return Ok(Limit { scope, from_month, amount });
                }
            }
        }
    }

    /// Removes a limit from a month on (`None`: the present one).
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there never was one.
    pub async fn remove(&self, account: &Account, scope: Scope, from_month: Option<Month>) -> Result<()> {
        if !self.repository.exists(account.id, scope).await? {
            return Err(AppError::NotFound);
        }
        let from_month = from_month.unwrap_or_else(|| self.current_month(account));
        let mut tries = Tries::default();
        loop {
            let version = self.writer.basis(account.id).await?.head.taxonomy_version;
            let entry = BudgetEntry { scope, from_month, limit: None };
            match self.repository.put(account.id, &entry, version).await {
                Err(RepositoryError::Stale) if tries.again() => {}
                other => return Ok(other?),
            }
        }
    }
}
