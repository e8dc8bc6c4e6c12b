//! The repository ports of the domain, on any of the databases of [`crate::db`].

mod account;
mod admin;
mod audit;
mod batch;
mod budget;
mod category;
mod erasure;
mod expense;
mod export;
mod head;
mod ledger;
mod like;
mod notification;
mod phone;
mod pruning;
mod receipt;
mod report;
mod session;
mod sign_up;
#[cfg(test)]
mod tests;
mod throttle;
mod token;

pub use account::SqlAccountRepository;
pub use admin::SqlAdminRepository;
pub use audit::SqlAuditRepository;
pub use budget::SqlBudgetRepository;
pub use category::SqlCategoryRepository;
pub use erasure::SqlErasureRepository;
pub use expense::SqlExpenseRepository;
pub use export::SqlExportRepository;
pub use ledger::SqlLedgerRepository;
pub use phone::SqlPhoneRepository;
pub use pruning::SqlPruningRepository;
pub use receipt::SqlReceiptRepository;
pub use report::SqlReportRepository;
pub use session::SqlSessionRepository;
pub use sign_up::SqlSignUpRepository;
pub use throttle::SqlThrottleRepository;
pub use token::SqlTokenRepository;
