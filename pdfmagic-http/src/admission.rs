//! Admission: which clients may convert, and how often.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::peer::Peer;
use crate::problem::Problem;
use crate::rates::Rates;

/// The conditions for clients.
#[derive(Debug)]
pub(crate) struct Admission {
    /// The bearer token, if one is required.
    pub(crate) token: Option<String>,
    /// The rate limits; `None` if there are none.
    pub(crate) rates: Option<Arc<Rates>>,
    /// The header in which a proxy names the client.
    pub(crate) client_header: Option<HeaderName>,
}

impl Admission {
    /// Whether there are any conditions.
    pub(crate) fn is_needed(&self) -> bool {
        self.token.is_some() || self.rates.is_some()
    }

    /// Returns the client that the proxy names, if there is one; otherwise the one that connects.
    fn client(&self, request: &Request) -> Option<IpAddr> {
        let named = self.client_header.as_ref().and_then(|header| {
            let value = request.headers().get_all(header).iter().next_back()?;
            let last = value.to_str().ok()?.rsplit(',').next()?;
            last.trim().parse().ok()
        });
        let peer = request.extensions().get::<Peer>();
        named.or_else(|| Some(peer?.client))
    }
}

/// Rejects clients without the token, and clients that convert too often.
pub(crate) async fn admit(
    State(admission): State<Arc<Admission>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Some(token) = &admission.token
        && !bears(request.headers(), token)
    {
        return Err(Problem::Unauthorized);
    }
    if let Some(rates) = &admission.rates
        && let Some(client) = admission.client(&request)
    {
        rates.check(client)?;
    }
    Ok(next.run(request).await)
}

/// Whether a request has the token. The comparison takes constant time, so that nobody can guess the token letter by
/// letter.
fn bears(headers: &HeaderMap, token: &str) -> bool {
    let value = headers.get(header::AUTHORIZATION);
    let given = value.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| {
        let differences = given.iter().zip(token.as_bytes()).map(|(a, b)| a ^ b);
        given.len() == token.len() && differences.fold(0, |all, difference| all | difference) == 0
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_exact_token_is_accepted() {
        let with = |value| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
        };
        assert!(bears(&with("Bearer secret"), "secret"));
        for wrong in [
            "Bearer secre",
            "Bearer secret2",
            "Bearer sekret",
            "secret",
            "Basic secret",
        ] {
            assert!(!bears(&with(wrong), "secret"), "{wrong}");
        }
        assert!(!bears(&HeaderMap::new(), "secret"));
    }
}
