//! What a fold set aside: all of it is counted, the last of it is listed, and a restart forgets none.

use store::{Options, PARKED, PARKED_LISTED_MAX, Parked, ParkedList, SCAN_ROWS_MAX, Store};

#[test]
fn all_are_counted_and_the_last_are_listed_and_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Store::open(dir.path(), Options::new([PARKED])).unwrap();
    let store = open();
    assert_eq!(ParkedList::of(&store).unwrap(), ParkedList::default());
    // more than one scan gives; the order in which they are set aside does not matter
    let count = SCAN_ROWS_MAX as u64 + 5;
    let parked = |sequence| Parked { sequence, reason: format!("damaged {sequence}") };
    store.apply((1..=count).rev().map(|sequence| parked(sequence).unit())).unwrap();
    // the same one again, after a crash
    store.apply([parked(count).unit()]).unwrap();
    let check = |store: &Store| {
        let list = ParkedList::of(store).unwrap();
        assert_eq!((list.parked as u64, list.parked_last.len()), (count, PARKED_LISTED_MAX));
        let youngest: Vec<Parked> = (1..=count).rev().take(PARKED_LISTED_MAX).map(parked).collect();
        assert_eq!(list.parked_last, youngest);
    };
    check(&store);
    let mut told = ParkedList::default();
    (1..=count).chain([count - 1, count]).for_each(|sequence| told.add(parked(sequence)));
    assert_eq!(told, ParkedList::of(&store).unwrap(), "what is added one by one is what the rows say");
    store.close().unwrap();
    drop(store);
    check(&open());
}
