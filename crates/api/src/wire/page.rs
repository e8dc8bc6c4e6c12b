//! What paged lists have in common.

use florin_domain::id::MAX_ID;
use utoipa::IntoParams;

use super::{Fields, Reader, cursor};
use crate::problem;

/// Reads `limit`: 1 to 200, 50 when it is left out.
pub(crate) fn read_limit(r: &mut Reader<'_>) -> u64 {
    let limit = r.get("limit").integer(1..=200).and_then(|limit| u64::try_from(limit).ok());
    limit.unwrap_or(50)
}

/// The identifier in a cursor of a list that goes by identifiers.
///
/// # Errors
/// 422 for a cursor of another list.
pub(crate) fn id_of_cursor(cursor: Option<&String>, filters: &str) -> problem::Result<Option<i64>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let position = cursor::decode(cursor, filters)?;
    let id = position.parse().ok().filter(|id| (1..=MAX_ID).contains(id));
    id.map(Some).ok_or_else(cursor::invalid)
}

/// Which page of a list that is short enough to be read whole.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: u64,
    /// `next_cursor` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// A page.
pub(crate) struct Paged<T> {
    /// What is on it.
    pub(crate) rows: Vec<T>,
    /// Where the next one begins; `None` on the last.
    pub(crate) next_cursor: Option<String>,
}

impl Fields for PageQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let limit = read_limit(r);
        Some(Self { limit, cursor: r.get("cursor").text(1024) })
    }
}

impl PageQuery {
    /// The page of `rows`, which are in order; `key` names a row, and `filters` the list that cursors are bound to. A row
    /// that is gone by the next page ends the list there: the client begins again.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn cut<T>(&self, filters: &str, rows: Vec<T>, key: impl Fn(&T) -> String) -> problem::Result<Paged<T>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let after = self.cursor.as_deref().map(|cursor| cursor::decode(cursor, filters)).transpose()?;
        let begin = match &after {
            None => 0,
            Some(after) => rows.iter().position(|row| key(row) == *after).map_or(rows.len(), |position| position + 1),
        };
        let mut rows: Vec<T> = rows.into_iter().skip(begin).take(limit.saturating_add(1)).collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).map(key);
        Ok(Paged { rows, next_cursor: last.map(|last| cursor::encode(&last, filters)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_add_up_to_the_list() {
        let all: Vec<u32> = (0..7).collect();
        let mut query = PageQuery { limit: 3, cursor: None };
        let mut seen = Vec::new();
        loop {
            let page = query.cut("numbers", all.clone(), u32::to_string).unwrap();
            seen.extend(page.rows);
            match page.next_cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(seen, all);
        query.limit = 7;
        query.cursor = None;
        assert!(query.cut("numbers", all.clone(), u32::to_string).unwrap().next_cursor.is_none());
        query.cursor = Some(cursor::encode("3", "letters"));
        assert!(query.cut("numbers", all, u32::to_string).is_err());
    }
}
