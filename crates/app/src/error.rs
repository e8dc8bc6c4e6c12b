//! Why a use case refused. How each is told over HTTP is chosen in the `api` crate, in one file.

use florin_domain::id::Seq;
use florin_domain::repository::{RepositoryError, Source, UniqueKey};

use crate::port::PortError;

/// A fault of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer to the field, as `/tags/3`.
    pub pointer: String,
    /// Stable snake_case code.
    pub code: &'static str,
    /// An English sentence part, as `must be more than zero`.
    pub message: String,
}

impl FieldError {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, message: message.into() }
    }
}

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Fields are wrong; all of them are named.
    #[error("the request is invalid")]
    Invalid(Vec<FieldError>),
    /// The thing is not there, or not the caller's.
    #[error("there is no such thing")]
    NotFound,
    /// There is nothing to undo or redo.
    #[error("{detail}")]
    NothingToDo {
        /// Stable code, as `nothing_to_reverse`.
        code: &'static str,
        /// What to tell.
        detail: String,
    },
    /// The present state does not allow it.
    #[error("{detail}")]
    Conflict {
        /// Stable code, as `category_archived`.
        code: &'static str,
        /// What to tell.
        detail: String,
        /// Actions that stand in the way of a reversal.
        blocking_actions: Vec<Seq>,
    },
    /// The data changed time and again while the request was worked on. Nothing was done; trying again may do it.
    #[error("the data changed while the request was worked on")]
    Contended,
    /// The resource is not in the version that the caller expected.
    #[error("the resource has changed")]
    PreconditionFailed,
    /// The caller did not prove who they are.
    #[error("{detail}")]
    Unauthenticated {
        /// Stable code, as `invalid_credentials`.
        code: &'static str,
        /// What to tell.
        detail: String,
    },
    /// The caller may not do this.
    #[error("{detail}")]
    Forbidden {
        /// Stable code.
        code: &'static str,
        /// What to tell.
        detail: String,
    },
    /// It was tried too often; how often is counted where all servers see it.
    #[error("tried too often")]
    TooMany {
        /// Stable code, as `too_many_attempts`.
        code: &'static str,
        /// After how many seconds one more try is allowed; at least 1.
        retry_after: u32,
    },
    /// Too much of that work is waiting already.
    #[error("too busy")]
    Busy,
    /// Storage cannot be reached.
    #[error("storage is unavailable")]
    Unavailable(#[source] Source),
    /// Storage has no room.
    #[error("storage is full")]
    StorageFull(#[source] Source),
    /// A defect.
    #[error("internal error")]
    Internal(#[source] Source),
}

impl AppError {
    /// One field is wrong.
    pub fn field(pointer: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, message)])
    }

    /// A conflict without blocking actions.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict { code, detail: detail.into(), blocking_actions: Vec::new() }
    }

    /// The caller's token is not in force (any more).
    #[must_use]
    pub fn invalid_token() -> Self {
        let detail = "the access token is missing or not in force".to_owned();
        Self::Unauthenticated { code: "invalid_token", detail }
    }

    /// What to tell when a plan was stale time and again.
    #[must_use]
    pub const fn contended() -> Self {
        Self::Contended
    }
}

impl From<RepositoryError> for AppError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Stale | RepositoryError::Taken(UniqueKey::Operation) => Self::contended(),
            RepositoryError::Taken(UniqueKey::Email) => Self::conflict("email_taken", "the address is taken"),
            RepositoryError::Taken(UniqueKey::ExternalId) => {
                Self::conflict("external_id_taken", "another expense has this external_id")
            }
            RepositoryError::Taken(UniqueKey::CategorySlug) => {
                Self::conflict("category_exists", "there is a category of that name already")
            }
            RepositoryError::Erased => Self::invalid_token(),
            RepositoryError::OutOfRange => Self::conflict("total_out_of_range", "a monthly total would be too large"),
            RepositoryError::TooLarge => {
                Self::conflict("action_too_large", "too many expenses would change at once; change them in parts")
            }
            RepositoryError::Unavailable(source) => Self::Unavailable(source),
            RepositoryError::StorageFull(source) => Self::StorageFull(source),
            RepositoryError::Internal(source) => Self::Internal(source),
        }
    }
}

impl From<PortError> for AppError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Busy => Self::Busy,
            PortError::Failed(source) => Self::Internal(source),
        }
    }
}

/// What every use case answers.
pub type Result<T> = std::result::Result<T, AppError>;
