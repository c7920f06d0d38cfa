//! Rate limits of clients.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::Problem;

/// The rate limits of all clients.
#[derive(Debug)]
pub(crate) struct Rates(RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>);

impl Rates {
    pub(crate) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self(RateLimiter::hashmap(quota))
    }

    /// Counts a conversion of this client, or rejects it.
    pub(crate) fn check(&self, client: IpAddr) -> Result<(), Problem> {
        self.0.check_key(&network(client)).map_err(|until| {
            let retry_after = until.wait_time_from(DefaultClock::default().now());
            Problem::Rate { retry_after }
        })
    }

    /// Forgets clients that have been inactive for long enough. This must be called regularly.
    pub(crate) fn trim(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

/// Returns the network of a client. An IPv6 client has a network of 2⁶⁴ addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(
            || Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            IpAddr::V4,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_distinguished_by_network() {
        let one = NonZeroU32::MIN;
        // A second conversion within the same minute exceeds the limit, however slow the test is.
        let minute = Quota::with_period(std::time::Duration::from_secs(60)).unwrap();
        let rates = Rates(RateLimiter::hashmap(minute.allow_burst(one)));
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
