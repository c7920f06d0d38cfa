//! The paths of the service.

pub(crate) const PAGE: &str = "/";
pub(crate) const PDF: &str = "/v1/pdf";
pub(crate) const PLAN: &str = "/v1/plan";
pub(crate) const INSPECT: &str = "/v1/inspect";
pub(crate) const LIMITS: &str = "/v1/limits";
pub(crate) const API: &str = "/openapi.json";
pub(crate) const DOCS: &str = "/docs";
pub(crate) const ASSETS: &str = "/assets/{hash}/{name}";
pub(crate) const MANIFEST: &str = "/manifest.webmanifest";
pub(crate) const SERVICE_WORKER: &str = "/sw.js";
pub(crate) const LIVENESS: &str = "/livez";
pub(crate) const READINESS: &str = "/readyz";
pub(crate) const DOWNLOAD: &str = "/Download/{*id}";
pub(crate) const METRICS: &str = "/metrics";
pub(crate) const CONFIG: &str = "/config";

/// The name of all other paths.
const OTHER: &str = "other";

/// Returns the name of a path in metrics and logs. Clients choose paths freely, so paths themselves are never used.
pub(crate) fn template(path: &str) -> &'static str {
    const EXACT: [&str; 11] = [
        PAGE,
        PDF,
        PLAN,
        INSPECT,
        LIMITS,
        API,
        DOCS,
        MANIFEST,
        SERVICE_WORKER,
        LIVENESS,
        READINESS,
    ];
    let known = EXACT.into_iter().find(|known| *known == path);
    known.unwrap_or(if path.starts_with("/Download/") {
        DOWNLOAD
    } else if path.starts_with("/assets/") {
        ASSETS
    } else {
        OTHER
    })
}

/// Whether this is a path that balancers probe all the time.
pub(crate) fn is_health(template: &str) -> bool {
    [LIVENESS, READINESS].contains(&template)
}
