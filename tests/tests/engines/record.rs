//! Writes down what was asked and answered.

use std::fmt::Write;

use acceptance::client::Call;
use acceptance::schema::Document;
use acceptance::{Answer, App, Client, Value, spawn};

/// Members that are random by their nature.
const RANDOM: [&str; 4] = ["access_token", "refresh_token", "request_id", "head_hash"];

/// Requests and answers as text.
pub(crate) struct Record {
    pub(crate) app: App,
    document: Document,
    pub(crate) text: String,
    /// Whether whole answers are written down, or only what tells them apart.
    brief: bool,
}

impl Record {
    pub(crate) async fn begin(brief: bool) -> Self {
        let app = spawn().await;
        let document = Document::new(app.client.at("GET", "/openapi.json").await.expect(200).json);
        Self { app, document, text: String::new(), brief }
    }

    /// Sends a request as `client`, writes it down with its answer, and returns the answer.
    pub(crate) async fn ask(&mut self, client: &Client, method: &str, path: &str, body: &Value) -> Answer {
        let call: Call = client.at(method, path);
        let answer = if body.is_null() { call.await } else { call.json(body).await };
        let bare = path.split('?').next().unwrap();
        let media_type = answer.header("content-type").unwrap_or_default();
        let differences = self.document.differences(method, bare, answer.status, media_type, &answer.json);
        assert!(differences.is_empty(), "not as documented: {differences:?}\n{answer:?}");

        let mut json = answer.json.clone();
        redact(&mut json);
        if self.brief {
            let digest = fnv(json.to_string().as_bytes());
            writeln!(self.text, "{method} {path} {} {digest:016x}", answer.status).unwrap();
            return answer;
        }
        write!(self.text, "{method} {path}").unwrap();
        if !body.is_null() {
            write!(self.text, " {body}").unwrap();
        }
        write!(self.text, "\n{}", answer.status).unwrap();
        for header in ["etag", "location", "allow", "www-authenticate"] {
            if let Some(value) = answer.header(header) {
                write!(self.text, " {header}: {value}").unwrap();
            }
        }
        self.text.push('\n');
        if !json.is_null() {
            writeln!(self.text, "{json:#}").unwrap();
        }
        self.text.push('\n');
        answer
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(members) => {
            for (name, value) in members {
                if RANDOM.contains(&name.as_str()) {
                    *value = Value::from("…");
                } else {
                    redact(value);
                }
            }
        }
        _ => {}
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
