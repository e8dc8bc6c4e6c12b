//! A demo user: six months of expenses and budgets, made through the ordinary use cases with a clock of their own, so
//! that the log, the score and undo look as they would after six months of use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use florin_domain::account::{Account, Email, Role};
use florin_domain::budget::Scope;
use florin_domain::calendar::{Month, Timestamp, Zone};
use florin_domain::id::CategoryId;
use florin_domain::money::Currency;
use florin_domain::repository::{
    AccountRepository, BudgetRepository, CategoryRepository, ExpenseRepository, LedgerRepository, NewAccount,
};

use crate::budgets::Budgets;
use crate::categories::Categories;
use crate::error::{AppError, Result};
use crate::expenses::{ExpensePatch, Expenses, NewExpense};
use crate::port::{Clock, PasswordHasher, SecretGenerator};
use crate::receipts::Keep;
use crate::writer::Writer;

mod life;

use life::{Event, FOOD, What};

/// The demo user's address.
pub const DEMO_EMAIL: &str = "demo@florin.example";
/// The demo user's password. Everybody knows it, so production refuses demo data.
pub const DEMO_PASSWORD: &str = "florin-demo-2026";

/// How many whole months lie before the present one.
const MONTHS: u32 = 6;

/// The demo user's limits: category and whole rupees. Most months keep most of them.
const LIMITS: [(i64, &str); 6] = [(1, "7500"), (2, "5000"), (4, "9000"), (5, "3000"), (6, "2500"), (12, "6000")];
/// The demo user's overall limit in rupees. Set last: it says that the demo is complete.
const TOTAL_LIMIT: &str = "62000";

/// The ports that the demo is made through.
#[derive(Clone)]
pub struct DemoPorts {
    /// Accounts.
    pub accounts: Arc<dyn AccountRepository>,
    /// Categories.
    pub categories: Arc<dyn CategoryRepository>,
    /// The log.
    pub ledger: Arc<dyn LedgerRepository>,
    /// Expenses.
    pub expenses: Arc<dyn ExpenseRepository>,
    /// Budgets.
    pub budgets: Arc<dyn BudgetRepository>,
    /// Password hashing.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Salts and operation names.
    pub secrets: Arc<dyn SecretGenerator>,
    /// The real time, up to which the demo lives.
    pub clock: Arc<dyn Clock>,
}

/// Time as the demo user lived it.
struct PastClock(AtomicI64);

impl Clock for PastClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Makes the demo user.
pub struct Demo {
    ports: DemoPorts,
}

impl Demo {
    /// A maker over its ports.
    #[must_use]
    pub const fn new(ports: DemoPorts) -> Self {
        Self { ports }
    }

    /// Makes the demo user, or completes one whose making was cut short. A complete one is left as it is, with whatever
    /// its users did since. Returns whether anything was made.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn seed(&self) -> Result<bool> {
        let zone = Zone::parse("Asia/Kolkata").map_err(|error| AppError::Internal(Box::new(error)))?;
        let now = self.ports.clock.now();
        let today = now.date_in(zone);
        let first = (0..MONTHS).fold(Month::of(today), |month, _| month.previous());
        let begin = life::instant(first.first_day(), 8);
        let account = self.account(zone, begin).await?;
        if self.ports.budgets.exists(account.id, Scope::Total).await? {
            return Ok(false);
        }
        let clock = Arc::new(PastClock(AtomicI64::new(begin.0)));
        let writer = Arc::new(Writer::new(
            Arc::clone(&self.ports.accounts),
            Arc::clone(&self.ports.categories),
            Arc::clone(&self.ports.ledger),
            Arc::clone(&self.ports.secrets),
            Arc::clone(&clock) as Arc<dyn Clock>,
        ));
        let expenses = Expenses::new(Arc::clone(&writer), Arc::clone(&self.ports.expenses));
        let budgets = Budgets::new(Arc::clone(&writer), Arc::clone(&self.ports.budgets), Arc::clone(&clock) as _);
        let categories = Categories::new(
            writer,
            Arc::clone(&self.ports.categories),
            Arc::clone(&self.ports.expenses),
            Arc::clone(&clock) as _,
        );

        for (category, limit) in LIMITS {
            budgets.put(&account, Scope::Category(CategoryId(category)), limit, Some(first)).await?;
        }
        // One keyword of the user's own, to see it win over the system's.
        categories.put_keywords(&account, CategoryId(13), &["chai and code meetup".to_owned()]).await?;

        let mut food = 0;
        for Event { at, what } in life::events(first, now, zone) {
            clock.0.store(at.0, Ordering::Relaxed);
            match what {
                What::Spend(new) => {
                    let saved = expenses.create(&account, &new, &Keep::nothing()).await?;
                    let state = saved.expense.state;
                    if state.category == CategoryId(FOOD) && state.month() == Month::of(today) {
                        food += state.amount;
                    }
                }
                What::Correct { external_id, notes } => self.correct(&account, &expenses, &external_id, notes).await?,
            }
        }
        // At the hour of the last entry, so that today is still to be written down.
        self.overspend(&account, &expenses, food, today).await?;
        clock.0.store(now.0, Ordering::Relaxed);
        budgets.put(&account, Scope::Total, TOTAL_LIMIT, Some(first)).await?;
        Ok(true)
    }

    async fn account(&self, zone: Zone, created_at: Timestamp) -> Result<Account> {
        let email = Email::parse(DEMO_EMAIL).map_err(|error| AppError::Internal(Box::new(error)))?;
        if let Some(found) = self.ports.accounts.credentials(&email).await? {
            return Ok(found.account);
        }
        let new = NewAccount {
            email,
            name: "Demo".into(),
            role: Role::User,
            currency: Currency::parse("INR").map_err(|error| AppError::Internal(Box::new(error)))?,
            zone,
            password_hash: self.ports.hasher.hash(DEMO_PASSWORD).await?,
            created_at,
            verified_at: Some(created_at),
        };
        let user = self.ports.accounts.create(&new).await?;
        self.ports.accounts.account(user).await?.ok_or(AppError::NotFound)
    }

    async fn correct(&self, account: &Account, expenses: &Expenses, external_id: &str, notes: String) -> Result<()> {
        let ids = [external_id.to_owned()];
        let found = self.ports.expenses.by_external_ids(account.id, &ids).await?;
        let Some(expense) = found.into_iter().find(|expense| expense.live) else { return Ok(()) };
        let patch = ExpensePatch { notes: crate::expenses::Set::To(notes), ..ExpensePatch::default() };
        expenses.update(account, expense.id, |_| true, &patch, &Keep::nothing()).await.map(drop)
    }

    /// The present month is always a little over its limit on food, so that there is something to see.
    async fn overspend(
        &self,
        account: &Account,
        expenses: &Expenses,
        food: i64,
        today: chrono::NaiveDate,
    ) -> Result<()> {
        let limits: BTreeMap<i64, &str> = LIMITS.into_iter().collect();
        let limit = limits.get(&FOOD).map_or(Ok(0), |limit| account.currency.parse_amount(limit));
        let missing = limit.unwrap_or_default() - food;
        if missing < 0 {
            return Ok(());
        }
        // Two days before the silence, or on the first of a month that is younger.
        let date = today.checked_sub_days(chrono::Days::new(4)).filter(|date| Month::of(*date) == Month::of(today));
        let new = NewExpense {
            amount: account.currency.format(missing + 45_000),
            date: Some(date.unwrap_or_else(|| Month::of(today).first_day())),
            notes: Some("Birthday dinner at a restaurant".into()),
            tags: vec!["celebration".into()],
            external_id: Some("demo-dinner".into()),
            ..NewExpense::default()
        };
        expenses.create(account, &new, &Keep::nothing()).await.map(drop)
    }
}
