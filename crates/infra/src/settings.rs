//! Settings: built-in defaults, then files, then environment variables; checked before anything starts.
//!
//! `config/default.toml` is the one list of keys: it is compiled in, gives each key its default and its type, and a key
//! that is not in it is refused wherever it comes from.

mod check;
mod choice;
mod error;
mod layer;
mod network;
mod sections;
mod show;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

pub use error::SettingsError;
pub use network::{InvalidNetwork, Network};
pub use sections::{
    Accounts, Auth, ChannelName, Database, Delivery, Demo, Email, Environment, Limits, Log, LogFormat, Otp,
    OtpDelivery, Push, Queue, Scheduler, Server, Sms, Webhook,
};

/// Names the environment: `development`, `test` or `production`.
pub const ENVIRONMENT_VARIABLE: &str = "FLORIN_ENV";
/// Names the folder of the settings files.
pub const FOLDER_VARIABLE: &str = "FLORIN_CONFIG_DIR";

/// Everything that can be set, one field a section of `config/default.toml`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where this runs. Not a key: it comes from `FLORIN_ENV`.
    #[serde(skip)]
    pub environment: Environment,
    /// The HTTP server.
    pub server: Server,
    /// Storage.
    pub database: Database,
    /// Tokens and password hashes.
    pub auth: Auth,
    /// One-time codes.
    pub otp: Otp,
    /// Delivery of notifications.
    pub delivery: Delivery,
    /// Mail.
    pub email: Email,
    /// Push messages.
    pub push: Push,
    /// Short messages.
    pub sms: Sms,
    /// Requests to an address of the operator's.
    pub webhook: Webhook,
    /// The scheduler's process.
    pub scheduler: Scheduler,
    /// Throttles.
    pub limits: Limits,
    /// What a new account gets when it names nothing.
    pub accounts: Accounts,
    /// The demo user.
    pub demo: Demo,
    /// Logging.
    pub log: Log,
    /// By key, where its value came from when not from the built-in defaults.
    #[serde(skip)]
    origins: BTreeMap<String, String>,
}

impl Settings {
    /// Loads the settings of this process: the built-in defaults, then the files of `folder` (else of
    /// `FLORIN_CONFIG_DIR`, else of `./config`), then the process's environment. Files and folder may be absent.
    ///
    /// # Errors
    /// The first thing wrong, as one line that names the key and where it came from. Whether the values are safe to run
    /// with is another question: [`Self::check`].
    pub fn load(folder: Option<&Path>) -> Result<Self, SettingsError> {
        Self::load_with(folder, env::vars_os())
    }

    /// As [`Self::load`], with these environment variables in place of the process's.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(
        folder: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let variables: BTreeMap<OsString, OsString> = variables.into_iter().collect();
        let named = |name: &str| variables.get(&OsString::from(name)).filter(|value| !value.is_empty());
        let environment = match named(ENVIRONMENT_VARIABLE) {
            None => Environment::default(),
            Some(name) => name.to_string_lossy().parse().map_err(|reason| SettingsError::Invalid {
                key: ENVIRONMENT_VARIABLE.to_owned(),
                reason,
                origin: "the environment".to_owned(),
            })?,
        };
        let folder = folder
            .map(Path::to_path_buf)
            .or_else(|| named(FOLDER_VARIABLE).map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("config"));
        let mut layers = layer::Layers::built_in()?;
        layers.add_file(&folder.join("default.toml"))?;
        layers.add_file(&folder.join(format!("{environment}.toml")))?;
        layers.add_variables(&variables)?;
        layers.into_settings(environment)
    }

    /// The built-in defaults, whatever is on disk or in the environment.
    ///
    /// # Errors
    /// None in a sound build: a test reads them.
    pub fn built_in() -> Result<Self, SettingsError> {
        layer::Layers::built_in()?.into_settings(Environment::default())
    }

    /// Whether this would be safe to run with. In production that also means: codes are not delivered to the log, the
    /// secret is given, long enough and none that can be guessed, passwords are hashed at full cost, no demo user can be
    /// made, clients are limited, and neither every proxy is believed nor an origin of plain HTTP let in.
    ///
    /// # Errors
    /// Everything that is wrong, one line each, naming the key.
    pub fn check(&self) -> Result<(), Vec<String>> {
        check::check(self)
    }

    /// What is safe enough to start with and still worth a word in the log, one line each, naming the key.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        check::warnings(self)
    }

    /// All settings as TOML, for people to read: secrets and passwords are hidden, and a comment says where a value came
    /// from when it is not the built-in default.
    #[must_use]
    pub fn show(&self) -> String {
        show::show(self)
    }

    /// The folder of what this installation keeps on disk: that of the SQLite database, else `data`.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        let file = self.database.url.expose_secret().strip_prefix("sqlite://");
        match file.map(|file| Path::new(file).parent()) {
            None => PathBuf::from("data"),
            Some(Some(folder)) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            Some(_) => PathBuf::from("."),
        }
    }

    /// Where `key` came from: a variable or a file; `None` for the built-in default.
    fn origin(&self, key: &str) -> Option<&str> {
        self.origins.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
