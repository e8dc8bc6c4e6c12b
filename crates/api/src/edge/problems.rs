//! Gives every error answer its problem body with the request's id, those of the framework included, and logs the cause
//! of what went wrong here, once.

use actix_web::HttpResponse;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;

use super::{Outcome, Rendered};
use crate::problem::Problem;

pub(super) fn render(outcome: Outcome, id: &str) -> Outcome {
    match outcome {
        Outcome::WithRequest(response) if is_rendered(&response) => Outcome::WithRequest(response),
        Outcome::WithRequest(response) if is_error(response.status()) => {
            let (request, response) = response.into_parts();
            Outcome::WithRequest(ServiceResponse::new(request, rendered(&response, id)))
        }
        Outcome::Alone(response) if is_error(response.status()) => Outcome::Alone(Box::new(rendered(&response, id))),
        fine => fine,
    }
}

/// Whether its body was made before, for the same request.
fn is_rendered(response: &ServiceResponse) -> bool {
    response.response().extensions().get::<Rendered>().is_some()
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn rendered(response: &HttpResponse, id: &str) -> HttpResponse {
    let problem = response.extensions().get::<Problem>().cloned();
    let problem = problem.unwrap_or_else(|| by_status(response.status()));
    if let Some(cause) = problem.cause_chain() {
        let (status, code) = (problem.status().as_u16(), problem.code());
        if problem.status() == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(status, code, cause, "the request failed");
        } else {
            tracing::warn!(status, code, cause, "the request failed");
        }
    }
    problem.to_response(Some(id))
}

/// The problem of an error that the framework made.
fn by_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::not_found(),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, "body_too_large", "the body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(status, "unsupported_media_type", "the body must be application/json in UTF-8")
        }
        StatusCode::REQUEST_TIMEOUT => Problem::new(status, "request_timeout", "the request did not arrive in time"),
        status if status.is_server_error() => Problem::internal().caused_by(format!("the framework answered {status}")),
        status => Problem::new(status, "malformed_request", "the request cannot be read"),
    }
}
