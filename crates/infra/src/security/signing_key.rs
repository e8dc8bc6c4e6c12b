//! The secret of an installation.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::mac::hmac_sha256;
use super::secrets::hex_of_random;
use crate::settings::Settings;

/// The name of the file that holds a generated secret.
const FILE: &str = "signing.key";
/// A generated secret: 256 random bits in hexadecimal.
const GENERATED_LENGTH: usize = 64;

/// The one secret that tokens, one-time codes and kept answers are keyed with, each through a key of its own. Another one
/// ends them all.
#[derive(Debug, Clone)]
pub struct SigningKey(SecretString);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file or its folder cannot be read or written.
    #[error("{}: the signing key cannot be read or made", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not one that was written here.
    #[error("{}: is not a signing key; remove it to have a new one made, which ends all log-ins", .0.display())]
    Damaged(PathBuf),
}

impl SigningKey {
    /// The secret of the settings (`auth.secret`), or else the generated one of this installation: 256 random bits in a
    /// file that only its owner can read, made when there is none. Any number of processes that start together end up
    /// with the same.
    ///
    /// # Errors
    /// [`SigningKeyError`].
    pub fn of(settings: &Settings) -> Result<Self, SigningKeyError> {
        if settings.auth.secret.expose_secret().is_empty() {
            Self::from_file(&settings.data_folder().join(FILE))
        } else {
            Ok(Self(settings.auth.secret.clone()))
        }
    }

    /// From a secret that is held elsewhere.
    #[must_use]
    pub const fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// Reads a generated secret, after making it if need be.
    fn from_file(path: &Path) -> Result<Self, SigningKeyError> {
        let failed = |source| SigningKeyError::File { path: path.to_path_buf(), source };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(failed)?;
                fs::read_to_string(path).map_err(failed)?
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(SigningKeyError::Damaged(path.to_path_buf()));
            }
            Err(error) => return Err(failed(error)),
        };
        let text = Zeroizing::new(text);
        let secret = text.trim_end();
        if secret.len() != GENERATED_LENGTH || !secret.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(SigningKeyError::Damaged(path.to_path_buf()));
        }
        warn_when_others_can_read(path);
        Ok(Self(SecretString::from(secret)))
    }

    /// The key of one use. Keys of different uses tell nothing about each other or about the secret.
    pub(super) fn derive(&self, purpose: &str) -> SecretSlice<u8> {
        hmac_sha256(self.0.expose_secret().as_bytes(), purpose.as_bytes()).to_vec().into()
    }
}

/// Makes the file unless another process does it first. It appears under its name whole and on disk, or not at all: it is
/// written under a name of its own, then linked, which fails when the name is taken.
fn make(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".{FILE}.{}", hex_of_random::<8>()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        let secret = Zeroizing::new(hex_of_random::<32>());
        file.write_all(secret.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    // What is left of a draft is of no use to anybody.
    let _ = fs::remove_file(&draft);
    linked?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(unix)]
fn warn_when_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "other users of this machine may read the signing key; chmod 600 it");
    }
}

#[cfg(not(unix))]
const fn warn_when_others_can_read(_: &Path) {}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::thread;

    use super::*;

    #[test]
    fn those_who_start_together_end_with_one_key() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("deep/data/signing.key");
            let start = Arc::new(Barrier::new(8));
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let (path, start) = (path.clone(), Arc::clone(&start));
                    thread::spawn(move || {
                        start.wait();
                        SigningKey::from_file(&path).unwrap().0.expose_secret().to_owned()
                    })
                })
                .collect();
            let mut keys: Vec<String> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            keys.dedup();
            assert_eq!(keys.len(), 1);
            assert_eq!(SigningKey::from_file(&path).unwrap().0.expose_secret(), keys[0]);
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        SigningKey::from_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        for damaged in [&b""[..], b"abc\n", &[b'z'; 64], &[0xff; 64]] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(SigningKey::from_file(&path), Err(SigningKeyError::Damaged(_))));
        }
    }

    #[test]
    fn uses_have_keys_of_their_own() {
        let key = SigningKey::new(SecretString::from("0123456789abcdef0123456789abcdef"));
        assert_ne!(key.derive("jwt").expose_secret(), key.derive("otp").expose_secret());
        assert!(!format!("{key:?}").contains("0123"));
    }
}
