//! The board: the one view that every screen shows, and the few ways to change it.

use latchgate_protocol::GatewayOrigin;
use tokio::sync::watch;

use crate::failure::{Failure, Fault};
use crate::report::{Journal, Report};
use crate::view::{
    AppView, AwayView, BrandView, KeptView, KeychainState, Light, PairingProgress, PairingStep, ProfileView,
    RequiredView, Screen, Settings, SiteView, StatusView, UnlockMethod,
};

/// Publishes whole views; what does not change the view wakes nobody.
#[derive(Debug)]
pub(crate) struct Board {
    view: watch::Sender<AppView>,
    journal: Journal,
}

impl Board {
    /// Begins with a screen.
    pub(crate) fn new(screen: Screen, profile: Option<ProfileView>) -> Self {
        let view = AppView {
            screen,
            profile,
            status: dark(),
            sites: Vec::new(),
            brand: None,
            kept: KeptView::default(),
            keychain: KeychainState::Available,
            settings: Settings::default(),
            method: UnlockMethod::Passphrase,
            bound: false,
            required: RequiredView::default(),
            away: None,
            ended: None,
        };
        Self { view: watch::Sender::new(view), journal: Journal::default() }
    }

    pub(crate) fn view(&self) -> AppView {
        self.view.borrow().clone()
    }

    pub(crate) fn settings(&self) -> Settings {
        self.view.borrow().settings.clone()
    }

    pub(crate) fn sites(&self) -> Vec<SiteView> {
        self.view.borrow().sites.clone()
    }

    /// Describes what is shown, and what changed last, for the help desk.
    pub(crate) fn report(&self) -> Report {
        Report::of(&self.view(), &self.journal)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<AppView> {
        self.view.subscribe()
    }

    pub(crate) fn set_screen(&self, screen: Screen) {
        self.change(|view| view.screen = screen);
    }

    pub(crate) fn set_profile(&self, profile: Option<ProfileView>) {
        self.change(|view| view.profile = profile);
    }

    /// Says what opens the vault.
    pub(crate) fn set_method(&self, method: UnlockMethod, bound: bool) {
        self.change(|view| (view.method, view.bound) = (method, bound));
    }

    pub(crate) fn set_keychain(&self, keychain: KeychainState) {
        self.change(|view| view.keychain = keychain);
    }

    pub(crate) fn set_settings(&self, settings: Settings, required: RequiredView) {
        self.change(|view| (view.settings, view.required) = (settings, required));
    }

    pub(crate) fn set_away(&self, away: Option<AwayView>) {
        self.change(|view| view.away = away);
    }

    /// Says why there is no pairing any more; the next pairing takes it away.
    pub(crate) fn set_ended(&self, reason: Option<Failure>) {
        self.change(|view| view.ended = reason);
    }

    pub(crate) fn set_sites(&self, sites: Vec<SiteView>, brand: Option<BrandView>, kept: KeptView) {
        self.change(|view| (view.sites, view.brand, view.kept) = (sites, brand, kept));
    }

    pub(crate) fn set_kept(&self, kept: KeptView) {
        self.change(|view| view.kept = kept);
    }

    /// Nothing is connected, and nothing of the company is shown.
    pub(crate) fn go_dark(&self) {
        self.change(|view| {
            view.status = dark();
            view.sites.clear();
            view.brand = None;
            view.kept = KeptView::default();
            if let Some(profile) = &mut view.profile {
                profile.person = None;
            }
        });
    }

    /// A step of a pairing is begun.
    pub(crate) fn set_pairing(&self, step: PairingStep) {
        self.change_pairing(|progress| {
            progress.step = step;
            progress.failure = None;
        });
    }

    /// A pairing stopped, for now or for good.
    pub(crate) fn stop_pairing(&self, failure: Failure, resumable: bool) {
        self.change_pairing(|progress| {
            progress.failure = Some(failure);
            progress.resumable = resumable;
        });
    }

    fn change_pairing(&self, change: impl FnOnce(&mut PairingProgress)) {
        self.change(|view| {
            if let Screen::Pairing { progress } = &mut view.screen {
                change(progress);
            }
        });
    }

    /// A connection is being tried. What the last try met stays until this one has an end, as a whole: a light that
    /// waited beside a failure would contradict it.
    pub(crate) fn connecting(&self) {
        self.change(|view| {
            let status = &mut view.status;
            let lights = [&mut status.internet, &mut status.gateway, &mut status.company];
            if lights.iter().all(|light| **light != Light::Bad) {
                for light in lights {
                    *light = Light::Waiting;
                }
            }
        });
    }

    /// A session is open.
    pub(crate) fn connected(&self) {
        self.change(|view| {
            let StatusView { internet, gateway, company, failure, answered: _ } = &mut view.status;
            (*internet, *gateway, *company, *failure) = (Light::Good, Light::Good, Light::Waiting, None);
        });
    }

    /// The company answered inside the sealed tunnel, at this time in Unix seconds.
    pub(crate) fn set_answered(&self, time: u64) {
        self.change(|view| (view.status.company, view.status.answered) = (Light::Good, Some(time)));
    }

    /// The company did not answer.
    pub(crate) fn set_company(&self, light: Light) {
        self.change(|view| view.status.company = light);
    }

    /// The company refuses or allows what is asked of it, while the session is open.
    pub(crate) fn set_refusal(&self, failure: Option<Failure>) {
        self.change(|view| view.status.failure = failure);
    }

    /// No session could be opened.
    pub(crate) fn set_obstacle(&self, failure: Failure, internet: Light, gateway: Light) {
        self.change(|view| {
            let answered = view.status.answered;
            view.status = StatusView { internet, gateway, company: Light::Bad, failure: Some(failure), answered };
        });
    }

    fn change(&self, change: impl FnOnce(&mut AppView)) {
        self.view.send_if_modified(|view| {
            let before = view.clone();
            change(view);
            self.journal.note(&before, view);
            *view != before
        });
    }
}

/// Returns a pairing at its first step.
pub(crate) fn pairing(step: PairingStep) -> Screen {
    Screen::Pairing { progress: PairingProgress { step, check_code: None, failure: None, resumable: false } }
}

/// Tells from a failure how far the way was good: the lights of the device's network and of the gateway.
pub(crate) fn lights(code: &str, gateway: &GatewayOrigin) -> (Light, Light) {
    let is = |faults: &[Fault]| faults.iter().any(|fault| fault.code() == code);
    if is(&[Fault::NoNetwork, Fault::CaptivePortal, Fault::ProxyAuth]) {
        (Light::Bad, Light::Unknown)
    } else if is(&[Fault::Dns, Fault::GatewayDown]) {
        // A gateway on this device is reached without a network.
        let local = gateway.host() == "localhost" || gateway.host().starts_with("127.");
        (if local { Light::Good } else { Light::Unknown }, Light::Bad)
    } else if is(&[
        Fault::TlsIntercepted,
        Fault::CertificateDate,
        Fault::GatewayIncompatible,
        Fault::GatewayBusy,
        Fault::Revoked,
        Fault::TakenOver,
    ]) {
        (Light::Good, Light::Bad)
    } else {
        (Light::Good, Light::Good)
    }
}

const fn dark() -> StatusView {
    let unknown = Light::Unknown;
    StatusView { internet: unknown, gateway: unknown, company: unknown, failure: None, answered: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_try_changes_no_light_beside_a_failure() {
        let board = Board::new(Screen::Portal, None);
        board.connecting();
        assert_eq!(board.view().status.gateway, Light::Waiting);
        board.set_obstacle(Fault::ConnectorOffline.failure(), Light::Good, Light::Good);
        let met = board.view().status;
        board.connecting();
        assert_eq!(board.view().status, met, "the gateway said that the company is not there");
        board.connected();
        board.connecting();
        assert_eq!(board.view().status.internet, Light::Waiting);
    }
}
