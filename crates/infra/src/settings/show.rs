//! Settings for people to read, without what must not be seen.

use std::fmt::Write;

use florin_domain::calendar::Zone;
use florin_domain::money::Currency;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;

use super::Settings;

const HIDDEN: &str = "***";

/// All settings as TOML.
pub(super) fn show(settings: &Settings) -> String {
    let mut text = format!("# {} = {}\n", super::ENVIRONMENT_VARIABLE, settings.environment);
    let tree = serde_json::to_value(settings).unwrap_or_default();
    for (section, keys) in tree.as_object().into_iter().flatten() {
        let _ = write!(text, "\n[{section}]\n");
        for (key, value) in keys.as_object().into_iter().flatten() {
            // JSON's texts, numbers, booleans and lists of texts are TOML's too.
            let _ = write!(text, "{key} = {value}");
            if let Some(origin) = settings.origin(&format!("{section}.{key}")) {
                let _ = write!(text, " # {}", origin.escape_debug());
            }
            text.push('\n');
        }
    }
    text
}

/// Writes whether a secret is set, and nothing of it.
pub(super) fn hide_secret<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if secret.expose_secret().is_empty() { "" } else { HIDDEN })
}

/// Writes how many secrets are set, and nothing of them.
pub(super) fn hide_secrets<S: Serializer>(secrets: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(secrets.iter().map(|_| HIDDEN))
}

/// Writes an address that is posted to as its place alone: whoever knows the rest may often post there too.
pub(super) fn hide_path<S: Serializer>(url: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&place_of(url.expose_secret()))
}

fn place_of(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let place = Url::parse(text).ok().map(|url| url.origin()).filter(|origin| origin.is_tuple());
    place.map_or_else(|| HIDDEN.to_owned(), |place| format!("{}/{HIDDEN}", place.ascii_serialization()))
}

/// Writes a database's address without its password.
pub(super) fn hide_password<S: Serializer>(url: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_password(url.expose_secret()))
}

/// Hides too much rather than too little: all between the first colon after the scheme and the last `@`, and the value of
/// each parameter with `pass` in its name.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.is_empty() || url.starts_with("sqlite:") { url.to_owned() } else { HIDDEN.to_owned() };
    };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (place, parameters) = place.split_once('?').unwrap_or((place, ""));
    let mut shown = format!("{scheme}://");
    if let Some((name, _)) = user.split_once(':') {
        let _ = write!(shown, "{name}:{HIDDEN}@");
    } else if !user.is_empty() {
        let _ = write!(shown, "{user}@");
    }
    shown.push_str(place);
    for (n, parameter) in parameters.split('&').filter(|parameter| !parameter.is_empty()).enumerate() {
        shown.push(if n == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, _)) if name.to_lowercase().contains("pass") => {
                let _ = write!(shown, "{name}={HIDDEN}");
            }
            _ => shown.push_str(parameter),
        }
    }
    shown
}

pub(super) fn as_code<S: Serializer>(currency: &Currency, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(currency.code())
}

pub(super) fn as_name<S: Serializer>(zone: &Zone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        for (url, shown) in [
            ("sqlite://data/florin.db", "sqlite://data/florin.db"),
            ("mysql://ana:s3cret@db/florin", "mysql://ana:***@db/florin"),
            ("mysql://ana:s3/c?r@e:t@db/florin", "mysql://ana:***@db/florin"),
            ("postgres://ana@db/florin?sslmode=require", "postgres://ana@db/florin?sslmode=require"),
            ("postgres://db/florin?user=ana&password=s3cret&x=1", "postgres://db/florin?user=ana&password=***&x=1"),
            ("s3cret", "***"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn of_an_address_that_is_posted_to_only_the_place_is_shown() {
        for (url, shown) in [
            ("", ""),
            ("https://hooks.example.com/services/T0/B0/s3cret", "https://hooks.example.com/***"),
            ("https://hooks.example.com:8443/?token=s3cret&key=s3cret", "https://hooks.example.com:8443/***"),
            ("https://ana:s3cret@hooks.example.com/", "https://hooks.example.com/***"),
            ("hooks.example.com/s3cret", "***"),
            ("s3cret:8080/x", "***"),
        ] {
            assert_eq!(place_of(url), shown);
        }
    }
}
