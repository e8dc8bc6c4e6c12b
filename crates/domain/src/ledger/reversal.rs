//! Taking an action back, and bringing it back again.
//!
//! A reversal is an ordinary entry of the log with compensating changes. For an edit, exactly the fields that the
//! action changed go back; everything else stays as later actions left it.

use std::collections::{BTreeMap, BTreeSet};

use crate::categorizer::UNCATEGORIZED;
use crate::category::{Fate, Taxonomy};
use crate::expense::{Expense, ExpenseState};
use crate::id::{CategoryId, ExpenseId, Seq};
use crate::money::MoneyError;

use super::{Action, CategoryLink, Change, ChangeSet, Draft, Effect, Field, FieldSet, Mark, Revived, amend, plan};

/// A later action on the same expenses: as much of it as can stand in a reversal's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// Its number.
    pub seq: Seq,
    /// Whether it is an ordinary action in effect.
    pub undoable: bool,
    /// Which fields of which expenses it changed.
    pub fields: Vec<(ExpenseId, FieldSet)>,
}

impl Later {
    /// What `action` did to those expenses that `concerned` picks.
    #[must_use]
    pub fn of(action: &Action, concerned: impl Fn(ExpenseId) -> bool) -> Self {
        let changes = action.changes.iter().filter(|change| concerned(change.expense));
        let fields = changes.map(|change| (change.expense, change.fields())).collect();
        Self { seq: action.seq, undoable: action.is_undoable(), fields }
    }
}

/// Something that came back differently, because the world moved on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Which expense; `None` when it is about the category itself.
    pub expense: Option<ExpenseId>,
    /// Why.
    pub reason: AdjustmentReason,
    /// The category that the past state names.
    pub from: CategoryId,
    /// The category used instead.
    pub to: CategoryId,
}

/// Why an adjustment was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustmentReason {
    /// The category was merged: its expenses are in another.
    CategoryMerged,
    /// The category was archived: Uncategorized takes its place.
    CategoryGone,
    /// The category came back under another name, because its own was taken.
    CategoryRenamed,
}

impl AdjustmentReason {
    /// The shown code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CategoryMerged => "category_merged",
            Self::CategoryGone => "category_gone",
            Self::CategoryRenamed => "category_renamed",
        }
    }
}

/// A planned reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// What to apply.
    pub change_set: ChangeSet,
    /// What comes back differently.
    pub adjustments: Vec<Adjustment>,
}

/// Why an action cannot be reversed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Later actions in effect changed the same fields of the same expenses.
    #[error("later actions changed the same fields")]
    Conflict {
        /// Their numbers, ascending.
        blocking: Vec<Seq>,
    },
    /// It is held back already.
    #[error("the action was taken back already")]
    AlreadyReversed,
    /// It is a redo. What a redo brought back is taken back by reversing its root.
    #[error("a redo is taken back by reversing its root")]
    IsRedo,
    /// A sum does not fit 64 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Plans the reversal of `target`: of an ordinary action, its undo; of an undo, the redo.
///
/// `current` holds the stored state of every expense that `target` touched, `later` the actions after the target's root
/// that touched any of them (others are ignored), `taxonomy` the user's categories, `stragglers` the live expenses of
/// the categories that this merges again (they may have come after the merge was taken back; they move along).
///
/// # Errors
/// [`Blocked`]; nothing is planned then.
pub fn plan_reversal(
    draft: Draft,
    target: &Action,
    current: &BTreeMap<ExpenseId, Expense>,
    later: &[Later],
    taxonomy: &Taxonomy,
    stragglers: &[Expense],
) -> Result<Reversal, Blocked> {
    if target.reversed_by.is_some() {
        return Err(Blocked::AlreadyReversed);
    }
    if target.effect == Effect::Redo {
        return Err(Blocked::IsRedo);
    }
    let redo = target.effect == Effect::Undo;
    refuse_conflicts(target, current, later, redo)?;

    let mut adjustments = Vec::new();
    let mut revived = taxonomy.clone();
    let links: Vec<_> =
        target.links.iter().rev().map(|link| reverse_link(link, &mut revived, &mut adjustments)).collect();

    let mut changes = Vec::with_capacity(target.changes.len());
    for change in &target.changes {
        let now = current.get(&change.expense).ok_or_else(|| Blocked::Conflict { blocking: Vec::new() })?;
        let mut resolve = |state: &mut ExpenseState| {
            let to = revived.resolve(state.category);
            if to != state.category {
                let reason = match revived.fate(state.category) {
                    Fate::Merged(_) => AdjustmentReason::CategoryMerged,
                    Fate::Live | Fate::Gone => AdjustmentReason::CategoryGone,
                };
                adjustments.push(Adjustment { expense: Some(change.expense), reason, from: state.category, to });
                state.category = to;
            }
        };
        let after = match (&change.before, &change.after) {
            (None, _) => None,
            (Some(before), None) => {
                let mut state = before.clone();
                resolve(&mut state);
                Some(state)
            }
            (Some(before), Some(after)) => {
                let mut state = now.state.clone();
                let fields = change.fields();
                Field::ALL.into_iter().filter(|f| fields.contains(*f)).for_each(|f| f.copy(before, &mut state));
                // The explanation travels with the category unless a later action gave a new one.
                if !fields.contains(Field::Category) && now.state.categorization == after.categorization {
                    state.categorization.clone_from(&before.categorization);
                }
                if fields.contains(Field::Category) {
                    resolve(&mut state);
                }
                Some(state)
            }
        };
        changes.push(Change {
            expense: change.expense,
            version: now.version,
            previous: now.last_action,
            before: now.live.then(|| now.state.clone()),
            // Only creations lack a state before them among ordinary changes; a redone deletion is still a deletion.
            uncreated: after.is_none() && !redo,
            after,
        });
    }

    let planned: BTreeSet<ExpenseId> = changes.iter().map(|change| change.expense).collect();
    for expense in stragglers.iter().filter(|expense| !planned.contains(&expense.id)) {
        let mut state = expense.state.clone();
        state.category = revived.resolve(state.category);
        changes.extend(amend(expense, state));
    }

    let mut change_set = plan(draft, changes, links)?;
    change_set.reverses = Some(target.seq);
    change_set.root = Some(target.root);
    change_set.effect = if redo { Effect::Redo } else { Effect::Undo };
    change_set.marks = vec![Mark { seq: target.seq, from: None, reversed: true }];
    if redo {
        change_set.marks.push(Mark { seq: target.root, from: Some(target.seq), reversed: false });
    }
    Ok(Reversal { change_set, adjustments })
}

/// A later action in effect that changed a field which the target changed stands in the way. One that was itself taken
/// back does not, and neither does the reversal that took it back: the two cancel out.
fn refuse_conflicts(
    target: &Action,
    current: &BTreeMap<ExpenseId, Expense>,
    later: &[Later],
    redo: bool,
) -> Result<(), Blocked> {
    let touched: BTreeMap<ExpenseId, &Change> = target.changes.iter().map(|change| (change.expense, change)).collect();
    let mut blocking: BTreeSet<Seq> = later
        .iter()
        .filter(|later| later.seq > target.root && later.undoable)
        .filter(|later| {
            let clashes = |(expense, fields): &(ExpenseId, FieldSet)| {
                touched.get(expense).is_some_and(|mine| mine.fields().overlaps(*fields))
            };
            later.fields.iter().any(clashes)
        })
        .map(|later| later.seq)
        .collect();

    for change in &target.changes {
        let Some(now) = current.get(&change.expense) else { continue };
        // What must be true for the compensation to make sense: a live expense to edit or delete, a tombstone to revive.
        let fits = now.live == change.after.is_some();
        // Bringing an action back assumes the state that it was first made on. An earlier action taken back by number
        // may have changed that; then the one that did so is named.
        let same_ground = !redo
            || match (&change.before, &change.after) {
                (Some(_), Some(after)) => {
                    let fields = change.fields();
                    Field::ALL.into_iter().filter(|f| fields.contains(*f)).all(|f| f.same(after, &now.state))
                }
                _ => true,
            };
        if blocking.is_empty() && !(fits && same_ground) {
            blocking.insert(now.last_action);
        }
    }
    if blocking.is_empty() { Ok(()) } else { Err(Blocked::Conflict { blocking: blocking.into_iter().collect() }) }
}

/// The opposite of a link: a merged category comes back, under a free name; a revived one is merged again, into
/// whatever its target has become.
fn reverse_link(link: &CategoryLink, taxonomy: &mut Taxonomy, adjustments: &mut Vec<Adjustment>) -> CategoryLink {
    let category = link.category;
    match link.before {
        None => {
            let revived = taxonomy.get(category).and_then(|merged| free_name(taxonomy, &merged.name, &merged.slug));
            if revived.is_some() {
                let reason = AdjustmentReason::CategoryRenamed;
                adjustments.push(Adjustment { expense: None, reason, from: category, to: category });
            }
            *taxonomy = taxonomy.with_revived(category);
            CategoryLink { category, before: link.after, after: None, revived }
        }
        Some(target) => {
            let to = match taxonomy.resolve(target) {
                // The old target was merged into this very category meanwhile: it cannot go there again.
                to if to == category => UNCATEGORIZED,
                to => to,
            };
            *taxonomy = taxonomy.with_merged(category, to);
            CategoryLink { category, before: None, after: Some(to), revived: None }
        }
    }
}

/// A name for a category that comes back, when another live one has its slug by now.
fn free_name(taxonomy: &Taxonomy, name: &str, slug: &str) -> Option<Revived> {
    taxonomy.live_by_slug(slug)?;
    (2_u32..)
        .map(|n| Revived { name: format!("{name} ({n})"), slug: format!("{slug}-{n}") })
        .find(|free| taxonomy.live_by_slug(&free.slug).is_none())
}
