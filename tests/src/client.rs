//! Requests, and a client that sends them.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, redirect};
use serde_json::Value;

use crate::Answer;

/// Sends requests to one server, signed in or not. Clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<str>,
    token: Option<Arc<str>>,
}

/// A request that is sent when it is awaited.
#[must_use = "a call is sent when it is awaited"]
pub struct Call {
    builder: RequestBuilder,
    asked: String,
}

impl Client {
    /// A client of the server at `base`, as `http://127.0.0.1:1234`, that is not signed in.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        Self { http: http.expect("an HTTP client"), base: base.into(), token: None }
    }

    /// The same with a bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same without one.
    #[must_use]
    pub fn signed_out(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The server's address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The bearer token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A request to any path of the server.
    pub fn at(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut builder = self.http.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        Call { builder, asked: format!("{method} {path}") }
    }

    /// A request to a path below `/api/v1`.
    pub fn call(&self, method: &str, path: &str) -> Call {
        self.at(method, &format!("/api/v1{path}"))
    }

    /// GET below `/api/v1`.
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// POST of JSON below `/api/v1`.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call("POST", path).json(body)
    }

    /// PUT of JSON below `/api/v1`.
    pub fn put(&self, path: &str, body: &Value) -> Call {
        self.call("PUT", path).json(body)
    }

    /// PATCH with JSON below `/api/v1`.
    pub fn patch(&self, path: &str, body: &Value) -> Call {
        self.call("PATCH", path).json(body)
    }

    /// DELETE below `/api/v1`.
    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    /// Every row of a list, page by page, `limit` rows at a time.
    pub async fn all(&self, path: &str, limit: usize) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{joint}limit={limit}{cursor}")).await.expect(200);
            assert!(page.data().len() <= limit, "more rows than asked for: {page:?}");
            rows.extend_from_slice(page.data());
            match page["next_cursor"].as_str() {
                Some(next) => {
                    assert!(!page.data().is_empty(), "an empty page with a next one: {page:?}");
                    cursor = format!("&cursor={next}");
                }
                None => return rows,
            }
        }
    }
}

impl Call {
    /// Adds a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.header_bytes(name, value.as_bytes())
    }

    /// Adds a header whose value need not be text.
    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value).expect("a header's value");
        self.asked = format!("{}\n{name}: {value:?}", self.asked);
        self.builder = self.builder.header(name, value);
        self
    }

    /// Sends JSON.
    pub fn json(self, body: &Value) -> Self {
        self.raw_json(&body.to_string())
    }

    /// Sends text as JSON, whether it is or not.
    pub fn raw_json(self, body: &str) -> Self {
        self.body("application/json", body.as_bytes())
    }

    /// Sends bytes of some media type.
    pub fn body(mut self, media_type: &str, body: &[u8]) -> Self {
        let shown: String = String::from_utf8_lossy(body).chars().take(4000).collect();
        self.asked = format!("{}\n{shown}", self.asked);
        let media_type = HeaderValue::from_str(media_type).expect("a media type");
        self.builder = self.builder.header("content-type", media_type).body(body.to_vec());
        self
    }

    /// Sends bytes without a media type.
    pub fn bare_body(mut self, body: &[u8]) -> Self {
        self.builder = self.builder.body(body.to_vec());
        self
    }

    /// Sends it; an error when there was no whole answer.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        Ok(Answer::new(self.asked, status, headers, body))
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let asked = self.asked.clone();
            self.try_send().await.unwrap_or_else(|error| panic!("no answer to {asked}: {error:?}"))
        })
    }
}
