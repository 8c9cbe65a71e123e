//! What is searched, and what must come out.

use crate::built::{Built, Full, Guard};
use crate::reference::{self, Reference};
use crate::search::{Counts, Verdict, explore};

/// One search.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What is searched; for the reference, the arguments of `pairing_crash_model.py`.
    pub name: &'static str,
    /// What must come out.
    pub expected: Counts,
    machine: Machine,
}

#[derive(Debug, Clone, Copy)]
enum Machine {
    Reference(Reference),
    Built(Built),
}

impl Case {
    /// Searches.
    #[must_use]
    pub fn explore(&self) -> Verdict {
        match &self.machine {
            Machine::Reference(machine) => explore(machine),
            Machine::Built(machine) => explore(machine),
        }
    }

    /// Tells whether `pairing_crash_model.py` searches the same.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        matches!(self.machine, Machine::Reference(_))
    }
}

/// Every search.
///
/// The reference holds even where the device erases the code's secret early: its connector keeps four candidates
/// of three attempts and so forgets none. The finer model shows what that guard is for.
pub const CASES: &[Case] = &[
    reference("v1", [410, 48, 88], Reference::Published),
    reference("v2", [5827, 567, 0], Reference::TwoPhase),
    reference("v2 --no-claim-id", [1628, 168, 2], Reference::Without(reference::Guard::ClaimId)),
    reference("v2 --no-keep-old", [5260, 657, 80], Reference::Without(reference::Guard::KeepOld)),
    reference("v2 --early-delete", [5827, 567, 0], Reference::Without(reference::Guard::EraseAfterProof)),
    built("as built, scaled to 2 candidates, any number of forged hints", [8576, 291, 0], SCALED),
    built("as built, 4 candidates, any number of forged hints", [76_763, 291, 0], AS_IN_THE_CODE),
    built("  without the claim id", [7596, 251, 2], without(Guard::ClaimId)),
    built("  without candidates that a new attempt follows", [2986, 287, 295], without(Guard::KeepOld)),
    built("  without pinning", [8440, 287, 138], without(Guard::Pin)),
    built("  with the device erasing before S2", [2162, 134, 72], without(Guard::DeviceErasesAfterS2)),
    built("  with the connector erasing before FIN", [2683, 230, 564], without(Guard::ConnectorErasesAfterFin)),
    built("  refusing where every candidate is pinned, after as many forged hints", [15_954, 762, 814], REFUSING),
];

const SCALED: Built =
    Built { candidates: 2, forged_hints: None, when_all_are_pinned: Full::EvictOldest, without: None };
const AS_IN_THE_CODE: Built = Built { candidates: 4, ..SCALED };
const REFUSING: Built = Built { forged_hints: Some(2), when_all_are_pinned: Full::Refuse, ..SCALED };

const fn without(guard: Guard) -> Built {
    Built { without: Some(guard), ..SCALED }
}

const fn reference(name: &'static str, counts: [usize; 3], machine: Reference) -> Case {
    Case { name, expected: Counts::new(counts), machine: Machine::Reference(machine) }
}

const fn built(name: &'static str, counts: [usize; 3], machine: Built) -> Case {
    Case { name, expected: Counts::new(counts), machine: Machine::Built(machine) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_search_finds_what_it_must() {
        for case in CASES {
            let verdict = case.explore();
            assert_eq!(verdict.counts, case.expected, "{}: {:?}", case.name, verdict.shortest_stranding);
            assert_eq!(verdict.done_with_setup_secret, 0, "{}", case.name);
        }
    }
}
