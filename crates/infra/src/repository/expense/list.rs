//! Pages of live expenses, by keyset: each page begins where the last one ended, whatever was written in between.

use florin_domain::expense::Expense;
use florin_domain::id::UserId;
use florin_domain::repository::{ExpenseCursor, ExpenseFilter, ExpenseQuery, ExpenseSort, Page, SortKey};
use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select, Value};

use crate::db::Failure;
use crate::entity::{expense, tag, tag_map};
use crate::repository::batch::padded;
use crate::repository::like::containing;

use super::SqlExpenseRepository;
use super::row::with_tags;

impl SqlExpenseRepository {
    pub(super) async fn page(&self, user: UserId, query: &ExpenseQuery) -> Result<Page<Expense>, Failure> {
        let mut rows = page_of(user, query).all(self.database.read()).await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Page { rows: with_tags(self.database.read(), rows).await?, more })
    }
}

/// The rows of a page, and one more.
pub(in crate::repository) fn page_of(user: UserId, query: &ExpenseQuery) -> Select<expense::Entity> {
    let order = if query.sort.descending { Order::Desc } else { Order::Asc };
    let mut select = expense::Entity::find()
        .filter(expense::Column::UserId.eq(user.0))
        .filter(expense::Column::Live.eq(1_i16))
        .filter(matches(user, &query.filter))
        .filter(after(query.sort, query.after))
        .order_by(column(query.sort.key), order.clone())
        .order_by(expense::Column::Id, order)
        .limit(query.limit.saturating_add(1));
    // MariaDB would walk from the end of the index to the cursor: of a table that is one person's for the most part it
    // takes the range for all of it, and does not look for its beginning. Only MySQL and MariaDB see the hint. With the
    // other filters an index of theirs may be better.
    if query.filter.categories.is_empty() && query.filter.tags.is_empty() {
        QuerySelect::query(&mut select).force_index(index(query.sort.key), IndexHintScope::All);
    }
    select
}

const fn column(key: SortKey) -> expense::Column {
    match key {
        SortKey::Date => expense::Column::Date,
        SortKey::Amount => expense::Column::Amount,
        SortKey::LoggedAt => expense::Column::LoggedAt,
    }
}

/// The index in that order.
const fn index(key: SortKey) -> &'static str {
    match key {
        SortKey::Date => "expenses_by_date",
        SortKey::Amount => "expenses_by_amount",
        SortKey::LoggedAt => "expenses_by_logged_at",
    }
}

/// What lies after the cursor. `key <= ? AND (key < ? OR id < ?)` is one range of the index, which the shorter
/// `(key, id) < (?, ?)` is not on every database.
fn after(sort: ExpenseSort, cursor: Option<ExpenseCursor>) -> Condition {
    let Some(cursor) = cursor else { return Condition::all() };
    let (value, id): (Value, i64) = match cursor {
        ExpenseCursor::Date(date, id) => (date.into(), id.0),
        ExpenseCursor::Amount(amount, id) => (amount.into(), id.0),
        ExpenseCursor::LoggedAt(at, id) => (at.0.into(), id.0),
    };
    let key = column(sort.key);
    let (until, beyond, later) = if sort.descending {
        (key.lte(value.clone()), key.lt(value), expense::Column::Id.lt(id))
    } else {
        (key.gte(value.clone()), key.gt(value), expense::Column::Id.gt(id))
    };
    Condition::all().add(until).add(Condition::any().add(beyond).add(later))
}

fn matches(user: UserId, filter: &ExpenseFilter) -> Condition {
    let categories: Vec<i64> = filter.categories.iter().map(|category| category.0).collect();
    let in_categories =
        padded(&categories).fold(Condition::any(), |any, list| any.add(expense::Column::CategoryId.is_in(list)));
    let conditions = Condition::all()
        .add_option(filter.from.map(|date| expense::Column::Date.gte(date)))
        .add_option(filter.to.map(|date| expense::Column::Date.lte(date)))
        .add_option(filter.min_amount.map(|amount| expense::Column::Amount.gte(amount)))
        .add_option(filter.max_amount.map(|amount| expense::Column::Amount.lte(amount)))
        .add_option((!categories.is_empty()).then_some(in_categories));
    let conditions = filter.tags.iter().fold(conditions, |all, tag| all.add(has_tag(user, tag)));
    filter.words.iter().fold(conditions, |all, word| all.add(has_word(word)))
}

/// Whether an expense has a tag.
pub(super) fn has_tag(user: UserId, name: &str) -> Expr {
    let tagged = Query::select()
        .column((tag_map::Entity, tag_map::Column::ExpenseId))
        .from(tag_map::Entity)
        .inner_join(
            tag::Entity,
            Expr::col((tag::Entity, tag::Column::Id)).equals((tag_map::Entity, tag_map::Column::TagId)),
        )
        .and_where(Expr::col((tag::Entity, tag::Column::UserId)).eq(user.0))
        .and_where(Expr::col((tag::Entity, tag::Column::Name)).eq(name))
        .take();
    expense::Column::Id.in_subquery(tagged)
}

/// Whether an expense's notes have a whole word: `notes_words` is ` word word `.
fn has_word(word: &str) -> Expr {
    Expr::col((expense::Entity, expense::Column::NotesWords)).like(containing(" ", word, " "))
}
