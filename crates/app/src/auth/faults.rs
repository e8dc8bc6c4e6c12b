//! Collecting what is wrong with a request: with its form, found when it was read, and with its values, all at once.

use florin_domain::account::{Email, MAX_NAME};
use florin_domain::calendar::Zone;
use florin_domain::money::Currency;
use florin_domain::repository::ProfileChange;

use crate::error::{AppError, FieldError, Result};

/// The faults found so far, at most one for a field.
#[derive(Debug)]
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    /// Those of the form come first: the value of a field that could not be read says nothing.
    pub(super) fn of_form(faults: &[FieldError]) -> Self {
        Self(faults.to_vec())
    }

    /// Adds a fault, unless its field has one already.
    pub(super) fn add(&mut self, fault: FieldError) {
        if !self.0.iter().any(|known| known.pointer == fault.pointer) {
            self.0.push(fault);
        }
    }

    /// Reads an address at `/email`.
    pub(super) fn email(&mut self, text: &str) -> Option<Email> {
        Email::parse(text).map_err(|error| self.add(FieldError::new("/email", "invalid_email", error.to_string()))).ok()
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming everything that was.
    pub(super) fn none_or<T>(self, value: Option<T>) -> Result<T> {
        value.filter(|_| self.0.is_empty()).ok_or(AppError::Invalid(self.0))
    }
}

/// Reads the fields of a profile.
pub(super) fn check_profile(
    name: Option<&str>,
    currency: Option<&str>,
    timezone: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> ProfileChange {
    let name = name.map(str::trim).map(str::to_owned);
    if name.as_deref().is_some_and(|n| n.chars().count() > MAX_NAME || n.chars().any(char::is_control)) {
        let message = format!("must be at most {MAX_NAME} characters without control characters");
        errors.push(FieldError::new("/name", "invalid_name", message));
    }
    let currency = currency.and_then(|code| {
        Currency::parse(code)
            .map_err(|error| errors.push(FieldError::new("/currency", "unknown_currency", error.to_string())))
            .ok()
    });
    let zone = timezone.and_then(|name| {
        Zone::parse(name)
            .map_err(|error| errors.push(FieldError::new("/timezone", "unknown_timezone", error.to_string())))
            .ok()
    });
    ProfileChange { name, currency, zone, only_if: None }
}
