//! Where deliveries go, looked up when they are leased: nobody hears at an address that they gave up meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use florin_domain::id::DeviceId;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::Address;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::Failure;
use crate::entity::{device, notification_delivery, user_login, user_phone};

use super::super::batch::padded;

/// The addresses of some deliveries.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    mail: BTreeMap<i64, (String, String)>,
    devices: BTreeMap<(i64, i64), String>,
    phones: BTreeMap<i64, String>,
}

impl Addresses {
    pub(super) fn address(&self, channel: Channel, user: i64, target: i64) -> Address {
        let found = match channel {
            Channel::Log | Channel::Webhook => Some(Address::None),
            Channel::Email => {
                self.mail.get(&user).map(|(email, name)| Address::Email { email: email.clone(), name: name.clone() })
            }
            Channel::Push => self
                .devices
                .get(&(user, target))
                .map(|token| Address::Device { device: DeviceId(target), token: token.clone() }),
            Channel::Sms => self.phones.get(&user).cloned().map(Address::Phone),
        };
        found.unwrap_or(Address::Gone)
    }
}

/// One statement for each channel among them that has addresses.
pub(super) async fn of(
    tx: &DatabaseTransaction,
    deliveries: impl Iterator<Item = &notification_delivery::Model>,
) -> Result<Addresses, Failure> {
    let mut wanted: BTreeMap<Channel, BTreeSet<i64>> = BTreeMap::new();
    for delivery in deliveries {
        let Some(channel) = Channel::parse(&delivery.channel) else { continue };
        let by = if channel == Channel::Push { delivery.target } else { delivery.user_id };
        wanted.entry(channel).or_default().insert(by);
    }
    let mut addresses = Addresses::default();
    for (channel, by) in wanted {
        let by: Vec<i64> = by.into_iter().collect();
        for list in padded(&by) {
            match channel {
                Channel::Log | Channel::Webhook => {}
                Channel::Email => {
                    let there = user_login::Column::ErasedAt.is_null().and(user_login::Column::Id.is_in(list));
                    let rows = user_login::Entity::find().filter(there).all(tx).await?;
                    addresses.mail.extend(rows.into_iter().map(|row| (row.id, (row.email, row.name))));
                }
                Channel::Push => {
                    let rows = device::Entity::find().filter(device::Column::Id.is_in(list)).all(tx).await?;
                    addresses.devices.extend(rows.into_iter().map(|row| ((row.user_id, row.id), row.token)));
                }
                Channel::Sms => {
                    let proved = user_phone::Column::ProvedAt.is_not_null().and(user_phone::Column::UserId.is_in(list));
                    let rows = user_phone::Entity::find().filter(proved).all(tx).await?;
                    addresses.phones.extend(rows.into_iter().map(|row| (row.user_id, row.number)));
                }
            }
        }
    }
    Ok(addresses)
}
