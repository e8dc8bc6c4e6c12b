//! How many cases the property tests try.

use proptest::test_runner::Config;

/// So many cases, or `PROPTEST_CASES` where that was set to fewer when the tests were built: `make mutants` builds and runs
/// them a thousand times.
pub(crate) fn cases(most: u32) -> Config {
    let fewer = option_env!("PROPTEST_CASES").and_then(|text| text.parse().ok());
    Config::with_cases(fewer.unwrap_or(most).min(most))
}
