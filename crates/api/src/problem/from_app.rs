//! Which status tells which refusal. Nowhere else are the statuses of the use cases' errors chosen.

use actix_web::http::StatusCode;
use florin_app::error::AppError;

use super::Problem;

/// Seconds after which work may be tried again that waited for too much other work.
const BUSY_SECONDS: u32 = 1;
/// Seconds after which work may be tried again that found storage away.
const UNAVAILABLE_SECONDS: u32 = 2;

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let problem = Self::from(&error);
        match error {
            AppError::Unavailable(cause) | AppError::StorageFull(cause) | AppError::Internal(cause) => {
                problem.caused_by(cause)
            }
            _ => problem,
        }
    }
}

/// Without the cause, which the error keeps.
impl From<&AppError> for Problem {
    fn from(error: &AppError) -> Self {
        match error {
            AppError::Invalid(errors) => Self::invalid(errors.clone()),
            AppError::NotFound => Self::not_found(),
            AppError::NothingToDo { code, detail } => Self::new(StatusCode::NOT_FOUND, code, detail.as_str()),
            AppError::Conflict { code, detail, blocking_actions } => {
                let problem = Self::new(StatusCode::CONFLICT, code, detail.as_str());
                if blocking_actions.is_empty() {
                    return problem;
                }
                problem.with("blocking_actions", blocking_actions.iter().map(|seq| seq.0).collect::<Vec<_>>())
            }
            AppError::Contended => {
                let detail = "the data changed time and again while the request was worked on; try again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "contended", detail).retry_after(BUSY_SECONDS)
            }
            AppError::PreconditionFailed => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "the resource is not in the version that If-Match names",
            ),
            AppError::Unauthenticated { code, detail } => Self::new(StatusCode::UNAUTHORIZED, code, detail.as_str()),
            AppError::Forbidden { code, detail } => Self::new(StatusCode::FORBIDDEN, code, detail.as_str()),
            AppError::TooMany { code, retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, code, "this was tried too often; wait before the next try")
                    .retry_after(*retry_after)
            }
            AppError::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too much work is waiting; try again in a moment")
                    .retry_after(BUSY_SECONDS)
            }
            AppError::Unavailable(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "storage cannot be reached for now")
                    .retry_after(UNAVAILABLE_SECONDS)
            }
            AppError::StorageFull(_) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", "storage has no room left")
            }
            AppError::Internal(_) => Self::internal(),
        }
    }
}
