//! What a client of MySQL or PostgreSQL sends, one message after the other.

use crate::database::Engine;

/// A message of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// As it was sent.
    pub(super) bytes: Vec<u8>,
    /// Whether the database does something about it by itself, as opposed to a part of a log-in or of a larger message.
    pub(super) is_statement: bool,
    /// Whether it is COMMIT.
    pub(super) is_commit: bool,
}

/// Bytes that came, cut into messages.
#[derive(Debug)]
pub(super) struct Frames {
    is_mysql: bool,
    /// PostgreSQL's first messages have no type.
    is_started: bool,
    waiting: Vec<u8>,
}

impl Frames {
    pub(super) fn of(engine: &Engine) -> Self {
        Self { is_mysql: matches!(engine, Engine::MySql(_)), is_started: false, waiting: Vec::new() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Option<Frame> {
        if self.is_mysql { self.mysql() } else { self.postgres() }
    }

    fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        (self.waiting.len() >= length).then(|| self.waiting.drain(..length).collect())
    }

    /// Three bytes of length, one of the number within an exchange, then the payload. A command begins an exchange.
    fn mysql(&mut self) -> Option<Frame> {
        const QUERY: u8 = 3;
        let &[a, b, c, number, ..] = self.waiting.as_slice() else { return None };
        let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
        let bytes = self.take(4 + length)?;
        let is_commit = bytes.get(4) == Some(&QUERY) && is_commit(&bytes[5..]);
        Some(Frame { is_statement: number == 0 && length > 0, is_commit, bytes })
    }

    /// A byte of type, four of length that count themselves, then the payload.
    fn postgres(&mut self) -> Option<Frame> {
        let kind = usize::from(self.is_started);
        let length = self.waiting.get(kind..kind + 4)?.try_into().map(u32::from_be_bytes).ok()?;
        let bytes = self.take(kind + usize::try_from(length).ok()?)?;
        let is_started = std::mem::replace(&mut self.is_started, true);
        let is_statement = is_started && matches!(bytes[0], b'Q' | b'P' | b'B' | b'E');
        let is_commit = is_started && bytes[0] == b'Q' && is_commit(bytes[5..].strip_suffix(b"\0").unwrap_or_default());
        Some(Frame { bytes, is_statement, is_commit })
    }
}

fn is_commit(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"COMMIT")
}
