//! How many cases the property tests try.

use proptest::test_runner::Config;

/// So many cases, or `PROPTEST_CASES` where that is set to fewer: `make mutants` runs every test hundreds of times.
#[expect(clippy::disallowed_methods, reason = "says how long to look, not what must hold")]
pub(crate) fn cases(most: u32) -> Config {
    let fewer = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    Config::with_cases(fewer.unwrap_or(most).min(most))
}
