//! Devices that take push messages.
//!
//! For those who are logged in: whoever registers a device is sent what the account is told, which a personal access token that
//! may only write must not get at.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use florin_app::devices::{Devices, WantedDevice};
use florin_app::error::FieldError;
use florin_domain::device::{MAX_TOKEN, Platform};
use florin_domain::id::DeviceId;
use florin_domain::repository::StoredDevice;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::SessionCaller;
use crate::openapi::NotFound;
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::task::mutate;
use crate::wire::{Fields, Id, Json, NoQuery, Query, Reader, Untagged};

/// The most characters of a name whose real bound the use case checks.
const MAX_TEXT: usize = 1024;

/// What a device runs.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are those of the domain, and a test compares them")]
enum PlatformName {
    Android,
    Ios,
    Web,
}

/// A device to be registered.
#[derive(ToSchema)]
#[schema(example = json!({"token": "fcm-r4nd0m", "platform": "android", "name": "Ana's telephone"}))]
pub(crate) struct NewDeviceBody {
    /// The registration token that Firebase Cloud Messaging gave the app. It is never shown again.
    #[schema(min_length = 1, max_length = 4096, pattern = "^[!-~]+$")]
    token: String,
    #[schema(value_type = PlatformName)]
    platform: Option<Platform>,
    /// What its owner calls it; empty when it is left out.
    #[schema(value_type = Option<String>, max_length = 100)]
    name: String,
    /// What was wrong with its form; told together with what is wrong with the values.
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for NewDeviceBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let names = Platform::ALL.map(|platform| (platform.as_str(), platform));
        let token = r.need("token").text(MAX_TOKEN);
        let platform = r.need("platform").choice(&names);
        let name = r.get("name").text(MAX_TEXT);
        let (token, name) = (token.unwrap_or_default(), name.unwrap_or_default());
        Some(Self { token, platform, name, faults: r.take_faults() })
    }
}

/// A device, without its token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceBody {
    #[schema(minimum = 1)]
    id: i64,
    #[schema(value_type = PlatformName)]
    platform: &'static str,
    /// What its owner calls it; may be empty.
    #[schema(example = "Ana's telephone")]
    name: String,
    /// When it was registered first.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it was registered last.
    #[schema(format = "date-time")]
    seen_at: String,
}

impl From<StoredDevice> for DeviceBody {
    fn from(device: StoredDevice) -> Self {
        Self {
            id: device.id.0,
            platform: device.platform.as_str(),
            name: device.name,
            created_at: device.created_at.to_rfc3339(),
            seen_at: device.seen_at.to_rfc3339(),
        }
    }
}

/// My devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceList {
    data: Vec<DeviceBody>,
}

/// Registers a device for push messages, or notes that it was seen again. A token that another account registered moves here.
#[utoipa::path(
    post, path = "/api/v1/devices", tag = "Notifications", operation_id = "registerDevice", security(("bearer" = [])),
    request_body = NewDeviceBody,
    responses(
        (status = 200, description = "It was registered already; platform and name are as sent", body = DeviceBody),
        (status = 201, description = "Registered", body = DeviceBody),
        (status = 409, description = "`too_many_devices`: there are 20"),
    ),
)]
pub(crate) async fn register(
    caller: SessionCaller,
    _: Query<NoQuery>,
    devices: web::Data<Devices>,
    Json(body): Json<NewDeviceBody>,
) -> problem::Result<HttpResponse> {
    let devices = devices.into_inner();
    let NewDeviceBody { token, platform, name, faults } = body;
    let wanted = WantedDevice { token, platform, name, faults };
    let registered = mutate(async move { devices.register(caller.account(), wanted).await }).await?;
    let status = if registered.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply::json(status, &DeviceBody::from(registered.device)))
}

/// My devices that take push messages, newest first.
#[utoipa::path(
    get, path = "/api/v1/devices", tag = "Notifications", operation_id = "listDevices", security(("bearer" = [])),
    responses((status = 200, description = "All of them", body = DeviceList)),
)]
pub(crate) async fn list(
    caller: SessionCaller,
    _: Query<NoQuery>,
    devices: web::Data<Devices>,
) -> problem::Result<HttpResponse> {
    let devices = devices.list(caller.account()).await?;
    Ok(reply::ok(&DeviceList { data: devices.into_iter().map(Into::into).collect() }))
}

/// Removes a device. It takes no push messages from now on.
#[utoipa::path(
    delete, path = "/api/v1/devices/{id}", tag = "Notifications", operation_id = "removeDevice",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The device", minimum = 1, maximum = 9007199254740991_i64)),
    responses((status = 204, description = "Removed"), NotFound),
)]
pub(crate) async fn remove(
    caller: SessionCaller,
    _: Untagged,
    Id(id): Id,
    _: Query<NoQuery>,
    retry: Retry,
    devices: web::Data<Devices>,
) -> problem::Result<HttpResponse> {
    let devices = devices.into_inner();
    let work = |keep| async move { devices.remove(caller.account(), DeviceId(id), &keep).await };
    retry.answer(|()| reply::no_content(), work).await
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_names_every_platform() {
        let document = crate::openapi::document().unwrap();
        let names = &document["components"]["schemas"]["PlatformName"]["enum"];
        let known: Vec<Value> = Platform::ALL.iter().map(|platform| platform.as_str().into()).collect();
        assert_eq!(names, &Value::from(known));
    }
}
