//! One line about an action, for a list of what happened.

use crate::category::Taxonomy;
use crate::expense::ExpenseState;
use crate::id::CategoryId;
use crate::money::Currency;

use super::{Action, ActionKind, Change, Field};

const NOTES_SHOWN: usize = 40;

/// Says in one English line what an action did, as `Created 45.00 INR, Travel, "Bus ride to airport"`.
#[must_use]
pub fn summarize(action: &Action, currency: Currency, taxonomy: &Taxonomy) -> String {
    let name = |id: CategoryId| taxonomy.get(id).map_or("a former category", |category| category.name.as_str());
    let what = |state: &ExpenseState| {
        let line = format!("{} {currency}, {}", currency.format(state.amount), name(state.category));
        if state.notes.is_empty() { line } else { format!("{line}, \"{}\"", shorten(&state.notes)) }
    };
    let count = match action.changes.len() {
        1 => "1 expense".to_owned(),
        n => format!("{n} expenses"),
    };
    match action.kind {
        ActionKind::Reversal => {
            let verb = if action.effect == super::Effect::Redo { "Redid" } else { "Undid" };
            format!("{verb} action {} ({count})", action.root)
        }
        ActionKind::Batch => format!("Changed {count} in one batch"),
        ActionKind::Retag => format!("Changed a tag on {count}"),
        ActionKind::Recategorize => format!("Categorized {count} again"),
        ActionKind::Merge => match action.links.first() {
            Some(link) => {
                let target = link.after.map_or("", |id| name(id));
                format!("Merged {} into {target} ({count})", name(link.category))
            }
            None => format!("Merged categories ({count})"),
        },
        ActionKind::Create | ActionKind::Update | ActionKind::Delete => match action.changes.first() {
            Some(Change { before: None, after: Some(state), .. }) => format!("Created {}", what(state)),
            Some(Change { before: Some(state), after: None, .. }) => format!("Deleted {}", what(state)),
            Some(change @ Change { after: Some(state), .. }) => {
                format!("Changed {} of {}", changed_fields(change), what(state))
            }
            _ => "Erased".to_owned(),
        },
    }
}

fn changed_fields(change: &Change) -> String {
    let fields = change.fields();
    let names: Vec<_> = Field::ALL
        .into_iter()
        .filter(|field| fields.contains(*field))
        .map(|field| match field {
            Field::Amount => "amount",
            Field::Date => "date",
            Field::Notes => "notes",
            Field::Category => "category",
            Field::Tags => "tags",
            Field::ExternalId => "external id",
        })
        .collect();
    if names.is_empty() { "categorization".to_owned() } else { names.join(", ") }
}

fn shorten(notes: &str) -> String {
    let line = notes.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(NOTES_SHOWN) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}
