//! `export`.

use std::sync::Arc;

use florin_app::error::AppError;
use florin_domain::id::UserId;
use florin_infra::clock::SystemClock;
use florin_infra::otp::LogOtpSender;
use florin_infra::settings::Settings;

use super::database::open;
use super::failure::Failure;
use super::output;
use crate::compose;
use crate::wire::export::Renderer;

/// Writes what `GET /api/v1/me/export` answers to that user.
pub(super) async fn export(settings: &Settings, user: i64) -> Result<(), Failure> {
    let database = open(settings).await?;
    let services = compose::services(settings, &database, Arc::new(SystemClock), Arc::new(LogOtpSender))?;
    let mut exporting = match services.export.begin(UserId(user)).await {
        Err(AppError::NotFound) => return Err(Failure::refused(format!("there is no user {user}"))),
        begun => begun?,
    };
    let mut renderer = Renderer::default();
    while let Some(piece) = renderer.next(&mut exporting).await? {
        output::write_bytes(&piece)?;
    }
    database.close().await;
    Ok(())
}
