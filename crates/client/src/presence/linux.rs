//! logind on the system bus and the screen savers on the session bus.
//!
//! - `org.freedesktop.login1.Manager.PrepareForSleep` before and after sleep, with a delay inhibitor that is given
//!   up once the vault is closed.
//! - `Lock`, `Unlock` and `LockedHint` of this process's own session.
//! - `ActiveChanged` of the freedesktop, GNOME, Cinnamon and MATE screen savers.
//!
//! A bus that is missing or goes away is tried again; meanwhile the other one is heard.

use std::future::pending;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, SelectAll};
use futures_util::{StreamExt as _, future};
use tokio::time::{sleep, timeout};
use tracing::{debug, info};
use zbus::zvariant::{OwnedFd, OwnedObjectPath, OwnedValue};
use zbus::{Connection, MatchRule, Message, MessageStream, connection};

use super::{Heard, Presence, PresenceEvent};
use crate::limits::{BUS_ANSWER, BUS_QUEUE, BUS_RETRY};
use crate::view::LockCause;

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const SESSION: &str = "org.freedesktop.login1.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const SAVERS: [&str; 4] =
    ["org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver", "org.cinnamon.ScreenSaver", "org.mate.ScreenSaver"];

/// The buses of this login.
pub(super) struct Desktop {
    system: Option<String>,
    session: Option<String>,
}

/// What a signal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Sleep(bool),
    Locked(bool),
}

type Signals = SelectAll<BoxStream<'static, Signal>>;

impl Desktop {
    pub(super) const fn new() -> Self {
        Self { system: None, session: None }
    }

    /// Hears one bus in the place of both, for tests.
    #[cfg(test)]
    pub(super) fn at(address: &str) -> Self {
        Self { system: Some(address.to_owned()), session: Some(address.to_owned()) }
    }

    async fn follow_logind(&self, heard: &Heard<'_>) -> zbus::Result<()> {
        let bus = match &self.system {
            Some(address) => connection::Builder::address(address.as_str())?.build().await?,
            None => Connection::system().await?,
        };
        let mut signals = Signals::new();
        let sleep = format!("type='signal',sender='{LOGIND}',interface='{MANAGER}',member='PrepareForSleep'");
        signals.push(listen(&bus, &sleep, |message| flag(message).map(Signal::Sleep)).await?);
        // Without a session of its own, a process hears those of every session: that can only lock too much.
        let path = own_session(&bus).await.map(|path| format!(",path='{path}'")).unwrap_or_default();
        for (member, locked) in [("Lock", true), ("Unlock", false)] {
            let rule = format!("type='signal',sender='{LOGIND}',interface='{SESSION}',member='{member}'{path}");
            signals.push(listen(&bus, &rule, move |_| Some(Signal::Locked(locked))).await?);
        }
        let hint = format!("type='signal',sender='{LOGIND}',interface='{PROPERTIES}',arg0='{SESSION}'{path}");
        signals.push(listen(&bus, &hint, locked_hint).await?);
        // Held until the vault is closed: the machine waits with its sleep.
        let mut inhibitor = inhibit(&bus).await;
        info!("following the login session");
        while let Some(signal) = signals.next().await {
            tell(signal, heard);
            match signal {
                Signal::Sleep(true) => drop(inhibitor.take()),
                Signal::Sleep(false) => inhibitor = inhibit(&bus).await,
                Signal::Locked(_) => {}
            }
        }
        Ok(())
    }

    async fn follow_savers(&self, heard: &Heard<'_>) -> zbus::Result<()> {
        let bus = match &self.session {
            Some(address) => connection::Builder::address(address.as_str())?.build().await?,
            None => Connection::session().await?,
        };
        let mut signals = Signals::new();
        for saver in SAVERS {
            let rule = format!("type='signal',sender='{saver}',interface='{saver}',member='ActiveChanged'");
            signals.push(listen(&bus, &rule, |message| flag(message).map(Signal::Locked)).await?);
        }
        info!("following the screen saver");
        while let Some(signal) = signals.next().await {
            tell(signal, heard);
        }
        Ok(())
    }
}

impl Presence for Desktop {
    fn follow<'a>(&'a self, heard: Heard<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let logind = async {
                loop {
                    again("logind", self.follow_logind(&heard).await).await;
                }
            };
            let savers = async {
                loop {
                    again("the screen saver", self.follow_savers(&heard).await).await;
                }
            };
            future::join(logind, savers).await;
            pending().await
        })
    }
}

async fn again(name: &str, ended: zbus::Result<()>) {
    if let Err(error) = ended {
        debug!(%error, "cannot follow {name}");
    }
    sleep(BUS_RETRY).await;
}

fn tell(signal: Signal, heard: &Heard<'_>) {
    heard(match signal {
        Signal::Sleep(true) => PresenceEvent::Left(LockCause::Sleep),
        Signal::Locked(true) => PresenceEvent::Left(LockCause::Screen),
        Signal::Sleep(false) | Signal::Locked(false) => PresenceEvent::Back,
    });
}

async fn listen(
    bus: &Connection,
    rule: &str,
    read: impl Fn(&Message) -> Option<Signal> + Send + Sync + 'static,
) -> zbus::Result<BoxStream<'static, Signal>> {
    let stream = MessageStream::for_match_rule(MatchRule::try_from(rule)?, bus, Some(BUS_QUEUE)).await?;
    Ok(stream.filter_map(move |message| future::ready(message.ok().and_then(|message| read(&message)))).boxed())
}

fn flag(message: &Message) -> Option<bool> {
    message.body().deserialize().ok()
}

fn locked_hint(message: &Message) -> Option<Signal> {
    type Changed = (String, std::collections::HashMap<String, OwnedValue>, Vec<String>);
    let (_, changed, _): Changed = message.body().deserialize().ok()?;
    bool::try_from(changed.get("LockedHint")?).ok().map(Signal::Locked)
}

async fn own_session(bus: &Connection) -> Option<OwnedObjectPath> {
    let answer = match std::env::var("XDG_SESSION_ID") {
        Ok(id) => ask(bus, "GetSession", &id).await,
        Err(_) => ask(bus, "GetSessionByPID", &std::process::id()).await,
    };
    answer?.body().deserialize().ok()
}

/// Asks for a moment before each sleep; without one the vault is closed as the machine falls asleep.
async fn inhibit(bus: &Connection) -> Option<OwnedFd> {
    let answer = ask(bus, "Inhibit", &("sleep", "Latchgate", "Takes its keys out of memory", "delay")).await;
    answer?.body().deserialize().ok()
}

/// Asks logind, which may be missing or stuck: its signals are followed all the same.
async fn ask(
    bus: &Connection,
    method: &str,
    body: &(impl serde::Serialize + zbus::zvariant::DynamicType + Sync),
) -> Option<Message> {
    let answer = timeout(BUS_ANSWER, bus.call_method(Some(LOGIND), MANAGER_PATH, Some(MANAGER), method, body)).await;
    answer.ok()?.inspect_err(|error| debug!(%error, method, "logind does not answer")).ok()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, PipeReader, Read as _};
    use std::process::{Child, Command, Stdio};
    use std::sync::{Arc, Mutex};

    use tokio::sync::mpsc;

    use super::*;

    const OWN_SESSION: &str = "/org/freedesktop/login1/session/_31";

    /// A bus of its own; ends when dropped.
    struct Bus {
        daemon: Child,
        address: String,
    }

    impl Bus {
        fn start() -> Self {
            let mut daemon = Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address=1"])
                .stdout(Stdio::piped())
                .spawn()
                .expect("dbus-daemon is installed (Debian: dbus)");
            let mut address = String::new();
            BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
            Self { daemon, address: address.trim().to_owned() }
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            // It may have ended already.
            drop(self.daemon.kill());
            drop(self.daemon.wait());
        }
    }

    /// What the fake logind gave away: the other ends of its inhibitors.
    type Inhibitors = Arc<Mutex<Vec<PipeReader>>>;

    struct Logind(Inhibitors);

    #[zbus::interface(name = "org.freedesktop.login1.Manager")]
    impl Logind {
        #[zbus(name = "GetSessionByPID")]
        fn session_by_pid(&self, _process: u32) -> OwnedObjectPath {
            OwnedObjectPath::try_from(OWN_SESSION).unwrap()
        }

        fn get_session(&self, _id: String) -> OwnedObjectPath {
            OwnedObjectPath::try_from(OWN_SESSION).unwrap()
        }

        fn inhibit(&self, what: String, _who: String, _why: String, mode: String) -> OwnedFd {
            assert_eq!((what.as_str(), mode.as_str()), ("sleep", "delay"));
            let (reader, writer) = std::io::pipe().unwrap();
            self.0.lock().unwrap().push(reader);
            std::os::fd::OwnedFd::from(writer).into()
        }
    }

    async fn name(bus: &Bus, name: &str, inhibitors: &Inhibitors) -> Connection {
        connection::Builder::address(bus.address.as_str())
            .unwrap()
            .name(name)
            .unwrap()
            .serve_at(MANAGER_PATH, Logind(inhibitors.clone()))
            .unwrap()
            .build()
            .await
            .unwrap()
    }

    /// Emits until it is heard: the listener subscribes in its own time.
    async fn hear(heard: &mut mpsc::UnboundedReceiver<PresenceEvent>, emit: impl AsyncFn()) -> PresenceEvent {
        loop {
            emit().await;
            if let Ok(event) = tokio::time::timeout(std::time::Duration::from_millis(100), heard.recv()).await {
                return event.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn ab_85_the_screen_and_the_sleep_of_the_system_are_heard() {
        let bus = Bus::start();
        let inhibitors = Inhibitors::default();
        let logind = name(&bus, LOGIND, &inhibitors).await;
        let saver = name(&bus, SAVERS[0], &inhibitors).await;
        let (sender, mut heard) = mpsc::unbounded_channel();
        let desktop = Desktop::at(&bus.address);
        let following = tokio::spawn(async move {
            let hear = move |event| sender.send(event).expect("the test listens");
            desktop.follow(Box::new(hear)).await;
        });
        let nobody = None::<&str>;

        // The inhibitor is asked for last: from here on, whatever logind says is heard.
        while inhibitors.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        logind.emit_signal(nobody, OWN_SESSION, SESSION, "Lock", &()).await.unwrap();
        assert_eq!(heard.recv().await.unwrap(), PresenceEvent::Left(LockCause::Screen));
        logind.emit_signal(nobody, OWN_SESSION, SESSION, "Unlock", &()).await.unwrap();
        assert_eq!(heard.recv().await.unwrap(), PresenceEvent::Back);

        let hint = std::collections::HashMap::from([("LockedHint", zbus::zvariant::Value::from(true))]);
        let body = (SESSION, hint, Vec::<&str>::new());
        logind.emit_signal(nobody, OWN_SESSION, PROPERTIES, "PropertiesChanged", &body).await.unwrap();
        assert_eq!(heard.recv().await.unwrap(), PresenceEvent::Left(LockCause::Screen));

        // Another login of the same machine is another person's.
        let other = "/org/freedesktop/login1/session/_32";
        logind.emit_signal(nobody, other, SESSION, "Lock", &()).await.unwrap();
        logind.emit_signal(nobody, MANAGER_PATH, MANAGER, "PrepareForSleep", &true).await.unwrap();
        assert_eq!(heard.recv().await.unwrap(), PresenceEvent::Left(LockCause::Sleep));
        // The inhibitor was given up, and only after the call had returned.
        let mut held = inhibitors.lock().unwrap().remove(0);
        assert_eq!(held.read(&mut [0]).unwrap(), 0);
        logind.emit_signal(nobody, MANAGER_PATH, MANAGER, "PrepareForSleep", &false).await.unwrap();
        assert_eq!(heard.recv().await.unwrap(), PresenceEvent::Back);

        // Last, because more than one of these may arrive.
        let active = async || {
            saver.emit_signal(nobody, "/org/freedesktop/ScreenSaver", SAVERS[0], "ActiveChanged", &true).await.unwrap();
        };
        assert_eq!(hear(&mut heard, active).await, PresenceEvent::Left(LockCause::Screen));
        following.abort();
    }
}
