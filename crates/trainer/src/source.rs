//! What the model is trained on: the word list, and the files of `data/`, whose licences `data/NOTICE` tells.

use std::path::Path;

use anyhow::{Context, Result, bail};
use florin_domain::categorizer::{SYSTEM_CATEGORIES, UNCATEGORIZED, WORD_LIST, entries};

use crate::recipe::Recipe;

/// The name of the category that nothing is known of.
const NOTHING: &str = "Uncategorized";

/// A text with its class and how much it counts.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) class: usize,
    pub(crate) weight: f32,
}

/// The place of a category in the order of [`SYSTEM_CATEGORIES`].
pub(crate) fn class_named(name: &str) -> Option<usize> {
    SYSTEM_CATEGORIES.iter().position(|(_, known)| *known == name)
}

/// The name of the category at a place in that order.
pub(crate) fn class_name(class: usize) -> &'static str {
    SYSTEM_CATEGORIES.get(class).map_or("", |(_, name)| name)
}

/// The rows of a comma-separated file with quotes, without its first.
pub(crate) fn table(path: &Path) -> Result<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut rows = Vec::new();
    let (mut row, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ => field.push(c),
        }
    }
    if quoted {
        bail!("{}: a quote is not closed", path.display());
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    if rows.is_empty() {
        bail!("{}: empty", path.display());
    }
    rows.remove(0);
    Ok(rows)
}

/// Everything that may ship, `handwritten` included or not, in a fixed order.
pub(crate) fn documents(data: &Path, recipe: &Recipe, handwritten: bool) -> Result<Vec<Document>> {
    let mut all = Vec::new();
    for entry in entries(WORD_LIST) {
        let class = SYSTEM_CATEGORIES.iter().position(|(id, _)| *id == entry.keyword.category);
        let Some(class) = class else { continue };
        let weight = match (entry.keyword.category == UNCATEGORIZED, entry.is_hint) {
            (true, _) => recipe.nothing,
            (false, true) => recipe.hint,
            (false, false) => recipe.keyword,
        };
        all.push(Document { text: entry.keyword.phrase, class, weight });
    }
    let field = |row: &[String], at: usize| row.get(at).cloned().unwrap_or_default();
    let number = |row: &[String], at: usize| field(row, at).parse::<f32>().unwrap_or(1.0).max(1.0);
    for row in table(&data.join("brands.csv"))? {
        let Some(class) = class_named(&field(&row, 1)) else { continue };
        let scale = match field(&row, 2).split_once('/') {
            Some(("route", _)) => recipe.route,
            _ => 1.0,
        };
        all.push(Document { text: field(&row, 0), class, weight: recipe.brand * scale / number(&row, 4) });
    }
    for row in table(&data.join("mcc.csv"))? {
        let Some(class) = class_named(&field(&row, 2)) else { continue };
        all.push(Document { text: field(&row, 1), class, weight: recipe.merchant_code });
    }
    for row in table(&data.join("wordnet.csv"))? {
        let Some(class) = class_named(&field(&row, 1)) else { continue };
        let depth = field(&row, 3).parse::<f32>().unwrap_or(0.0);
        let sense = number(&row, 2);
        if depth > recipe.depth || field(&row, 0).chars().count() < 3 {
            continue;
        }
        all.push(Document { text: field(&row, 0), class, weight: recipe.noun / (sense * (1.0 + depth * recipe.deep)) });
    }
    for row in table(&data.join("examples.csv"))? {
        let Some(class) = class_named(&field(&row, 1)) else { continue };
        all.push(Document { text: field(&row, 0), class, weight: recipe.example });
    }
    if handwritten {
        for row in table(&data.join("handwritten_b.csv"))? {
            let Some(class) = class_named(&field(&row, 1)) else { continue };
            all.push(Document { text: field(&row, 0), class, weight: recipe.handwritten });
        }
    }
    dress(&mut all, data, recipe)?;
    balance(&mut all, recipe.balance);
    noise(&mut all, recipe);
    Ok(all)
}

/// Every text once more, in one of the wordings that people and banks put around a thing. Without them the likes of
/// "purchase" and "payment" lean to where the word list happens to hold them.
fn dress(all: &mut Vec<Document>, data: &Path, recipe: &Recipe) -> Result<()> {
    let path = data.join("wordings.txt");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let wordings: Vec<_> =
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|l| l.split_once('*')).collect();
    let bound = u64::try_from(wordings.len())?;
    if bound == 0 {
        bail!("{}: empty", path.display());
    }
    let mut below = random(0x9e6c_63d0_76cc_4b35);
    let mut dressed = Vec::new();
    let named = |document: &&Document| class_name(document.class) != NOTHING;
    for document in all.iter().filter(named) {
        let mut made = 0.0;
        while made < recipe.dresses {
            let Some((before, after)) = usize::try_from(below(bound)).ok().and_then(|at| wordings.get(at)) else {
                break;
            };
            let text = format!("{before}{}{after}", document.text);
            dressed.push(Document { text, class: document.class, weight: document.weight * recipe.dress });
            made += 1.0;
        }
    }
    all.extend(dressed);
    Ok(())
}

/// Numbers below a bound, always the same ones.
fn random(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |bound| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) % bound
    }
}

/// Notes of random letters. Without them the runs of letters of a word that nobody knows are read into what is known.
fn noise(all: &mut Vec<Document>, recipe: &Recipe) {
    let Some(class) = SYSTEM_CATEGORIES.iter().position(|(id, _)| *id == UNCATEGORIZED) else { return };
    let mut below = random(0x2545_f491_4f6c_dd1d);
    let mut made = 0.0;
    while made < recipe.noises {
        // One word as a rule, of one to nine letters.
        let (words, mut text) = (1 + below(5) / 3 + below(5) / 4, String::new());
        for _ in 0..words {
            let letters = (0..=below(9)).filter_map(|_| u32::try_from(below(26)).ok());
            text.extend(letters.filter_map(|letter| char::from_u32(u32::from('a') + letter)));
            text.push(' ');
        }
        all.push(Document { text, class, weight: recipe.noise });
        made += 1.0;
    }
}

/// Gives classes with few documents more weight: each class's total to the power of `1 - power`, the mean kept.
fn balance(all: &mut [Document], power: f32) {
    let mut totals = [0.0_f32; SYSTEM_CATEGORIES.len()];
    for document in all.iter() {
        if let Some(total) = totals.get_mut(document.class) {
            *total += document.weight;
        }
    }
    let mean = totals.iter().sum::<f32>() / 19.0;
    for document in all {
        let total = totals.get(document.class).copied().unwrap_or(mean).max(1.0);
        document.weight *= crate::arithmetic::power(mean / total, power);
    }
}
