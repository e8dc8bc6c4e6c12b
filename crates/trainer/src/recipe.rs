//! The choices that make a model, found by leaving out one source of the measured notes at a time.

use anyhow::{Context, Result, bail};

/// How much each source counts, and how the training goes.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// Weight of a keyword of the word list.
    pub(crate) keyword: f32,
    /// Weight of a hint.
    pub(crate) hint: f32,
    /// Weight of a word that says nothing.
    pub(crate) nothing: f32,
    /// Share of a text's weight when it stands in a wording that says nothing.
    pub(crate) dress: f32,
    /// How many such wordings each text gets.
    pub(crate) dresses: f32,
    /// Weight of a note of random letters, which says nothing either.
    pub(crate) noise: f32,
    /// How many of them there are.
    pub(crate) noises: f32,
    /// Weight of a brand.
    pub(crate) brand: f32,
    /// Share of that for a bus or train line.
    pub(crate) route: f32,
    /// Weight of the text of a merchant category code.
    pub(crate) merchant_code: f32,
    /// Weight of a noun in its first sense.
    pub(crate) noun: f32,
    /// How fast that falls with its depth.
    pub(crate) deep: f32,
    /// The greatest depth that is taken.
    pub(crate) depth: f32,
    /// Weight of an example of what must be right.
    pub(crate) example: f32,
    /// Weight of a handwritten note.
    pub(crate) handwritten: f32,
    /// How far the classes are made equal, 0 to 1.
    pub(crate) balance: f32,
    /// How often the documents are gone through.
    pub(crate) epochs: f32,
    /// The length of a first step.
    pub(crate) rate: f32,
    /// How much a weight shrinks with each step on it.
    pub(crate) decay: f32,
    /// What the scores are divided by before they are likelihoods.
    pub(crate) temperature: f32,
}

impl Recipe {
    /// What ships.
    pub(crate) const SHIPPED: Self = Self {
        keyword: 2.0,
        hint: 1.0,
        nothing: 1.0,
        dress: 0.5,
        dresses: 1.0,
        noise: 1.0,
        noises: 6_000.0,
        brand: 0.6,
        route: 0.1,
        merchant_code: 0.5,
        noun: 0.3,
        deep: 0.3,
        depth: 5.0,
        example: 6.0,
        handwritten: 1.0,
        balance: 0.25,
        epochs: 12.0,
        rate: 0.5,
        decay: 0.0,
        temperature: 0.88,
    };

    /// Changes one choice, written as `name=value`: for experiments.
    pub(crate) fn set(&mut self, change: &str) -> Result<()> {
        let (name, value) = change.split_once('=').context("a choice is written as name=value")?;
        let value: f32 = value.parse().with_context(|| change.to_owned())?;
        let field = match name {
            "keyword" => &mut self.keyword,
            "hint" => &mut self.hint,
            "nothing" => &mut self.nothing,
            "dress" => &mut self.dress,
            "dresses" => &mut self.dresses,
            "noise" => &mut self.noise,
            "noises" => &mut self.noises,
            "brand" => &mut self.brand,
            "route" => &mut self.route,
            "merchant_code" => &mut self.merchant_code,
            "noun" => &mut self.noun,
            "deep" => &mut self.deep,
            "depth" => &mut self.depth,
            "example" => &mut self.example,
            "handwritten" => &mut self.handwritten,
            "balance" => &mut self.balance,
            "epochs" => &mut self.epochs,
            "rate" => &mut self.rate,
            "decay" => &mut self.decay,
            "temperature" => &mut self.temperature,
            _ => bail!("no choice is named {name}"),
        };
        *field = value;
        Ok(())
    }
}
