//! Random schedules of faults over the real code of all three parties: the vault and the steps of this crate,
//! the connector's store, the gateway's store.
//!
//! 1. A [`Schedule`](run::Schedule) draws operations: deliver, duplicate, drop, a message out of order, a forged
//!    reset hint, a step of a clock, a crash of any party, before or after its durable write and before or after
//!    what it sends.
//! 2. Then the faults end. What is under way still arrives, in any order, and the device tries on as it would.
//! 3. Both sides must hold one key and no code, or the device must ask for a new code because its own expired.
//!
//! The network and the clocks are virtual; nothing sleeps. `LATCHGATE_SCHEDULES` says how many schedules are run,
//! `LATCHGATE_SEED` where they begin.

mod network;
mod run;
mod servers;

use std::sync::atomic::{AtomicU64, Ordering};

use self::run::{Outcome, Tally, Violation};

/// How many schedules a plain test run takes; a release is tested with [`RELEASE_SCHEDULES`].
const SCHEDULES: u64 = 1_000;
/// What `LATCHGATE_SCHEDULES=100000` asks for.
const RELEASE_SCHEDULES: u64 = 100_000;
/// Within how many schedules a missing guard must show.
const ABLATED_SCHEDULES: u64 = 20_000;

/// What keeps a device from being stranded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// A repeated claim is told from a second claimant.
    ClaimId,
    /// The connector keeps candidates that a new attempt follows.
    KeepOld,
    /// The connector erases the code's secret, or the key before, only when FIN proved the next one.
    EraseAfterProof,
}

#[test]
fn pairing_survives_random_schedules_of_faults() {
    let schedules = number("LATCHGATE_SCHEDULES").unwrap_or(SCHEDULES);
    let seed = number("LATCHGATE_SEED").unwrap_or(1);
    let tally = run_all(seed, schedules, None, false);
    // Read by whoever counts: nextest shows it with --no-capture.
    let told = std::io::Write::write_all(&mut std::io::stderr(), format!("{tally}\n").as_bytes());
    drop(told);
    assert!(tally.violations.is_empty(), "{tally}");
    assert_eq!(tally.schedules, schedules);
    assert!(tally.paired > schedules / 2 && tally.rotated > 0, "the schedules show too little: {tally}");
    assert!(schedules < RELEASE_SCHEDULES || tally.asked_for_a_new_code > 0, "no code expired: {tally}");
}

#[test]
fn pairing_without_claim_ids_is_found_to_strand() {
    assert_found(Guard::ClaimId, Violation::Stranded);
}

#[test]
fn pairing_without_earlier_candidates_is_found_to_strand() {
    assert_found(Guard::KeepOld, Violation::Stranded);
}

#[test]
fn pairing_that_erases_before_the_proof_is_found_to_strand() {
    assert_found(Guard::EraseAfterProof, Violation::Stranded);
}

fn assert_found(without: Guard, violation: Violation) {
    let tally = run_all(1, ABLATED_SCHEDULES, Some(without), true);
    let found = tally.violations.iter().any(|(_, found, _)| *found == violation);
    assert!(found, "nothing was found without {without:?}: {tally}");
}

/// Runs schedules on all cores; ends at the first violation where that is all that is asked for.
fn run_all(seed: u64, schedules: u64, without: Option<Guard>, stop_at_first: bool) -> Tally {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| work(seed, schedules, without, stop_at_first, &next))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker ends")).sum()
    })
}

fn work(seed: u64, schedules: u64, without: Option<Guard>, stop_at_first: bool, next: &AtomicU64) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut tally = Tally::default();
        let mut servers = servers::Servers::new().await;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= schedules {
                return tally;
            }
            if servers.are_full() {
                servers = servers::Servers::new().await;
            }
            let outcome = run::Schedule::new(seed.wrapping_add(number), without, &mut servers).await.run().await;
            let violated = matches!(outcome, Outcome::Violated(..));
            tally.count(seed.wrapping_add(number), outcome);
            if violated && stop_at_first {
                next.store(schedules, Ordering::Relaxed);
            }
        }
    })
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, found {text}")))
}
