//! A person's file, and where they live, work or stay.

use super::*;
use domain::{Known, person::ResidenceKind};
use testkit::field;

fn person(change: Value) -> Value {
    let mut data = json!({"person": "p1", "name": "杨桂英", "household": "h502", "birth_year": 1944, "sex": "f"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

fn new(change: Value) -> Value {
    let mut data = person(change);
    data["person"] = json!("p77");
    data
}

/// Where somebody lives, as `household from until`.
fn lives(world: &World, person: &str) -> Vec<String> {
    let state = (world as &dyn Known).person(&person.parse().unwrap()).unwrap();
    let residences = state.residences.iter().filter(|residence| residence.kind == ResidenceKind::Lives);
    let day = |at: domain::values::Timestamp| at.to_string()[..10].to_owned();
    residences
        .map(|residence| {
            let until = residence.until.map_or("-".to_owned(), day);
            format!("{} {} {until}", residence.place.household.as_ref().unwrap(), day(residence.from))
        })
        .collect()
}

#[test]
fn a_person_is_registered_within_limits() {
    let phones = |count| json!({"phones": repeated(count, |n| json!(n.to_string()))});
    let categories = |count| json!({"categories": repeated(count, |n| json!(format!("c{n}")))});
    check(
        &World::settled(),
        "2020-02-02T08:00",
        &[
            ("with a home", "person.register", new(json!({})), "person.registered residence.started"),
            ("without", "person.register", new(json!({"household": null})), "person.registered"),
            ("unknown household", "person.register", new(json!({"household": "h9"})), "unknown household h9 /data/household"),
            ("no name", "person.register", new(json!({"name": "  "})), "422 name_empty /data/name"),
            ("8 telephones", "person.register", new(phones(8)), "person.registered residence.started"),
            ("9 telephones", "person.register", new(phones(9)), "422 too_many /data/phones"),
            ("16 categories", "person.register", new(categories(16)), "person.registered residence.started"),
            ("17 categories", "person.register", new(categories(17)), "422 too_many /data/categories"),
            ("born in 1880", "person.register", new(json!({"birth_year": 1880})), "person.registered residence.started"),
            ("born in 1879", "person.register", new(json!({"birth_year": 1879})), "422 birth_year_range /data/birth_year"),
            ("an ID number", "person.register", new(json!({"id_number": "11010519491231002X"})), "person.registered residence.started"),
            ("a digit mistyped", "person.register", new(json!({"id_number": "11010519491231012X"})), "422 id_number_malformed /data/id_number"),
            ("no number at all", "person.register", new(json!({"id_number": ""})), "422 id_number_malformed /data/id_number"),
            ("born in 44", "person.register", new(json!({"birth_year": 44})), "422 birth_year_range /data/birth_year"),
        ],
    );
}

#[test]
fn registering_again_says_what_is_other_than_before() {
    let mut world = World::settled();
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("the same", "person.register", person(json!({})), "unchanged"),
            ("what is absent stays", "person.register", json!({"person": "p1", "name": "杨桂英"}), "unchanged"),
            ("another name", "person.register", person(json!({"name": "杨桂瑛"})), "person.identity_corrected"),
            ("another number", "person.register", person(json!({"id_number": "11010519491231002X"})), "person.identity_corrected"),
            ("another year", "person.register", person(json!({"birth_year": 1945})), "person.identity_corrected"),
            ("a category", "person.register", person(json!({"categories": ["returned"]})), "person.categories_changed"),
            ("another home", "person.register", person(json!({"household": "h101"})), "residence.ended residence.started"),
        ],
    );
    world.record("person.register", person(json!({"categories": ["returned"]})), "2020-02-02T08:00");
    check(
        &world,
        "2020-02-02T09:00",
        &[
            ("the same", "person.register", person(json!({"categories": ["returned"]})), "unchanged"),
            ("categories that are not named stay", "person.register", person(json!({})), "unchanged"),
            ("none any more", "person.register", person(json!({"categories": []})), "person.categories_changed"),
        ],
    );
}

#[test]
fn moving_in_ends_living_elsewhere() {
    let mut world = World::settled();
    world.record("person.register", person(json!({"household": "h101"})), "2020-02-05T08:00");
    assert_eq!(lives(&world, "p1"), ["h502 2020-02-01 2020-02-05", "h101 2020-02-05 -"]);
    world.record("residence.start", json!({"person": "p1", "household": "h502", "kind": "lives"}), "2020-02-08T08:00");
    assert_eq!(lives(&world, "p1"), ["h502 2020-02-01 2020-02-05", "h101 2020-02-05 2020-02-08", "h502 2020-02-08 -"]);
}

#[test]
fn a_home_that_is_typed_late_lies_before_the_one_that_is_known() {
    let mut world = World::settled();
    world.record("person.register", json!({"person": "p9", "name": "王芳", "household": "h502"}), "2020-02-05T08:00");
    world.record_late("person.register", json!({"person": "p9", "name": "王芳", "household": "h101"}), "2020-02-03T08:00", "2020-02-06T08:00");
    assert_eq!(lives(&world, "p9"), ["h502 2020-02-05 -", "h101 2020-02-03 2020-02-05"]);
}

#[test]
fn a_residence_starts_and_ends() {
    let start = |kind: &str| json!({"person": "p1", "household": "h101", "kind": kind});
    let end = |change: Value| {
        let mut data = json!({"person": "p1", "household": "h502"});
        for (name, value) in change.as_object().unwrap() {
            data[name] = value.clone();
        }
        data
    };
    let mut world = World::settled();
    check(
        &world,
        "2020-02-05T08:00",
        &[
            ("works there", "residence.start", start("works"), "residence.started"),
            ("lives there already", "residence.start", json!({"person": "p1", "household": "h502", "kind": "lives"}), "unchanged"),
            ("unknown person", "residence.start", json!({"person": "p77", "household": "h502", "kind": "lives"}), "unknown person p77 /data/person"),
            ("unknown household", "residence.start", json!({"person": "p1", "household": "h9", "kind": "works"}), "unknown household h9 /data/household"),
            ("the end", "residence.end", end(json!({})), "residence.ended"),
            ("the end of another kind", "residence.end", end(json!({"kind": "stays"})), "unchanged"),
            ("where they never lived", "residence.end", json!({"person": "p1", "household": "h101"}), "unchanged"),
            ("unknown", "residence.end", json!({"person": "p77", "household": "h502"}), "unknown person p77 /data/person"),
            ("unknown", "residence.end", json!({"person": "p1", "household": "h9"}), "unknown household h9 /data/household"),
            ("before it began", "residence.end", end(json!({"until": "2020-02-01T08:59:00+08:00"})), "422 ends_before_start /data/until"),
            ("when it began", "residence.end", end(json!({"until": "2020-02-01T09:00:00+08:00"})), "residence.ended"),
        ],
    );
    world.record("residence.start", json!({"person": "p1", "household": "h502", "kind": "registered_only"}), "2020-02-05T08:00");
    check(&world, "2020-02-06T08:00", &[("every way", "residence.end", end(json!({"reason": "sold"})), "residence.ended residence.ended")]);
    let events = accepted(&world, "residence.end", end(json!({"reason": "sold"})), "2020-02-06T08:00");
    assert_eq!((field(&events[0], "/private/reason/0"), field(&events[1], "/private")), (json!("sold"), Value::Null), "the reason is said once");
    world.record("residence.end", end(json!({})), "2020-02-06T08:00");
    check(&world, "2020-02-07T08:00", &[("over already", "residence.end", end(json!({})), "unchanged")]);
}

#[test]
fn a_residence_that_is_open_is_not_begun_again_at_another_time() {
    let lives = |from: &str| json!({"person": "p1", "household": "h502", "kind": "lives", "from": from});
    check(
        &World::settled(),
        "2020-02-05T08:00",
        &[
            ("the same", "residence.start", lives("2020-02-01T09:00:00+08:00"), "unchanged"),
            ("earlier", "residence.start", lives("2020-01-01T09:00:00+08:00"), "409 residence_exists from=2020-02-01T01:00:00Z"),
            ("later", "residence.start", lives("2020-02-03T09:00:00+08:00"), "409 residence_exists from=2020-02-01T01:00:00Z"),
        ],
    );
}

#[test]
fn a_residence_that_is_open_is_not_begun_again_for_another_reason() {
    let works = |reason: Value| json!({"person": "p1", "household": "h101", "kind": "works", "reason": reason});
    let exists = "409 residence_exists from=2020-02-05T00:00:00Z";
    for before in [json!("cook"), Value::Null] {
        let mut world = World::settled();
        world.record("residence.start", works(before), "2020-02-05T08:00");
        check(
            &world,
            "2020-02-05T09:00",
            &[
                ("without one", "residence.start", works(Value::Null), "unchanged"),
                ("another", "residence.start", works(json!("guard")), exists),
                ("perhaps the same: it is sealed", "residence.start", works(json!("cook")), exists),
            ],
        );
    }
}

#[test]
fn a_residence_began_and_ended_when_it_is_told() {
    let start = |from: &str| json!({"person": "p1", "household": "h101", "kind": "works", "from": from});
    let end = |until: &str| json!({"person": "p1", "household": "h502", "until": until});
    check(
        &World::settled(),
        "2020-02-05T08:00",
        &[
            ("last year", "residence.start", start("2019-02-05T08:00:00+08:00"), "residence.started"),
            ("10 minutes ahead", "residence.start", start("2020-02-05T08:10:00+08:00"), "residence.started"),
            ("11 minutes ahead", "residence.start", start("2020-02-05T08:11:00+08:00"), "422 at_in_future /data/from"),
            ("in the year 9999", "residence.start", start("9999-01-01T00:00:00Z"), "422 at_in_future /data/from"),
            ("10 minutes ahead", "residence.end", end("2020-02-05T08:10:00+08:00"), "residence.ended"),
            ("11 minutes ahead", "residence.end", end("2020-02-05T08:11:00+08:00"), "422 at_in_future /data/until"),
        ],
    );
}

#[test]
fn what_identifies_somebody_is_sealed_and_their_own_key_opens_it() {
    let mut world = World::settled();
    world.record("person.register", new(json!({"id_number": "11010519491231002X", "phones": ["13812345678"]})), "2020-02-02T08:00");
    let commit = world.commits().last().unwrap().clone();
    let bytes = commit.encode().unwrap();
    for text in ["杨桂英", "11010519491231002X", "13812345678"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} stands on the log");
    }
    let domain::Event::PersonRegistered(registered) = &commit.events[0] else { panic!("{commit:?}") };
    assert_eq!(world.opened(registered.private.as_ref().unwrap()).first("name"), Some("杨桂英"));
}
