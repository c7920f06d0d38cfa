//! Liveness and readiness.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::LongHead;
use crate::lifecycle::{Lifecycle, Stage};

/// Returns the routes for health checks. Clients may use them too, since some balancers probe the port that they
/// forward to.
pub(crate) fn router(lifecycle: Lifecycle) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(liveness))
        .routes(routes!(readiness))
        .with_state(lifecycle)
}

/// Whether the process lives.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "liveness",
    tag = "health",
    responses(
        (status = 200, description = "Alive", body = String, content_type = "text/plain"),
        LongHead,
    ),
    security(()),
)]
async fn liveness() -> &'static str {
    "ok\n"
}

/// Whether requests should be sent here.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readiness",
    tag = "health",
    responses(
        (status = 200, description = "Ready", body = String, content_type = "text/plain"),
        (status = 503, description = "Starting, or draining", body = String, content_type = "text/plain"),
        LongHead,
    ),
    security(()),
)]
async fn readiness(State(lifecycle): State<Lifecycle>) -> (StatusCode, String) {
    let stage = lifecycle.stage();
    let status = if stage == Stage::Serving {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, format!("{}\n", stage.name()))
}
