//! How people want to be reached: preferences and devices.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::device::Platform;
use florin_domain::id::{DeviceId, UserId};
use florin_domain::notification::Preferences;
use florin_domain::receipt::Receipt;
use florin_domain::repository::{
    NewDevice, ReachRepository, Registered, RepositoryError, Result, StoredDevice, StoredPreferences,
};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use sha2::{Digest, Sha256};

use crate::db::{Database, Failure, failed};
use crate::entity::{device, notification_preference};
use crate::id_allocator::{IdAllocator, Sequence};

use super::account::hold_enabled;
use super::notification::{channels_of, channels_text, levels_of};
use super::receipt;

/// How often a token is registered anew when somebody else registers it at the same time.
const TRIES: usize = 3;

/// Preferences and devices in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlReachRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlReachRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

#[async_trait]
impl ReachRepository for SqlReachRepository {
    async fn preferences(&self, user: UserId) -> Result<StoredPreferences> {
        let row = notification_preference::Entity::find_by_id(user.0).one(self.database.read()).await;
        row.map_err(failed)?.map_or_else(|| Ok(StoredPreferences::default()), preferences_of)
    }

    async fn put_preferences(&self, user: UserId, preferences: &Preferences, version: i64) -> Result<i64> {
        use notification_preference::{Column, Entity};
        let next = version.saturating_add(1);
        self.database
            .write(|tx| async move {
                // Whoever puts these preferences holds that row, so that the first of them is decided here too.
                if !hold_enabled(&tx, user).await? {
                    return Err(RepositoryError::Erased.into());
                }
                let row = row_of(user, preferences, next);
                if version == 0 {
                    if Entity::find_by_id(user.0).one(&*tx).await?.is_some() {
                        return Err(RepositoryError::Stale.into());
                    }
                    Entity::insert(row).exec_without_returning(&*tx).await?;
                    return Ok(next);
                }
                let of_version = Column::UserId.eq(user.0).and(Column::Version.eq(version));
                let put = Entity::update_many().set(row).filter(of_version).exec(&*tx).await?;
                if put.rows_affected == 1 { Ok(next) } else { Err(RepositoryError::Stale.into()) }
            })
            .await
    }

    async fn devices(&self, user: UserId) -> Result<Vec<StoredDevice>> {
        use device::{Column, Entity};
        let of_user = Entity::find().filter(Column::UserId.eq(user.0));
        let newest_first = of_user.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
        newest_first.all(self.database.read()).await.map_err(failed)?.into_iter().map(device_of).collect()
    }

    async fn register(&self, new: &NewDevice, most: u64) -> Result<Option<Registered>> {
        let id = self.ids.next(Sequence::Device).await?;
        for _ in 0..TRIES {
            match self.database.try_write(|tx| async move { register(&tx, id, new, most).await }).await {
                // Somebody else's new row of the same token: it moves from there.
                Err(failure) if failure.violates("token") => {}
                outcome => return Ok(outcome?),
            }
        }
        Err(RepositoryError::Stale)
    }

    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        at: Timestamp,
        receipt: Option<Receipt>,
    ) -> Result<bool> {
        let receipt = receipt.as_ref();
        self.database
            .write(|tx| async move {
                if !receipt::may_follow(&tx, user, receipt).await? {
                    return Ok(false);
                }
                let of_user = device::Column::Id.eq(device.0).and(device::Column::UserId.eq(user.0));
                let removed = device::Entity::delete_many().filter(of_user).exec(&*tx).await?.rows_affected == 1;
                if removed {
                    receipt::insert_any(&tx, user, receipt, at).await?;
                }
                Ok(removed)
            })
            .await
    }

    async fn forget_dead(&self, device: DeviceId, token: &str) -> Result<()> {
        let dead = device::Column::Id.eq(device.0).and(device::Column::TokenHash.eq(hash_of(token)));
        let dead = &dead;
        self.database
            .write(|tx| async move {
                device::Entity::delete_many().filter(dead.clone()).exec(&*tx).await?;
                Ok(())
            })
            .await
    }
}

async fn register(
    tx: &DatabaseTransaction,
    id: i64,
    new: &NewDevice,
    most: u64,
) -> std::result::Result<Option<Registered>, Failure> {
    use device::{ActiveModel, Column, Entity};
    // Keeps others who would count this person's devices out.
    if !hold_enabled(tx, new.user).await? {
        return Err(RepositoryError::Erased.into());
    }
    let hash = hash_of(&new.token);
    let known = Entity::find().filter(Column::TokenHash.eq(hash.clone())).one(tx).await?;
    let mut device = StoredDevice {
        id: DeviceId(id),
        platform: new.platform,
        name: new.name.clone(),
        created_at: new.at,
        seen_at: new.at,
    };
    if let Some(row) = known.as_ref().filter(|row| row.user_id == new.user.0) {
        (device.id, device.created_at) = (DeviceId(row.id), Timestamp(row.created_at));
        let again = ActiveModel {
            platform: Set(new.platform.as_str().to_owned()),
            name: Set(new.name.clone()),
            seen_at: Set(new.at.0),
            ..Default::default()
        };
        let its_row = Column::Id.eq(row.id).and(Column::UserId.eq(new.user.0));
        let renamed = Entity::update_many().set(again).filter(its_row).exec(tx).await?;
        if renamed.rows_affected == 1 {
            return Ok(Some(Registered { device, is_new: false }));
        }
        // Another person's registration took it away meanwhile, and with it the row: this one takes it back.
        (device.id, device.created_at) = (DeviceId(id), new.at);
    }
    if Entity::find().filter(Column::UserId.eq(new.user.0)).count(tx).await? >= most {
        return Ok(None);
    }
    if known.is_some() {
        Entity::delete_many().filter(Column::TokenHash.eq(hash.clone())).exec(tx).await?;
    }
    let row = ActiveModel {
        id: Set(id),
        user_id: Set(new.user.0),
        platform: Set(new.platform.as_str().to_owned()),
        name: Set(new.name.clone()),
        token: Set(new.token.clone()),
        token_hash: Set(hash),
        created_at: Set(new.at.0),
        seen_at: Set(new.at.0),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(Some(Registered { device, is_new: true }))
}

/// By which a token is found: it is longer than a key may be.
fn hash_of(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn device_of(row: device::Model) -> Result<StoredDevice> {
    let unknown = || RepositoryError::Internal(format!("device has platform {:?}", row.platform).into());
    Ok(StoredDevice {
        id: DeviceId(row.id),
        platform: Platform::parse(&row.platform).ok_or_else(unknown)?,
        name: row.name,
        created_at: Timestamp(row.created_at),
        seen_at: Timestamp(row.seen_at),
    })
}

fn row_of(user: UserId, preferences: &Preferences, version: i64) -> notification_preference::ActiveModel {
    let levels: Vec<String> = preferences.levels.iter().map(u16::to_string).collect();
    notification_preference::ActiveModel {
        user_id: Set(user.0),
        overspend: Set(preferences.overspend.into()),
        levels: Set(levels.join(",")),
        least_level: Set(preferences.levels.iter().min().copied().unwrap_or_default().into()),
        inactivity: Set(preferences.inactivity.into()),
        hour: Set(preferences.hour.into()),
        channels: Set(preferences.channels.as_deref().map(channels_text)),
        version: Set(version),
    }
}

fn preferences_of(row: notification_preference::Model) -> Result<StoredPreferences> {
    let unreadable =
        || RepositoryError::Internal(format!("the preferences of user {} cannot be read", row.user_id).into());
    let levels = levels_of(&row.levels);
    if levels.is_empty() {
        return Err(unreadable());
    }
    let preferences = Preferences {
        overspend: row.overspend != 0,
        levels,
        inactivity: row.inactivity != 0,
        hour: u8::try_from(row.hour).map_err(|_| unreadable())?,
        channels: row.channels.as_deref().map(channels_of),
    };
    Ok(StoredPreferences { preferences, version: row.version })
}

#[cfg(test)]
mod tests;
