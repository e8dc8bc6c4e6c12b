"""What Schemathesis has to know about Florin beyond its OpenAPI document."""

import datetime

import schemathesis
from hypothesis import strategies as st

# Codes of errors that a request may meet though it is as its schema says, and why the schema cannot say more.
RULES_BEYOND_THE_SCHEMA = {
    # What is there, and whose it is.
    "unknown_category", "category_archived", "unknown_action", "not_found", "external_id_taken", "invalid_cursor",
    # The caller's currency, and how many decimals it has.
    "currency_mismatch", "too_many_decimals", "too_large",
    # The day.
    "date_out_of_range", "month_in_future",
    # Two fields together.
    "ambiguous", "range_reversed", "range_too_long", "password_unchanged",
    # Lists that are kept elsewhere: ISO 4217, IANA's time zones, the passwords that everybody tries first.
    "unknown_currency", "unknown_timezone", "password_too_common",
    # What the password of the account is.
    "wrong_password",
    # How telephone numbers are written, which formats of JSON Schema do not say.
    "invalid_phone",
    # Lengths in bytes.
    "password_too_short", "password_too_long",
    # A letter or digit of any script, and what is left once a text or a list of tags is normalised.
    "invalid_name", "invalid_keyword", "too_many",
}  # fmt: skip

# The same, where a schema could forbid it elsewhere: whether an instant is past yet.
RULES_OF_A_FIELD = {("out_of_range", "/expires_at")}

# Dates that an expense may have, now and later, close enough to one another to share months.
schemathesis.openapi.format("date", st.dates(datetime.date(2025, 1, 1), datetime.date(2026, 12, 31)).map(str))

# When a personal access token ends: within ten years from now, and from the years after.
UNTIL = st.datetimes(datetime.datetime(2030, 1, 1), datetime.datetime(2035, 12, 31), timezones=st.just(datetime.UTC))
schemathesis.openapi.format("date-time", UNTIL.map(datetime.datetime.isoformat))

# Long enough in bytes, and of nobody: wrong guesses.
schemathesis.openapi.format("phone", st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
schemathesis.openapi.format("password", st.text("abcdefghijkmnpqrstuvwxyz -", min_size=8, max_size=40))

# Versions that are likely to be there.
TAG = st.sampled_from(["", "W/"]).flatmap(lambda weak: st.integers(1, 9).map(lambda version: f'{weak}"{version}"'))
schemathesis.openapi.format("entity-tags", st.just("*") | st.lists(TAG, min_size=1, max_size=5).map(", ".join))


@schemathesis.check
def only_rules_beyond_the_schema(ctx, response, case):
    """A request as its schema says is refused with 422 only for what the schema cannot say."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for fault in response.json().get("errors", []):
        of_field = (fault["code"], fault["pointer"]) in RULES_OF_A_FIELD
        beyond = of_field or fault["code"] in RULES_BEYOND_THE_SCHEMA or is_whole_float(case.body, fault)
        assert beyond, f"{fault['code']} at {fault['pointer']}, which the schema does not forbid"


def is_whole_float(body, fault):
    """Whether a whole number was written as 1.0: an integer to JSON Schema, none to Florin, whose numbers are text."""
    if fault["code"] != "wrong_type":
        return False
    for step in fault["pointer"].split("/")[1:]:
        try:
            body = body[int(step)] if isinstance(body, list) else body[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return False
    return isinstance(body, float) and body.is_integer()
