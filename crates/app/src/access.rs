//! What the holder of a token may do with it: the one place that tells sessions and personal access tokens apart.

use florin_domain::id::SessionId;
use florin_domain::session::Principal;

use crate::error::{AppError, Result};

/// Refuses what a personal access token does not grant. A session grants everything.
///
/// # Errors
/// [`AppError::Forbidden`] `insufficient_scope`.
pub fn check_scope(principal: &Principal, changes_something: bool) -> Result<()> {
    if principal.access.grants(changes_something) {
        return Ok(());
    }
    let scope = if changes_something { "write" } else { "read" };
    let detail = format!("the personal access token does not have the scope {scope}");
    Err(AppError::Forbidden { code: "insufficient_scope", detail })
}

/// Refuses personal access tokens, whatever their scopes. What concerns the account itself is for those who logged in:
/// whoever finds a token in a script can neither make another one nor lock the owner out.
///
/// # Errors
/// [`AppError::Forbidden`] `session_required`.
pub fn require_session(principal: &Principal) -> Result<SessionId> {
    principal.session().ok_or_else(|| {
        let detail = "this takes an access token of a log-in, not a personal access token".to_owned();
        AppError::Forbidden { code: "session_required", detail }
    })
}

#[cfg(test)]
mod tests {
    use florin_domain::account::{Account, Email, Role};
    use florin_domain::calendar::{Timestamp, Zone};
    use florin_domain::id::{TokenId, UserId};
    use florin_domain::money::Currency;
    use florin_domain::session::{Access, Scopes};

    use super::*;

    fn holder(access: Access) -> Principal {
        let account = Account {
            id: UserId(1),
            email: Email::parse("ana@example.com").unwrap(),
            name: String::new(),
            role: Role::Admin,
            currency: Currency::parse("INR").unwrap(),
            zone: Zone::UTC,
            created_at: Timestamp(0),
            verified_at: None,
            disabled_at: None,
            learned_since: None,
        };
        Principal { access, account }
    }

    #[test]
    fn each_scope_grants_its_own_and_no_scope_the_account() {
        let code = |result: Result<()>| match result {
            Ok(()) => "granted",
            Err(AppError::Forbidden { code, .. }) => code,
            Err(other) => panic!("{other:?}"),
        };
        for (read, write) in [(true, false), (false, true), (true, true)] {
            let token = holder(Access::Token(TokenId(1), Scopes { read, write }));
            let expected = |granted: bool| if granted { "granted" } else { "insufficient_scope" };
            assert_eq!(code(check_scope(&token, false)), expected(read));
            assert_eq!(code(check_scope(&token, true)), expected(write));
            assert_eq!(code(require_session(&token).map(drop)), "session_required");
        }
        let session = holder(Access::Session(SessionId(3)));
        assert!(check_scope(&session, false).is_ok() && check_scope(&session, true).is_ok());
        assert_eq!(require_session(&session).unwrap(), SessionId(3));
    }
}
