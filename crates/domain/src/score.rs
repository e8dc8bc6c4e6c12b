//! (stub, being written)
use chrono::NaiveDate;
/// a
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// d
    pub date: NaiveDate,
    /// l
    pub logged_on: NaiveDate,
    /// i
    pub imported: bool,
    /// c
    pub count: i64,
}
