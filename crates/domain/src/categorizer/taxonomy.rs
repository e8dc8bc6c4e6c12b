//! The system categories: their identifiers and English names, the same in every installation.

use crate::id::CategoryId;

/// Where an expense goes of which nothing is known. A real category, shown in every summary. It has the last system id
/// because identifiers start at 1 on every database engine and nothing may depend on 0.
pub const UNCATEGORIZED: CategoryId = CategoryId(19);

/// Every system category, in order of its id, `1..=19`. The migration seeds these rows; users cannot edit them.
/// The first six keep the names and order of the design notes' first implementation.
pub const SYSTEM_CATEGORIES: [(CategoryId, &str); 19] = [
    (CategoryId(1), "Food"),
    (CategoryId(2), "Travel"),
    (CategoryId(3), "Rent"),
    (CategoryId(4), "Grocery"),
    (CategoryId(5), "Entertainment"),
    (CategoryId(6), "Fitness"),
    (CategoryId(7), "Utilities"),
    (CategoryId(8), "Household"),
    (CategoryId(9), "Vehicle"),
    (CategoryId(10), "Health"),
    (CategoryId(11), "Personal Care"),
    (CategoryId(12), "Shopping"),
    (CategoryId(13), "Education"),
    (CategoryId(14), "Family"),
    (CategoryId(15), "Gifts"),
    (CategoryId(16), "Insurance"),
    (CategoryId(17), "Finance"),
    (CategoryId(18), "Savings"),
    (UNCATEGORIZED, "Uncategorized"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_from_one_without_gaps_and_names_differ() {
        for (expected, (id, name)) in (1_i64..).zip(SYSTEM_CATEGORIES) {
            assert_eq!(id, CategoryId(expected), "{name}");
        }
        let mut names = SYSTEM_CATEGORIES.map(|(_, name)| name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
