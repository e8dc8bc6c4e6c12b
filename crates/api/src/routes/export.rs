//! Everything of mine.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use florin_app::export::{Export, Exporting};
use futures::stream;
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::auth::SessionCaller;
use crate::edge::in_flight;
use crate::problem;
use crate::wire::export::{ExportBody, Renderer};
use crate::wire::{NoQuery, Query};

/// Why a body ends before its end: its connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off")]
struct BrokenOff;

/// Everything of mine, as one JSON object that is sent while it is read.
///
/// It is not as of one moment: what is written meanwhile may be in it or not, but each expense comes once. When something
/// goes wrong after it began, the connection is closed without an end. It takes a log-in, for it tells where one is logged in
/// from and what was tried on the account.
#[utoipa::path(
    get, path = "/api/v1/me/export", tag = "Accounts", operation_id = "exportMe", security(("bearer" = [])),
    responses(
        (status = 200, description = "Everything of mine", body = ExportBody, headers(
            ("Content-Disposition" = String, description = "Names a file with the date of today in my zone"),
        )),
        (status = 403, description = "`session_required`: a personal access token does not do"),
    ),
)]
pub(crate) async fn get(
    caller: SessionCaller,
    _: Query<NoQuery>,
    export: web::Data<Export>,
) -> problem::Result<HttpResponse> {
    let mut exporting = export.begin(caller.account().id).await?;
    let mut renderer = Renderer::default();
    // Before the status is sent, which cannot be taken back.
    let first = renderer.next(&mut exporting).await?.unwrap_or_default();
    let today = exporting.at().date_in(exporting.account().zone);
    let (sender, receiver) = mpsc::channel(1);
    let _ = sender.try_send(Ok(Bytes::from(first)));
    // In a task of its own: what is read is read to its end, on the program's runtime, whatever becomes of the client. It
    // counts as in flight for that client until then.
    let sending = send(exporting, renderer, sender);
    let slot = in_flight::current();
    let counted = async move {
        sending.await;
        drop(slot);
    };
    tokio::spawn(counted.in_current_span());
    let body = stream::unfold(receiver, |mut receiver| async move {
        let piece: Option<Result<Bytes, BrokenOff>> = receiver.recv().await;
        piece.map(|piece| (piece, receiver))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"florin-export-{today}.json\"")))
        .streaming(body))
}

/// Reads a piece whenever the one before has been taken, until nobody takes any.
async fn send(mut exporting: Exporting, mut renderer: Renderer, sender: mpsc::Sender<Result<Bytes, BrokenOff>>) {
    loop {
        let piece = match renderer.next(&mut exporting).await {
            Ok(Some(piece)) => Ok(Bytes::from(piece)),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "an export broke off");
                Err(BrokenOff)
            }
        };
        let failed = piece.is_err();
        if sender.send(piece).await.is_err() || failed {
            return;
        }
    }
}
