//! Rows of `expenses` and what they mean.

use std::collections::HashMap;

use florin_domain::calendar::Timestamp;
use florin_domain::categorizer::{Categorization, Source};
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::text;
use sea_orm::ActiveValue::{self, NotSet, Set};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::db::Failure;
use crate::entity::{expense, tag, tag_map};
use crate::repository::batch::padded;

/// What a stored expense says, with its tags in byte order.
pub(in crate::repository) fn state(row: &expense::Model, mut tags: Vec<String>) -> Result<ExpenseState, Failure> {
    let unreadable = |column: &str| Failure::internal(format!("expense {}: unreadable {column}", row.id));
    tags.sort_unstable();
    Ok(ExpenseState {
        amount: row.amount,
        date: row.date,
        notes: row.notes.clone(),
        category: CategoryId(row.category_id),
        categorization: Categorization {
            source: Source::parse(&row.categorization_source).ok_or_else(|| unreadable("categorization_source"))?,
            matched: row.categorization_matched.clone(),
            confidence_bp: row.categorization_bp.try_into().map_err(|_| unreadable("categorization_bp"))?,
            model: row.categorization_model.map(i32::cast_unsigned),
            chosen_at: row.category_chosen_at.map(Timestamp),
        },
        tags,
        external_id: row.external_id.clone(),
        logged_at: Timestamp(row.logged_at),
        logged_on: row.logged_on,
        imported: row.imported != 0,
    })
}

/// The columns that an expense's state fills. Those that place it (id, user, version, ...) are left to the caller.
pub(in crate::repository) fn columns(state: &ExpenseState) -> expense::ActiveModel {
    let why = why_columns(&state.categorization);
    expense::ActiveModel {
        id: NotSet,
        user_id: NotSet,
        amount: Set(state.amount),
        date: Set(state.date),
        notes: Set(state.notes.clone()),
        notes_words: Set(text::search_words(&state.notes)),
        category_id: Set(state.category.0),
        categorization_source: why.categorization_source,
        categorization_matched: why.categorization_matched,
        categorization_bp: why.categorization_bp,
        categorization_model: why.categorization_model,
        category_chosen_at: why.category_chosen_at,
        external_id: Set(state.external_id.clone()),
        logged_at: Set(state.logged_at.0),
        logged_on: Set(state.logged_on),
        imported: flag(state.imported),
        live: flag(true),
        version: NotSet,
        updated_at: NotSet,
        last_action: NotSet,
    }
}

/// Those that say why an expense lies in its category.
pub(in crate::repository) fn why_columns(why: &Categorization) -> expense::ActiveModel {
    expense::ActiveModel {
        categorization_source: Set(why.source.as_str().to_owned()),
        categorization_matched: Set(why.matched.clone()),
        categorization_bp: Set(i32::from(why.confidence_bp)),
        categorization_model: Set(why.model.map(u32::cast_signed)),
        category_chosen_at: Set(why.chosen_at.map(|at| at.0)),
        ..Default::default()
    }
}

/// A flag as it is stored: 0 or 1.
pub(in crate::repository) fn flag(on: bool) -> ActiveValue<i16> {
    Set(i16::from(on))
}

/// Expenses with their tags, in the order of the rows: one query for each 256 of them.
pub(in crate::repository) async fn with_tags<C: ConnectionTrait>(
    connection: &C,
    rows: Vec<expense::Model>,
) -> Result<Vec<Expense>, Failure> {
    let ids: Vec<i64> = rows.iter().filter(|row| row.live != 0).map(|row| row.id).collect();
    let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
    for list in padded(&ids) {
        let labels = Query::select()
            .column((tag_map::Entity, tag_map::Column::ExpenseId))
            .column((tag::Entity, tag::Column::Name))
            .from(tag_map::Entity)
            // A left join, though every label has a name: MariaDB would begin an inner one with the names, and go through
            // all expenses that have them.
            .left_join(
                tag::Entity,
                Expr::col((tag::Entity, tag::Column::Id)).equals((tag_map::Entity, tag_map::Column::TagId)),
            )
            .and_where(Expr::col((tag_map::Entity, tag_map::Column::ExpenseId)).is_in(list))
            .take();
        for label in connection.query_all(&labels).await? {
            tags.entry(label.try_get_by_index(0)?).or_default().push(label.try_get_by_index(1)?);
        }
    }
    rows.iter()
        .map(|row| {
            Ok(Expense {
                id: ExpenseId(row.id),
                state: state(row, tags.remove(&row.id).unwrap_or_default())?,
                live: row.live != 0,
                version: row.version,
                updated_at: Timestamp(row.updated_at),
                last_action: Seq(row.last_action),
            })
        })
        .collect()
}

/// The new row of an expense.
pub(in crate::repository) fn new_row(
    user: UserId,
    id: ExpenseId,
    state: &ExpenseState,
    at: Timestamp,
    seq: Seq,
) -> expense::ActiveModel {
    expense::ActiveModel {
        id: Set(id.0),
        user_id: Set(user.0),
        version: Set(1),
        updated_at: Set(at.0),
        last_action: Set(seq.0),
        ..columns(state)
    }
}
