//! LIKE without wildcards of the client's.

use sea_orm::sea_query::LikeExpr;

/// What begins with anything, goes on with `before`, `text` and `after` as they stand, and ends with anything.
pub(super) fn containing(before: &str, text: &str, after: &str) -> LikeExpr {
    let mut pattern = String::with_capacity(before.len() + text.len() + after.len() + 4);
    pattern.push('%');
    for c in before.chars().chain(text.chars()).chain(after.chars()) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('!')
}
