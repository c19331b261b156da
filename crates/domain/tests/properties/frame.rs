//! Bytes of the log: whatever is written is read as it was, whatever was changed is refused, and nothing makes the reader fall over.

use domain::{Commit, Event, building::ReportBasis};
use proptest::prelude::*;
use testkit::{Sample, Source, event_of, payload};

/// Bytes before the body of a frame: magic, version, checksum.
const PREFIX_BYTES: usize = 7;

fn commit(seed: u64) -> Commit {
    Commit::sample(&mut Source::any(seed))
}

/// A frame around any body, with the checksum that fits.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"GW\x01".to_vec();
    bytes.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// The reader takes bytes as they are, or not at all.
fn refused_or_itself(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(commit) = Commit::decode(bytes) {
        prop_assert_eq!(commit.encode().unwrap(), bytes);
    }
    Ok(())
}

#[test]
fn damage_is_called_by_its_name() {
    let bytes = commit(1).encode().unwrap();
    let changed = |place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        bytes
    };
    let body = &bytes[PREFIX_BYTES..];
    for (damaged, said) in [
        (bytes[..PREFIX_BYTES - 1].to_vec(), "commit is damaged: too short"),
        (changed(0), "commit is damaged: not a commit"),
        (changed(3), "commit is damaged: checksum"),
        (changed(PREFIX_BYTES), "commit is damaged: checksum"),
        (framed(&[]), "commit is damaged: header"),
        (framed(&[body, &[0]].concat()), "commit is damaged: left-over bytes"),
        (changed(2), "commit frame version 0 is not known: upgrade needed"),
    ] {
        assert_eq!(Commit::decode(&damaged).unwrap_err().to_string(), said);
    }
}

#[test]
fn what_a_newer_program_wrote_is_told_from_damage() {
    let bytes = commit(1).encode().unwrap();
    let newer_frame = [b"GW\x02", &bytes[3..]].concat();
    assert!(Commit::decode(&newer_frame).unwrap_err().needs_upgrade());
    let header = commit(1).header;
    let newer_event = framed(&postcard::to_stdvec(&(&header, vec![("visit.recorded.v999", &[1_u8, 2][..])])).unwrap());
    assert!(Commit::decode(&newer_event).unwrap_err().needs_upgrade());
    // a word with a number that this program does not know, where one stands that it knows
    let reported = domain::building::Reported { scopes: Vec::new(), for_date: domain::values::Day(7), basis: ReportBasis::Seen, exceptions: Vec::new() };
    let payload = Event::from(reported.clone()).encode().unwrap();
    let place = Event::from(domain::building::Reported { basis: ReportBasis::Heard, ..reported }).encode().unwrap();
    let place = payload.iter().zip(&place).position(|(one, other)| one != other).unwrap();
    let newer_payload = payload.iter().enumerate().map(|(at, byte)| if at == place { 200 } else { *byte }).collect::<Vec<u8>>();
    let framed_as = |payload: &[u8]| framed(&postcard::to_stdvec(&(&header, vec![("building.reported.v1", payload)])).unwrap());
    assert!(Commit::decode(&framed_as(&payload)).is_ok());
    let newer_word = Commit::decode(&framed_as(&newer_payload)).unwrap_err();
    assert!(newer_word.needs_upgrade(), "{newer_word:?}");
    let role = |role| postcard::to_stdvec(&domain::Header { role, ..header.clone() }).unwrap();
    let mut newer_header = role(domain::Role::Office);
    let place = newer_header.iter().zip(&role(domain::Role::Gate)).position(|(one, other)| one != other).unwrap();
    newer_header[place] = 200;
    newer_header.extend(postcard::to_stdvec(&vec![("building.reported.v1", &payload[..])]).unwrap());
    let newer_role = Commit::decode(&framed(&newer_header)).unwrap_err();
    assert!(newer_role.needs_upgrade(), "{newer_role:?}");
    let poisonous = framed(&postcard::to_stdvec(&(&header, vec![("visit.recorded.v1", &[255_u8; 3][..])])).unwrap());
    assert!(!Commit::decode(&poisonous).unwrap_err().needs_upgrade());
}

#[test]
fn a_commit_that_no_message_can_carry_is_not_written() {
    let one = Event::BuildingRenamed(domain::building::Renamed { building: "b07".parse().unwrap(), name: "7".repeat(domain::commit::COMMIT_BYTES_MAX) });
    let commit = Commit { events: vec![one], ..commit(1) };
    assert!(matches!(commit.encode(), Err(domain::commit::CommitError::TooLarge { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_as_it_was(seed: u64) {
        let commit = commit(seed);
        let bytes = commit.encode().unwrap();
        let read = Commit::decode(&bytes).unwrap();
        prop_assert_eq!(&read, &commit);
        prop_assert_eq!(read.encode().unwrap(), bytes);
    }

    #[test]
    fn every_event_is_written_and_read_by_its_name(seed: u64) {
        for name in Event::NAMES {
            let event = event_of(name, &mut Source::any(seed)).unwrap();
            let bytes = event.encode().unwrap();
            prop_assert_eq!(&Event::decode(name, &bytes).unwrap(), &event);
            prop_assert!(payload(&event).is_object(), "{}", name);
        }
    }

    #[test]
    fn flipped_bytes_are_never_another_commit(seed: u64, flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=u8::MAX), 1..=4)) {
        let original = commit(seed).encode().unwrap();
        let mut bytes = original.clone();
        for (place, change) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= change;
        }
        // two flips of one byte may undo each other
        prop_assume!(bytes != original);
        prop_assert!(Commit::decode(&bytes).is_err());
    }

    #[test]
    fn a_part_of_a_commit_or_more_than_one_is_refused(seed: u64, cut: prop::sample::Index, more in prop::collection::vec(any::<u8>(), 1..16)) {
        let bytes = commit(seed).encode().unwrap();
        prop_assert!(Commit::decode(&bytes[..cut.index(bytes.len())]).is_err());
        prop_assert!(Commit::decode(&[&bytes[..], &more[..]].concat()).is_err());
        let body = [&bytes[PREFIX_BYTES..], &more[..]].concat();
        prop_assert!(Commit::decode(&framed(&body)).is_err(), "left-over bytes under a checksum that fits");
    }

    #[test]
    fn any_bytes_are_refused_or_are_themselves(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        refused_or_itself(&bytes)?;
        refused_or_itself(&framed(&bytes))?;
        for name in Event::NAMES {
            if let Ok(event) = Event::decode(name, &bytes) {
                prop_assert_eq!(&event.encode().unwrap(), &bytes);
                let _shown = payload(&event);
            }
        }
    }

    #[test]
    fn a_damaged_body_under_a_checksum_that_fits_is_refused_or_is_itself(seed: u64, place: prop::sample::Index, change: u8, insert: bool) {
        let mut body = commit(seed).encode().unwrap()[PREFIX_BYTES..].to_vec();
        let place = place.index(body.len());
        if insert { body.insert(place, change) } else { body[place] = change }
        refused_or_itself(&framed(&body))?;
    }
}
