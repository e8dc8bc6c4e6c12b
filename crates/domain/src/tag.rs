//! Tags: free labels on expenses, one normal form each.

use unicode_normalization::UnicodeNormalization;

/// The most tags of one expense.
pub const MAX_TAGS: usize = 20;
/// The most characters of one tag.
pub const MAX_TAG_LENGTH: usize = 50;

/// Not a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 50 characters without control characters")]
pub struct InvalidTag;

/// Brings a tag to its one normal form: NFKC, lower case, inner blanks single, none around. Every database then agrees
/// on which tags are the same, whatever its collation.
///
/// # Errors
/// [`InvalidTag`] when nothing is left, when it is longer than [`MAX_TAG_LENGTH`] or holds control characters.
pub fn normalize(text: &str) -> Result<String, InvalidTag> {
    if text.chars().any(char::is_control) {
        return Err(InvalidTag);
    }
    let folded: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    let normal = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    if normal.is_empty() || normal.chars().count() > MAX_TAG_LENGTH { Err(InvalidTag) } else { Ok(normal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tag_has_one_spelling() {
        for (text, normal) in [("Work", "work"), ("  road   Trip ", "road trip"), ("ＡＢＣ", "abc"), ("Café", "café")]
        {
            assert_eq!(normalize(text).as_deref(), Ok(normal));
        }
        assert_eq!(normalize(&"x".repeat(50)), Ok("x".repeat(50)));
        for bad in ["", "   ", "a\0", "a\nb", &"x".repeat(51)] {
            assert_eq!(normalize(bad), Err(InvalidTag), "{bad:?}");
        }
    }
}
