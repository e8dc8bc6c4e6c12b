//! Identifiers. All are positive integers below 2^53, so that a JSON number carries them exactly.

use std::fmt;

/// The largest identifier a client may send: 2^53 - 1, the last integer that a JavaScript number holds exactly.
pub const MAX_ID: i64 = (1 << 53) - 1;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A person's account (`user_login.id`).
    UserId
);
id!(
    /// A category, system or a user's own (`category.id`).
    CategoryId
);
id!(
    /// An expense (`expenses.id`). It survives deletion and undo.
    ExpenseId
);
id!(
    /// A log-in session: one device, one family of refresh tokens (`session.id`).
    SessionId
);
id!(
    /// A personal access token (`personal_token.id`).
    TokenId
);
id!(
    /// A row of the audit trail (`login_event.id`).
    LoginEventId
);
id!(
    /// A sign-up whose address is not proved yet (`sign_up.id`).
    SignUpId
);
id!(
    /// A notification (`notification.id`), the same at every attempt to deliver it.
    NotificationId
);
id!(
    /// A notification's delivery over one channel to one place (`notification_delivery.id`).
    DeliveryId
);
id!(
    /// A device that takes push messages (`device.id`).
    DeviceId
);
id!(
    /// A run of a job (`job_run.id`).
    JobRunId
);
id!(
    /// A position in one user's action log, counted from 1 without gaps. Also the cursor of delta sync.
    Seq
);

impl Seq {
    /// The position before a user's first action.
    pub const ZERO: Self = Self(0);

    /// The position that follows this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_the_last_that_a_javascript_number_holds() {
        assert_eq!(MAX_ID, 9_007_199_254_740_991);
        assert_eq!((Seq::ZERO.next(), Seq(41).next()), (Seq(1), Seq(42)));
        assert_eq!(UserId(7).to_string(), "7");
    }
}
