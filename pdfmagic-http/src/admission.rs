//! Who may convert, and how often.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::app::App;
use crate::connection::Ends;
use crate::problem::Problem;

/// How often each client may convert.
#[derive(Debug)]
pub(crate) struct Rates(RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>);

impl Rates {
    pub(crate) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self(RateLimiter::hashmap(quota))
    }

    fn check(&self, client: IpAddr) -> Result<(), Problem> {
        self.0.check_key(&network(client)).map_err(|until| {
            let retry_after = until.wait_time_from(DefaultClock::default().now());
            Problem::Rate { retry_after }
        })
    }

    /// Forgets clients that have been quiet for long enough. To be called now and then.
    pub(crate) fn trim(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

/// A client with IPv6 has a network of 2⁶⁴ addresses to itself.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(
            || Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            IpAddr::V4,
        ),
    }
}

/// Turns away who has no token, or converts too often.
pub(crate) async fn admit(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Some(token) = &app.config.token
        && !bears(request.headers(), token)
    {
        return Err(Problem::Unauthorized);
    }
    if let Some(rates) = &app.rates
        && let Some(client) = client(&app, &request)
    {
        rates.check(client)?;
    }
    Ok(next.run(request).await)
}

/// Takes as long for any wrong token of the right length, so that nobody can guess letter by letter.
fn bears(headers: &HeaderMap, token: &str) -> bool {
    let value = headers.get(header::AUTHORIZATION);
    let given = value.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| {
        let differences = given.iter().zip(token.as_bytes()).map(|(a, b)| a ^ b);
        given.len() == token.len() && differences.fold(0, |all, difference| all | difference) == 0
    })
}

/// Who asks: whom the proxy names, if there is one, else who connects.
fn client(app: &App, request: &Request) -> Option<IpAddr> {
    let named = app.config.client_header.as_ref().and_then(|header| {
        let value = request.headers().get_all(header).iter().next_back()?;
        let last = value.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse().ok()
    });
    let connection = request.extensions().get::<Ends>();
    named.or_else(|| Some(connection?.peer))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_compared_whole() {
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

    #[test]
    fn clients_are_told_apart_by_network() {
        let one = NonZeroU32::MIN;
        let rates = Rates::new(one, one);
        for (address, is_admitted) in [
            ("10.0.0.1", true),
            ("10.0.0.2", true),
            ("10.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("2001:db8::1", true),
            ("2001:db8::ffff:1", false),
            ("2001:db8:0:1::1", true),
        ] {
            let admitted = rates.check(address.parse().unwrap());
            assert_eq!(admitted.is_ok(), is_admitted, "{address}");
        }
    }
}
