//! Which events are logged.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// What the libraries below log is of interest from here up, unless the setting names them. The dispatcher logs an error for
/// every unreadable request: anybody could fill the log.
const QUIET: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn,h2=warn,hyper=warn,mio=warn,actix_server=warn,\
                     actix_http::h1::dispatcher=off";

/// Not a level. Displays as what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be error, warn, info, debug, trace or off, or such as info,florin_infra=debug; {0:?} is not")]
pub struct InvalidLevel(String);

/// Reads a setting: a level, or comma-separated `module=level`, of which the most specific counts.
///
/// # Errors
/// [`InvalidLevel`].
pub fn filter_of(level: &str) -> Result<EnvFilter, InvalidLevel> {
    let invalid = || InvalidLevel(level.chars().take(40).collect());
    for part in level.split(',') {
        let (module, level) = part.split_once('=').unwrap_or(("all", part));
        let named = !module.is_empty() && module.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:-".contains(&b));
        if !named || level.is_empty() || level.parse::<LevelFilter>().is_err() {
            return Err(invalid());
        }
    }
    EnvFilter::builder().parse(format!("{QUIET},{level}")).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_strictly() {
        for good in ["info", "off", "info,florin_infra=debug", "warn,sqlx::query=trace"] {
            assert!(filter_of(good).is_ok(), "{good}");
        }
        for bad in ["", "loud", "info,", "florin_infra=", "=info", "info,florin=loud", "info\n", "a[b]=info"] {
            assert!(filter_of(bad).is_err(), "{bad}");
        }
    }
}
