//! kill -9 before and after each SQL statement of what changes devices.
//!
//! 1. A child process, this test again, does one operation on a prepared folder and kills itself at its n-th
//!    statement: savepoints, commits and reads count as well.
//! 2. The parent opens the folder again. The operation is done or not done, never half; then it does it once more, as
//!    the party does that got no answer, and it ends as if there had been no kill.
//! 3. The next n, until a child lives to its end.

use std::path::Path;
use std::process::{Command, ExitStatus};

use latchgate_protocol::rest::DeviceState;
use latchgate_protocol::{DeviceId, InstanceId, SealedBlob};
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::sqlite::Sqlite;
use super::{Backend, Claim, ClaimState, CreateDeviceOutcome, NewDevice, Store, open};
use crate::hash::PasswordHash;

const OPERATION: &str = "LATCHGATE_KILLED_OPERATION";
const FOLDER: &str = "LATCHGATE_KILLED_FOLDER";
const STATEMENT: &str = "LATCHGATE_KILLED_STATEMENT";
const TEST: &str = "store::kills::ab_16_a_kill_at_any_statement_leaves_one_side_of_it";

const NOW: u64 = 1_800_000_000;
const INSTANCE: InstanceId = InstanceId::from_bytes([1; 16]);
const OTHER_INSTANCE: InstanceId = InstanceId::from_bytes([2; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([3; 16]);
const CLAIM: Claim = Claim { setup_hash: [4; 32], claim_hash: [5; 32] };
const OTHER_CLAIM: Claim = Claim { setup_hash: [4; 32], claim_hash: [6; 32] };

/// What the gateway is killed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    RegisterInstance,
    RegisterDevice,
    Claim,
    RefuseAnotherClaim,
    FirstConnect,
    Revoke,
    OrderWipe,
}

impl Operation {
    const ALL: [Self; 7] = [
        Self::RegisterInstance,
        Self::RegisterDevice,
        Self::Claim,
        Self::RefuseAnotherClaim,
        Self::FirstConnect,
        Self::Revoke,
        Self::OrderWipe,
    ];

    /// Brings a store to where the operation begins.
    async fn prepare(self, store: &Store) {
        store.create_instance(INSTANCE, password(0), NOW).await.unwrap();
        if matches!(self, Self::RegisterInstance | Self::RegisterDevice) {
            return;
        }
        register(store).await;
        if self != Self::Claim {
            claim(store, CLAIM).await;
        }
    }

    /// Does it, or does it again.
    async fn run(self, store: &Store) {
        match self {
            Self::RegisterInstance => {
                // Whoever got no answer registers anew, under another id.
                let taken = store.instance_credentials(OTHER_INSTANCE).await.unwrap().is_some();
                let id = if taken { InstanceId::from_bytes([7; 16]) } else { OTHER_INSTANCE };
                store.create_instance(id, password(0), NOW).await.unwrap();
            }
            Self::RegisterDevice => assert!(matches!(register(store).await, CreateDeviceOutcome::Created { .. })),
            Self::Claim => assert!(matches!(claim(store, CLAIM).await, ClaimState::Granted { .. })),
            Self::RefuseAnotherClaim => {
                assert!(matches!(claim(store, OTHER_CLAIM).await, ClaimState::Used { .. }));
            }
            Self::FirstConnect => assert!(store.finish_device_login(DEVICE, 1, None, NOW).await.unwrap()),
            Self::Revoke => assert!(store.revoke_device(INSTANCE, DEVICE, NOW).await.unwrap()),
            Self::OrderWipe => {
                let order = SealedBlob::new(vec![8; 64]).unwrap();
                assert!(store.order_wipe(INSTANCE, DEVICE, order, NOW).await.unwrap());
            }
        }
    }

    /// Tells whether it is done; whatever is there must be whole.
    async fn is_done(self, store: &Store) -> bool {
        let devices = store.list_devices(INSTANCE).await.unwrap();
        let state = devices.first().map(|device| device.state);
        match self {
            Self::RegisterInstance => store.instance_credentials(OTHER_INSTANCE).await.unwrap().is_some(),
            Self::RegisterDevice => {
                // A device without its setup key could never be claimed.
                let claimable = matches!(store.peek_claim(CLAIM, NOW).await.unwrap(), ClaimState::Granted { .. });
                assert_eq!((devices.len() == 1, state), (claimable, claimable.then_some(DeviceState::Open)));
                claimable
            }
            Self::Claim => {
                let claimed = matches!(store.peek_claim(OTHER_CLAIM, NOW).await.unwrap(), ClaimState::Used { .. });
                let known = store.device_credentials(DEVICE).await.unwrap().unwrap();
                assert_eq!((known.password.is_some(), known.version > 0), (claimed, claimed));
                claimed
            }
            Self::RefuseAnotherClaim => {
                assert!(matches!(store.peek_claim(CLAIM, NOW).await.unwrap(), ClaimState::Granted { .. }));
                let other = store.peek_claim(OTHER_CLAIM, NOW).await.unwrap();
                let ClaimState::Used { first_conflict, .. } = other else { panic!("{other:?}") };
                !first_conflict
            }
            Self::FirstConnect => {
                let closed = store.peek_claim(CLAIM, NOW).await.unwrap() == ClaimState::Gone;
                assert_eq!(state == Some(DeviceState::Claimed), closed);
                closed
            }
            Self::Revoke | Self::OrderWipe => {
                let revoked = state == Some(DeviceState::Revoked);
                let known = store.device_credentials(DEVICE).await.unwrap().unwrap();
                assert_eq!((known.revoked, known.version > 1), (revoked, revoked));
                assert_eq!(store.peek_claim(CLAIM, NOW).await.unwrap() == ClaimState::Gone, revoked);
                // The password goes with a revocation, and waits for the order with a wipe.
                assert_eq!(known.password.is_some(), !revoked || self == Self::OrderWipe);
                assert_eq!(store.wipe_order(DEVICE).await.unwrap().is_some(), revoked && self == Self::OrderWipe);
                // The other nodes hear of it if and only if it is.
                assert_eq!(store.revocations_after(0).await.unwrap().len(), usize::from(revoked));
                revoked
            }
        }
    }
}

#[tokio::test]
async fn ab_16_a_kill_at_any_statement_leaves_one_side_of_it() {
    if let Some(operation) = std::env::var_os(OPERATION) {
        let operation = Operation::ALL.into_iter().find(|one| format!("{one:?}").as_str() == operation);
        return be_killed_in(operation.unwrap()).await;
    }
    for operation in Operation::ALL {
        let prepared = tempfile::tempdir().unwrap();
        let store = Store::open(prepared.path()).unwrap();
        operation.prepare(&store).await;
        store.close();
        let mut done = Vec::new();
        for statement in 0.. {
            let folder = tempfile::tempdir().unwrap();
            std::fs::copy(prepared.path().join(open::DATABASE), folder.path().join(open::DATABASE)).unwrap();
            let ended = run_child(operation, folder.path(), statement);
            Store::check(folder.path()).unwrap_or_else(|error| panic!("{operation:?} at {statement}: {error}"));
            let store = Store::open(folder.path()).unwrap();
            done.push(operation.is_done(&store).await);
            operation.run(&store).await;
            assert!(operation.is_done(&store).await, "{operation:?} at {statement}, repeated");
            store.close();
            if ended.success() {
                break;
            }
        }
        // BEGIN, a savepoint, the work, its release and COMMIT, each before and after.
        assert!(done.len() > 10, "{operation:?} was killed {} times only", done.len());
        assert!(!done[0], "{operation:?} is not done before its first statement");
        assert!(done.is_sorted() && done[done.len() - 1], "{operation:?}: {done:?}");
    }
}

fn run_child(operation: Operation, folder: &Path, statement: usize) -> ExitStatus {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", TEST, "--nocapture"]).env(OPERATION, format!("{operation:?}")).env(FOLDER, folder);
    let ended = child.env(STATEMENT, statement.to_string()).output().unwrap();
    let killed = std::os::unix::process::ExitStatusExt::signal(&ended.status) == Some(9);
    assert!(ended.status.success() || killed, "{}", String::from_utf8_lossy(&ended.stderr));
    ended.status
}

/// The child.
async fn be_killed_in(operation: Operation) {
    let folder = std::env::var_os(FOLDER).unwrap();
    let mut left: usize = std::env::var(STATEMENT).unwrap().parse().unwrap();
    let (mut connection, lock) = open::open(Path::new(&folder)).unwrap();
    let count = move |_: TraceEvent<'_>| {
        if left == 0 {
            let own = std::process::id().to_string();
            drop(Command::new("kill").args(["-KILL", &own]).status());
        }
        left = left.saturating_sub(1);
    };
    let each = TraceEventCodes::SQLITE_TRACE_STMT | TraceEventCodes::SQLITE_TRACE_PROFILE;
    connection.trace_v2(each, Some(count)).unwrap();
    let store = Store(Backend::Sqlite(Sqlite::serve(connection, lock).unwrap()));
    operation.run(&store).await;
}

async fn register(store: &Store) -> CreateDeviceOutcome {
    let new = NewDevice {
        instance_id: INSTANCE,
        device_id: DEVICE,
        setup_hash: CLAIM.setup_hash,
        expires: NOW + 600,
        key_hash: [9; 32],
        most: 10,
        request_hash: [10; 32],
    };
    store.create_device(new, NOW).await.unwrap()
}

async fn claim(store: &Store, claim: Claim) -> ClaimState {
    store.claim(claim, Some(password(1)), NOW).await.unwrap()
}

fn password(hash: u8) -> PasswordHash {
    PasswordHash { salt: [0; 16], iterations: 1, hash: [hash; 32] }
}
