//! The addresses that the service answers.

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

/// All that is not below.
const OTHER: &str = "other";

/// The name of an address in metrics and logs. Clients choose paths freely, so these are never used themselves.
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

/// Whether it is one that balancers ask all the time.
pub(crate) fn is_health(template: &str) -> bool {
    [LIVENESS, READINESS].contains(&template)
}
