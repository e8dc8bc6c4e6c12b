//! Multinomial logistic regression by stochastic gradient steps, one thread, a fixed order.

use florin_domain::categorizer::features::{BUCKETS, Reader};
use florin_domain::categorizer::model::{CLASSES, Parts};

use crate::arithmetic::{exp, narrow};
use crate::recipe::Recipe;
use crate::source::Document;

/// The version that the next model ships under: count it up when its bytes change after a release.
pub(crate) const VERSION: u32 = 1;

/// Bits in a nat, and the fixed point of the model's scores.
const SCORE_UNITS: f32 = 65_536.0 * std::f32::consts::LOG2_E;

struct Example {
    features: Vec<(usize, f32)>,
    class: usize,
    weight: f32,
}

/// Trains on `documents` and gives the model's parts.
pub(crate) fn train(documents: &[Document], recipe: &Recipe) -> Parts {
    let examples = examples(documents);
    let rows = usize::try_from(BUCKETS).unwrap_or(0);
    let mut weights = vec![[0.0_f32; CLASSES]; rows];
    let mut squares = vec![1e-3_f32; rows];
    let mut bias = [0.0_f32; CLASSES];
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut epoch = 0.0;
    while epoch < recipe.epochs {
        shuffle(&mut order, &mut random);
        for &at in &order {
            let Some(example) = examples.get(at) else { continue };
            let mut scores = bias;
            for &(row, value) in &example.features {
                let Some(row) = weights.get(row) else { continue };
                for (score, weight) in scores.iter_mut().zip(row) {
                    *score += weight * value;
                }
            }
            let mut gradient = softmax(&scores);
            if let Some(own) = gradient.get_mut(example.class) {
                *own -= 1.0;
            }
            for g in &mut gradient {
                *g *= example.weight;
            }
            let length: f32 = gradient.iter().map(|g| g * g).sum();
            for &(row, value) in &example.features {
                let (Some(row), Some(square)) = (weights.get_mut(row), squares.get_mut(row)) else { continue };
                *square += length * value * value;
                let step = recipe.rate * value / square.sqrt();
                for (weight, g) in row.iter_mut().zip(&gradient) {
                    *weight -= step * g + recipe.decay * example.weight * *weight;
                }
            }
            for (bias, g) in bias.iter_mut().zip(&gradient) {
                *bias -= 0.002 * g;
            }
        }
        epoch += 1.0;
    }
    quantize(&weights, &bias, recipe)
}

fn examples(documents: &[Document]) -> Vec<Example> {
    let mut reader = Reader::default();
    let mut all = Vec::new();
    for document in documents {
        let features = reader.read([document.text.as_str()]);
        if features.is_empty() {
            continue;
        }
        let square: f64 = features.iter().map(|f| f64::from(f.count * f.count)).sum();
        let length = narrow(square.sqrt());
        let features = features
            .iter()
            .map(|f| (usize::try_from(f.row).unwrap_or(0), narrow(f64::from(f.count)) / length))
            .collect();
        all.push(Example { features, class: document.class, weight: document.weight });
    }
    all
}

fn softmax(scores: &[f32; CLASSES]) -> [f32; CLASSES] {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let powers = scores.map(|score| exp(score - most));
    let total: f32 = powers.iter().sum();
    powers.map(|power| power / total)
}

fn shuffle(order: &mut [usize], random: &mut u64) {
    for last in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let bound = u64::try_from(last).unwrap_or(0) + 1;
        order.swap(last, usize::try_from(*random % bound).unwrap_or(0));
    }
}

/// Rounds to eight bits. The largest weights, one in two thousand, are cut, so that the others keep their digits.
fn quantize(weights: &[[f32; CLASSES]], bias: &[f32; CLASSES], recipe: &Recipe) -> Parts {
    let mut sizes: Vec<f32> = weights.iter().flatten().map(|weight| weight.abs()).collect();
    sizes.sort_unstable_by(f32::total_cmp);
    let most = sizes.get(sizes.len() - sizes.len() / 2_000).copied().unwrap_or(1.0).max(1e-6);
    let unit = most / 127.0;
    let scale = whole(unit * SCORE_UNITS / recipe.temperature);
    Parts {
        version: VERSION,
        scale: scale.unsigned_abs(),
        bias: bias.map(|bias| whole(bias * SCORE_UNITS / recipe.temperature)),
        weights: weights.iter().flatten().map(|weight| byte(weight / unit)).collect(),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "rounded; a cast from a float stays within the integer's range")]
const fn whole(x: f32) -> i32 {
    x.round_ties_even() as i32
}

#[allow(clippy::cast_possible_truncation, reason = "rounded; a cast from a float stays within the integer's range")]
const fn byte(x: f32) -> i8 {
    x.round_ties_even().clamp(-127.0, 127.0) as i8
}
