//! One person's notes in time order: how often what is answered before each is what they chose.

use std::path::Path;

use anyhow::{Context, Result};
use florin_domain::calendar::Timestamp;
use florin_domain::categorizer::features::Reader;
use florin_domain::categorizer::learned::{Moment, Observation};
use florin_domain::categorizer::model::Model;
use florin_domain::categorizer::{Categorizer, Learned, Note, SYSTEM_CATEGORIES};
use florin_domain::id::{CategoryId, ExpenseId};

use crate::measure::ratio;
use crate::source::table;

/// Reads `seq,note,user_label,category` and gives the figures.
pub(crate) fn figures(path: &Path, model: &Model) -> Result<String> {
    let rows = table(path)?;
    let mut text = String::new();
    for (name, column) in [("system categories", 3), ("the person's own labels", 2)] {
        for only_corrections in [false, true] {
            let (right, answered, all) = run(&rows, column, only_corrections, model)?;
            let taught = if only_corrections { "wrong answers corrected" } else { "every note labelled" };
            text += &format!(
                "household, {name}, {taught}: accuracy {:.3}  coverage {:.3}  n={all}\n",
                ratio(right) / ratio(all.max(1)),
                ratio(answered) / ratio(all.max(1)),
            );
        }
    }
    Ok(text)
}

fn run(rows: &[Vec<String>], column: usize, only_corrections: bool, model: &Model) -> Result<(usize, usize, usize)> {
    let mut own: Vec<&str> = Vec::new();
    let mut learned = Learned::default();
    let mut reader = Reader::default();
    let (mut right, mut answered, mut all) = (0, 0, 0);
    for (at, row) in (0_i64..).zip(rows) {
        let (note, label) = row.get(1).zip(row.get(column)).context("a row of fewer than four fields")?;
        if label.is_empty() {
            continue;
        }
        let system = SYSTEM_CATEGORIES.iter().find(|(_, name)| name == label).map(|(id, _)| *id);
        let wanted = system.unwrap_or_else(|| {
            let place = own.iter().position(|known| known == label).unwrap_or_else(|| {
                own.push(label);
                own.len() - 1
            });
            CategoryId(1_000 + i64::try_from(place).unwrap_or(0))
        });
        let note = Note::new(note, &[]);
        let guess = Categorizer { keywords: None, learned: Some(&learned), model: Some(model) }.decide(&note);
        // A note that is left alone counts as wrong unless its first suggestion is right: a person sees that first.
        let first = guess.suggestions.first().map_or(guess.category, |suggestion| suggestion.category);
        answered += usize::from(guess.suggestions.is_empty());
        right += usize::from(first == wanted);
        all += 1;
        if !only_corrections || guess.category != wanted {
            let at = Moment { at: Timestamp(at), expense: ExpenseId(at) };
            learned.observe(&Observation::read(&note, Some(model), &mut reader), wanted, at, 1);
        }
    }
    Ok((right, answered, all))
}
