//! A path of the route table, with the methods that it has. Any other method is 405 with `Allow`.

use std::future::ready;

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, Resource, Responder, guard, web};

use crate::auth::authenticate;
use crate::problem::Problem;
use crate::retry::keep_answers;

/// A path and its handlers by method.
pub(super) struct Path {
    resource: Resource,
    allow: Vec<Method>,
    reads_tokens: bool,
}

/// A path, as `/expenses/{id}`.
pub(super) fn path(pattern: &str) -> Path {
    Path { resource: web::resource(pattern), allow: Vec::new(), reads_tokens: false }
}

impl Path {
    /// GET, and HEAD with the same headers and no body.
    pub(super) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler);
        let mut path = self.allowing(Method::GET).allowing(Method::HEAD);
        path.resource = path.resource.route(route);
        path
    }

    /// POST.
    pub(super) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::POST, handler)
    }

    /// PUT.
    pub(super) fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::PUT, handler)
    }

    /// PATCH.
    pub(super) fn patch<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::PATCH, handler)
    }

    /// DELETE.
    pub(super) fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::DELETE, handler)
    }

    /// Looks tokens up for this path alone; those below `/api` are looked up by their scope.
    pub(super) fn reading_tokens(mut self) -> Self {
        self.reads_tokens = true;
        self
    }

    fn on<F, Args>(self, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let mut path = self.allowing(method.clone());
        // Not around all methods: one that the path does not have is 405, whatever key the request names.
        path.resource = path.resource.route(web::method(method).to(handler).wrap(from_fn(keep_answers)));
        path
    }

    fn allowing(mut self, method: Method) -> Self {
        self.allow.push(method);
        self
    }
}

impl HttpServiceFactory for Path {
    fn register(self, config: &mut AppService) {
        #[cfg(test)]
        REGISTERED.set(REGISTERED.get() + 1);
        let allow = self.allow.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let allow = HeaderValue::from_str(&allow).unwrap_or(HeaderValue::from_static(""));
        let refuse = move || {
            let detail = "this path does not have that method";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
            ready(problem.with_header(header::ALLOW, allow.clone()).to_response(None))
        };
        let resource = self.resource.default_service(web::to(refuse));
        if self.reads_tokens {
            resource.wrap(from_fn(authenticate)).register(config);
        } else {
            resource.register(config);
        }
    }
}

#[cfg(test)]
thread_local! {
    /// How many paths this thread has registered.
    pub(super) static REGISTERED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
