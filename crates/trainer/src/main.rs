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
    let (mut dev, mut predictions) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "train" | "measure" if command.is_none() => command = Some(argument),
            "--check" => check = true,
            "--set" => recipe.set(&value()?)?,
            "--dev" => dev = Some(PathBuf::from(value()?)),
            "--predictions" => predictions = Some(PathBuf::from(value()?)),
            _ => bail!("unknown argument: {argument}"),
        }
    }
    match command.as_deref() {
        Some("train") => train_command(&recipe, check),
        Some("measure") => measure_command(&recipe, dev.as_deref(), predictions.as_deref()),
        _ => bail!("say train or measure"),
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn train_command(recipe: &Recipe, _check: bool) -> Result<()> {
    let bytes = train::train(&source::documents(&data(), recipe, true)?, recipe).to_bytes();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src/categorizer/model.bin");
    std::fs::write(&path, &bytes).with_context(|| path.display().to_string())?;
    println!("{} bytes", bytes.len());
    Ok(())
}

fn model(recipe: &Recipe, handwritten: bool) -> Result<Model> {
    let bytes = train::train(&source::documents(&data(), recipe, handwritten)?, recipe).to_bytes();
    Ok(Model::read(bytes.leak())?)
}

fn measure_command(recipe: &Recipe, dev: Option<&Path>, _predictions: Option<&Path>) -> Result<()> {
    let dev = dev.context("measure needs --dev")?;
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
    Ok(())
}
