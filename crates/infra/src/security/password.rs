//! Password hashes.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use async_trait::async_trait;
use florin_app::port::{PasswordHasher, PortError};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::secrets::random;

/// The longest password that is hashed, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory, in KiB.
    pub m_kib: u32,
    /// Passes over it.
    pub t: u32,
    /// Lanes.
    pub p: u32,
}

/// Hashes passwords with argon2id into PHC strings, on threads for blocking work, a few at a time.
///
/// Whatever is asked, a place in the queue is taken first and kept until the work is done, also when the one who asked
/// has gone: so neither memory nor processors are taken by more hashes than were allowed.
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    nobody: Arc<str>,
    places: Arc<Semaphore>,
    slots: Arc<Semaphore>,
}

impl Argon2Hasher {
    /// A hasher of new passwords at `cost`; old ones are verified at the cost they were hashed at. At most `parallel` are
    /// at work, at most `queue` more wait. Takes as long as one hash.
    ///
    /// # Errors
    /// [`PortError::Failed`] for a cost that argon2 does not have.
    pub fn new(cost: Argon2Cost, parallel: u32, queue: u32) -> Result<Self, PortError> {
        let params = Params::new(cost.m_kib, cost.t, cost.p, None).map_err(|error| PortError::Failed(error.into()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, &random::<32>())?.into();
        let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS / 2);
        Ok(Self {
            argon2,
            nobody,
            places: Arc::new(Semaphore::new(size(parallel) + size(queue))),
            slots: Arc::new(Semaphore::new(size(parallel))),
        })
    }

    /// Does `work` on a password when it is its turn.
    async fn run<T: Send + 'static>(
        &self,
        password: &str,
        work: impl FnOnce(&Argon2<'_>, &[u8]) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| PortError::Busy)?;
        let password = SecretString::from(password);
        let argon2 = self.argon2.clone();
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|error| PortError::Failed(error.into()))?;
        let done = spawn_blocking(move || {
            let _held = (place, slot);
            work(&argon2, password.expose_secret().as_bytes())
        });
        done.await.map_err(|error| PortError::Failed(error.into()))?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &str) -> Result<String, PortError> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Err(PortError::Failed("the password is too long to be hashed".into()));
        }
        self.run(password, hash).await
    }

    async fn verify<'a>(&self, password: &'a str, encoded: Option<&'a str>) -> Result<bool, PortError> {
        // A password that is too long is nobody's, and never hashed.
        let (password, encoded) = if password.len() > MAX_PASSWORD_BYTES { ("", None) } else { (password, encoded) };
        // An empty hash is that of an account without a usable password.
        let encoded = encoded.filter(|encoded| !encoded.is_empty());
        let of_somebody = encoded.is_some();
        let encoded = encoded.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        let matches = self.run(password, move |argon2, password| verify(argon2, password, &encoded)).await?;
        Ok(matches && of_somebody)
    }

    fn has_room(&self) -> bool {
        self.places.available_permits() > 0
    }

    fn is_outdated(&self, encoded: &str) -> bool {
        PasswordHash::new(encoded).is_ok_and(|hash| missing_blocks(self.argon2.params(), &hash) > 0)
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, PortError> {
    match argon2.hash_password_with_salt(password, &random::<16>()) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => Err(PortError::Failed(error.into())),
    }
}

fn verify(argon2: &Argon2<'_>, password: &[u8], encoded: &str) -> Result<bool, PortError> {
    let hash = PasswordHash::new(encoded).map_err(|error| PortError::Failed(error.into()))?;
    let matches = match argon2.verify_password(password, &hash) {
        Ok(()) => true,
        Err(argon2::password_hash::Error::PasswordInvalid) => false,
        Err(error) => return Err(PortError::Failed(error.into())),
    };
    make_up(argon2.params(), &hash)?;
    Ok(matches)
}

/// By how many blocks of a KiB, all passes taken together, a hash was cheaper than one at `params`. That is what time goes by.
fn missing_blocks(params: &Params, hash: &PasswordHash) -> u64 {
    let blocks = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
    let old = Params::try_from(hash).map_or(0, |old| blocks(&old));
    blocks(params).saturating_sub(old)
}

/// Does the work by which a hash was cheaper than one at `params`, in no more memory than that, for nothing: so that the
/// time does not tell whose hash was made before the cost was raised.
fn make_up(params: &Params, hash: &PasswordHash) -> Result<(), PortError> {
    let missing = missing_blocks(params, hash);
    let passes = missing.div_ceil(u64::from(params.m_cost()));
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let (m, t, p) = (number(missing.checked_div(passes).unwrap_or(0)), number(passes), params.p_cost());
    // A difference of less than the least amount of memory is none that could be told.
    let Ok(filler) = Params::new(m, t, p, None) else { return Ok(()) };
    let mut output = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, filler)
        .hash_password_into(&[0; 16], &[0; 16], &mut output)
        .map_err(|error| PortError::Failed(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Argon2Cost = Argon2Cost { m_kib: 1024, t: 1, p: 1 };

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = Argon2Hasher::new(CHEAP, 2, 8).unwrap();
        let encoded = hasher.hash("correct horse").await.unwrap();
        assert!(encoded.starts_with("$argon2id$v=19$m=1024,t=1,p=1$"), "{encoded}");
        assert_ne!(encoded, hasher.hash("correct horse").await.unwrap(), "salts differ");
        assert!(hasher.verify("correct horse", Some(&encoded)).await.unwrap());
        assert!(!hasher.verify("correct horsf", Some(&encoded)).await.unwrap());
        assert!(!hasher.verify("correct horse", None).await.unwrap());
        assert!(hasher.verify("x", Some("not a hash")).await.is_err());
        let dearer = Argon2Hasher::new(Argon2Cost { m_kib: 2048, t: 2, p: 1 }, 2, 8).unwrap();
        assert!(dearer.verify("correct horse", Some(&encoded)).await.unwrap(), "old hashes stay good");
    }

    #[tokio::test]
    async fn long_passwords_are_taken_up_to_the_limit_whole() {
        let hasher = Argon2Hasher::new(CHEAP, 2, 8).unwrap();
        let longest = "é".repeat(MAX_PASSWORD_BYTES / 2);
        let encoded = hasher.hash(&longest).await.unwrap();
        assert!(hasher.verify(&longest, Some(&encoded)).await.unwrap());
        assert!(!hasher.verify(&longest[..MAX_PASSWORD_BYTES - 2], Some(&encoded)).await.unwrap());
        let longer = format!("{longest}x");
        assert!(hasher.hash(&longer).await.is_err());
        assert!(!hasher.verify(&longer, Some(&encoded)).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn beyond_the_queue_it_is_busy_and_a_leaver_keeps_its_place() {
        let hasher = Arc::new(Argon2Hasher::new(Argon2Cost { m_kib: 65_536, t: 4, p: 1 }, 1, 2).unwrap());
        let ask = |hasher: &Arc<Argon2Hasher>| {
            let hasher = Arc::clone(hasher);
            tokio::spawn(async move { hasher.verify("x", None).await })
        };
        let at_work = hasher.slots.acquire().await.unwrap();
        let mut asked: Vec<_> = (0..10).map(|_| ask(&hasher)).collect();
        while asked.iter().filter(|answer| answer.is_finished()).count() < 7 {
            tokio::task::yield_now().await;
        }
        let waiting: Vec<_> = asked.extract_if(.., |answer| !answer.is_finished()).collect();
        assert_eq!(waiting.len(), 3, "as many as may be at work or wait");
        for answer in asked {
            assert!(matches!(answer.await.unwrap(), Err(PortError::Busy)));
        }
        drop(at_work);
        for answer in waiting {
            assert!(!answer.await.unwrap().unwrap());
        }

        let leaver = ask(&hasher);
        while hasher.slots.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        leaver.abort();
        let _ = leaver.await;
        assert_eq!(hasher.slots.available_permits(), 0, "its hash is still at work");
        while hasher.slots.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.places.available_permits(), 3);
    }

    #[tokio::test]
    async fn a_cheaper_hash_is_made_up_for_and_known_to_be_outdated() {
        let cheap = Argon2Hasher::new(CHEAP, 1, 8).unwrap();
        let dear = Argon2Hasher::new(Argon2Cost { m_kib: 32_768, t: 2, p: 1 }, 1, 8).unwrap();
        let (old, new) = (cheap.hash("correct horse").await.unwrap(), dear.hash("correct horse").await.unwrap());
        assert!(dear.is_outdated(&old) && !dear.is_outdated(&new) && !cheap.is_outdated(&new));
        assert!(!dear.is_outdated("") && !dear.is_outdated("not a hash"));
        let missing = |encoded: &str| missing_blocks(dear.argon2.params(), &PasswordHash::new(encoded).unwrap());
        assert_eq!((missing(&old), missing(&new)), (65_536 - 1024, 0));
        // The least of several times, as a busy machine only ever adds to them; 1 / 64 of the work without the filler.
        let mut least = [std::time::Duration::MAX; 2];
        for _ in 0..5 {
            for (encoded, least) in [&old, &new].into_iter().zip(&mut least) {
                let started = std::time::Instant::now();
                assert!(dear.verify("correct horse", Some(encoded)).await.unwrap());
                *least = started.elapsed().min(*least);
            }
        }
        assert!(least[0] * 2 > least[1] && least[0] < least[1] * 2, "{least:?}");
        assert!(!dear.verify("", Some("")).await.unwrap(), "no hash is nobody's password");
    }

    #[tokio::test]
    async fn nobodys_password_costs_what_somebodys_does() {
        // The same work, and not the same time: that one will not hold still on a busy machine.
        let hasher = Argon2Hasher::new(CHEAP, 1, 8).unwrap();
        let encoded = hasher.hash("correct horse").await.unwrap();
        let cost = |encoded: &str| encoded.rsplitn(3, '$').last().unwrap().to_owned();
        assert_eq!(cost(&encoded), cost(&hasher.nobody));
        assert!(cost(&encoded).starts_with("$argon2id$v=19$m=1024,t=1,p=1"));
        assert!(!hasher.verify("correct horse", None).await.unwrap());
    }
}
