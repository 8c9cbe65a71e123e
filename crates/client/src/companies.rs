//! The companies that one app is paired with: a client for each, all alive at once.
//!
//! 1. Each company has a profile of its own: its folder, its vault entry, its proxy, its connection. Nothing is
//!    shared but the person in front of the screen.
//! 2. One company is shown. Showing another one changes nothing about the first: its connection stays.
//! 3. [`Companies::add`] shows a profile that is not paired; leaving it, or forgetting a company, shows the next
//!    one that is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use latchgate_protocol::origin::PlainHttp;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::client::{Client, ClientConfig, ClientError, IdleLock, ProfileName, TlsRoots};
use crate::failure::{Failure, Fault};
use crate::limits::COMPANIES;
use crate::presence::PresenceEvent;
use crate::profile;
use crate::vault::KeyStore;
use crate::view::{CompanyState, CompanyView, LockCause, Screen, Snapshot};
use crate::words::Words;

/// What all companies of an app have in common.
pub struct CompaniesConfig {
    /// Where the profiles' folders lie.
    pub data_dir: PathBuf,
    /// The first profile; later ones are called after it.
    pub profile: ProfileName,
    /// Makes a handle of the key store.
    pub store: fn() -> Box<dyn KeyStore>,
    /// Whether plain `http` gateways are allowed.
    pub plain_http: PlainHttp,
    /// What companies call this device.
    pub device_label: String,
    /// How gateways' certificates are checked.
    pub roots: TlsRoots,
    /// Whether open vaults close by themselves.
    pub idle: IdleLock,
}

type Make = Box<dyn Fn(ProfileName) -> Result<Client, ClientError> + Send + Sync>;

/// Every company of one app.
pub struct Companies {
    data_dir: PathBuf,
    first: ProfileName,
    make: Make,
    members: Mutex<Members>,
    changes: watch::Sender<u64>,
    runtime: Handle,
}

struct Members {
    clients: BTreeMap<ProfileName, Client>,
    shown: ProfileName,
    words: Option<Words>,
}

impl Companies {
    /// Opens every profile below the data folder, inside a tokio runtime. Nothing is sent.
    ///
    /// # Errors
    /// [`ClientError`] when the folder cannot be used or another process has a profile open.
    pub fn open(config: CompaniesConfig) -> Result<Self, ClientError> {
        let CompaniesConfig { data_dir, profile, store, plain_http, device_label, roots, idle } = config;
        let folder = data_dir.clone();
        let make = move |profile| {
            Client::open(ClientConfig {
                data_dir: folder.clone(),
                profile,
                store: store(),
                plain_http,
                device_label: device_label.clone(),
                roots: roots.clone(),
                idle,
                web_data: None,
            })
        };
        Self::open_with(data_dir, profile, Box::new(make))
    }

    pub(crate) fn open_with(data_dir: PathBuf, first: ProfileName, make: Make) -> Result<Self, ClientError> {
        let mut names = listed(&data_dir, &first)?;
        if names.is_empty() {
            names.push(first.clone());
        }
        let shown = names[0].clone();
        let members = Members { clients: BTreeMap::new(), shown, words: None };
        let runtime = Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
        let (members, changes) = (Mutex::new(members), watch::Sender::new(0));
        let companies = Self { data_dir, first, make, members, changes, runtime };
        for name in names {
            companies.join(name)?;
        }
        Ok(companies)
    }

    /// Opens a profile and follows its views.
    fn join(&self, name: ProfileName) -> Result<Client, ClientError> {
        // The screens may ask from a thread that has no runtime.
        let _entered = self.runtime.enter();
        let client = (self.make)(name.clone())?;
        let (mut views, changes) = (client.watch(), self.changes.clone());
        drop(tokio::spawn(async move {
            while views.changed().await.is_ok() {
                changes.send_modify(|count| *count += 1);
            }
        }));
        let mut members = self.members();
        if let Some(words) = &members.words {
            client.speak(words.clone());
        }
        members.clients.insert(name, client.clone());
        drop(members);
        self.changes.send_modify(|count| *count += 1);
        Ok(client)
    }

    /// Returns the company that is shown.
    #[must_use]
    pub fn shown(&self) -> Client {
        let members = self.members();
        members.clients.get(&members.shown).cloned().expect("the company that is shown is a member")
    }

    /// Returns the name of the profile that is shown.
    #[must_use]
    pub fn shown_name(&self) -> ProfileName {
        self.members().shown.clone()
    }

    /// Returns a company by its profile.
    #[must_use]
    pub fn find(&self, name: &ProfileName) -> Option<Client> {
        self.members().clients.get(name).cloned()
    }

    /// Shows another company.
    ///
    /// # Errors
    /// `not-paired` when there is no such profile.
    pub fn show(&self, name: &ProfileName) -> Result<(), Failure> {
        let mut members = self.members();
        if !members.clients.contains_key(name) {
            return Err(Fault::NotPaired.failure());
        }
        members.shown = name.clone();
        drop(members);
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Shows a profile that is not paired yet.
    ///
    /// # Errors
    /// `too-many-companies`, or `storage-failed` when its folder cannot be made.
    pub fn add(&self) -> Result<(), Failure> {
        let name = {
            let members = self.members();
            let unpaired = members.clients.iter().find(|(_, client)| state(client) == CompanyState::New);
            match unpaired {
                Some((name, _)) => name.clone(),
                None if members.clients.len() >= COMPANIES => return Err(Fault::TooManyCompanies.failure()),
                None => self.free_name(&members),
            }
        };
        if self.find(&name).is_none() {
            self.join(name.clone()).map_err(|error| {
                tracing::warn!(%error, "no profile can be added");
                Fault::StorageFailed.failure()
            })?;
        }
        self.show(&name)
    }

    /// Leaves a profile that is not paired, where there is a company to go back to.
    pub fn leave(&self) {
        let mut members = self.members();
        let shown = members.shown.clone();
        if members.clients.get(&shown).map(state) != Some(CompanyState::New) {
            return;
        }
        let Some(next) = members.clients.keys().find(|name| **name != shown).cloned() else { return };
        members.clients.remove(&shown);
        members.shown = next;
        drop(members);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Locks every company.
    pub fn lock(&self, cause: LockCause) {
        self.each(|client| client.lock_because(cause));
    }

    /// Every company speaks another language on its proxy's own pages, those that come later, too.
    pub fn speak(&self, words: &Words) {
        self.members().words = Some(words.clone());
        self.each(|client| client.speak(words.clone()));
    }

    /// Every company heeds what the system says about the person.
    pub fn heed(&self, event: PresenceEvent) {
        self.each(|client| client.heed(event));
    }

    /// Somebody uses the device.
    pub fn touch(&self) {
        self.each(Client::touch);
    }

    fn each(&self, act: impl Fn(&Client)) {
        let clients: Vec<Client> = self.members().clients.values().cloned().collect();
        clients.iter().for_each(act);
    }

    /// Returns what the screens show.
    #[must_use]
    pub fn view(&self) -> Snapshot {
        let members = self.members();
        let shown = &members.shown;
        let companies = members.clients.iter().map(|(name, client)| describe(name, client, name == shown)).collect();
        let app = members.clients.get(shown).map(Client::view).expect("the company that is shown is a member");
        Snapshot { app, companies }
    }

    /// Returns a receiver that changes with anything that [`Companies::view`] shows.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn free_name(&self, members: &Members) -> ProfileName {
        let base: String = self.first.as_str().chars().take(58).collect();
        let names = (2..).map(|number| format!("{base}-{number}"));
        let free = names.filter_map(|name| ProfileName::parse(&name).ok());
        let mut free = free.filter(|name| !members.clients.contains_key(name));
        let unused = |name: &ProfileName| !profile::exists(&self.data_dir.join(name.as_str()));
        free.find(unused).expect("there are more numbers than folders")
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the paired profiles of a folder that belong together, the first one first.
fn listed(data_dir: &Path, first: &ProfileName) -> Result<Vec<ProfileName>, ClientError> {
    let entries = match std::fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| ProfileName::parse(name).ok());
        let Some(name) = name.filter(|name| belongs(name, first) && profile::exists(&path)) else { continue };
        names.push(name);
    }
    names.sort_by_key(|name| (name != first, name.as_str().len(), name.as_str().to_owned()));
    Ok(names)
}

/// Other profiles of the same folder are those of the command line.
fn belongs(name: &ProfileName, first: &ProfileName) -> bool {
    let numbered = name.as_str().strip_prefix(first.as_str()).and_then(|rest| rest.strip_prefix('-'));
    name == first || numbered.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn describe(name: &ProfileName, client: &Client, shown: bool) -> CompanyView {
    let view = client.view();
    let profile = view.profile.as_ref();
    CompanyView {
        profile: name.as_str().to_owned(),
        company: profile.map(|profile| profile.company.clone()).unwrap_or_default(),
        gateway_host: profile.map(|profile| profile.gateway_host.clone()).unwrap_or_default(),
        state: state(client),
        light: view.status.company,
        shown,
    }
}

fn state(client: &Client) -> CompanyState {
    match client.view().screen {
        Screen::Welcome => CompanyState::New,
        Screen::Pairing { .. } => CompanyState::Pairing,
        Screen::Locked { .. } | Screen::Unlocking => CompanyState::Locked,
        Screen::Portal => CompanyState::Open,
    }
}

impl std::fmt::Debug for Companies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Companies({})", self.members().clients.len())
    }
}

#[cfg(test)]
mod tests;
