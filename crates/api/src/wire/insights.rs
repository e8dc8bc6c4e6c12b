//! Series of spending, ready for a chart.

use chrono::NaiveDate;
use florin_app::expenses::Shown;
use florin_domain::category::Taxonomy;
use florin_domain::insights::{Chart, GroupBy, Series, SeriesKey};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::category::CategoryRef;
use super::{Fields, Reader};

/// What spending is grouped by.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are the domain's")]
enum Grouping {
    Category,
    Tag,
    Day,
    Week,
    Month,
    Weekday,
}

/// Which days, and how their spending is grouped.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpendingQuery {
    /// The first day; that of the month of `to` when it is left out.
    pub(crate) from: Option<NaiveDate>,
    /// The last day; that of the present month in your zone when it is left out. At most 400 buckets in all.
    pub(crate) to: Option<NaiveDate>,
    /// A series a category (so when it is left out) or a tag over months, or one series over days, ISO weeks, months or
    /// weekdays.
    #[param(value_type = Option<Grouping>, inline)]
    pub(crate) group_by: GroupBy,
}

impl Fields for SpendingQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let from = r.get("from").date();
        let to = r.get("to").date();
        let group_by = r.get("group_by").choice(&GroupBy::ALL.map(|group| (group.as_str(), group)));
        Some(Self { from, to, group_by: group_by.unwrap_or(GroupBy::Category) })
    }
}

/// Spending over a range of days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpendingBody {
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    /// Along the axis: days as `2026-03-01`, ISO weeks as `2026-W09`, months as `2026-03`, weekdays as `mon`.
    #[schema(example = json!(["2026-03"]))]
    buckets: Vec<String>,
    /// The largest first.
    series: Vec<SeriesBody>,
}

/// One line of a chart.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SeriesBody {
    /// `total`, a category's id, a tag, `untagged`, or `other` for what is beyond 99 series.
    #[schema(example = "1")]
    key: String,
    /// What to call it.
    #[schema(example = "Food")]
    label: String,
    /// An amount for each bucket.
    #[schema(example = json!(["1250.75"]))]
    values: Vec<String>,
}

impl From<Shown<Chart>> for SpendingBody {
    fn from(shown: Shown<Chart>) -> Self {
        let Shown { data: Chart { buckets, series }, books } = shown;
        let body = |Series { key, total: _, values }: Series| {
            let (key, label) = key_and_label(key, &books.taxonomy);
            let values = values.into_iter().map(|amount| books.currency.format(amount)).collect();
            SeriesBody { key, label, values }
        };
        let series = series.into_iter().map(body).collect();
        Self { currency: books.currency.code().to_owned(), buckets, series }
    }
}

fn key_and_label(key: SeriesKey, taxonomy: &Taxonomy) -> (String, String) {
    match key {
        SeriesKey::Total => ("total".to_owned(), "Total".to_owned()),
        SeriesKey::Category(id) => (id.to_string(), CategoryRef::new(id, taxonomy).into_name()),
        SeriesKey::Tag(tag) => (tag.clone(), tag),
        SeriesKey::Untagged => ("untagged".to_owned(), "Untagged".to_owned()),
        SeriesKey::Other => ("other".to_owned(), "Other".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::category::Category;
    use florin_domain::id::CategoryId;

    use super::*;

    #[test]
    fn series_are_labelled_for_people() {
        let food = Category {
            id: CategoryId(1),
            name: "Food".to_owned(),
            slug: "food".to_owned(),
            system: true,
            archived_at: None,
            merged_into: None,
            merged_by: None,
            version: 1,
        };
        let taxonomy = Taxonomy::new(vec![food]);
        for (key, expected) in [
            (SeriesKey::Total, ("total", "Total")),
            (SeriesKey::Category(CategoryId(1)), ("1", "Food")),
            (SeriesKey::Tag("team lunch".to_owned()), ("team lunch", "team lunch")),
            (SeriesKey::Untagged, ("untagged", "Untagged")),
        ] {
            let (key, label) = key_and_label(key, &taxonomy);
            assert_eq!((key.as_str(), label.as_str()), expected);
        }
    }
}
