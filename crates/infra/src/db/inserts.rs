//! INSERTs of many rows, whose texts are made once.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, Iterable,
    QueryTrait, Statement, Value,
};

use crate::repository::batch::pieces;

/// The texts of one table's INSERTs, which depend on nothing but how many rows they have: each is made once. Making it takes
/// longer than everything else about a row.
#[derive(Debug)]
pub(crate) struct Inserts(Mutex<Vec<(DbBackend, usize, Arc<str>)>>);

impl Inserts {
    /// None yet. To be kept in a `static`, one for each table and what is done in a conflict.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Inserts rows, every column of which is set, in few statements. What is done in a conflict is the same each time, and
    /// has no values of its own.
    ///
    /// # Errors
    /// What the database failed with; an error too, and nothing is inserted, when a column is not set.
    pub(crate) async fn insert<A: ActiveModelTrait>(
        &self,
        tx: &DatabaseTransaction,
        rows: Vec<A>,
        conflict: impl Fn() -> Option<OnConflict> + Sync,
    ) -> Result<(), DbErr> {
        let backend = tx.get_database_backend();
        for rows in pieces(rows) {
            let text = self.text(backend, &rows, &conflict);
            let mut bound = Vec::new();
            for row in rows {
                values(row, &mut bound)?;
            }
            tx.execute_raw(Statement::from_sql_and_values(backend, text.as_ref(), bound)).await?;
        }
        Ok(())
    }

    fn text<A: ActiveModelTrait>(
        &self,
        backend: DbBackend,
        rows: &[A],
        conflict: impl Fn() -> Option<OnConflict>,
    ) -> Arc<str> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_this = |(of, count, _): &&(DbBackend, usize, Arc<str>)| (*of, *count) == (backend, rows.len());
        if let Some((_, _, text)) = known().iter().find(is_this) {
            return Arc::clone(text);
        }
        let mut insert = A::Entity::insert_many(rows.to_vec());
        if let Some(conflict) = conflict() {
            insert = insert.on_conflict(conflict);
        }
        let text: Arc<str> = insert.build(backend).sql.into();
        known().push((backend, rows.len(), Arc::clone(&text)));
        text
    }
}

/// Adds the values of a row in the order of its columns, which is that of the text.
fn values<A: ActiveModelTrait>(mut row: A, bound: &mut Vec<Value>) -> Result<(), DbErr> {
    for column in <A::Entity as EntityTrait>::Column::iter() {
        match row.take(column) {
            ActiveValue::Set(value) | ActiveValue::Unchanged(value) => bound.push(value),
            ActiveValue::NotSet => return Err(DbErr::AttrNotSet(format!("{column:?}"))),
        }
    }
    Ok(())
}
