//! Text that has to stay as it is: files in `tests/snapshots`. `UPDATE_SNAPSHOTS=1` writes them anew.

use std::fs;
use std::path::Path;

/// Compares text with the file of that name.
///
/// # Panics
/// At the first line that differs. What was found is left where programs are built, under the same name.
pub fn assert(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name);
    if std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|value| value == "1") {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of the snapshots");
        return fs::write(&path, found).expect("the snapshot is written");
    }
    let program = std::env::current_exe().expect("the path of this program");
    let new = program.ancestors().nth(2).expect("the folder of the profile").join(name);
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    if wanted == found {
        fs::remove_file(&new).ok();
        return;
    }
    fs::write(&new, found).ok();
    let (mut wanted, mut found) = (wanted.lines(), found.lines());
    for line in 1.. {
        let (wanted, found) = (wanted.next(), found.next());
        assert!(
            wanted == found && wanted.is_some(),
            "{name} differs in line {line}\nwanted: {}\nfound:  {}\nUPDATE_SNAPSHOTS=1 accepts what is found",
            wanted.unwrap_or("the end"),
            found.unwrap_or("the end"),
        );
    }
}
