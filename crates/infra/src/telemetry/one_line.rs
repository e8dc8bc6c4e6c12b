//! One event, one line.

use std::io;

/// Passes events on to `output`, each given whole to [`io::Write::write`], with its control characters and line
/// separators escaped as JSON does, so that the text stays what it was in a JSON string. The line break at the end stays.
pub(super) struct OneLine<W> {
    output: W,
}

impl<W> OneLine<W> {
    pub(super) const fn new(output: W) -> Self {
        Self { output }
    }
}

fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn escaped(event: &str) -> String {
    let mut line = String::with_capacity(event.len() + 16);
    for c in event.chars() {
        if breaks_lines(c) {
            line.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            line.push(c);
        }
    }
    line
}

impl<W: io::Write> io::Write for OneLine<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let event = text.strip_suffix('\n');
        let ended = event.is_some();
        let event = event.unwrap_or(&text);
        if event.contains(breaks_lines) {
            let mut line = escaped(event);
            if ended {
                line.push('\n');
            }
            self.output.write_all(line.as_bytes())?;
        } else {
            self.output.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
