//! Figures over labelled notes: how often right, how often answered, how true the confidence is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use florin_domain::categorizer::features::Reader;
use florin_domain::categorizer::model::{CLASSES, Model, likelihoods};
use florin_domain::categorizer::{Categorizer, Learned, Note, system};
use florin_domain::id::CategoryId;

use crate::source::{class_named, table};

/// A labelled note: `class` is `None` where nothing can be said of it.
#[derive(Debug)]
pub(crate) struct Labelled {
    pub(crate) note: String,
    pub(crate) class: Option<usize>,
    pub(crate) source: String,
}

/// What was answered to a note: the likeliest category other than Uncategorized, and its confidence in basis points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) class: usize,
    pub(crate) confidence: u16,
}

/// Reads `note,category,source`.
pub(crate) fn labelled(path: &Path) -> Result<Vec<Labelled>> {
    table(path)?
        .into_iter()
        .map(|row| {
            let [note, category, source] = row.get(..3).context("a row of fewer than three fields")? else {
                anyhow::bail!("a row of fewer than three fields")
            };
            let class = class_named(category).filter(|class| class + 1 < CLASSES);
            Ok(Labelled { note: note.clone(), class, source: source.clone() })
        })
        .collect()
}

/// The model's answer to a note, whatever its confidence.
pub(crate) fn answer(model: &Model, reader: &mut Reader, note: &str) -> Option<Answer> {
    let features = reader.read([note]);
    if features.is_empty() {
        return None;
    }
    let likely = likelihoods(&model.scores(features));
    let (class, confidence) = likely.into_iter().take(CLASSES - 1).enumerate().max_by_key(|(_, bp)| *bp)?;
    Some(Answer { class, confidence })
}

/// The figures over labelled notes and their answers, as text.
pub(crate) fn summary(rows: &[(&Labelled, Option<Answer>)]) -> String {
    let scored: Vec<_> = rows.iter().filter_map(|(row, answer)| Some((row, row.class?, *answer))).collect();
    let mut text = String::new();
    let share = |part: usize, whole: usize| ratio(part) / ratio(whole.max(1));
    let mut sources: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut classes = [(0_usize, 0_usize, 0_usize); CLASSES];
    for (row, class, answer) in &scored {
        let right = answer.is_some_and(|answer| answer.class == *class);
        let source = sources.entry(row.source.as_str()).or_default();
        *source = (source.0 + usize::from(right), source.1 + 1);
        if let Some(count) = classes.get_mut(*class) {
            *count = (count.0 + usize::from(right), count.1, count.2 + usize::from(!right));
        }
        if let Some(count) = answer.filter(|_| !right).and_then(|answer| classes.get_mut(answer.class)) {
            count.1 += 1;
        }
    }
    let right: usize = sources.values().map(|source| source.0).sum();
    let seen: Vec<_> = classes.iter().filter(|count| count.0 + count.2 > 0).collect();
    let f1 = seen.iter().map(|c| 2.0 * ratio(c.0) / ratio((2 * c.0 + c.1 + c.2).max(1))).sum::<f32>();
    let macro_f1 = f1 / ratio(seen.len().max(1));
    text += &format!("accuracy {:.3}  macro-F1 {macro_f1:.3}  n={}\n", share(right, scored.len()), scored.len());
    for (source, (right, all)) in sources {
        text += &format!("  {source}: {:.3} of {all}\n", share(right, all));
    }
    let mut error = 0.0;
    for bin in 0..10_u16 {
        let part: Vec<_> = scored
            .iter()
            .filter_map(|(_, class, answer)| answer.map(|answer| (*class, answer)))
            .filter(|(_, answer)| answer.confidence > bin * 1_000 && answer.confidence <= (bin + 1) * 1_000)
            .collect();
        let right = part.iter().filter(|(class, answer)| answer.class == *class).count();
        let said: f32 = part.iter().map(|(_, answer)| f32::from(answer.confidence) / 10_000.0).sum();
        error += (said - ratio(right)).abs() / ratio(scored.len().max(1));
    }
    text += &format!("calibration error {error:.3}\n");
    for threshold in [3_000, 4_000, 5_000, 6_000, 7_000, 8_000] {
        let kept: Vec<_> = scored.iter().filter(|row| row.2.is_some_and(|a| a.confidence >= threshold)).collect();
        let right = kept.iter().filter(|row| row.2.is_some_and(|a| a.class == row.1)).count();
        text += &format!(
            "  at 0.{}: coverage {:.3}  precision {:.3}\n",
            threshold / 1_000,
            share(kept.len(), scored.len()),
            share(right, kept.len())
        );
    }
    text
}

#[allow(clippy::cast_precision_loss, reason = "counts of notes are small")]
pub(crate) const fn ratio(count: usize) -> f32 {
    count as f32
}

/// How long one note takes, reading included, over all of `rows` several times.
pub(crate) fn timing(rows: &[Labelled], model: &Model) -> String {
    let learned = Learned::default();
    let categorizer = Categorizer { keywords: None, learned: Some(&learned), model: Some(model) };
    let mut whole = Vec::new();
    let mut alone = Vec::new();
    let (mut folding, mut finding) = (Vec::new(), Vec::new());
    let mut reader = Reader::default();
    for _ in 0..5 {
        for row in rows {
            let start = Instant::now();
            let guess = categorizer.decide(&Note::new(&row.note, &[]));
            whole.push(start.elapsed().as_nanos());
            std::hint::black_box(guess);
            let start = Instant::now();
            let answer = answer(model, &mut reader, &row.note);
            alone.push(start.elapsed().as_nanos());
            std::hint::black_box(answer);
            let start = Instant::now();
            let note = Note::new(&row.note, &[]);
            folding.push(start.elapsed().as_nanos());
            let start = Instant::now();
            std::hint::black_box(system().matched(&note, CategoryId(1)));
            finding.push(start.elapsed().as_nanos());
        }
    }
    let mut text = String::new();
    for (name, times) in [
        ("one note, with its reason", &mut whole),
        ("one note, the model alone", &mut alone),
        ("one note, folding its words", &mut folding),
        ("one note, finding its keyword", &mut finding),
    ] {
        times.sort_unstable();
        let at = |share: usize| times.get((times.len() * share / 100).min(times.len() - 1)).copied().unwrap_or(0);
        text += &format!("{name}: p50 {} ns  p99 {} ns\n", at(50), at(99));
    }
    text
}
