//! Categories, keywords, and why an expense lies in a category.

use florin_app::categories::{CategoryPatch, CategoryView};
use florin_app::expenses::Shown;
use florin_domain::calendar::Timestamp;
use florin_domain::categorizer::{Categorization, Guess};
use florin_domain::category::{MAX_NAME, Taxonomy};
use florin_domain::expense::MAX_NOTES;
use florin_domain::id::CategoryId;
use florin_domain::tag;
use serde::Serialize;
use serde_json::Number;
use utoipa::{IntoParams, ToSchema};

use super::number::share;
use super::page::PageQuery;
use super::{Fields, Reader};

/// The most keywords that one call sets.
const MAX_KEYWORDS: usize = 200;
/// The most characters of a text whose real bounds the use case checks.
const MAX_TEXT: usize = 255;
/// The most tags that are read before they are normalised, which may make equals of them.
pub(crate) const MAX_RAW_TAGS: usize = 100;

/// A category in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CategoryRef {
    #[schema(minimum = 1, example = 1)]
    id: i64,
    #[schema(example = "Food")]
    name: String,
    #[schema(example = "food")]
    slug: String,
}

impl CategoryRef {
    /// The category of that id as its owner names it.
    pub(crate) fn new(id: CategoryId, taxonomy: &Taxonomy) -> Self {
        let (name, slug) = match taxonomy.get(id) {
            Some(category) => (category.name.as_str(), category.slug.as_str()),
            // Categories are archived, never deleted: every id that an expense names is there.
            None => ("Former category", "former-category"),
        };
        Self { id: id.0, name: name.to_owned(), slug: slug.to_owned() }
    }

    /// The shown name.
    pub(crate) fn into_name(self) -> String {
        self.name
    }
}

/// Why an expense lies in its category.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CategorizationBody {
    /// Who chose: `client` (you named it; no later edit of the notes changes it), `user_keyword`, `learned` (your own
    /// choices for this note or its words), `model`, or `none` (nothing was sure enough). Expenses from before there was a model may say `system_keyword`.
    #[schema(example = "model")]
    source: &'static str,
    /// The keyword that decided or that stands for the choice, else the words that weighed most; `null` when none did.
    #[schema(required = true, example = "lunch")]
    matched: Option<String>,
    /// 0 (nothing known) to 1 (certain).
    #[schema(value_type = f64, minimum = 0, maximum = 1, example = 0.8)]
    confidence: Number,
    /// Whether the choice is not sure (a confidence below 0.6): you may want to ask.
    suggested: bool,
    /// The version of the model that had a part in the choice; `null` when none had.
    #[schema(required = true, minimum = 0, example = 1)]
    model: Option<u32>,
    /// With `client`: when you chose. Of choices from before this was noted it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    chosen_at: Option<String>,
}

impl From<Categorization> for CategorizationBody {
    fn from(it: Categorization) -> Self {
        Self {
            source: it.source.as_str(),
            suggested: it.is_suggested(),
            model: it.model,
            chosen_at: it.chosen_at.map(Timestamp::to_rfc3339),
            matched: it.matched,
            confidence: share(i64::from(it.confidence_bp)),
        }
    }
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryBody {
    #[schema(minimum = 1, example = 1)]
    id: i64,
    #[schema(example = "Food")]
    name: String,
    /// The name in lower case with dashes.
    #[schema(example = "food")]
    slug: String,
    /// Whether it is everybody's and cannot be changed. Keywords can be set for it all the same.
    system: bool,
    /// Whether it takes no new expenses.
    archived: bool,
    /// Your own keywords for it, sorted.
    keywords: Vec<String>,
    /// The category that its expenses were moved to, if it was merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    merged_into: Option<i64>,
}

impl From<CategoryView> for CategoryBody {
    fn from(view: CategoryView) -> Self {
        let CategoryView { category, keywords } = view;
        Self {
            id: category.id.0,
            archived: !category.is_live(),
            name: category.name,
            slug: category.slug,
            system: category.system,
            keywords,
            merged_into: category.merged_into.map(|id| id.0),
        }
    }
}

/// What a category's `ETag` says. The version alone while there are no keywords; keywords are a person's own, for shared
/// categories too, and not counted by the version, so they are mixed in.
#[must_use]
pub(crate) fn tag_of(view: &CategoryView) -> i64 {
    let bytes = view.keywords.iter().flat_map(|keyword| keyword.bytes().chain([0xff]));
    let mixed = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    if view.keywords.is_empty() { view.category.version } else { (i64::from(mixed) << 20) + view.category.version }
}

/// A page of categories.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryPage {
    pub(crate) data: Vec<CategoryBody>,
    /// What to send as `cursor` for the next page; `null` on the last one.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

/// Which categories.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CategoriesQuery {
    /// Whether archived ones are listed too.
    #[param(value_type = Option<bool>, default = false)]
    pub(crate) include_archived: bool,
    /// Which page of them.
    #[param(ignore)]
    pub(crate) page: PageQuery,
}

impl Fields for CategoriesQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let include_archived = r.get("include_archived").boolean().unwrap_or_default();
        Some(Self { include_archived, page: PageQuery::read(r)? })
    }
}

/// How a category is taken away.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteCategoryQuery {
    /// The category that takes its expenses; they stay where they are when it is left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 9007199254740991_i64)]
    pub(crate) merge_into: Option<CategoryId>,
}

impl Fields for DeleteCategoryQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { merge_into: r.get("merge_into").id().map(CategoryId) })
    }
}

/// A category to be made.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"name": "Pet care", "keywords": ["vet", "dog food"]}))]
pub(crate) struct NewCategoryBody {
    /// Its name, with a letter or digit in it. No other live category of yours may have it.
    #[schema(min_length = 1, max_length = 60)]
    pub(crate) name: String,
    /// Words and phrases that put an expense into it.
    #[schema(value_type = Option<Vec<String>>, max_items = 200)]
    pub(crate) keywords: Vec<String>,
}

impl Fields for NewCategoryBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let name = r.need("name").text(MAX_NAME);
        let keywords = r.get("keywords").list(MAX_KEYWORDS, |keyword| keyword.text(MAX_TEXT));
        Some(Self { name: name?, keywords: keywords.unwrap_or_default() })
    }
}

/// Changes of a category; what is left out stays as it is.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"name": "Pets"}))]
pub(crate) struct CategoryPatchBody {
    /// A new name.
    #[schema(nullable = false, min_length = 1, max_length = 60)]
    name: Option<String>,
    /// `true` archives it, `false` brings it back.
    #[schema(nullable = false)]
    archived: Option<bool>,
}

impl Fields for CategoryPatchBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let name = r.get_non_null("name").text(MAX_NAME);
        Some(Self { name, archived: r.get_non_null("archived").boolean() })
    }
}

impl From<CategoryPatchBody> for CategoryPatch {
    fn from(body: CategoryPatchBody) -> Self {
        Self { name: body.name, archived: body.archived }
    }
}

/// Keywords to be set.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"keywords": ["tiffin", "chai"]}))]
pub(crate) struct KeywordsBody {
    /// All of them; those that are not named are forgotten. A phrase that spoke for another category speaks for this one.
    #[schema(max_items = 200)]
    pub(crate) keywords: Vec<String>,
}

impl Fields for KeywordsBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let keywords = r.need("keywords").list(MAX_KEYWORDS, |keyword| keyword.text(MAX_TEXT));
        Some(Self { keywords: keywords? })
    }
}

/// My keywords for a category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryKeywords {
    /// In their normal form, sorted.
    #[schema(example = json!(["chai", "tiffin"]))]
    pub(crate) keywords: Vec<String>,
}

/// Notes and tags to choose a category for.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"notes": "Bus ride to airport"}))]
pub(crate) struct CategorizeBody {
    /// As they would be written on an expense.
    #[schema(max_length = 500)]
    pub(crate) notes: String,
    /// As they would be put on an expense: at most 20 different ones.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    pub(crate) tags: Vec<String>,
}

impl Fields for CategorizeBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let notes = r.need("notes").lines(MAX_NOTES);
        let tags = r.get("tags").list(MAX_RAW_TAGS, |tag| tag.parsed("invalid_tag", tag::normalize));
        let mut tags = tags.unwrap_or_default();
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > tag::MAX_TAGS {
            r.reject("tags", "too_many", format!("must be at most {} tags", tag::MAX_TAGS));
        }
        Some(Self { notes: notes?, tags })
    }
}

/// The category that notes and tags would get, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GuessBody {
    category: CategoryRef,
    /// `user_keyword`, `learned` (your own choices for this note or its words), `model` or `none`.
    #[schema(example = "model")]
    source: &'static str,
    /// The keyword that decided or that stands for the choice, else the words that weighed most; `null` when none did.
    #[schema(required = true, example = "bus ride")]
    matched: Option<String>,
    /// 0 (nothing known) to 1 (certain).
    #[schema(value_type = f64, minimum = 0, maximum = 1, example = 0.8)]
    confidence: Number,
    /// Whether the choice is not sure (a confidence below 0.6): you may want to ask.
    suggested: bool,
    /// The version of the model that had a part in the choice; `null` when none had.
    #[schema(required = true, minimum = 0, example = 1)]
    model: Option<u32>,
    /// Where nothing was sure enough (`source` is `none`): what may be meant, the likeliest first.
    #[schema(max_items = 3)]
    suggestions: Vec<SuggestionBody>,
}

/// A category that may be meant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionBody {
    category: CategoryRef,
    /// How likely it is, from 0 to 1.
    #[schema(value_type = f64, minimum = 0, maximum = 1, example = 0.3)]
    confidence: Number,
}

impl From<Shown<Guess>> for GuessBody {
    fn from(shown: Shown<Guess>) -> Self {
        let Shown { data: Guess { category, categorization, suggestions }, books } = shown;
        let CategorizationBody { source, matched, confidence, suggested, model, chosen_at: _ } = categorization.into();
        let suggestions = suggestions.into_iter().map(|suggestion| SuggestionBody {
            category: CategoryRef::new(suggestion.category, &books.taxonomy),
            confidence: share(i64::from(suggestion.confidence_bp)),
        });
        Self {
            category: CategoryRef::new(category, &books.taxonomy),
            source,
            matched,
            confidence,
            suggested,
            model,
            suggestions: suggestions.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::category::Category;

    use super::*;

    fn view(version: i64, keywords: &[&str]) -> CategoryView {
        let category = Category {
            id: CategoryId(1000),
            name: "Pets".to_owned(),
            slug: "pets".to_owned(),
            system: false,
            archived_at: None,
            merged_into: None,
            merged_by: None,
            version,
        };
        CategoryView { category, keywords: keywords.iter().map(|keyword| (*keyword).to_owned()).collect() }
    }

    #[test]
    fn the_tag_changes_with_version_and_keywords() {
        assert_eq!(tag_of(&view(3, &[])), 3);
        let tags = [view(3, &["ab"]), view(4, &["ab"]), view(3, &["a", "b"]), view(3, &["b"])].map(|v| tag_of(&v));
        for (index, tag) in tags.iter().enumerate() {
            assert!(*tag > 0 && !tags[..index].contains(tag));
        }
    }

    #[test]
    fn a_category_is_written_without_what_it_lacks() {
        let mut merged = view(1, &["vet"]);
        let plain = serde_json::to_value(CategoryBody::from(merged.clone())).unwrap();
        let expected = serde_json::json!({"id": 1000, "name": "Pets", "slug": "pets", "system": false,
            "archived": false, "keywords": ["vet"]});
        assert_eq!(plain, expected);
        merged.category.merged_into = Some(CategoryId(2));
        assert_eq!(serde_json::to_value(CategoryBody::from(merged)).unwrap()["merged_into"], 2);
    }
}
