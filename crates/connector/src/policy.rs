//! Who may open what, as a snapshot that every request is checked against.
//!
//! 1. [`PolicyBoard::refresh`] reads people and devices from the store and publishes a new [`Policy`]. Devices that it
//!    does not know any more hear so first ([`Partings`]).
//! 2. [`Policy::admit`] answers for one device and one site; everything that is not declared is refused.
//! 3. Long-lived streams watch the board and end when a new snapshot refuses them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use latchgate_protocol::DeviceId;
use latchgate_tunnel::Generation;
use latchgate_tunnel::catalogue::Brand;
use latchgate_tunnel::rules::DeviceRules;
use tokio::sync::watch;
use tracing::error;

use crate::config::{Config, Confirm, Identity};
use crate::headers::IdentityNames;
use crate::limits::ROTATE_AFTER;
use crate::origin::Origin;
use crate::partings::Partings;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::{DeviceRow, DeviceState, Store, StoreError};
use crate::time::UnixSeconds;
use crate::upstream::UpstreamError;

/// A person as sites see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) suspended: bool,
}

/// A paired device and its person.
#[derive(Debug, Clone)]
struct Holder {
    person: Arc<Person>,
    confirmed: bool,
    generation: Generation,
    rotation_due: UnixSeconds,
}

/// One snapshot.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) company: String,
    pub(crate) device_rules: DeviceRules,
    pub(crate) brand: Option<Brand>,
    pub(crate) sites: Vec<Arc<Site>>,
    pub(crate) identity_names: Arc<IdentityNames>,
    by_origin: HashMap<Origin, Arc<Site>>,
    holders: HashMap<DeviceId, Holder>,
    names: HashMap<String, String>,
}

/// The right to one site.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) person: Arc<Person>,
    pub(crate) site: Arc<Site>,
}

impl Policy {
    fn new(declared: &Declared, holders: HashMap<DeviceId, Holder>, names: HashMap<String, String>) -> Self {
        let identities = declared.sites.iter().filter_map(|site| match &site.config.identity {
            Identity::Header(name) => Some(name),
            Identity::None | Identity::Jwt => None,
        });
        Self {
            company: declared.company.clone(),
            device_rules: declared.device_rules,
            brand: declared.brand.clone(),
            identity_names: Arc::new(IdentityNames::new(identities)),
            by_origin: declared.sites.iter().map(|site| (site.config.origin.clone(), Arc::clone(site))).collect(),
            sites: declared.sites.clone(),
            holders,
            names,
        }
    }

    /// Makes a policy of the sites of a configuration and of devices of one person in one group.
    #[cfg(feature = "testing")]
    pub(crate) fn of_devices(config: &Config, devices: &[DeviceId], group: &str) -> Result<Self, PolicyError> {
        let person = Arc::new(Person {
            login: "maria".to_owned(),
            name: "Maria Jensen".to_owned(),
            groups: BTreeSet::from([group.to_owned()]),
            suspended: false,
        });
        let holder = Holder { person, confirmed: true, generation: Generation(1), rotation_due: UnixSeconds(0) };
        let holders = devices.iter().map(|device_id| (*device_id, holder.clone())).collect();
        let declared = Declared::new(config, &[])?;
        Ok(Self::new(&declared, holders, HashMap::new()))
    }

    /// Returns the person whom a request of the device is served as.
    pub(crate) fn person(&self, device_id: DeviceId) -> Result<Arc<Person>, Refusal> {
        let holder = self.holders.get(&device_id).ok_or(Refusal::DEVICE_UNKNOWN)?;
        if holder.person.suspended {
            return Err(Refusal::PERSON_SUSPENDED);
        }
        if !holder.confirmed {
            return Err(Refusal::NOT_CONFIRMED);
        }
        Ok(Arc::clone(&holder.person))
    }

    /// Tells whether the device is paired, whatever its person may do.
    pub(crate) fn knows(&self, device_id: DeviceId) -> bool {
        self.holders.contains_key(&device_id)
    }

    /// Tells from when on a device is to replace its key, while `generation` is the one in use.
    pub(crate) fn rotation_due(&self, device_id: DeviceId, generation: Generation) -> Option<UnixSeconds> {
        let holder = self.holders.get(&device_id)?;
        (holder.generation == generation).then_some(holder.rotation_due)
    }

    /// Tells whether a device has a later key than that of `generation`.
    pub(crate) fn has_replaced(&self, device_id: DeviceId, generation: Generation) -> bool {
        self.holders.get(&device_id).is_some_and(|holder| holder.generation > generation)
    }

    /// Returns what people call a person.
    pub(crate) fn name_of(&self, login: &str) -> Option<String> {
        self.names.get(login).cloned()
    }

    /// Decides over one device and one site.
    pub(crate) fn admit(&self, device_id: DeviceId, origin: &Origin) -> Result<Grant, Refusal> {
        let person = self.person(device_id)?;
        let site = self.by_origin.get(origin).ok_or(Refusal::SITE_UNKNOWN)?;
        if !site.config.allow.admits(&person.groups) {
            return Err(Refusal::SITE_NOT_ALLOWED);
        }
        Ok(Grant { person, site: Arc::clone(site) })
    }

    /// Returns the sites that a person may open.
    pub(crate) fn sites_of<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a Arc<Site>> {
        self.sites.iter().filter(|site| site.config.allow.admits(&person.groups))
    }
}

/// Where the current snapshot hangs.
#[derive(Debug)]
pub(crate) struct PolicyBoard {
    store: Store,
    declared: Mutex<Declared>,
    current: watch::Sender<Arc<Policy>>,
    partings: Partings,
}

/// What the configuration says.
#[derive(Debug)]
struct Declared {
    company: String,
    confirm: Confirm,
    device_rules: DeviceRules,
    brand: Option<Brand>,
    sites: Vec<Arc<Site>>,
}

impl Declared {
    /// Takes a configuration over. Sites that are the same as before keep their connections.
    fn new(config: &Config, before: &[Arc<Site>]) -> Result<Self, PolicyError> {
        Ok(Self {
            company: config.company.clone(),
            confirm: config.confirm,
            device_rules: config.device_rules,
            brand: config.brand.clone(),
            sites: build_sites(config, before)?,
        })
    }
}

impl PolicyBoard {
    pub(crate) fn new(store: &Store, config: &Config) -> Result<Self, PolicyError> {
        let declared = Declared::new(config, &[])?;
        let board = Self {
            store: store.clone(),
            declared: Mutex::new(declared),
            current: watch::Sender::default(),
            partings: Partings::default(),
        };
        board.refresh()?;
        Ok(board)
    }

    /// Takes over a changed configuration. Sites that did not change keep their connections.
    pub(crate) fn declare(&self, config: &Config) -> Result<(), PolicyError> {
        {
            let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
            *declared = Declared::new(config, &declared.sites)?;
        }
        self.refresh()
    }

    /// Reads the store again and publishes what it says.
    pub(crate) fn refresh(&self) -> Result<(), PolicyError> {
        // Held while reading and publishing, so that an older reading never replaces a newer one.
        let declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        let people: HashMap<String, Arc<Person>> = self
            .store
            .people()?
            .into_iter()
            .map(|row| {
                let person = Person { login: row.login, name: row.name, groups: row.groups, suspended: row.suspended };
                (person.login.clone(), Arc::new(person))
            })
            .collect();
        let holders = self
            .store
            .devices()?
            .into_iter()
            .filter(|device| device.state == DeviceState::Active)
            .filter_map(|device| {
                let must_confirm = must_confirm(declared.confirm, &device);
                let person = Arc::clone(people.get(&device.login)?);
                let holder = Holder {
                    person,
                    confirmed: device.confirmed || !must_confirm,
                    generation: Generation(device.generation?),
                    rotation_due: rotation_due(&device),
                };
                Some((device.device_id, holder))
            })
            .collect();
        let names = people.into_iter().map(|(login, person)| (login, person.name.clone())).collect();
        let policy = Policy::new(&declared, holders, names);
        // Whatever the store says to this, nobody whom the policy does not know is served any longer.
        if let Err(error) = self.partings.say(&self.store, |device_id| policy.knows(device_id)) {
            error!(error = &error as &dyn std::error::Error, "devices were not told that their pairing is over");
        }
        self.current.send_replace(Arc::new(policy));
        Ok(())
    }

    /// Returns who is told that the pairing is over.
    pub(crate) const fn partings(&self) -> &Partings {
        &self.partings
    }

    /// Returns who confirms check codes.
    pub(crate) fn confirm(&self) -> Confirm {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).confirm
    }

    /// Tells whether somebody must compare the check code of a device before it is served.
    pub(crate) fn must_confirm(&self, device: &DeviceRow) -> bool {
        must_confirm(self.confirm(), device)
    }

    pub(crate) fn current(&self) -> Arc<Policy> {
        Arc::clone(&self.current.borrow())
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Policy>> {
        self.current.subscribe()
    }
}

/// At once where somebody asked for it, else when the key has become old.
fn rotation_due(device: &DeviceRow) -> UnixSeconds {
    match device.rotation_asked {
        Some(_) => UnixSeconds(0),
        None => UnixSeconds(device.key_made.unwrap_or_default()).plus(ROTATE_AFTER),
    }
}

/// A printed code was out of sight: its check code is always compared.
pub(crate) fn must_confirm(confirm: Confirm, device: &DeviceRow) -> bool {
    device.printed || confirm != Confirm::Never
}

/// Why a policy could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The store could not be read.
    #[error("could not read who may open what")]
    Store(#[from] StoreError),
    /// A site cannot be reached as it is declared.
    #[error("site `{site}`")]
    Site {
        /// Its name.
        site: String,
        /// Why.
        #[source]
        source: UpstreamError,
    },
}

fn build_sites(config: &Config, known: &[Arc<Site>]) -> Result<Vec<Arc<Site>>, PolicyError> {
    let build = |declared: &crate::config::SiteConfig| {
        if let Some(site) = known.iter().find(|site| site.config == *declared) {
            return Ok(Arc::clone(site));
        }
        let named = |source| PolicyError::Site { site: declared.name.to_string(), source };
        Site::new(declared.clone()).map(Arc::new).map_err(named)
    };
    config.sites.iter().map(build).collect()
}
