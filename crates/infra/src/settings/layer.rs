//! Layers of values, laid over each other key by key.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};
use serde::Deserialize;

use super::{Environment, Settings, SettingsError};

const BUILT_IN: &str = include_str!("../../../../config/default.toml");
const BUILT_IN_NAME: &str = "the built-in defaults";
const VARIABLE_PREFIX: &str = "FLORIN__";

/// The value in force of every key, by its dotted name, and where it came from.
pub(super) struct Layers {
    values: BTreeMap<String, ValueKind>,
    origins: BTreeMap<String, String>,
}

impl Layers {
    /// The lowest layer. It says which keys there are and of what type each is.
    pub(super) fn built_in() -> Result<Self, SettingsError> {
        let values = flatten(parse(BUILT_IN, BUILT_IN_NAME)?);
        Ok(Self { values, origins: BTreeMap::new() })
    }

    /// Lays a file on top, if it exists.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let file = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
            Err(source) => return Err(SettingsError::Unreadable { file, source }),
        };
        for (key, value) in flatten(parse(&text, &file)?) {
            self.set(key, &file, |default| fit(default, value))?;
        }
        Ok(())
    }

    /// Lays the variables `FLORIN__SECTION__KEY` on top.
    pub(super) fn add_variables(&mut self, variables: &BTreeMap<OsString, OsString>) -> Result<(), SettingsError> {
        for (name, value) in variables {
            let name = name.to_string_lossy();
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let key = rest.to_lowercase().replace("__", ".");
            self.set(key, &name, |default| match value.to_str() {
                Some(text) => read(default, text),
                None => Err("must be UTF-8".to_owned()),
            })?;
        }
        Ok(())
    }

    fn set(
        &mut self,
        key: String,
        origin: &str,
        value: impl FnOnce(&ValueKind) -> Result<ValueKind, String>,
    ) -> Result<(), SettingsError> {
        let origin = origin.to_owned();
        let Some(current) = self.values.get_mut(&key) else {
            return Err(SettingsError::Unknown { known: self.known_beside(&key), key, origin });
        };
        match value(current) {
            Ok(value) => *current = value,
            Err(reason) => return Err(SettingsError::Invalid { key, reason, origin }),
        }
        self.origins.insert(key, origin);
        Ok(())
    }

    /// Which keys the section of an unknown key has, or which sections there are.
    fn known_beside(&self, key: &str) -> String {
        let section = key.split('.').next().unwrap_or_default();
        let its_keys = self.values.keys().filter_map(|known| known.strip_prefix(section)?.strip_prefix('.'));
        let names: Vec<&str> = its_keys.collect();
        if names.is_empty() {
            let mut sections: Vec<&str> = self.values.keys().filter_map(|key| key.split('.').next()).collect();
            sections.dedup();
            format!("the sections are {}", sections.join(", "))
        } else {
            format!("{section} has {}", names.join(", "))
        }
    }

    /// The layers as typed settings.
    pub(super) fn into_settings(self, environment: Environment) -> Result<Settings, SettingsError> {
        let mut sections: Map<String, Map<String, Value>> = Map::new();
        for (key, value) in self.values {
            let (section, name) = key.split_once('.').unwrap_or((&key, ""));
            sections.entry(section.to_owned()).or_default().insert(name.to_owned(), Value::new(None, value));
        }
        match Settings::deserialize(Value::new(None, sections)) {
            Ok(settings) => Ok(Settings { environment, origins: self.origins, ..settings }),
            Err(error) => Err(invalid(error, &self.origins)),
        }
    }
}

/// The `config` crate's error as one of ours.
fn invalid(error: ConfigError, origins: &BTreeMap<String, String>) -> SettingsError {
    let (key, reason) = match error {
        ConfigError::Type { key, expected, .. } => (key, format!("must be {expected}")),
        ConfigError::At { key, error, .. } => (key, error.to_string()),
        ConfigError::NotFound(key) => (Some(key), "has no default".to_owned()),
        other => (None, other.to_string()),
    };
    // A list's key ends in the position of the entry.
    let key = key.unwrap_or_else(|| "settings".to_owned());
    let whole = key.split('[').next().unwrap_or_default();
    let origin = origins.get(whole).map_or(BUILT_IN_NAME, String::as_str).to_owned();
    SettingsError::Invalid { reason, origin, key }
}

fn parse(text: &str, file: &str) -> Result<Map<String, Value>, SettingsError> {
    File::from_str(text, FileFormat::Toml).collect().map_err(|error| SettingsError::Syntax {
        file: file.to_owned(),
        reason: error.to_string().lines().map(|line| line.trim_matches(['|', ' '])).collect::<Vec<_>>().join(" "),
    })
}

/// A tree of tables as dotted keys. An empty table gives none.
fn flatten(table: Map<String, Value>) -> BTreeMap<String, ValueKind> {
    let mut flat = BTreeMap::new();
    for (key, value) in table {
        match value.kind {
            ValueKind::Table(inner) => {
                flat.extend(flatten(inner).into_iter().map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            kind => {
                flat.insert(key, kind);
            }
        }
    }
    flat
}

/// Checks that a file's value is of the type of the default.
fn fit(default: &ValueKind, value: ValueKind) -> Result<ValueKind, String> {
    match (default, value) {
        (ValueKind::String(_), kind @ ValueKind::String(_)) | (ValueKind::Boolean(_), kind @ ValueKind::Boolean(_)) => {
            Ok(kind)
        }
        (ValueKind::I64(_), ValueKind::I64(number)) if number >= 0 => Ok(ValueKind::I64(number)),
        (ValueKind::Array(_), ValueKind::Array(entries))
            if entries.iter().all(|entry| matches!(entry.kind, ValueKind::String(_))) =>
        {
            Ok(ValueKind::Array(entries))
        }
        (default, _) => Err(format!("must be {}", wanted(default))),
    }
}

/// Reads a variable's text as the type of the default.
fn read(default: &ValueKind, text: &str) -> Result<ValueKind, String> {
    let refused = || format!("must be {}, not {:?}", wanted(default), text.chars().take(40).collect::<String>());
    match default {
        ValueKind::I64(_) if text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map(ValueKind::I64).map_err(|_| refused())
        }
        ValueKind::Boolean(_) => text.parse().map(ValueKind::Boolean).map_err(|_| refused()),
        ValueKind::Array(_) => Ok(text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| Value::new(None, entry))
            .collect::<Vec<_>>()
            .into()),
        ValueKind::String(_) => Ok(text.into()),
        _ => Err(refused()),
    }
}

fn wanted(default: &ValueKind) -> &'static str {
    match default {
        ValueKind::I64(_) => "a whole number, 0 or more",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::Array(_) => "a list of texts",
        _ => "a text",
    }
}
