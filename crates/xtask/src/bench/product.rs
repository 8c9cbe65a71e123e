//! The product itself as a chain: local proxy, device, gateway, connector.

use std::path::Path;

use anyhow::Context as _;

use super::chain::{Chain, Role};
use super::shares::Further;
use crate::process::Part;
use crate::system::System;

/// The upstream, as the browser knows it.
const SITE: &str = "http://bench.northlight.example";

/// The running product with the upstream behind it.
pub(crate) struct Product {
    name: &'static str,
    /// None only between the end of one device process and the start of the next.
    device: Option<Part>,
    proxy: String,
    system: System,
}

impl Product {
    /// Starts the parts that lie in `binaries`, and pairs a device.
    pub(crate) fn start(name: &'static str, binaries: &Path, upstream: &str) -> anyhow::Result<Self> {
        let site =
            format!("\n[[site]]\nname = \"Bench\"\nurl = \"{SITE}\"\nupstream = \"{upstream}\"\nallow = [\"*\"]\n");
        let system = System::start(binaries, &site)?;
        let (device, proxy) = system.keyed_device(&system.invite()?)?;
        Ok(Self { name, device: Some(device), proxy, system })
    }

    /// The chain as it runs.
    pub(crate) fn chain(&self) -> Chain {
        let device = self.device.as_ref().map(|part| Role { name: "device", process: part.id() });
        let roles = device.into_iter().chain([
            Role { name: "gateway", process: self.system.gateway().id() },
            Role { name: "connector", process: self.system.connector().id() },
        ]);
        Chain::proxied(self.name, SITE.to_owned(), self.proxy.clone(), roles.collect())
    }

    /// Pairs and starts further devices, which are no part of the chain.
    pub(crate) fn further_devices(&self, count: usize) -> anyhow::Result<Vec<Further>> {
        let one = |number: usize| {
            let name = format!("further-{number}");
            let (picture, _) = self.system.invite_as(&name)?;
            let (part, _, ready) = self.system.device_as(&name, &picture)?;
            Ok((part, ready))
        };
        (0..count).map(one).collect()
    }

    /// Ends the device process; the pairing stays.
    pub(crate) fn stop_device(&mut self) {
        self.device = None;
    }

    /// Starts the device process and returns when it is ready.
    pub(crate) fn start_device(&mut self) -> anyhow::Result<()> {
        let (device, proxy) = self.system.open_keyed_proxy().context("start the device")?;
        (self.device, self.proxy) = (Some(device), proxy);
        Ok(())
    }

    /// Fetches one small page and returns when its first byte is here.
    pub(crate) fn fetch(&self) -> anyhow::Result<()> {
        crate::fetch::Proxy::parse(&self.proxy)?.first_byte(&format!("{SITE}/bytes/1024"))
    }
}
