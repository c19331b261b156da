//! Who has a duty: the nearest, the roster first, then whose it is, then who stands in.

use super::*;

/// Who of level 1 is told of a fever that is raised at a time.
fn nurses(duties: Vec<Event>, raised_at: &str) -> String {
    let play = Play::of(duties, "fever", Severity::Serious, raised_at);
    let owed = play.judged(at(raised_at)).owed.unwrap();
    let people: Vec<String> = owed.owners.iter().filter(|_| owed.level == 1).map(|owner| owner.staff.to_string()).collect();
    if people.is_empty() { "nobody".to_owned() } else { people.join("+") }
}

fn nurse(scope: DutyScope, id: &str) -> Event {
    assigned(scope, "nurse", 1, id).into()
}

fn office() -> Event {
    assigned(in_community(), "office", 2, "s-office").into()
}

#[test]
fn the_most_specific_responsibility_wins() {
    let unit = DutyScope::of_unit(&"b07".parse().unwrap(), "2");
    let of = |kind, id: &str| DutyScope::of(kind, &id);
    let nearest_first = [
        of_order(),
        of(DutyScopeKind::Person, "p1"),
        of(DutyScopeKind::Household, "h1"),
        unit,
        in_building(),
        of(DutyScopeKind::Grid, "g1"),
        of(DutyScopeKind::Estate, "e1"),
        of(DutyScopeKind::Area, "east"),
        in_community(),
    ];
    let estate = domain::estate::Registered {
        estate: "e1".parse().unwrap(),
        name: "阳光小区".to_owned(),
        zone: Some("east".parse().unwrap()),
        governance: domain::estate::Governance::Property,
    };
    let around = || vec![estate.clone().into(), lies_in_grid().into(), ordered(Kind::Home, day("2020-02-01")).into(), office()];
    for nearest in 0..nearest_first.len() {
        let mut duties = around();
        duties.extend(nearest_first[nearest..].iter().enumerate().map(|(place, scope)| nurse(scope.clone(), &format!("s-{}", place + nearest))));
        assert_eq!(nurses(duties, "2020-02-06T15:00"), format!("s-{nearest}"));
    }
    let elsewhere =
        [of(DutyScopeKind::Building, "b08"), of(DutyScopeKind::Household, "h2"), of(DutyScopeKind::Grid, "g2"), of(DutyScopeKind::Checkpoint, "c1")];
    for scope in elsewhere {
        let mut duties = around();
        duties.push(nurse(scope.clone(), "s-far"));
        assert_eq!(nurses(duties, "2020-02-06T15:00"), "nobody", "{scope:?}");
    }
    // an order that was ended brings no keeper
    let mut duties = around();
    duties.extend([nurse(of_order(), "s-order"), nurse(in_community(), "s-all"), released().into()]);
    assert_eq!(nurses(duties, "2020-02-06T15:00"), "s-all");
}

#[test]
fn a_whole_building_is_its_leaders_or_that_of_the_leaders_of_its_units_together() {
    let unit = |building: &str, unit| DutyScope::of_unit(&building.parse().unwrap(), unit);
    let leader = |scope, id| Event::from(assigned(scope, "leader", 1, id));
    let leaders = |duties: Vec<Event>| {
        let duties = duties.into_iter().chain([lies_in_grid().into(), office()]).collect();
        let play = Play::of(duties, "building_silent", Severity::Caution, "2020-02-06T18:00");
        // an alert about the whole of it names no unit
        let state = State { occurrence: Occurrence { place: home(), ..play.state.occurrence.clone() }, ..play.state.clone() };
        let owed = Play { state, ..play }.until("2020-02-06T18:01").told.remove(0);
        owed.split(' ').nth(3).unwrap_or_default().to_owned()
    };
    let both = || vec![leader(unit("b07", "1"), "s-1"), leader(unit("b07", "2"), "s-2"), leader(unit("b07-1", "2"), "s-far")];
    assert_eq!(leaders(both()), "s-1+s-2");
    assert_eq!(leaders([both(), vec![leader(in_building(), "s-all")]].concat()), "s-all");
}

#[test]
fn the_roster_goes_first_then_whose_it_is_then_who_stands_in() {
    let main = assigned(in_community(), "nurse", 1, "s-main");
    let deputy = responsibility::Assigned { standing: Standing::Deputy, staff: staff("s-deputy"), ..main.clone() };
    let acting = responsibility::Assigned { standing: Standing::Acting, staff: staff("s-acting"), ..main.clone() };
    let roster =
        planned(in_community(), "nurse", 1, &[("s-early", "2020-02-06T08:00", "2020-02-06T16:00"), ("s-late", "2020-02-06T16:00", "2020-02-06T22:00")]);
    let away = |id: &str| absent(id, "2020-02-06T00:00", "2020-02-07T00:00");
    let main = || Event::from(main.clone());
    let deputy = || Event::from(deputy.clone());
    for (duties, raised_at, expected) in [
        (vec![main(), deputy()], "2020-02-06T15:00", "s-main"),
        (vec![main(), deputy(), away("s-main").into()], "2020-02-06T15:00", "s-deputy"),
        (vec![main(), deputy(), away("s-main").into()], "2020-02-07T15:00", "s-main"),
        (vec![main(), away("s-main").into()], "2020-02-06T15:00", "nobody"),
        (vec![acting.clone().into(), deputy()], "2020-02-06T15:00", "s-acting"),
        (vec![main(), acting.into()], "2020-02-06T15:00", "s-acting+s-main"),
        (vec![main(), roster.clone().into()], "2020-02-06T15:59", "s-early"),
        (vec![main(), roster.clone().into()], "2020-02-06T16:00", "s-late"),
        (vec![main(), roster.clone().into(), away("s-late").into()], "2020-02-06T16:00", "s-main"),
        (vec![main(), roster.clone().into()], "2020-02-07T15:00", "s-main"),
        (vec![main(), roster.into(), planned(in_community(), "nurse", 1, &[]).into()], "2020-02-06T15:00", "s-main"),
        (vec![main(), given_up(in_community(), "nurse", 1, "s-main", at("2020-02-06T15:00")).into()], "2020-02-06T14:59", "s-main"),
        (vec![main(), given_up(in_community(), "nurse", 1, "s-main", at("2020-02-06T15:00")).into()], "2020-02-06T15:00", "nobody"),
        // given up later than it was given again
        (vec![given_up(in_community(), "nurse", 1, "s-main", at("2020-02-06T15:00")).into(), main()], "2020-02-06T16:00", "s-main"),
    ] {
        let told = format!("{duties:?} at {raised_at}");
        assert_eq!(nurses(duties.into_iter().chain([office()]).collect(), raised_at), expected, "{told}");
    }
}

#[test]
fn a_duty_that_is_given_for_later_leaves_it_with_whoever_has_it_until_then() {
    let now = assigned(in_community(), "nurse", 1, "s-main");
    let later = responsibility::Assigned { from: at("2020-02-08T00:00"), until: Some(at("2020-02-09T00:00")), ..now.clone() };
    let duties = || vec![office(), now.clone().into(), later.clone().into()];
    assert_eq!(["2020-02-07T15:00", "2020-02-08T15:00", "2020-02-09T15:00"].map(|raised_at| nurses(duties(), raised_at)), ["s-main", "s-main", "nobody"]);
}

#[test]
fn an_absence_that_is_said_again_has_the_last_end_and_whoever_left_is_not_there() {
    let main = || Event::from(assigned(in_community(), "nurse", 1, "s-main"));
    let away = |until| Event::from(absent("s-main", "2020-02-06T00:00", until));
    for (duties, expected) in [
        (vec![away("2020-02-08T00:00")], "nobody"),
        (vec![away("2020-02-08T00:00"), away("2020-02-06T12:00")], "s-main"),
        (vec![away("2020-02-08T00:00"), away("2020-02-06T00:00")], "s-main"),
        (vec![registered_until(Some("2020-02-06T15:00"))], "nobody"),
        (vec![registered_until(Some("2020-02-06T15:01"))], "s-main"),
        (vec![registered_until(None)], "s-main"),
    ] {
        let told = format!("{duties:?}");
        assert_eq!(nurses(duties.into_iter().chain([main(), office()]).collect(), "2020-02-06T15:00"), expected, "{told}");
    }
}

fn registered_until(until: Option<&str>) -> Event {
    let (staff, until) = (staff("s-main"), until.map(at));
    domain::staff::Registered { staff, roles: Vec::new(), org: None, person: None, until, private: None, file_fingerprint: 0 }.into()
}

#[test]
fn whoever_has_two_duties_hears_of_it_once() {
    let duties = vec![office(), nurse(in_community(), "s-both"), assigned(in_building(), "leader", 1, "s-both").into()];
    let owed = Play::of(duties, "fever", Severity::Serious, "2020-02-06T15:00").judged(at("2020-02-06T15:00")).owed.unwrap();
    assert_eq!((owed.owners.len(), owed.informed.len()), (1, 0));
}
