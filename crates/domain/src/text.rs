//! (stub, being written)
/// w
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}
/// s
#[must_use]
pub fn search_words(text: &str) -> String {
    let words = words(text);
    if words.is_empty() { String::new() } else { format!(" {} ", words.join(" ")) }
}
