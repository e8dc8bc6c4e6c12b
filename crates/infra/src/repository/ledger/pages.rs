//! Pages of the log that fit into memory: most payloads are small, but a few large ones may follow each other.

use sea_orm::{ConnectionTrait, QuerySelect, Select};

use crate::db::{Database, Failure};
use crate::entity::user_action::{Column, Entity};

/// The most bytes of payloads that are read at once, unless a single one is larger.
const MAX_BYTES: i64 = 4 * 1024 * 1024;

/// The numbers of selected actions and the bytes of their payloads.
pub(super) async fn sizes<C: ConnectionTrait>(
    database: &Database,
    connection: &C,
    actions: Select<Entity>,
) -> Result<Vec<(i64, i64)>, Failure> {
    let bytes = database.bytes(sea_orm::sea_query::Expr::col(Column::Payload));
    let sized = actions.select_only().column(Column::Seq).column_as(bytes, "bytes");
    let sizes = sized.into_tuple::<(i64, Option<i64>)>().all(connection).await?;
    Ok(sizes.into_iter().map(|(seq, bytes)| (seq, bytes.unwrap_or_default())).collect())
}

/// As many of the first ones as may be read at once: one at least, if there is one.
pub(super) fn fitting(sizes: &[(i64, i64)]) -> &[(i64, i64)] {
    let mut sum = 0;
    let within = sizes.iter().take_while(|(_, bytes)| {
        sum += bytes;
        sum <= MAX_BYTES
    });
    &sizes[..within.count().max(1).min(sizes.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_it_is_too_large_and_is_never_empty() {
        let count = |bytes: &[i64]| fitting(&bytes.iter().map(|bytes| (1, *bytes)).collect::<Vec<_>>()).len();
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[0, 0, 0]), 3);
        assert_eq!(count(&[MAX_BYTES + 1, 1]), 1);
        assert_eq!(count(&[MAX_BYTES - 1, 1, 1]), 2);
        assert_eq!(count(&[1, MAX_BYTES, 1]), 1);
    }
}
