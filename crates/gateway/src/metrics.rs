//! Counters and gauges in Prometheus' text form. No label holds an id or an address.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

macro_rules! metrics {
    ($($kind:ident $field:ident: $name:literal, $help:literal;)*) => {
        /// Everything that is counted.
        #[derive(Debug, Default)]
        pub(crate) struct Metrics {
            $(pub(crate) $field: metrics!(@type $kind),)*
        }

        impl Metrics {
            /// Writes all of it in the text exposition format.
            pub(crate) fn render(&self) -> String {
                let mut text = String::new();
                $(
                    let _ = writeln!(text, "# HELP {} {}\n# TYPE {} {}\n{} {}",
                        $name, $help, $name, stringify!($kind), $name, self.$field.0.load(Ordering::Relaxed));
                )*
                text
            }
        }
    };
    (@type counter) => { Counter };
    (@type gauge) => { Gauge };
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

/// A number that grows and shrinks.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Counter {
    pub(crate) fn add(&self, amount: usize) {
        self.0.fetch_add(amount as u64, Ordering::Relaxed);
    }

    pub(crate) fn increment(&self) {
        self.add(1);
    }
}

impl Gauge {
    pub(crate) fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}

metrics! {
    gauge connections: "latchgate_connections", "Open connections of any kind.";
    gauge devices: "latchgate_devices_connected", "Devices that are connected.";
    gauge connectors: "latchgate_connectors_connected", "Connectors that are connected.";
    gauge queued_bytes: "latchgate_queued_bytes", "Bytes that wait in the queues of the relay.";
    counter up_messages: "latchgate_up_messages_total", "Publications relayed from devices to connectors.";
    counter up_bytes: "latchgate_up_bytes_total", "Payload bytes relayed from devices to connectors.";
    counter down_messages: "latchgate_down_messages_total", "Publications relayed from connectors to devices.";
    counter down_bytes: "latchgate_down_bytes_total", "Payload bytes relayed from connectors to devices.";
    counter dropped_absent: "latchgate_dropped_absent_total", "Publications whose receiver was not connected.";
    counter dropped_foreign: "latchgate_dropped_foreign_total", "Publications to another instance.";
    counter queue_overflows: "latchgate_queue_overflows_total", "Devices closed because they did not read.";
    counter logins: "latchgate_logins_total", "Successful CONNECT packets.";
    counter logins_by_ticket: "latchgate_logins_by_ticket_total", "Successful CONNECT packets with a resume ticket.";
    counter logins_refused: "latchgate_logins_refused_total", "Refused CONNECT packets.";
    counter hashes: "latchgate_hashes_total", "PBKDF2 derivations, for new passwords and verified ones.";
    counter takeovers: "latchgate_takeovers_total", "Logins that took the place of an older connection.";
    counter misbehaved: "latchgate_misbehaved_total", "Connections closed because the peer broke the protocol.";
    counter requests: "latchgate_requests_total", "REST requests.";
    counter requests_refused: "latchgate_requests_refused_total", "REST requests answered with 4xx.";
    counter requests_failed: "latchgate_requests_failed_total", "REST requests answered with 5xx.";
    counter throttled: "latchgate_throttled_total", "Requests and logins refused by a rate limit.";
    counter credentials_in_query: "latchgate_credentials_in_query_total", "Requests refused for their query string.";
    counter claims: "latchgate_claims_total", "Setup keys traded for credentials.";
    counter claim_conflicts: "latchgate_claim_conflicts_total", "Claims of a setup key that another device had claimed.";
    counter revocations: "latchgate_revocations_total", "Devices revoked.";
}
