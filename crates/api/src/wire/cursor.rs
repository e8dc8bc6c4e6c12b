//! Opaque cursors of lists: where the last page ended, bound to the filters that the page was made with.
//!
//! A cursor is not a secret and grants nothing: the query that it continues is always the caller's own. The checksum only
//! tells a cursor of other filters, or a damaged one, from a good one.

use florin_app::error::FieldError;

use crate::problem::{self, Problem};

pub mod bound;

/// Writes the cursor that follows `position`, for a list made with `filters`: any text that tells filters and order apart,
/// such as their `Debug` form. Both must not depend on the page, so leave `limit` and `cursor` out.
#[must_use]
pub fn encode(position: &str, filters: &str) -> String {
    bound::write(position, filters)
}

/// The position in a cursor.
///
/// # Errors
/// 422 `invalid_cursor` at `/cursor` for a cursor of another list or other filters, and for garbage.
pub fn decode(cursor: &str, filters: &str) -> problem::Result<String> {
    bound::read(cursor, filters).ok_or_else(invalid)
}

/// 422 `invalid_cursor`, for a position that the list cannot read either.
#[must_use]
pub fn invalid() -> Problem {
    Problem::invalid(vec![FieldError::new(
        "/cursor",
        "invalid_cursor",
        "must be a next_cursor of the same list and filters",
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_fits_its_filters_only() {
        let cursor = encode("2026-03-01.17", "month=2026-03");
        assert_eq!(decode(&cursor, "month=2026-03").unwrap(), "2026-03-01.17");
        for (cursor, filters) in [(cursor.as_str(), "month=2026-04"), ("", "month=2026-03"), ("garbage", ""), ("é", "")]
        {
            let problem = decode(cursor, filters).unwrap_err();
            assert_eq!((problem.errors()[0].pointer.as_str(), problem.errors()[0].code), ("/cursor", "invalid_cursor"));
        }
        let mut damaged = cursor.into_bytes();
        damaged[14] ^= 1;
        assert!(decode(&String::from_utf8(damaged).unwrap(), "month=2026-03").is_err());
    }
}
