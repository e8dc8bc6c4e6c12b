//! The merges that a change set makes or takes back.

use florin_domain::id::Seq;
use florin_domain::ledger::CategoryLink;
use florin_domain::repository::RepositoryError;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::Failure;
use crate::entity::category;

use super::apply::Prepared;

impl Prepared<'_> {
    pub(super) async fn write_links(&self, tx: &DatabaseTransaction, seq: Seq) -> Result<(), Failure> {
        for link in &self.change_set.links {
            self.write_link(tx, link, seq).await?;
        }
        Ok(())
    }

    async fn write_link(&self, tx: &DatabaseTransaction, link: &CategoryLink, seq: Seq) -> Result<(), Failure> {
        let as_planned = match link.before {
            None => {
                Condition::all().add(category::Column::MergedInto.is_null()).add(category::Column::ArchivedAt.is_null())
            }
            Some(target) => Condition::all().add(category::Column::MergedInto.eq(target.0)),
        };
        let mut update = category::Entity::update_many()
            .col_expr(category::Column::Version, Expr::col(category::Column::Version).add(1_i64))
            .filter(category::Column::Id.eq(link.category.0))
            .filter(category::Column::UserId.eq(self.change_set.user.0))
            .filter(as_planned);
        update = match (link.after, &link.revived) {
            (Some(target), _) => update.set(category::ActiveModel {
                archived_at: Set(Some(self.change_set.at.0)),
                merged_into: Set(Some(target.0)),
                merged_by: Set(Some(seq.0)),
                live_slug: Set(None),
                ..Default::default()
            }),
            (None, Some(revived)) => update.set(category::ActiveModel {
                archived_at: Set(None),
                merged_into: Set(None),
                merged_by: Set(None),
                name: Set(revived.name.clone()),
                slug: Set(revived.slug.clone()),
                live_slug: Set(Some(revived.slug.clone())),
                ..Default::default()
            }),
            (None, None) => update
                .set(category::ActiveModel {
                    archived_at: Set(None),
                    merged_into: Set(None),
                    merged_by: Set(None),
                    ..Default::default()
                })
                .col_expr(category::Column::LiveSlug, Expr::col(category::Column::Slug)),
        };
        let written = match update.exec(tx).await.map_err(Failure::from) {
            // The name was taken since the plan was made.
            Err(failure) if failure.violates("live_slug") => return Err(RepositoryError::Stale.into()),
            written => written?,
        };
        if written.rows_affected == 1 { Ok(()) } else { Err(RepositoryError::Stale.into()) }
    }
}
