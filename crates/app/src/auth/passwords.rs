//! Proving who one is by the password of an account that one is signed in to.

use florin_domain::account::Account;

use super::{Auth, usable};
use crate::error::{AppError, Result};

impl Auth {
    /// Checks the password of an account for something that needs it again, such as erasure. A wrong one counts as a guess,
    /// like one at the log-in.
    ///
    /// # Errors
    /// [`AppError::Invalid`] `wrong_password` at `/password`; [`AppError::TooMany`] when too many guesses were wrong.
    pub async fn check_password_of(&self, account: &Account, password: &str) -> Result<()> {
        self.right_hash(account, password).await?.map(|_| ()).ok_or_else(|| wrong_password("/password"))
    }

    /// The stored hash of an account's password, if `password` is it. A wrong one stays counted as a guess.
    async fn right_hash(&self, account: &Account, password: &str) -> Result<Option<String>> {
        self.count_guess(&account.email).await?;
        let found = self.ports.accounts.credentials(&account.email).await?;
        // The address may have gone to somebody else's account meanwhile, after an erasure.
        let found = found.filter(|credentials| credentials.account.id == account.id);
        let encoded = found.as_ref().and_then(|credentials| usable(&credentials.password_hash));
        if !self.ports.hasher.verify(password, encoded).await? {
            return Ok(None);
        }
        self.forgive_guess(&account.email).await;
        Ok(found.map(|credentials| credentials.password_hash))
    }
}

fn wrong_password(pointer: &str) -> AppError {
    AppError::field(pointer, "wrong_password", "is not the password of this account")
}
