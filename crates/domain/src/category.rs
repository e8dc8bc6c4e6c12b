//! Categories: the system's and each person's own.

use crate::calendar::Timestamp;
use crate::categorizer::UNCATEGORIZED;
use crate::id::{CategoryId, Seq};

/// The most characters of a category's name.
pub const MAX_NAME: usize = 60;
/// The most characters of a slug: a name of unusual letters can grow when it is normalised.
const MAX_SLUG: usize = 200;
/// The most categories of one person's own, archived ones included.
pub const MAX_OWN: usize = 200;
/// The most keywords of one person, over all categories.
pub const MAX_KEYWORDS: usize = 1000;

/// A category that expenses can lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its identifier.
    pub id: CategoryId,
    /// The shown name.
    pub name: String,
    /// The name in lower case with dashes, unique among the person's live categories and the system's.
    pub slug: String,
    /// Whether it is everybody's and may not be changed.
    pub system: bool,
    /// Since when it takes no new expenses; `None` while it does.
    pub archived_at: Option<Timestamp>,
    /// Where its expenses went when it was merged.
    pub merged_into: Option<CategoryId>,
    /// The action that merged it, which alone brings it back; `None` when it was merged while it was empty, which makes no
    /// action (http-api.md, "Settled details").
    pub merged_by: Option<Seq>,
    /// Counts changes, for `ETag`.
    pub version: i64,
}

impl Category {
    /// Whether it takes new expenses.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.archived_at.is_none()
    }
}

/// Not a category name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 60 characters with at least one letter or digit, without control characters")]
pub struct InvalidName;

/// Trims a category's name and folds inner blanks.
///
/// # Errors
/// [`InvalidName`] when it has no letter or digit, control characters, or more than [`MAX_NAME`] characters.
pub fn normalize_name(text: &str) -> Result<String, InvalidName> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let slug_fits = (1..=MAX_SLUG).contains(&slug(&name).chars().count());
    let fits = name.chars().count() <= MAX_NAME && !text.chars().any(|c| c.is_control()) && slug_fits;
    if fits { Ok(name) } else { Err(InvalidName) }
}

/// The slug of a name: its normalised words joined by dashes, as `personal-care`.
#[must_use]
pub fn slug(name: &str) -> String {
    crate::text::words(name).join("-")
}

/// What became of a category that a past state names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is there and takes expenses.
    Live,
    /// It was merged, perhaps more than once; this is where its expenses are now.
    Merged(CategoryId),
    /// It was archived, or its merge ends in an archived one.
    Gone,
}

/// All categories that one person can see, archived ones included: the system's and their own.
#[derive(Debug, Clone, Default)]
pub struct Taxonomy {
    categories: Vec<Category>,
}

impl Taxonomy {
    /// Orders the categories by id.
    #[must_use]
    pub fn new(mut categories: Vec<Category>) -> Self {
        categories.sort_by_key(|category| category.id);
        Self { categories }
    }

    /// Every category, in id order.
    #[must_use]
    pub fn all(&self) -> &[Category] {
        &self.categories
    }

    /// One of them; `None` when the person has none of that id.
    #[must_use]
    pub fn get(&self, id: CategoryId) -> Option<&Category> {
        self.categories.binary_search_by_key(&id, |category| category.id).ok().map(|i| &self.categories[i])
    }

    /// The live category with that slug.
    #[must_use]
    pub fn live_by_slug(&self, slug: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.is_live() && category.slug == slug)
    }

    /// What became of a category. Follows merges to their end; a chain is never longer than the list.
    #[must_use]
    pub fn fate(&self, id: CategoryId) -> Fate {
        let mut at = id;
        for _ in 0..=self.categories.len() {
            match self.get(at) {
                Some(category) if category.is_live() => return if at == id { Fate::Live } else { Fate::Merged(at) },
                Some(Category { merged_into: Some(next), .. }) => at = *next,
                _ => return Fate::Gone,
            }
        }
        Fate::Gone
    }

    /// Where an expense of that category may be put now: itself, where it was merged, else Uncategorized.
    #[must_use]
    pub fn resolve(&self, id: CategoryId) -> CategoryId {
        match self.fate(id) {
            Fate::Live => id,
            Fate::Merged(target) => target,
            Fate::Gone => UNCATEGORIZED,
        }
    }

    /// A copy in which one category is live again, to plan with.
    #[must_use]
    pub fn with_revived(&self, id: CategoryId) -> Self {
        self.with(id, |category| {
            category.archived_at = None;
            category.merged_into = None;
        })
    }

    /// A copy in which one category has another name, to plan with.
    #[must_use]
    pub fn with_name(&self, id: CategoryId, name: &str, slug: &str) -> Self {
        self.with(id, |category| {
            name.clone_into(&mut category.name);
            slug.clone_into(&mut category.slug);
        })
    }

    /// A copy in which one category is merged into another, to plan with.
    #[must_use]
    pub fn with_merged(&self, id: CategoryId, into: CategoryId) -> Self {
        self.with(id, |category| {
            category.archived_at.get_or_insert(Timestamp(0));
            category.merged_into = Some(into);
        })
    }

    fn with(&self, id: CategoryId, change: impl FnMut(&mut Category)) -> Self {
        let mut copy = self.clone();
        copy.categories.iter_mut().filter(|category| category.id == id).for_each(change);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(id: i64, archived: bool, merged_into: Option<i64>) -> Category {
        Category {
            id: CategoryId(id),
            name: format!("C{id}"),
            slug: format!("c{id}"),
            system: false,
            archived_at: archived.then_some(Timestamp(1)),
            merged_into: merged_into.map(CategoryId),
            merged_by: None,
            version: 1,
        }
    }

    #[test]
    fn categories_are_found_and_changed_in_a_copy() {
        let taxonomy = Taxonomy::new(vec![category(31, false, None), category(30, true, None)]);
        assert_eq!(taxonomy.all().iter().map(|category| category.id.0).collect::<Vec<_>>(), [30, 31]);
        assert_eq!(taxonomy.get(CategoryId(31)).map(|category| category.slug.as_str()), Some("c31"));
        assert_eq!(taxonomy.get(CategoryId(32)), None);
        assert_eq!(taxonomy.live_by_slug("c31").map(|category| category.id), Some(CategoryId(31)));
        assert_eq!(taxonomy.live_by_slug("c30"), None, "it is archived");
        let revived = taxonomy.with_revived(CategoryId(30));
        assert_eq!(revived.live_by_slug("c30").map(|category| category.id), Some(CategoryId(30)));
        let merged = taxonomy.with_merged(CategoryId(31), CategoryId(30)).get(CategoryId(31)).cloned().unwrap();
        assert_eq!((merged.is_live(), merged.merged_into), (false, Some(CategoryId(30))));
        let named = taxonomy.with_name(CategoryId(31), "Pets", "pets");
        assert_eq!(named.live_by_slug("pets").map(|category| category.name.as_str()), Some("Pets"));
        assert_eq!(named.get(CategoryId(30)).map(|category| category.name.as_str()), Some("C30"));
    }

    #[test]
    fn merges_that_go_round_end_nowhere() {
        let round = Taxonomy::new(vec![category(30, true, Some(31)), category(31, true, Some(30))]);
        assert_eq!(round.fate(CategoryId(30)), Fate::Gone);
    }

    #[test]
    fn merges_are_followed_to_their_end() {
        let taxonomy = Taxonomy::new(vec![
            category(30, false, None),
            category(31, true, Some(30)),
            category(32, true, Some(31)),
            category(33, true, None),
            category(34, true, Some(33)),
        ]);
        let fate = |id| taxonomy.fate(CategoryId(id));
        assert_eq!(fate(30), Fate::Live);
        assert_eq!(fate(32), Fate::Merged(CategoryId(30)));
        assert_eq!(fate(33), Fate::Gone);
        assert_eq!(fate(34), Fate::Gone);
        assert_eq!(fate(99), Fate::Gone);
        assert_eq!(taxonomy.resolve(CategoryId(34)), UNCATEGORIZED);
        assert_eq!(taxonomy.with_revived(CategoryId(31)).fate(CategoryId(32)), Fate::Merged(CategoryId(31)));
    }

    #[test]
    fn names_are_trimmed_and_need_a_letter() {
        assert_eq!(normalize_name("  Coffee   & Tea ").as_deref(), Ok("Coffee & Tea"));
        for bad in ["", "  ", "---", "a\0b", &"x".repeat(61), &"\u{fdfa}".repeat(60)] {
            assert_eq!(normalize_name(bad), Err(InvalidName), "{bad:?}");
        }
    }
}
