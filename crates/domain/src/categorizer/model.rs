//! The trained model: what a note is likely to be, from weights that come with the program.
//!
//! All arithmetic is on integers, so every machine gives the same answer to the last basis point. The weights are made
//! by `make train-categorizer` (`crates/trainer`).

mod exponent;

use std::sync::LazyLock;

use thiserror::Error;

use super::features::{BUCKETS, Feature, MOST_COUNT};
use super::taxonomy::SYSTEM_CATEGORIES;
use exponent::inverse_power_of_two;

/// How many classes a model tells apart: the system categories, of which [`super::UNCATEGORIZED`] stands for notes that
/// say nothing.
pub const CLASSES: usize = SYSTEM_CATEGORIES.len();

/// What every model file begins with.
const MAGIC: [u8; 8] = *b"FLORINCM";
/// The layout of the file and the meaning of a row; a change of the features counts this up.
const FORMAT: u32 = 1;
/// Magic, format, version, rows, classes, scale, reserved; then four bytes of bias a class.
const FIXED_HEADER: usize = 32;
const HEADER: usize = FIXED_HEADER + 4 * CLASSES;

static SHIPPED: LazyLock<Option<Model>> = LazyLock::new(|| Model::read(include_bytes!("model.bin")).ok());

/// The model that comes with the program, read at first use. `None` only where the file is not what this program reads,
/// which a test rules out.
#[must_use]
pub fn shipped() -> Option<&'static Model> {
    SHIPPED.as_ref()
}

/// Why a model file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadModel {
    /// It ends within its header.
    #[error("the file ends within its header")]
    Short,
    /// It is no model of Florin's.
    #[error("the file does not begin as a model does")]
    Magic,
    /// It was made for another program.
    #[error("the file has format {0}, this program reads {FORMAT}")]
    Format(u32),
    /// Its version is 0, which no model has.
    #[error("the file has no version")]
    Version,
    /// It tells other classes apart, or has other rows.
    #[error("the file has {rows} rows of {classes} classes, this program reads {BUCKETS} of {CLASSES}")]
    Shape {
        /// Its rows.
        rows: u32,
        /// Its classes.
        classes: u32,
    },
    /// Its weights are fewer or more than the header says.
    #[error("the file has {0} bytes of weights")]
    Weights(usize),
}

/// A likelihood for every class, in basis points, in the order of [`SYSTEM_CATEGORIES`].
pub type Likelihoods = [u16; CLASSES];

/// Logarithms of likelihoods, to the base two and up to a constant, in units of 2^-16, in the order of
/// [`SYSTEM_CATEGORIES`].
pub type Scores = [i64; CLASSES];

/// A model that was read and found sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    version: u32,
    scale: u32,
    bias: [i32; CLASSES],
    weights: &'static [u8],
}

/// What a model file is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The number by which answers name the model; counted up with every model that ships.
    pub version: u32,
    /// How much one unit of a weight says, over the length of the note: 2^-16 of a bit. It holds the temperature.
    pub scale: u32,
    /// What each class has in advance, in units of 2^-16 bits.
    pub bias: [i32; CLASSES],
    /// The weights, row by row.
    pub weights: Vec<i8>,
}

impl Parts {
    /// The file that [`Model::read`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let classes = u32::try_from(CLASSES).unwrap_or(u32::MAX);
        for field in [FORMAT, self.version, BUCKETS, classes, self.scale, 0] {
            bytes.extend(field.to_le_bytes());
        }
        for bias in self.bias {
            bytes.extend(bias.to_le_bytes());
        }
        bytes.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
        bytes
    }
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// When its header or its length is not that of a model for this program.
    pub fn read(bytes: &'static [u8]) -> Result<Self, BadModel> {
        let (header, weights) = bytes.split_at_checked(HEADER).ok_or(BadModel::Short)?;
        let (magic, fields) = header.split_at_checked(MAGIC.len()).ok_or(BadModel::Short)?;
        if magic != MAGIC {
            return Err(BadModel::Magic);
        }
        let (fields, _) = fields.as_chunks::<4>();
        let [format, version, rows, classes, scale, _reserved, bias_fields @ ..] = fields else {
            return Err(BadModel::Short);
        };
        let [format, version, rows, classes, scale] =
            [format, version, rows, classes, scale].map(|field| u32::from_le_bytes(*field));
        if format != FORMAT {
            return Err(BadModel::Format(format));
        }
        if version == 0 {
            return Err(BadModel::Version);
        }
        if rows != BUCKETS || usize::try_from(classes).ok() != Some(CLASSES) {
            return Err(BadModel::Shape { rows, classes });
        }
        if usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(CLASSES)) != Some(weights.len()) {
            return Err(BadModel::Weights(weights.len()));
        }
        let mut bias = [0; CLASSES];
        for (bias, field) in bias.iter_mut().zip(bias_fields) {
            *bias = i32::from_le_bytes(*field);
        }
        Ok(Self { version, scale, bias, weights })
    }

    /// The number by which answers name it.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// How likely each class is for a text of these features, as logarithms.
    #[must_use]
    pub fn scores(&self, features: &[Feature]) -> Scores {
        let mut sums = [0_i32; CLASSES];
        let mut square = 0_u64;
        for few in features.chunks(FEW) {
            let mut partial = [0_i16; CLASSES];
            let mut squares = 0_u16;
            for feature in few {
                add(&mut partial, self.row(feature.row), feature.count);
                squares = squares.wrapping_add(feature.count.wrapping_mul(feature.count).cast_unsigned());
            }
            for (sum, partial) in sums.iter_mut().zip(partial) {
                *sum = sum.wrapping_add(i32::from(partial));
            }
            square += u64::from(squares);
        }
        // The length of the vector of counts, in units of 1/256.
        let length = i64::try_from((square << 16).isqrt()).unwrap_or(i64::MAX).max(1);
        let mut scores = [0; CLASSES];
        for ((score, sum), bias) in scores.iter_mut().zip(sums).zip(self.bias) {
            *score = i64::from(sum) * i64::from(self.scale) * 256 / length + i64::from(bias);
        }
        scores
    }

    /// How much each feature of `features` speaks for `class`, summed over the words and given to `each` with the number
    /// of the word's place.
    pub(super) fn word_weights(&self, features: &[Feature], class: usize, mut each: impl FnMut(u16, i32)) {
        for feature in features {
            if let Some(weight) = self.row(feature.row).get(class) {
                each(feature.word, i32::from(feature.count) * i32::from(weight.cast_signed()));
            }
        }
    }

    fn row(&self, row: u32) -> &[u8; CLASSES] {
        const NOTHING: [u8; CLASSES] = [0; CLASSES];
        let start = usize::try_from(row).unwrap_or(0) * CLASSES;
        self.weights.get(start..).and_then(<[u8]>::first_chunk).unwrap_or(&NOTHING)
    }
}

/// So many features add up within sixteen bits, for a count is at most [`MOST_COUNT`] and a weight has eight bits: nothing
/// wraps, and processors add eight of them at a time.
const FEW: usize = 63;
const _: () = assert!(FEW * (MOST_COUNT as usize) * 128 <= i16::MAX as usize);

/// Adds a row of weights, `count` times. The first sixteen apart from the rest: as many as go into registers side by side.
fn add(sums: &mut [i16; CLASSES], row: &[u8; CLASSES], count: i16) {
    let (sums, more_sums) = sums.split_at_mut(16);
    let (row, more) = row.split_at(16);
    for (sum, weight) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(i16::from(weight.cast_signed()).wrapping_mul(count));
    }
    for (sum, weight) in more_sums.iter_mut().zip(more) {
        *sum = sum.wrapping_add(i16::from(weight.cast_signed()).wrapping_mul(count));
    }
}

/// The likelihoods that `scores` mean: their exponentials, scaled so that they add up to 10000, but for rounding.
#[must_use]
pub fn likelihoods(scores: &Scores) -> Likelihoods {
    let most = scores.iter().copied().max().unwrap_or_default();
    let powers = scores.map(|score| inverse_power_of_two(most.saturating_sub(score).unsigned_abs()));
    let total: u64 = powers.iter().sum();
    powers.map(|power| u16::try_from((power * 10_000 + total / 2) / total.max(1)).unwrap_or(10_000))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn file() -> Vec<u8> {
        let rows = usize::try_from(BUCKETS).unwrap_or(0);
        Parts { version: 7, scale: 65_536, bias: [0; CLASSES], weights: vec![0; rows * CLASSES] }.to_bytes()
    }

    fn read(bytes: Vec<u8>) -> Result<Model, BadModel> {
        Model::read(bytes.leak())
    }

    #[test]
    fn the_shipped_model_is_read_and_small() {
        assert!(shipped().is_some_and(|model| model.version() > 0));
        assert!(include_bytes!("model.bin").len() < 1_000_000);
    }

    #[test]
    fn a_file_is_read_back() {
        assert_eq!(read(file()).map(|model| model.version()), Ok(7));
    }

    #[rstest]
    #[case(0, b"f", BadModel::Magic)]
    #[case(8, &[2], BadModel::Format(2))]
    #[case(12, &[0], BadModel::Version)]
    #[case(16, &[1, 0, 0, 0], BadModel::Shape { rows: 1, classes: 19 })]
    #[case(20, &[18], BadModel::Shape { rows: BUCKETS, classes: 18 })]
    fn a_bad_header_is_refused(#[case] at: usize, #[case] with: &[u8], #[case] error: BadModel) {
        let mut bytes = file();
        bytes.splice(at..at + with.len(), with.iter().copied());
        assert_eq!(read(bytes), Err(error));
    }

    #[test]
    fn a_wrong_length_is_refused() {
        let mut bytes = file();
        bytes.push(0);
        let weights = bytes.len() - HEADER;
        assert_eq!(read(bytes), Err(BadModel::Weights(weights)));
        for length in [0, 7, HEADER - 1] {
            assert_eq!(read(file().into_iter().take(length).collect()), Err(BadModel::Short));
        }
        assert_eq!(read(file().into_iter().take(HEADER).collect()), Err(BadModel::Weights(0)));
    }

    #[test]
    fn likelihoods_add_up() {
        let mut scores = [0_i64; CLASSES];
        assert!(likelihoods(&scores).iter().all(|bp| *bp == 526));
        scores[3] = 1 << 40;
        assert_eq!(likelihoods(&scores)[3], 10_000);
        scores[3] = i64::MIN;
        assert_eq!(likelihoods(&scores)[3], 0);
    }
}
