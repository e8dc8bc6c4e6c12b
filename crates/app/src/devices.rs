//! Devices that take push messages.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::device::{MAX_DEVICES, MAX_NAME, MAX_TOKEN, Platform};
use florin_domain::id::DeviceId;
use florin_domain::repository::{NewDevice, ReachRepository, Registered, StoredDevice};

use crate::error::{AppError, FieldError, Result};
use crate::port::Clock;
use crate::receipts::Keep;

/// A device as the client asks for it.
#[derive(Debug, Clone, Default)]
pub struct WantedDevice {
    /// Its registration token.
    pub token: String,
    /// What it runs; `None` only with a fault.
    pub platform: Option<Platform>,
    /// What its owner calls it; may be empty.
    pub name: String,
    /// What was wrong with its form, found when it was read. The use case adds what is wrong with the values.
    pub faults: Vec<FieldError>,
}

/// The use cases of one's own devices.
pub struct Devices {
    reach: Arc<dyn ReachRepository>,
    clock: Arc<dyn Clock>,
}

impl Devices {
    /// A service over its ports.
    #[must_use]
    pub fn new(reach: Arc<dyn ReachRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { reach, clock }
    }

    /// The devices of a person, newest first.
    ///
    /// # Errors
    /// None of its own.
    pub async fn list(&self, account: &Account) -> Result<Vec<StoredDevice>> {
        Ok(self.reach.devices(account.id).await?)
    }

    /// Registers a device, or notes that it was seen again. Whoever holds a token is at the device: one that another account
    /// registered moves here, and takes that account's messages no more.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field; [`AppError::Conflict`] `too_many_devices`;
    /// [`AppError::Unauthenticated`] for who was erased meanwhile.
    pub async fn register(&self, account: &Account, wanted: WantedDevice) -> Result<Registered> {
        let platform = check(&wanted)?;
        let WantedDevice { token, name, .. } = wanted;
        let name = name.trim().to_owned();
        let new = NewDevice { user: account.id, platform, name, token, at: self.clock.now() };
        self.reach.register(&new, MAX_DEVICES).await?.ok_or_else(|| {
            let detail = format!("there are {MAX_DEVICES} devices; remove one first");
            AppError::conflict("too_many_devices", detail)
        })
    }

    /// Removes a device. It takes no messages from now on.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn remove(&self, account: &Account, device: DeviceId, keep: &Keep<()>) -> Result<()> {
        let receipt = keep.receipt(&())?;
        let removed = self.reach.remove_device(account.id, device, self.clock.now(), receipt).await?;
        keep.note_kept_if(removed)
    }
}

fn check(wanted: &WantedDevice) -> Result<Platform> {
    let mut errors = wanted.faults.clone();
    let read = |pointer: &str| !wanted.faults.iter().any(|fault| fault.pointer == pointer);
    let token = &wanted.token;
    let well_formed = (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    if read("/token") && !well_formed {
        let message = format!("must have 1 to {MAX_TOKEN} visible ASCII characters");
        errors.push(FieldError::new("/token", "invalid_device_token", message));
    }
    if read("/name") && wanted.name.trim().chars().count() > MAX_NAME {
        errors.push(FieldError::new("/name", "too_long", format!("must have at most {MAX_NAME} characters")));
    }
    match wanted.platform {
        Some(platform) if errors.is_empty() => Ok(platform),
        _ => Err(AppError::Invalid(errors)),
    }
}
