//! What the rules need of storage, as object-safe ports. Adapters live in other crates.
//!
//! Every method is one unit of work; none hands out a transaction. A method that writes is atomic: it happens whole or
//! not at all. Every method may fail with [`RepositoryError::Unavailable`], [`RepositoryError::StorageFull`] or
//! [`RepositoryError::Internal`]; its `# Errors` section names the others.

mod account;
mod admin;
mod audit;
mod budget;
mod category;
mod check;
mod erasure;
mod expense;
mod export;
mod inbox;
mod job;
mod ledger;
mod outbox;
mod phone;
mod pruning;
mod receipt;
mod report;
mod session;
mod sign_up;
mod throttle;
mod token;

pub use account::{AccountRepository, Credentials, NewAccount, PasswordChange, ProfileChange};
pub use admin::{AdminRepository, Counts, Standing, StandingChange};
pub use audit::{AuditRepository, EventCursor, EventFilter};
pub use budget::BudgetRepository;
pub use category::{CategoryChange, CategoryRepository, EmptyMerge, NewCategory, StoredKeyword};
pub use check::{CheckRepository, InactiveCandidate, OverspendCandidate, Scan, Scanned};
pub use erasure::ErasureRepository;
pub use expense::{
    ExpenseCursor, ExpenseFilter, ExpenseQuery, ExpenseRepository, ExpenseSort, MAX_AT_ONCE, Page, SortKey, TagCount,
};
pub use export::{ExportRepository, LoggedAction, StoredSession, StoredToken};
pub use inbox::{
    InboxCursor, InboxRepository, NewDevice, ReachRepository, Registered, StoredDevice, StoredPreferences,
};
pub use job::{JobRepository, JobRun, RunOutcome};
pub use ledger::{Applied, LedgerRepository};
pub use outbox::{OutboxFilter, OutboxRepository};
pub use phone::{PhoneRepository, StoredPhone};
pub use pruning::PruningRepository;
pub use receipt::ReceiptRepository;
pub use report::{ReportRepository, SpendingBy, SpentRow};
pub use session::{CodeState, NewCode, SessionRepository};
pub use sign_up::{Confirmation, MAX_SIGN_UPS, NewSignUp, SignUpRepository, SignedUp, WaitingSignUp};
pub use throttle::ThrottleRepository;
pub use token::TokenRepository;

#[cfg(feature = "mocks")]
pub use {
    account::MockAccountRepository,
    admin::MockAdminRepository,
    audit::MockAuditRepository,
    budget::MockBudgetRepository,
    category::MockCategoryRepository,
    check::MockCheckRepository,
    erasure::MockErasureRepository,
    expense::MockExpenseRepository,
    export::MockExportRepository,
    inbox::{MockInboxRepository, MockReachRepository},
    job::MockJobRepository,
    ledger::MockLedgerRepository,
    outbox::MockOutboxRepository,
    phone::MockPhoneRepository,
    pruning::MockPruningRepository,
    receipt::MockReceiptRepository,
    report::MockReportRepository,
    session::MockSessionRepository,
    sign_up::MockSignUpRepository,
    throttle::MockThrottleRepository,
    token::MockTokenRepository,
};

/// Why storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// What the plan was made on has changed. Read again and plan again.
    #[error("the stored state has changed since it was read")]
    Stale,
    /// Something with that unique key is there already; the value says which key.
    #[error("{0} is taken")]
    Taken(UniqueKey),
    /// The person was erased: nothing is written for them any more.
    #[error("the account was erased")]
    Erased,
    /// A sum left the range of 64 bits.
    #[error("a total is out of range")]
    OutOfRange,
    /// The action is larger than can be stored as one.
    #[error("the action is too large")]
    TooLarge,
    /// The database cannot be reached or takes no writes for now.
    #[error("the database is unavailable")]
    Unavailable(#[source] Source),
    /// The database has no room left.
    #[error("the storage is full")]
    StorageFull(#[source] Source),
    /// Anything else: a defect, or a database that is not as it should be.
    #[error("the database failed")]
    Internal(#[source] Source),
}

/// The cause of a failure, for the log; never for a client.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// What [`RepositoryError::Taken`] speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueKey {
    /// An account's address.
    Email,
    /// An expense's `external_id`.
    ExternalId,
    /// A category's slug among the person's live ones.
    CategorySlug,
    /// An operation that was applied already.
    Operation,
}

impl std::fmt::Display for UniqueKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Email => "the address",
            Self::ExternalId => "the external id",
            Self::CategorySlug => "the category name",
            Self::Operation => "the operation",
        })
    }
}

/// What every repository method answers.
pub type Result<T> = std::result::Result<T, RepositoryError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_said() {
        for (key, name) in [
            (UniqueKey::Email, "the address"),
            (UniqueKey::ExternalId, "the external id"),
            (UniqueKey::CategorySlug, "the category name"),
            (UniqueKey::Operation, "the operation"),
        ] {
            assert_eq!(key.to_string(), name);
        }
    }
}
