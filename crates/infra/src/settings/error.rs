//! Why settings were not taken.

/// What is wrong with the settings. Each displays as one line.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file is there but cannot be read.
    #[error("{file}: cannot be read")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that is not TOML.
    #[error("{file}: is not TOML: {reason}")]
    Syntax {
        /// Which file.
        file: String,
        /// Where and what, on one line.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{key}: no such setting (from {origin}); {known}")]
    Unknown {
        /// The key, `section.key`.
        key: String,
        /// Where it was found.
        origin: String,
        /// Which ones there are.
        known: String,
    },
    /// A value of the wrong type or out of range.
    #[error("{key}: {reason} (from {origin})")]
    Invalid {
        /// The key, `section.key`.
        key: String,
        /// What is wrong with it.
        reason: String,
        /// Where it was found.
        origin: String,
    },
}
