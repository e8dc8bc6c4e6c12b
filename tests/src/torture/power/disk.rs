//! What a disk may hold after a power cut, given what was asked of it and what was synced.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::Event;
use crate::random::Random;

/// What a disk writes at once or not at all, in bytes.
const SECTOR: usize = 512;

/// What becomes of that which was written and not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing of it is left.
    Nothing,
    /// All of it is there.
    Everything,
    /// Each write is there or not, and they came in any order.
    Some,
    /// Each sector of each write is there or not; of sectors that are not, a file's length may still tell.
    Torn,
}

impl Left {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Everything, Self::Some, Self::Torn];
}

/// Files by name.
pub type Image = BTreeMap<String, Vec<u8>>;

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

/// A change that no sync covered yet, with its number among all changes.
type Pending<T> = Vec<(usize, T)>;

#[derive(Debug, Default)]
struct File {
    synced: Vec<u8>,
    pending: Pending<Change>,
}

/// What a name stands for: a file by its number, or nothing.
#[derive(Debug, Default)]
struct Name {
    synced: Option<usize>,
    pending: Pending<Option<usize>>,
}

impl Name {
    fn current(&self) -> Option<usize> {
        self.pending.last().map_or(self.synced, |(_, file)| *file)
    }
}

/// A folder on a disk.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, Name>,
    changes: usize,
    /// By thread: what it syncs (a file, or the folder), and how many changes there were when it began.
    syncing: HashMap<u32, (Option<usize>, usize)>,
    /// A file whose syncs do nothing.
    lies_about: Option<String>,
}

impl Disk {
    /// From now on, syncs of that file are said to be done and are not.
    pub fn lie_about(&mut self, file: &str) {
        self.lies_about = Some(file.to_owned());
    }

    /// Takes the next step.
    ///
    /// # Panics
    /// When the steps are not those of one folder from its beginning.
    pub fn take(&mut self, event: &Event) {
        self.changes += 1;
        let number = self.changes;
        match event {
            Event::Made(name) => {
                let count = self.files.len();
                let name = self.names.entry(name.clone()).or_default();
                if name.current().is_none() {
                    name.pending.push((number, Some(count)));
                    self.files.push(File::default());
                }
            }
            Event::Wrote { file, at, bytes } => {
                let change = Change::Write { at: *at, bytes: bytes.clone() };
                self.file(file).pending.push((number, change));
            }
            Event::Cut(file, length) => self.file(file).pending.push((number, Change::Cut(*length))),
            Event::Removed(name) => {
                let name = self.names.get_mut(name).expect("a name that was there");
                name.pending.push((number, None));
            }
            Event::SyncBegan(thread, name) => {
                if self.lies_about.as_ref() != Some(name) {
                    let file = (!name.is_empty()).then(|| self.current(name));
                    self.syncing.insert(*thread, (file, number));
                }
            }
            Event::SyncEnded(thread) => match self.syncing.remove(thread) {
                Some((Some(file), before)) => self.files[file].sync(before),
                Some((None, before)) => self.names.values_mut().for_each(|name| name.sync(before)),
                None => assert!(self.lies_about.is_some(), "a sync that did not begin"),
            },
            Event::Acknowledged(_) => {}
        }
    }

    fn current(&self, name: &str) -> usize {
        let current = self.names.get(name).and_then(Name::current);
        current.unwrap_or_else(|| panic!("{name} is not there"))
    }

    fn file(&mut self, name: &str) -> &mut File {
        let file = self.current(name);
        &mut self.files[file]
    }

    /// What may be found if the power goes now.
    pub fn left(&self, left: Left, random: &mut Random) -> Image {
        let mut image = Image::new();
        for (name, entry) in &self.names {
            let file = match left {
                Left::Nothing => entry.synced,
                Left::Everything => entry.current(),
                // Names change one after the other, up to anywhere.
                Left::Some | Left::Torn => {
                    let count = usize::try_from(random.below(entry.pending.len() as u64 + 1)).unwrap_or(0);
                    entry.pending[..count].last().map_or(entry.synced, |(_, file)| *file)
                }
            };
            if let Some(file) = file {
                image.insert(name.clone(), self.files[file].left(left, random));
            }
        }
        image
    }
}

impl Name {
    fn sync(&mut self, before: usize) {
        let count = self.pending.partition_point(|(number, _)| *number < before);
        if let Some((_, file)) = self.pending.drain(..count).next_back() {
            self.synced = file;
        }
    }
}

impl File {
    fn sync(&mut self, before: usize) {
        let count = self.pending.partition_point(|(number, _)| *number < before);
        for (_, change) in self.pending.drain(..count) {
            change.apply(&mut self.synced);
        }
    }

    fn left(&self, left: Left, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let mut changes: Vec<&Change> = self.pending.iter().map(|(_, change)| change).collect();
        match left {
            Left::Nothing => {}
            Left::Everything => changes.iter().for_each(|change| change.apply(&mut bytes)),
            Left::Some => {
                for n in (1..changes.len()).rev() {
                    changes.swap(n, usize::try_from(random.below(n as u64 + 1)).unwrap_or(n));
                }
                changes.into_iter().filter(|_| random.below(2) == 0).for_each(|change| change.apply(&mut bytes));
            }
            Left::Torn => changes.into_iter().for_each(|change| change.tear(&mut bytes, random)),
        }
        bytes
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => put(file, *at, bytes),
            Self::Cut(length) => file.resize(*length, 0),
        }
    }

    fn tear(&self, file: &mut Vec<u8>, random: &mut Random) {
        match self {
            Self::Write { at, bytes } => {
                let mut from = 0;
                while from < bytes.len() {
                    // Sectors are the disk's, not the write's.
                    let to = Ord::min(bytes.len(), from + SECTOR - (at + from) % SECTOR);
                    match random.below(4) {
                        0 | 1 => put(file, at + from, &bytes[from..to]),
                        2 => file.resize(Ord::max(file.len(), at + to), 0),
                        _ => {}
                    }
                    from = to;
                }
            }
            Self::Cut(_) if random.below(2) == 0 => self.apply(file),
            Self::Cut(_) => {}
        }
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    file.resize(Ord::max(file.len(), end), 0);
    file[at..end].copy_from_slice(bytes);
}

/// Puts the files of an image into a folder.
///
/// # Panics
/// When they cannot be written.
pub fn put_into(folder: &Path, image: &Image) {
    for (name, bytes) in image {
        std::fs::write(folder.join(name), bytes).expect("a file is written");
    }
}
