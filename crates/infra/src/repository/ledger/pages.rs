//! Pages of the log that fit into memory: most payloads are small, but a few large ones may follow each other.

use florin_domain::id::{Seq, UserId};
use florin_domain::repository::{LoggedAction, Page};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::db::{Database, Failure};
use crate::entity::user_action::{Column, Entity, Model};

use super::action;

/// The most bytes of payloads that are read at once, unless a single one is larger.
const MAX_BYTES: i64 = 4 * 1024 * 1024;
/// The same for those who read on and on, as exports do, any number of them at once.
const FEW_BYTES: i64 = 512 * 1024;

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
    fitting_in(sizes, MAX_BYTES)
}

fn fitting_in(sizes: &[(i64, i64)], most: i64) -> &[(i64, i64)] {
    let mut sum = 0;
    let within = sizes.iter().take_while(|(_, bytes)| {
        sum += bytes;
        sum <= most
    });
    &sizes[..within.count().max(1).min(sizes.len())]
}

/// The actions of a user after `after`, oldest first: at most `limit`, and as many as fit.
pub(in crate::repository) async fn of_log(
    database: &Database,
    user: UserId,
    after: Seq,
    limit: u64,
) -> Result<Page<LoggedAction>, Failure> {
    let later = Entity::find().filter(Column::UserId.eq(user.0)).filter(Column::Seq.gt(after.0));
    let oldest_first = later.order_by_asc(Column::Seq);
    let sizes = sizes(database, database.read(), oldest_first.clone().limit(limit.saturating_add(1))).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = fitting_in(&sizes[..sizes.len().min(limit)], FEW_BYTES);
    let Some((last, _)) = page.last() else { return Ok(Page { rows: Vec::new(), more: !sizes.is_empty() }) };
    let rows = oldest_first.filter(Column::Seq.lte(*last)).all(database.read()).await?;
    let logged = |row: Model| {
        let hash = row.hash.as_slice().try_into().map_err(|_| Failure::internal("an action's hash is not one"))?;
        Ok(LoggedAction { action: action::read(row)?, hash })
    };
    Ok(Page { more: sizes.len() > page.len(), rows: rows.into_iter().map(logged).collect::<Result<_, Failure>>()? })
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
