//! What libFuzzer found so far (`tests/fuzz/corpus`), and changes of it made at random, against the properties that must
//! hold of any bytes. `make fuzz` looks for more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use acceptance::fuzzed::{Property, TARGETS};
use acceptance::random::Random;
use acceptance::size;

/// What chance puts into a text: where readers have their borders.
const PIECES: [&[u8]; 26] = [
    b"0",
    b"9",
    b"-",
    b"+",
    b".",
    b"e",
    b"E",
    b" ",
    b"\t",
    b"\n",
    b"\0",
    b"00",
    b"999999999999",
    b"-12-31",
    b"1970-01",
    b"+262142",
    b"NaN",
    b"\"",
    b"T",
    b"Z",
    b"\xff",
    b"\xcc\x81",
    b"\xe2\x80\x8d",
    b"\xc4\xb0",
    b"uber eats",
    b"rent",
];

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

fn hold(target: &str, property: Property, bytes: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(bytes))) {
        writeln!(std::io::stderr(), "{target} does not hold of b\"{}\"", bytes.escape_ascii()).ok();
        resume_unwind(panic);
    }
}

/// One to four small changes.
fn changed(random: &mut Random, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..=random.below(4) {
        let at = below(random, bytes.len() + 1);
        let end = at + below(random, bytes.len() - at + 1);
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.drain(at..end.min(at + 4))),
            2 => drop(bytes.splice(at..at, random.pick(&PIECES).iter().copied())),
            3 => {
                let from = below(random, other.len() + 1);
                drop(bytes.splice(at..end, other[from..].iter().copied()));
            }
            _ => drop(bytes.splice(at..end, random.pick(&PIECES).iter().copied())),
        }
    }
    bytes.truncate(512);
    bytes
}

fn below(random: &mut Random, end: usize) -> usize {
    usize::try_from(random.below(u64::try_from(end).unwrap())).unwrap()
}

#[test]
fn what_was_found_holds() {
    for (target, property) in TARGETS {
        let corpus = corpus(target);
        assert!(corpus.len() > 10, "the corpus of {target} is gone");
        corpus.iter().for_each(|bytes| hold(target, property, bytes));
    }
}

#[test]
fn what_is_near_it_holds() {
    for (target, property) in TARGETS {
        let corpus = corpus(target);
        let mut random = Random::new(1);
        for _ in 0..size(3_000, 1_000_000) {
            let (one, other) = (random.pick(&corpus).clone(), random.pick(&corpus).clone());
            let bytes = changed(&mut random, one, &other);
            hold(target, property, &bytes);
        }
    }
}
