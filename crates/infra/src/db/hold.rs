//! Rows that are held, as a lock would hold them.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

/// Whether a connection of this process led to a node of a Galera cluster.
static ON_GALERA: AtomicBool = AtomicBool::new(false);

/// Notes that the database is a Galera cluster.
pub(super) fn note_galera() {
    ON_GALERA.store(true, Ordering::Relaxed);
}

/// Whether the database is a Galera cluster, as far as this process has reached it.
pub(super) fn is_on_galera() -> bool {
    ON_GALERA.load(Ordering::Relaxed)
}

/// Keeps others from writing, or holding, these rows until the end of the transaction; how many there are. `number` is a column of
/// theirs of integers that are never null, part of no key, and nothing that `rows` asks for.
///
/// # Errors
/// What the database failed with.
pub(crate) async fn hold<E: EntityTrait>(
    tx: &DatabaseTransaction,
    number: E::Column,
    rows: Condition,
) -> Result<u64, DbErr> {
    let write = |value: Expr| E::update_many().col_expr(number, value).filter(rows.clone());
    if is_on_galera() {
        // A lock is known to one node, and a row that is written as it was is not told to the others: who held it at two nodes
        // would be certified both. What was changed and changed back is told.
        let held = write(Expr::col(number).add(1_i64)).exec(tx).await?.rows_affected;
        write(Expr::col(number).sub(1_i64)).exec(tx).await?;
        return Ok(held);
    }
    // Written, though not changed: a read would not keep anyone out. All three count a row that matches as affected.
    Ok(write(Expr::col(number)).exec(tx).await?.rows_affected)
}
