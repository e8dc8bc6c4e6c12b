//! Trains the categorizer's model from what may ship, and measures it on notes that may not.
//!
//! ```text
//! florin-trainer train [--check]                   write crates/domain/src/categorizer/model.bin, or compare it
//! florin-trainer measure --dev dev.csv [--household early.csv] [--predictions out.tsv]
//! ```
//! `--set name=value` changes one choice of the recipe, for experiments.
#![allow(clippy::float_arithmetic, reason = "training is statistics; what ships is integers")]
#![allow(clippy::print_stdout, reason = "its figures are its output")]

mod arithmetic;
mod household;
mod lock;
mod measure;
mod recipe;
mod source;
mod train;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use florin_domain::categorizer::features::Reader;
use florin_domain::categorizer::model::Model;

use crate::recipe::Recipe;

fn main() -> Result<()> {
    let mut recipe = Recipe::SHIPPED;
    let (mut command, mut check) = (None, false);
    let (mut dev, mut household, mut predictions) = (None, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "train" | "measure" if command.is_none() => command = Some(argument),
            "--check" => check = true,
            "--set" => recipe.set(&value()?)?,
            "--dev" => dev = Some(PathBuf::from(value()?)),
            "--household" => household = Some(PathBuf::from(value()?)),
            "--predictions" => predictions = Some(PathBuf::from(value()?)),
            _ => bail!("unknown argument: {argument}"),
        }
    }
    match command.as_deref() {
        Some("train") => train_command(&recipe, check),
        Some("measure") => {
            let dev = dev.context("measure needs --dev")?;
            measure_command(&recipe, &dev, household.as_deref(), predictions.as_deref())
        }
        _ => bail!("say train or measure"),
    }
}

fn data() -> PathBuf {
    lock::folder().join("data")
}

/// Trains what ships, and writes it with its lock, or compares it with what is there.
fn train_command(recipe: &Recipe, check: bool) -> Result<()> {
    let bytes = train::train(&source::documents(&data(), recipe, true)?, recipe).to_bytes();
    let path = lock::model_path();
    let describe = || path.display().to_string();
    if check {
        let kept = std::fs::read(&path).with_context(describe)?;
        if kept != bytes {
            bail!("{}: the same inputs give other bytes; run `make train-categorizer`", path.display());
        }
    } else {
        std::fs::write(&path, &bytes).with_context(describe)?;
        std::fs::write(lock::path(), lock::current()?)?;
    }
    println!("{}: {} bytes", path.display(), bytes.len());
    Ok(())
}

fn model(recipe: &Recipe, handwritten: bool) -> Result<Model> {
    let bytes = train::train(&source::documents(&data(), recipe, handwritten)?, recipe).to_bytes();
    Ok(Model::read(bytes.leak())?)
}

/// Each source of `dev` is answered by a model that has not seen it: of those only one ships.
fn measure_command(recipe: &Recipe, dev: &Path, household: Option<&Path>, predictions: Option<&Path>) -> Result<()> {
    let rows = measure::labelled(dev)?;
    let (with, without) = (model(recipe, true)?, model(recipe, false)?);
    let mut reader = Reader::default();
    let answers: Vec<_> = rows
        .iter()
        .map(|row| {
            let model = if row.source == "handwritten_b" { &without } else { &with };
            (row, measure::answer(model, &mut reader, &row.note))
        })
        .collect();
    print!("{}", measure::summary(&answers));
    print!("{}", measure::timing(&rows, &with));
    if let Some(path) = predictions {
        let mut text = String::new();
        for (_, answer) in &answers {
            let (name, bp) = answer.map_or(("", 0), |answer| (source::class_name(answer.class), answer.confidence));
            text += &format!("{name}\t{}\n", f32::from(bp) / 10_000.0);
        }
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = household {
        print!("{}", household::figures(path, &with)?);
    }
    Ok(())
}
