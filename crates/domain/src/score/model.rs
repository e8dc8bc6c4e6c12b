//! The models: named lists of weighted metrics.

use std::fmt;

use super::adherence::BudgetAdherence;
use super::classic::{ClassicAdherence, ClassicDiscipline, ClassicFrequency};
use super::discipline::TrackingDiscipline;
use super::frequency::Frequency;
use super::metric::Metric;

/// A named list of weighted metrics. A published model never changes: a better one gets a new name.
pub struct Model {
    /// The stable name that clients choose by.
    pub name: &'static str,
    /// Each metric with its weight, which is positive. Keys are distinct.
    pub metrics: &'static [(i64, &'static dyn Metric)],
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Model").field(&self.name).finish()
    }
}

/// The model that is used unless another is named.
pub const DEFAULT_MODEL: &str = "standard/1";

static MODELS: [Model; 2] = [
    Model { name: DEFAULT_MODEL, metrics: &[(30, &BudgetAdherence), (30, &Frequency), (40, &TrackingDiscipline)] },
    // The first formulas, kept for comparison.
    Model { name: "classic/1", metrics: &[(30, &ClassicAdherence), (30, &ClassicFrequency), (40, &ClassicDiscipline)] },
];

/// The model named `name`; `None` when there is none.
#[must_use]
pub fn model(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.name == name)
}

/// The names of all models, the default one first.
pub fn model_names() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|model| model.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn models_are_found_by_name() {
        assert_eq!(model_names().collect::<Vec<_>>(), ["standard/1", "classic/1"]);
        assert_eq!(model(DEFAULT_MODEL).unwrap().name, "standard/1");
        assert_eq!(format!("{:?}", model(DEFAULT_MODEL).unwrap()), r#"Model("standard/1")"#);
        assert!(model("standard").is_none() && model("").is_none());
    }

    #[test]
    fn weights_are_positive_and_keys_distinct() {
        for model in &MODELS {
            let keys: BTreeSet<_> = model.metrics.iter().map(|(_, metric)| metric.key()).collect();
            assert_eq!(keys.len(), model.metrics.len(), "{model:?}");
            assert!(model.metrics.iter().all(|(weight, _)| *weight > 0), "{model:?}");
        }
    }
}
