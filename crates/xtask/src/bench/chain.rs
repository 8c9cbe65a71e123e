//! A way from the load generator to the upstream.

use std::process::Command;

/// A way to the upstream, and the processes that it consists of.
pub(crate) struct Chain {
    /// As the tables call it.
    pub(crate) name: &'static str,
    /// Whether nobody between the two ends can read what passes.
    pub(crate) end_to_end: bool,
    /// The processes on the way, without the load generator and the upstream.
    pub(crate) roles: Vec<Role>,
    base: String,
    proxy: Option<String>,
}

/// One part of a chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    /// The process; its descendants count as part of it.
    pub(crate) process: u32,
}

impl Chain {
    /// No chain at all.
    pub(crate) fn direct(upstream: &str) -> Self {
        Self::forwarding("direct", false, upstream.to_owned(), Vec::new())
    }

    /// A chain that answers under `base` as the upstream does.
    pub(crate) fn forwarding(name: &'static str, end_to_end: bool, base: String, roles: Vec<Role>) -> Self {
        Self { name, end_to_end, roles, base, proxy: None }
    }

    /// A chain that begins at an HTTP proxy and knows the upstream as `base`.
    pub(crate) fn proxied(name: &'static str, base: String, proxy: String, roles: Vec<Role>) -> Self {
        Self { name, end_to_end: true, roles, base, proxy: Some(proxy) }
    }

    /// Tells a load generator to go this way.
    pub(crate) fn direct_to(&self, path: &str, load: &mut Command) {
        load.args(["--url", &format!("{}{path}", self.base)]);
        match &self.proxy {
            Some(proxy) => load.env("LATCHGATE_BENCH_PROXY", proxy),
            None => load.env_remove("LATCHGATE_BENCH_PROXY"),
        };
    }
}
