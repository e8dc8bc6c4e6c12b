//! The words around a message, as plain text, as HTML, and as a short message.

use std::fmt::Write;

/// The most characters of one short message in the alphabet of GSM 03.38.
const SHORT: usize = 160;
/// What that alphabet has besides ASCII letters and digits; its extension table, whose characters count twice, is left out.
const GSM: &str = "\n @£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";

/// Plain text of paragraphs.
pub(crate) fn plain(paragraphs: &[&str]) -> String {
    paragraphs.join("\n\n") + "\n"
}

/// A page of a heading and paragraphs. None of the texts is taken for HTML.
pub(crate) fn html(heading: &str, paragraphs: &[&str]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title></head>\n\
         <body style=\"font-family:sans-serif;line-height:1.5;max-width:36em;margin:2em auto;padding:0 1em\">\n\
         <h1 style=\"font-size:1.25em\">{0}</h1>\n",
        escaped(heading)
    );
    for paragraph in paragraphs {
        let _ = writeln!(page, "<p>{}</p>", escaped(paragraph));
    }
    page + "</body></html>\n"
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// One line: control characters become blanks.
pub(crate) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Text cut so that it fits one short message: 160 characters of the GSM alphabet, or 70 of others, as UTF-16 counts them.
pub(crate) fn short(text: &str) -> String {
    let is_gsm = |c: char| c.is_ascii_alphanumeric() || GSM.contains(c);
    let text = line(text);
    if text.chars().all(is_gsm) {
        return cut(&text, SHORT, |_| 1, "...");
    }
    cut(&text, 70, char::len_utf16, "\u{2026}")
}

fn cut(text: &str, most: usize, width: impl Fn(char) -> usize, end: &str) -> String {
    if text.chars().map(&width).sum::<usize>() <= most {
        return text.to_owned();
    }
    let mut room = most - end.chars().map(&width).sum::<usize>();
    let mut kept = String::new();
    for c in text.chars() {
        let Some(left) = room.checked_sub(width(c)) else { break };
        room = left;
        kept.push(c);
    }
    kept + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_html() {
        let page = html("<b>\"Food\"</b>", &["a & b", "<script>alert('x')</script>"]);
        assert!(page.contains("<h1 style=\"font-size:1.25em\">&lt;b&gt;&quot;Food&quot;&lt;/b&gt;</h1>"), "{page}");
        assert!(page.contains("<p>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</p>"), "{page}");
        assert_eq!(plain(&["a", "b"]), "a\n\nb\n");
    }

    #[test]
    fn a_short_message_is_one() {
        assert_eq!(short("You have overspent in category Food."), "You have overspent in category Food.");
        let long = short(&"a".repeat(200));
        assert_eq!((long.len(), long.ends_with("a...")), (160, true));
        assert_eq!(short("two\r\nlines"), "two  lines");
        let devanagari = short(&"खाना ".repeat(30));
        assert_eq!(devanagari.encode_utf16().count(), 70);
        assert!(short(&"😀".repeat(40)).encode_utf16().count() <= 70);
    }
}
