//! Verifying a user's log, from one snapshot.

use std::collections::HashMap;

use florin_domain::calendar::Month;
use florin_domain::id::{CategoryId, ExpenseId, UserId};
use florin_domain::ledger::{FirstBad, Head, LiveExpense, Verified, Verifier};
use futures::TryStreamExt;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::deadline::{PATIENT, PROMPT};
use crate::db::{Database, Failure, detached};
use crate::entity::{expense, last_user_action, monthly_expense, tag, tag_map, user_action, user_login};
use crate::repository::expense::row;

use super::pages::{self, fitting};
use super::{SqlLedgerRepository, action};

/// How many actions are read at once, unless they are large.
const PAGE: u64 = 500;

impl SqlLedgerRepository {
    pub(super) async fn walk(&self, user: UserId) -> Result<Verified, Failure> {
        let database = self.database.clone();
        let walk = detached(async move {
            let tx = database.snapshot().await?;
            let verified = walk(&database, &tx, user).await;
            // After an error the transaction may be gone, or its server silent: its connection is closed.
            if verified.is_ok() {
                database.deadline(PROMPT).bound(tx.rollback()).await??;
            }
            Ok(verified)
        });
        walk.await?
    }
}

async fn walk(database: &Database, tx: &DatabaseTransaction, user: UserId) -> Result<Verified, Failure> {
    // Each step is of bounded size; all of them together are not.
    let step = || database.deadline(PATIENT);
    let row = step().bound(last_user_action::Entity::find_by_id(user.0).one(tx)).await??;
    let account = step().bound(user_login::Entity::find_by_id(user.0).one(tx)).await??;
    let erased = account.is_some_and(|account| account.erased_at.is_some());
    let mut verifier = if erased { Verifier::erased(user) } else { Verifier::new(user) };
    let (mut last, mut last_ordinary, mut next_undo) = (0, 0, None);
    let in_order = || {
        let of_user = user_action::Entity::find().filter(user_action::Column::UserId.eq(user.0));
        of_user.order_by_asc(user_action::Column::Seq)
    };
    let mut sizes = Vec::new();
    loop {
        if sizes.is_empty() {
            let next = in_order().filter(user_action::Column::Seq.gt(last)).limit(PAGE);
            sizes = step().bound(pages::sizes(database, tx, next)).await??;
        }
        let page = fitting(&sizes);
        let Some((end, _)) = page.last() else { break };
        let rows = in_order().filter(user_action::Column::Seq.gt(last)).filter(user_action::Column::Seq.lte(*end));
        last = *end;
        sizes.drain(..page.len());
        for row in step().bound(rows.all(tx)).await?? {
            if row.root == row.seq {
                last_ordinary = row.seq;
            }
            if row.undoable != 0 {
                next_undo = Some(row.seq);
            }
            verifier.action(&action::stored(row));
        }
    }
    let live = async { if erased { any_expense(tx, user).await } else { live_expenses(tx, user).await } };
    let live = step().bound(live).await??;
    let (totals, stray) = step().bound(totals(tx, user)).await??;
    // What is kept in the head so that it need not be looked for.
    let shortcuts_agree =
        row.as_ref().is_none_or(|row| (row.last_ordinary, row.next_undo) == (last_ordinary, next_undo));
    // A head that cannot be read is none that names the last action.
    let (head, is_readable) = match row.map(|row| action::head(&row)) {
        None => (Head::EMPTY, true),
        Some(head) => head.map_or((Head::EMPTY, false), |head| (head, true)),
    };
    let mut verified = verifier.finish(&head, &live, &totals);
    if !(shortcuts_agree && is_readable) {
        verified.first_bad.get_or_insert(FirstBad::Head);
    }
    if let Some(stray) = stray {
        verified.first_bad.get_or_insert(stray);
    }
    Ok(verified)
}

/// The first expense that an erasure left behind, deleted ones included.
async fn any_expense(tx: &DatabaseTransaction, user: UserId) -> Result<Vec<LiveExpense>, Failure> {
    let left = expense::Entity::find().filter(expense::Column::UserId.eq(user.0)).order_by_asc(expense::Column::Id);
    let first = left.limit(1).one(tx).await?;
    first.iter().map(|row| Ok(LiveExpense { id: ExpenseId(row.id), state: row::state(row, Vec::new())? })).collect()
}

async fn live_expenses(tx: &DatabaseTransaction, user: UserId) -> Result<Vec<LiveExpense>, Failure> {
    let labels = Query::select()
        .column((tag_map::Entity, tag_map::Column::ExpenseId))
        .column((tag::Entity, tag::Column::Name))
        .from(tag::Entity)
        .inner_join(
            tag_map::Entity,
            Expr::col((tag_map::Entity, tag_map::Column::TagId)).equals((tag::Entity, tag::Column::Id)),
        )
        .and_where(Expr::col((tag::Entity, tag::Column::UserId)).eq(user.0))
        .take();
    let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
    for label in tx.query_all(&labels).await? {
        tags.entry(label.try_get_by_index(0)?).or_default().push(label.try_get_by_index(1)?);
    }
    let mut rows = expense::Entity::find()
        .filter(expense::Column::UserId.eq(user.0))
        .filter(expense::Column::Live.eq(1_i16))
        .stream(tx)
        .await?;
    let mut live = Vec::new();
    while let Some(expense) = rows.try_next().await? {
        // One that cannot be read is left out, and is then named as not being what the log left.
        if let Ok(state) = row::state(&expense, tags.remove(&expense.id).unwrap_or_default()) {
            live.push(LiveExpense { id: ExpenseId(expense.id), state });
        }
    }
    live.sort_unstable_by_key(|expense| expense.id);
    Ok(live)
}

/// The stored totals, and one of a month that there is not.
type Totals = (Vec<(Month, CategoryId, i64)>, Option<FirstBad>);

async fn totals(tx: &DatabaseTransaction, user: UserId) -> Result<Totals, Failure> {
    let rows = monthly_expense::Entity::find().filter(monthly_expense::Column::UserId.eq(user.0)).all(tx).await?;
    let (mut totals, mut stray) = (Vec::with_capacity(rows.len()), None);
    for row in rows {
        let category = CategoryId(row.category_id);
        match Month::from_yyyymm(row.month) {
            Ok(month) => totals.push((month, category, row.total)),
            Err(_) => stray = Some(FirstBad::StrayTotal { yyyymm: row.month, category, stored: row.total }),
        }
    }
    Ok((totals, stray))
}
