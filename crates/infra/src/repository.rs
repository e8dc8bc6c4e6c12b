//! The repository ports of the domain, on any of the databases of [`crate::db`].

mod account;
mod batch;
mod budget;
mod category;
mod expense;
mod head;
mod ledger;
mod report;
mod session;
#[cfg(test)]
mod tests;

pub use account::SqlAccountRepository;
pub use budget::SqlBudgetRepository;
pub use category::SqlCategoryRepository;
pub use expense::SqlExpenseRepository;
pub use ledger::SqlLedgerRepository;
pub use report::SqlReportRepository;
pub use session::SqlSessionRepository;
