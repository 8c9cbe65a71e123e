//! The relay: who is connected, and the way from one to the other.
//!
//! 1. [`login`] takes an upgraded connection, reads CONNECT and checks the credentials.
//! 2. A successful login takes a seat in its [`instance`]; whoever sat there with the same name is closed.
//! 3. [`connection`] runs the connection: publications in, queues out, until either side ends it.
//! 4. A device's frames queue for the connector in [`rounds`], one flow for each device; the connector's
//!    frames queue in the device's [`link`]. Each queue is bounded, and none drops in silence.
//!
//! A peer counts as present when it has subscribed, not when it has merely connected.

pub(crate) mod connection;
pub(crate) mod inbound;
pub(crate) mod instance;
pub(crate) mod link;
pub(crate) mod login;
pub(crate) mod packet;
pub(crate) mod reason;
pub(crate) mod rounds;
pub(crate) mod side;
mod socket;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchgate_protocol::control::Control;
use latchgate_protocol::{DeviceId, InstanceId};
use tracing::warn;

use crate::bus::{Bus, Kind, Message as BusMessage, NodeId, Subject};
use crate::config::Limits;
use crate::metrics::Metrics;
use instance::Instance;
use link::{Budget, ConnectorLink, DeviceLink};
use reason::Reason;

/// Everybody who is connected.
pub(crate) struct Hub {
    instances: Mutex<Instances>,
    common: Arc<Common>,
}

#[derive(Default)]
struct Instances {
    by_id: HashMap<InstanceId, Arc<Instance>>,
    /// Set when the gateway stops: nobody may join.
    stopping: Option<Reason>,
}

impl Instances {
    /// Removes an instance that nobody sits in. The entry may be a younger one, which stays.
    fn forget(&mut self, instance: &Arc<Instance>) {
        if self.by_id.get(&instance.id).is_some_and(|known| Arc::ptr_eq(known, instance)) {
            self.by_id.remove(&instance.id);
            instance.leave_bus();
        }
    }
}

/// What all instances share.
struct Common {
    metrics: Arc<Metrics>,
    /// What waits for connectors.
    up: Budget,
    /// What waits for devices.
    down: Budget,
    device_queue: usize,
    /// The way to other nodes, where there are some.
    bus: Option<Arc<Bus>>,
}

impl Hub {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>, bus: Option<Arc<Bus>>) -> Self {
        let budget = || Budget::new(limits.queued_total);
        let device_queue = limits.device_queue;
        let common = Arc::new(Common { metrics, up: budget(), down: budget(), device_queue, bus });
        Self { instances: Mutex::default(), common }
    }

    fn instances(&self) -> MutexGuard<'_, Instances> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, instance_id: InstanceId) -> Option<Arc<Instance>> {
        self.instances().by_id.get(&instance_id).cloned()
    }

    /// Returns the instance of a newcomer, unless the gateway stops.
    fn enter(&self, instances: &mut Instances, id: InstanceId) -> Result<Arc<Instance>, Reason> {
        if let Some(reason) = instances.stopping {
            return Err(reason);
        }
        let new = || {
            let instance = Arc::new(Instance::new(id, Arc::clone(&self.common)));
            instance.enter_bus();
            instance
        };
        Ok(Arc::clone(instances.by_id.entry(id).or_insert_with(new)))
    }

    /// Seats a device. An older connection of the same device is closed.
    ///
    /// # Errors
    /// The reason of the gateway's stop.
    pub(crate) fn join_device(
        &self,
        instance_id: InstanceId,
        device_id: DeviceId,
    ) -> Result<(Arc<Instance>, Arc<DeviceLink>), Reason> {
        let mut instances = self.instances();
        let instance = self.enter(&mut instances, instance_id)?;
        let link = Arc::new(DeviceLink::new(device_id));
        instance.seat_device(&link);
        Ok((instance, link))
    }

    /// Seats a connector. An older connection of the same connector is closed.
    ///
    /// # Errors
    /// The reason of the gateway's stop.
    pub(crate) fn join_connector(
        &self,
        instance_id: InstanceId,
        aliases: u16,
    ) -> Result<(Arc<Instance>, Arc<ConnectorLink>), Reason> {
        let mut instances = self.instances();
        let instance = self.enter(&mut instances, instance_id)?;
        let link = Arc::new(ConnectorLink::new(aliases));
        instance.seat_connector(&link);
        Ok((instance, link))
    }

    /// Gives up a device's seat, if it still has it.
    pub(crate) fn leave_device(&self, instance: &Arc<Instance>, link: &Arc<DeviceLink>) {
        let mut instances = self.instances();
        if instance.unseat_device(link) {
            instances.forget(instance);
        }
    }

    /// Gives up a connector's seat, if it still has it.
    pub(crate) fn leave_connector(&self, instance: &Arc<Instance>, link: &Arc<ConnectorLink>) {
        let mut instances = self.instances();
        if instance.unseat_connector(link) {
            instances.forget(instance);
        }
    }

    /// Sends news to a connector. False when it is not there.
    pub(crate) fn control(&self, instance_id: InstanceId, control: &Control) -> bool {
        match (self.find(instance_id), self.bus(), serde_json::to_vec(control)) {
            (Some(instance), _, _) => instance.control(control),
            (None, Some(bus), Ok(json)) => {
                bus.say(Subject::Instance(instance_id), Kind::Control, &json);
                true
            }
            (None, _, _) => false,
        }
    }

    /// Returns the way to other nodes, where there are some.
    pub(crate) fn bus(&self) -> Option<&Arc<Bus>> {
        self.common.bus.as_ref()
    }

    /// Tells whether a connector listens for news.
    pub(crate) fn takes_control(&self, instance_id: InstanceId) -> bool {
        self.find(instance_id).is_some_and(|instance| instance.takes_control())
    }

    /// Tells whether a device is connected.
    pub(crate) fn device_is_seated(&self, instance_id: InstanceId, device_id: DeviceId) -> bool {
        self.find(instance_id).is_some_and(|instance| instance.has_device(device_id))
    }

    /// Tells whether a connector is connected.
    pub(crate) fn connector_is_seated(&self, instance_id: InstanceId) -> bool {
        self.find(instance_id).is_some_and(|instance| instance.has_connector())
    }

    /// Closes a revoked device and forgets what it had queued.
    pub(crate) fn revoke(&self, instance_id: InstanceId, device_id: DeviceId) {
        if let Some(instance) = self.find(instance_id) {
            instance.revoke(device_id);
        }
    }

    /// Closes a revoked device here and at every node that hears it; the others read of it in the store.
    pub(crate) fn revoke_everywhere(&self, instance_id: InstanceId, device_id: DeviceId) {
        self.revoke(instance_id, device_id);
        if let Some(bus) = self.bus() {
            let ids = [*instance_id.as_bytes(), *device_id.as_bytes()].concat();
            bus.say(Subject::Revoke, Kind::System, &ids);
        }
    }

    /// A device at another node says something to its connector.
    pub(crate) fn handle_up(&self, instance_id: InstanceId, device_id: DeviceId, message: &BusMessage) {
        if let Some(instance) = self.find(instance_id) {
            instance.handle_up(device_id, message);
        }
    }

    /// Another node says something to a device.
    pub(crate) fn handle_down(&self, instance_id: InstanceId, device_id: DeviceId, message: &BusMessage, own: bool) {
        if let Some(instance) = self.find(instance_id) {
            instance.handle_down(device_id, message, own);
            if instance.is_over_budget() {
                self.relieve();
            }
        }
    }

    /// Another node says something about an instance.
    pub(crate) fn handle_instance(&self, instance_id: InstanceId, message: &BusMessage, own: bool) {
        if let Some(instance) = self.find(instance_id) {
            instance.handle_instance(message, own);
        }
    }

    /// Forgets whom a node served.
    pub(crate) fn handle_node_gone(&self, node: NodeId) {
        for instance in self.instances().by_id.values() {
            instance.handle_node_gone(node);
        }
    }

    /// Finds whoever a node serves that is heard after it was forgotten.
    pub(crate) fn find_again(&self) {
        for instance in self.instances().by_id.values() {
            instance.find_again();
        }
    }

    /// Tells the other nodes who is here.
    pub(crate) fn say_everything(&self) {
        for instance in self.instances().by_id.values() {
            instance.say_everything();
        }
    }

    /// Returns the devices of an instance that are connected.
    pub(crate) fn connected(&self, instance_id: InstanceId) -> HashSet<DeviceId> {
        self.find(instance_id).map(|instance| instance.connected()).unwrap_or_default()
    }

    /// Closes everybody and lets nobody in. DISCONNECT says why; connectors also hear [`Control::Drain`] before
    /// another node takes over.
    pub(crate) fn stop(&self, reason: Reason) {
        let mut instances = self.instances();
        instances.stopping = Some(reason);
        for instance in instances.by_id.values() {
            if reason == Reason::ServerMoved {
                instance.say_drain();
            }
            instance.close_all(reason);
        }
    }

    /// Closes the device for which most waits, if all together is more than the gateway may hold.
    pub(crate) fn relieve(&self) {
        if !self.common.down.is_exceeded() {
            return;
        }
        let instances = self.instances();
        let largest = instances.by_id.values().filter_map(|instance| Some((instance, instance.largest()?)));
        let largest = largest.max_by_key(|(_, (queued, _))| *queued);
        if let Some((instance, (queued, link))) = largest
            && queued > 0
        {
            warn!(queued, "the queues exceed the configured total; closing the device that holds most");
            instance.overflow(&link);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: InstanceId = InstanceId::from_bytes([1; 16]);
    const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);

    #[test]
    fn a_connection_that_leaves_late_does_not_unseat_those_who_came_after() {
        let hub = Hub::new(&Limits::default(), Arc::default(), None);
        let (first_instance, first) = hub.join_device(INSTANCE, DEVICE).unwrap();
        let (second_instance, second) = hub.join_device(INSTANCE, DEVICE).unwrap();
        assert_eq!(first.peer.closing(), Some(Reason::TakenOver));
        hub.leave_device(&second_instance, &second);
        let (_, third) = hub.join_device(INSTANCE, DEVICE).unwrap();
        hub.leave_device(&first_instance, &first);
        assert!(hub.device_is_seated(INSTANCE, DEVICE));
        assert_eq!(third.peer.closing(), None);
    }

    #[test]
    fn a_stopping_hub_lets_nobody_in() {
        let hub = Hub::new(&Limits::default(), Arc::default(), None);
        let (_, connector) = hub.join_connector(INSTANCE, 0).unwrap();
        hub.stop(Reason::ServerMoved);
        assert_eq!(connector.peer.closing(), Some(Reason::ServerMoved));
        assert_eq!(hub.join_device(INSTANCE, DEVICE).err(), Some(Reason::ServerMoved));
    }
}
