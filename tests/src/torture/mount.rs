//! Small disks, to be filled.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory of a given size. It is unmounted with this value.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// An empty one.
    ///
    /// # Panics
    /// When it cannot be mounted: that takes an administrator.
    #[must_use]
    pub fn of_megabytes(size: usize) -> Self {
        let folder = tempfile::Builder::new().prefix("florin-disk-").tempdir().expect("a temporary folder");
        // Others than the administrator have to get through it.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).expect("the folder's permissions");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={size}m,mode=711"), "florin-disk"]).arg(folder.path());
        let output = command.output().expect("mount runs");
        assert!(
            output.status.success(),
            "a small disk has to be mounted; run this as root, or in a container that may mount: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self { folder }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder on it.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.path().join(name);
        fs::create_dir(&folder).expect("a folder on the small disk");
        folder
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Takes all room that there is, or was freed since.
    ///
    /// # Panics
    /// When writing fails for another reason than a full disk.
    pub fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.filler()).expect("a file that fills");
        for piece in [1 << 20, 1 << 12] {
            let zeros = vec![0; piece];
            loop {
                match filler.write(&zeros) {
                    Ok(written) if written > 0 => {}
                    Ok(_) => break,
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("filling the disk: {error}"),
                }
            }
        }
    }

    /// Gives the room back.
    ///
    /// # Panics
    /// When it was not taken.
    pub fn free(&self) {
        fs::remove_file(self.filler()).expect("the file that fills");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also when something on it is still open.
        Command::new("umount").arg("--lazy").arg(self.folder.path()).status().ok();
    }
}
