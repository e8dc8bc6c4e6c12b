//! Amounts as clients send them.

use std::borrow::Cow;

use florin_domain::money::{Currency, MoneyError};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Reader;
use crate::openapi::inputs::{AMOUNT, POSITIVE_AMOUNT};

/// A currency with as many decimals as any has. What it finds malformed, every currency does.
const FINEST: &str = "CLF";

/// The stable code of why an amount was refused.
#[must_use]
pub(crate) const fn code(error: MoneyError) -> &'static str {
    match error {
        MoneyError::TooManyDecimals => "too_many_decimals",
        MoneyError::NotPositive => "not_positive",
        MoneyError::TooLarge => "too_large",
        MoneyError::Malformed | MoneyError::Overflow | MoneyError::UnknownCurrency => "invalid_amount",
    }
}

/// Refuses at once what is no amount in any currency, so that it is told together with the faults of other fields. The
/// use case reads the text again in the caller's currency.
pub(crate) fn refuse_malformed(r: &mut Reader<'_>, name: &str, text: Option<&str>) {
    let Some(text) = text else { return };
    let amount = Currency::parse(FINEST).and_then(|currency| currency.parse_amount(text));
    if let Err(error @ MoneyError::Malformed) = amount {
        r.reject(name, code(error), error.to_string());
    }
}

/// The least amount that any currency has: the finest ones have four decimals.
const LEAST: f64 = 0.0001;
/// The largest amount that any currency has: the coarsest ones have no decimals.
const LARGEST: i64 = florin_domain::money::MAX_AMOUNT;

/// Schema of an amount of more than zero in a request.
pub(crate) struct AmountInput;

impl PartialSchema for AmountInput {
    fn schema() -> RefOr<Schema> {
        amount(POSITIVE_AMOUNT).into()
    }
}

impl ToSchema for AmountInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AmountInput")
    }
}

/// Schema of an amount of zero or more in a request.
pub(crate) struct LimitInput;

impl PartialSchema for LimitInput {
    fn schema() -> RefOr<Schema> {
        // Zero stands apart, as what lies between it and the least amount is none.
        amount(AMOUNT).item(ObjectBuilder::new().schema_type(Type::Number).enum_values(Some([json!(0)]))).into()
    }
}

impl ToSchema for LimitInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("LimitInput")
    }
}

fn amount(pattern: &str) -> OneOfBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).examples([json!("1250.75")]);
    let number = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(LEAST)).maximum(Some(LARGEST));
    OneOfBuilder::new().item(text).item(number).description(Some(
        "A decimal as a string, or a JSON number that is read exactly from its text. No sign, no exponent, no leading \
         zeros, at most the decimals of your currency, at most 10^12 minor units.",
    ))
}
