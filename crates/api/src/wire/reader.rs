//! Reads the fields of a JSON body or of a query, and collects every fault on the way.
//!
//! ```ignore
//! impl Fields for NewExpense {
//!     fn read(r: &mut Reader<'_>) -> Option<Self> {
//!         let amount = r.need("amount").amount(); // read every field first, so that all faults are found,
//!         let notes = r.get("notes").lines(500);
//!         let tags = r.get("tags").list(20, |tag| tag.text(50));
//!         let category = r.get("category_id").id().map(CategoryId);
//!         Some(Self { amount: amount?, notes, tags, category }) // then give up on what is missing
//!     }
//! }
//! ```
//! Whatever a reader was not asked for is an `unknown_field`. In a query every value is text, so numbers and booleans are
//! read from text there, and a parameter that is given several times is a list.

mod field;

use florin_app::error::FieldError;

use super::json::{Members, Node};
use crate::problem::{self, Problem};

pub use field::Field;

/// The most faults that an answer names.
const MAX_FAULTS: usize = 100;
/// The most characters of an unknown field's name that an answer repeats.
const MAX_ECHO: usize = 64;

/// Something read from the fields of a body or a query.
pub trait Fields: Sized {
    /// Reads it. `None` only after a fault was recorded.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// A member of a merge patch (RFC 7396).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not named: stays as it is. Also what a faulty member is read as.
    #[default]
    Absent,
    /// `null`: back to its default.
    Null,
    /// A new value.
    Value(T),
}

impl<T> Patch<T> {
    /// The same with the value converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(convert(value)),
        }
    }

    /// `None` for stays as it is, `Some(None)` for back to its default.
    pub fn into_nested(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

/// Where fields come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A JSON body.
    Body,
    /// A query: every value is text.
    Query,
}

/// The members of one object, with the faults found so far.
#[derive(Debug)]
pub struct Reader<'a> {
    members: &'a [(String, Node)],
    asked_for: Vec<bool>,
    base: String,
    source: Source,
    faults: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(members: &'a Members, base: String, source: Source) -> Self {
        Self { members, asked_for: vec![false; members.len()], base, source, faults: Vec::new() }
    }

    /// An optional field. `null` counts as absent.
    pub fn get(&mut self, name: &str) -> Field<'_, 'a> {
        let node = self.find(name).filter(|node| **node != Node::Null);
        self.field(name, node)
    }

    /// A required field: absent or `null` is a fault.
    pub fn need(&mut self, name: &str) -> Field<'_, 'a> {
        let node = self.find(name).filter(|node| **node != Node::Null);
        if node.is_none() {
            self.reject(name, "required", "is required");
        }
        self.field(name, node)
    }

    /// A field of a merge patch that has no default to go back to: absent is fine, `null` is a fault.
    pub fn get_non_null(&mut self, name: &str) -> Field<'_, 'a> {
        let node = self.find(name);
        if node == Some(&Node::Null) {
            self.reject(name, "required", "must not be null");
        }
        self.field(name, node.filter(|node| **node != Node::Null))
    }

    /// A field of a merge patch that `null` puts back to its default.
    pub fn patch<T>(&mut self, name: &str, read: impl FnOnce(Field<'_, 'a>) -> Option<T>) -> Patch<T> {
        match self.find(name) {
            None => Patch::Absent,
            Some(Node::Null) => Patch::Null,
            node => read(self.field(name, node)).map_or(Patch::Absent, Patch::Value),
        }
    }

    /// Whether the client gave the field a value, be it a faulty one. `null` counts as absent.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.position(name).is_some_and(|position| self.members[position].1 != Node::Null)
    }

    /// Records a fault at `name`, or at the object itself when `name` is empty.
    pub fn reject(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        let pointer = if name.is_empty() { self.base.clone() } else { child(&self.base, name) };
        self.faults.push(FieldError::new(pointer, code, message));
    }

    /// Whether a fault was found so far.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether a fault was found at `name` so far.
    #[must_use]
    pub fn rejected(&self, name: &str) -> bool {
        let pointer = child(&self.base, name);
        self.faults.iter().any(|fault| fault.pointer == pointer)
    }

    /// All faults, those of unknown fields included, at most as many as an answer names.
    pub(crate) fn finish(mut self) -> Vec<FieldError> {
        self.take_faults()
    }

    /// Takes the faults away, those of unknown fields included, for a use case that tells them together with what it
    /// finds itself. Every field must have been read by then.
    pub fn take_faults(&mut self) -> Vec<FieldError> {
        let mut faults = std::mem::take(&mut self.faults);
        let unknown = self.members.iter().zip(&mut self.asked_for).filter(|(_, asked_for)| !**asked_for);
        for ((name, _), asked_for) in unknown {
            *asked_for = true;
            let name: String = name.chars().take(MAX_ECHO).collect();
            faults.push(FieldError::new(child(&self.base, &name), "unknown_field", "is not a field of this request"));
        }
        faults.truncate(MAX_FAULTS);
        faults
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.members.binary_search_by(|(member, _)| member.as_str().cmp(name)).ok()
    }

    fn find(&mut self, name: &str) -> Option<&'a Node> {
        let position = self.position(name)?;
        self.asked_for[position] = true;
        Some(&self.members[position].1)
    }

    fn field(&mut self, name: &str, node: Option<&'a Node>) -> Field<'_, 'a> {
        Field::new(child(&self.base, name), node, self.source, &mut self.faults)
    }
}

/// Reads a whole body or query.
///
/// # Errors
/// 422 with every fault.
pub(crate) fn read<T: Fields>(members: &Members, source: Source) -> problem::Result<T> {
    let mut reader = Reader::new(members, String::new(), source);
    let value = T::read(&mut reader);
    let faults = reader.finish();
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        _ if faults.is_empty() => Err(Problem::internal().caused_by("a reader gave up without a fault")),
        _ => Err(Problem::invalid(faults)),
    }
}

/// The JSON pointer of a member (RFC 6901).
fn child(base: &str, name: &str) -> String {
    format!("{base}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests;
