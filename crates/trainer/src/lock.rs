//! What the shipped model was made from and what came out, by hash: a test compares, so that no input changes without a
//! training, and no model without its inputs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The inputs, and the model, from this package's folder.
const FILES: [&str; 13] = [
    "data/brands.csv",
    "data/examples.csv",
    "data/handwritten_b.csv",
    "data/mcc.csv",
    "data/wordings.txt",
    "data/wordnet.csv",
    "src/arithmetic.rs",
    "src/recipe.rs",
    "src/source.rs",
    "src/train.rs",
    "../domain/src/categorizer/features.rs",
    "../domain/src/categorizer/keywords.txt",
    "../domain/src/categorizer/model.bin",
];

/// The folder of this package.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the shipped model lies.
pub(crate) fn model_path() -> PathBuf {
    folder().join("../domain/src/categorizer/model.bin")
}

/// Where the hashes lie.
pub(crate) fn path() -> PathBuf {
    folder().join("model.lock")
}

/// The hashes as they are now, in the form of `sha256sum`.
pub(crate) fn current() -> Result<String> {
    let mut text = String::new();
    for file in FILES {
        let bytes = std::fs::read(folder().join(file)).with_context(|| file.to_owned())?;
        for byte in Sha256::digest(&bytes) {
            text += &format!("{byte:02x}");
        }
        text += &format!("  {file}\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_is_the_one_trained_on_these_inputs() -> Result<()> {
        let kept = std::fs::read_to_string(path())?;
        assert_eq!(kept, current()?, "run `make train-categorizer`");
        Ok(())
    }
}
