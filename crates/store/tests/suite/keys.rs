//! Keys sort as their parts do, and come apart again.

use proptest::prelude::*;
use store::{Key, KeyMismatch, Prefix};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    U8(u8),
    U64(u64),
    I64(i64),
    Text(String),
    Bytes(Vec<u8>),
}

fn key(community: &str, parts: &[Part]) -> Key {
    parts.iter().fold(Key::community(community), |key, part| match part {
        Part::U8(part) => key.u8(*part),
        Part::U64(part) => key.u64(*part),
        Part::I64(part) => key.i64(*part),
        Part::Text(part) => key.text(part),
        Part::Bytes(part) => key.bytes(part),
    })
}

/// Texts that are near each other, with the bytes that the escape is made of.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a\u{0}\u{1}\u{ff}b]{0,4}", ".{0,8}", "b[0-9]{0,3}"]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0), Just(1), Just(0xFF), any::<u8>()], 0..6)
}

/// Two lists of parts of the same shape: the kinds are drawn once.
fn two_of_a_table() -> impl Strategy<Value = (Vec<Part>, Vec<Part>)> {
    let pair = prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(a, b)| (Part::U8(a), Part::U8(b))),
        (any::<u64>(), any::<u64>()).prop_map(|(a, b)| (Part::U64(a), Part::U64(b))),
        (any::<i64>(), any::<i64>()).prop_map(|(a, b)| (Part::I64(a), Part::I64(b))),
        (-2..2_i64, -2..2_i64).prop_map(|(a, b)| (Part::I64(a), Part::I64(b))),
        (text(), text()).prop_map(|(a, b)| (Part::Text(a), Part::Text(b))),
        (bytes(), bytes()).prop_map(|(a, b)| (Part::Bytes(a), Part::Bytes(b))),
        text().prop_map(|a| (Part::Text(a.clone()), Part::Text(a))),
    ];
    prop::collection::vec(pair, 0..5).prop_map(|pairs| pairs.into_iter().unzip())
}

proptest! {
    #[test]
    fn keys_sort_as_their_parts_do((a, b) in two_of_a_table(), c in text(), d in text()) {
        prop_assert_eq!(key(&c, &a).cmp(&key(&d, &b)), (&c, &a).cmp(&(&d, &b)));
    }

    #[test]
    fn no_key_of_a_table_begins_with_another((a, b) in two_of_a_table(), c in text(), d in text()) {
        let (one, other) = (key(&c, &a), key(&d, &b));
        prop_assert_eq!(one.clone().prefix().covers(&other), one == other);
    }

    #[test]
    fn parts_come_off_as_they_went_on((parts, _) in two_of_a_table(), community in text()) {
        let key = key(&community, &parts);
        let mut reader = key.read();
        prop_assert_eq!(reader.community(), Ok(community));
        for part in parts {
            let read = match &part {
                Part::U8(_) => reader.u8().map(Part::U8),
                Part::U64(_) => reader.u64().map(Part::U64),
                Part::I64(_) => reader.i64().map(Part::I64),
                Part::Text(_) => reader.text().map(Part::Text),
                Part::Bytes(_) => reader.bytes().map(Part::Bytes),
            };
            prop_assert_eq!(read, Ok(part));
        }
        prop_assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn a_prefix_covers_the_keys_that_go_on((parts, other) in two_of_a_table(), length in 0..5_usize) {
        let length = length.min(parts.len());
        let prefix = key("u07", &parts[..length]).prefix();
        prop_assert!(prefix.covers(&key("u07", &parts)));
        prop_assert_eq!(prefix.covers(&key("u07", &other)), other[..length] == parts[..length]);
    }

    #[test]
    fn one_community_never_sees_into_another(a in text(), b in text(), (parts, _) in two_of_a_table()) {
        prop_assert_eq!(Key::community(&a).prefix().covers(&key(&b, &parts)), a == b);
        prop_assert!(Prefix::all_communities_of_table().covers(&key(&b, &parts)));
        prop_assert!(!Prefix::all_of_deployment_table().covers(&key(&b, &parts)));
    }

    #[test]
    fn reading_any_bytes_as_any_parts_never_panics(bytes in bytes(), asked in prop::collection::vec(0..6_u8, 0..8)) {
        let key = Key::deployment().bytes(&bytes);
        let mut reader = key.read();
        for what in asked {
            let read = match what {
                0 => reader.u8().map(drop),
                1 => reader.u64().map(drop),
                2 => reader.i64().map(drop),
                3 => reader.text().map(drop),
                4 => reader.community().map(drop),
                _ => reader.deployment(),
            };
            prop_assert!(matches!(read, Ok(()) | Err(KeyMismatch)));
        }
    }
}

#[test]
fn parts_of_another_shape_are_refused() {
    let key = Key::community("u07").u8(7);
    assert_eq!(key.read().deployment(), Err(KeyMismatch), "the scope is another");
    let mut reader = key.read();
    assert_eq!(reader.community(), Ok("u07".to_owned()));
    assert_eq!(reader.clone().u64(), Err(KeyMismatch), "only one byte is there");
    assert_eq!(reader.end(), Err(KeyMismatch), "a part is left over");
}
