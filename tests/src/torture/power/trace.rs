//! Reading what `strace -f -yy -xx` wrote.

use std::collections::HashMap;
use std::path::Path;

/// One step, in the order in which the system saw them. Files are named within the folder, which itself has no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file was opened, and made if it was not there.
    Made(String),
    /// Bytes were written. From the moment that it was asked for, any part of it may be on the disk.
    Wrote {
        /// The file.
        file: String,
        /// From the beginning of the file, in bytes.
        at: usize,
        /// What was written.
        bytes: Vec<u8>,
    },
    /// A file was given a length, in bytes.
    Cut(String, usize),
    /// A file is no longer in the folder.
    Removed(String),
    /// A thread began to sync a file, or the folder.
    SyncBegan(u32, String),
    /// A thread was told that what it syncs is synced.
    SyncEnded(u32),
    /// A 2xx was about to be sent, with this request id.
    Acknowledged(String),
}

/// All steps.
#[derive(Debug)]
pub struct Trace {
    /// In their order.
    pub events: Vec<Event>,
}

/// A call as it is printed: at once, or in two lines, between which others did something.
struct Call<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl Trace {
    /// Reads a recording, or nothing when it does not hold the ends of so many starts yet.
    ///
    /// # Panics
    /// When a file of the folder was changed in a way that is not followed here.
    #[must_use]
    pub fn read(text: &[u8], folder: &Path, starts: usize) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if ends(text) < starts {
            return None;
        }
        let folder = folder.to_str().expect("a path of text");
        let (mut events, mut open) = (Vec::new(), HashMap::new());
        for line in text.lines() {
            let (thread, rest) = parts(line);
            if let Some(rest) = rest.strip_prefix("<... ") {
                // Those that wait for ever are ended with the process, and then have no end.
                let began: &str = open.remove(&thread).unwrap_or_else(|| panic!("no beginning: {}", shown(line)));
                end(&mut events, folder, thread, &call(began), rest);
            } else if let Some(began) = rest.strip_suffix(" <unfinished ...>") {
                begin(&mut events, folder, thread, &call(began));
                open.insert(thread, began);
            } else if !rest.starts_with("---") && !rest.starts_with("+++") {
                let call = call(rest);
                begin(&mut events, folder, thread, &call);
                end(&mut events, folder, thread, &call, call.arguments);
            }
        }
        Some(Self { events })
    }
}

/// How many processes began and ended: each one's first thread is the one that is told of first, and last.
fn ends(text: &str) -> usize {
    let (mut first, mut ends) = (None, 0);
    for (thread, rest) in text.lines().map(parts) {
        let first_thread = *first.get_or_insert(thread);
        if rest.starts_with("+++ ") && rest.ends_with("+++") && first_thread == thread {
            (first, ends) = (None, ends + 1);
        }
    }
    ends
}

/// The thread that a line is about, and the line's rest.
fn parts(line: &str) -> (u32, &str) {
    let (thread, rest) = line.split_once(' ').unwrap_or((line, ""));
    (thread.parse().unwrap_or(0), rest.trim_start())
}

fn call(text: &str) -> Call<'_> {
    let (name, arguments) = text.split_once('(').unwrap_or_else(|| panic!("no call: {}", shown(text)));
    Call { name, arguments }
}

/// What counts from the moment that it is asked for.
fn begin(events: &mut Vec<Event>, folder: &str, thread: u32, call: &Call<'_>) {
    let Call { name, arguments } = *call;
    if is_sent(name) && arguments.split(',').next().is_some_and(|target| target.contains("<TCP")) {
        events.extend(acknowledged(&strings(arguments)).map(Event::Acknowledged));
        return;
    }
    match name {
        "pwrite64" => {
            if let Some(file) = of_descriptor(folder, arguments) {
                let parts: Vec<&str> = arguments.split(", ").collect();
                let at = number(parts[3]);
                let bytes = bytes(parts[1]);
                assert_eq!(bytes.len(), number(parts[2]), "the recording holds all that is written");
                events.push(Event::Wrote { file, at, bytes });
            }
        }
        "fsync" | "fdatasync" => {
            if let Some(file) = of_descriptor(folder, arguments) {
                events.push(Event::SyncBegan(thread, file));
            }
        }
        _ => {}
    }
}

/// What counts once it succeeded. `result` is what stands from the arguments' end on, or from before it.
fn end(events: &mut Vec<Event>, folder: &str, thread: u32, call: &Call<'_>, result: &str) {
    let Call { name, arguments } = *call;
    let result = result.rsplit_once(" = ").map_or("", |(_, result)| result);
    let is_done = !result.starts_with('-') && !result.starts_with('?');
    let unknown = || panic!("a call that is not followed: {name}({}", shown(arguments));
    match name {
        "open" | "openat" | "openat2" | "creat" => {
            let file = strings(arguments);
            let file = String::from_utf8(file).ok().and_then(|path| within(folder, &path));
            if let Some(file) = file.filter(|_| is_done)
                && (arguments.contains("O_CREAT") || name == "creat")
            {
                assert!(!arguments.contains("O_TRUNC") && name != "creat", "{}", shown(arguments));
                events.push(Event::Made(file));
            }
        }
        "pwrite64" => {
            if of_descriptor(folder, arguments).is_some() {
                let length = arguments.split(", ").nth(2).expect("a length");
                assert_eq!(number(length), number(result), "all of it was written: {}", shown(arguments));
            }
        }
        "ftruncate" => {
            if let Some(file) = of_descriptor(folder, arguments).filter(|_| is_done) {
                events.push(Event::Cut(file, number(arguments.split(", ").nth(1).expect("a length"))));
            }
        }
        "fsync" | "fdatasync" => {
            if of_descriptor(folder, arguments).is_some() {
                assert!(is_done, "a sync failed");
                events.push(Event::SyncEnded(thread));
            }
        }
        "unlink" | "unlinkat" => {
            let path = String::from_utf8(strings(arguments)).ok();
            if let Some(file) = path.and_then(|path| within(folder, &path)).filter(|_| is_done) {
                events.push(Event::Removed(file));
            }
        }
        "mmap" => {
            let is_written = arguments.contains("PROT_WRITE") && arguments.contains("MAP_SHARED");
            if is_written && arguments.split(", ").nth(4).is_some_and(|file| of_descriptor(folder, file).is_some()) {
                unknown();
            }
        }
        // Anything else that touches a file of the folder.
        _ => {
            let named = || String::from_utf8(strings(arguments)).ok().and_then(|path| within(folder, &path)).is_some();
            if of_descriptor(folder, arguments).is_some() || !is_sent(name) && named() {
                unknown();
            }
        }
    }
}

fn is_sent(name: &str) -> bool {
    matches!(name, "sendto" | "sendmsg" | "sendmmsg" | "write" | "writev" | "sendfile")
}

/// The file that the first argument, a descriptor, stands for: `3<\x2f...>`.
fn of_descriptor(folder: &str, arguments: &str) -> Option<String> {
    let (_, path) = arguments.split([',', ')']).next()?.split_once('<')?;
    // Sockets and the like are not printed as paths.
    let path = path.strip_suffix('>').filter(|path| path.starts_with("\\x2f"))?;
    within(folder, std::str::from_utf8(&bytes(path)).ok()?)
}

/// A file's name in the folder. The shared memory of readers and writers is rebuilt, and never read after a power cut.
fn within(folder: &str, path: &str) -> Option<String> {
    let name = path.strip_prefix(folder)?.trim_start_matches('/');
    (!name.ends_with("-shm")).then(|| name.to_owned())
}

/// The bytes of `\x01\x02` in quotes or not.
fn bytes(text: &str) -> Vec<u8> {
    let digit = |byte: u8| (char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    let text = text.trim_matches('"').as_bytes();
    // `\xab` each; anything else is no text of a call that is followed.
    text.chunks_exact(4).map(|byte| digit(byte[2]) * 16 + digit(byte[3])).collect()
}

/// The bytes of all strings among the arguments, one after the other.
fn strings(arguments: &str) -> Vec<u8> {
    arguments.split('"').skip(1).step_by(2).flat_map(bytes).collect()
}

/// The request id of an answer that is a 2xx.
fn acknowledged(sent: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(sent);
    let (head, _) = text.split_once("\r\n\r\n")?;
    head.strip_prefix("HTTP/1.1 2")?;
    let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: "))?;
    Some(id.to_owned())
}

#[track_caller]
fn number(text: &str) -> usize {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number: {}", shown(text)))
}

fn shown(text: &str) -> String {
    text.chars().take(300).collect()
}
