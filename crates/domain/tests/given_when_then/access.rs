//! Tokens, and what they open.

use super::*;
use domain::{
    Fact,
    access::{Grants, Right},
};

fn grant(token: &str, scope: Value, role: &str) -> Value {
    let hash = serde_json::to_value(domain::access::SecretHash::of(token)).unwrap();
    json!({"token": token, "name": token, "secret_hash": hash, "scope": scope, "role": role})
}

/// What a service knows after it has read these worlds.
fn grants(worlds: &[&World]) -> Grants {
    let mut grants = Grants::default();
    for commit in worlds.iter().flat_map(|world| world.commits()) {
        for (index, event) in (0u16..).zip(&commit.events) {
            grants.apply(&Fact { sequence: 1, index, header: &commit.header, event });
        }
    }
    grants
}

#[test]
fn tokens_are_granted_and_revoked_in_the_deployment_only() {
    let mut world = World::empty("deployment");
    check(&World::founded(), "2020-02-01T09:00", &[("in a community", "token.grant", grant("t1", json!({}), "admin"), "422 wrong_community")]);
    check(
        &world,
        "2020-02-01T09:00",
        &[
            ("a new one", "token.grant", grant("t1", json!({}), "admin"), "token.granted"),
            ("unknown", "token.revoke", json!({"token": "t1"}), "unknown token t1 /data/token"),
            ("nothing else lives here", "round.close", json!({"round": "r1"}), "unknown community deployment"),
        ],
    );
    world.record("token.grant", grant("t1", json!({}), "admin"), "2020-02-01T09:00");
    check(
        &world,
        "2020-02-01T10:00",
        &[
            ("the same", "token.grant", grant("t1", json!({}), "admin"), "unchanged"),
            ("another under this id", "token.grant", grant("t1", json!({}), "viewer"), "409 token_exists"),
            ("ended", "token.revoke", json!({"token": "t1"}), "token.revoked"),
        ],
    );
    world.record("token.revoke", json!({"token": "t1"}), "2020-02-01T10:00");
    check(
        &world,
        "2020-02-01T11:00",
        &[
            ("ended already", "token.revoke", json!({"token": "t1"}), "unchanged"),
            ("an id is not used twice", "token.grant", grant("t1", json!({}), "admin"), "409 token_exists"),
        ],
    );
}

#[test]
fn a_token_opens_what_it_is_for_until_it_is_revoked() {
    let mut deployment = World::empty("deployment");
    deployment.record("token.grant", grant("here", json!({"community": "u07"}), "office"), "2020-02-01T09:00");
    deployment.record("token.grant", grant("elsewhere", json!({"community": "u08"}), "office"), "2020-02-01T09:00");
    deployment.record("token.grant", grant("town", json!({"town": "dianbu"}), "command"), "2020-02-01T09:00");
    deployment.record("token.grant", grant("other-town", json!({"town": "feidong"}), "command"), "2020-02-01T09:00");
    deployment.record("token.grant", grant("all", json!({}), "admin"), "2020-02-01T09:00");
    let (here, nowhere) = ("u07".parse().unwrap(), "u99".parse().unwrap());
    let community = World::founded();
    let known = grants(&[&deployment, &community]);
    for (token, enters) in [("here", true), ("elsewhere", false), ("town", true), ("other-town", false), ("all", true)] {
        let principal = known.authenticate(token).unwrap();
        assert_eq!(known.enter(&principal, &here).is_some(), enters, "{token}");
        assert!(known.enter(&principal, &nowhere).is_none(), "{token} entered what does not exist");
        assert_eq!(known.communities(&principal).len(), usize::from(enters), "{token}");
    }
    assert!(known.authenticate("guessed").is_none());
    deployment.record("token.revoke", json!({"token": "here"}), "2020-02-02T09:00");
    let known = grants(&[&deployment, &community]);
    assert!(known.authenticate("here").is_none(), "revoked");
    assert_eq!(known.tokens().count(), 4);
}

#[test]
fn only_an_operator_of_everything_founds() {
    let mut deployment = World::empty("deployment");
    for (token, scope, role) in [("all", json!({}), "admin"), ("one", json!({"community": "u09"}), "admin"), ("office", json!({}), "office")] {
        deployment.record("token.grant", grant(token, scope, role), "2020-02-01T09:00");
    }
    let known = grants(&[&deployment]);
    let (community, town) = ("u09".parse().unwrap(), "dianbu".parse().unwrap());
    let founds = |token: &str| known.found(&known.authenticate(token).unwrap(), &community, &town).is_some();
    assert_eq!([founds("all"), founds("one"), founds("office")], [true, false, false]);
}

#[test]
fn each_role_may_what_it_needs_and_no_more() {
    use domain::commit::Role;
    // columns: see names, see findings, see what was measured, export, operate, visit.record, quarantine.check, quarantine.order, medical.record, entry.record, alert.acknowledge, alert.close, policy.set, alert.observe
    let table = [
        (Role::Admin, "--reovcqmgaxps"),
        (Role::Command, "--r-------a---"),
        (Role::Office, "nfre-vcqmgaxps"),
        (Role::Grid, "n-r--vc---ax--"),
        (Role::Leader, "n----v----a---"),
        (Role::Nurse, "nfr--vcqm-ax--"),
        (Role::Gate, "n--------ga---"),
        (Role::Viewer, "--------------"),
        (Role::Service, "-------------s"),
    ];
    let rights = [
        ('n', Right::SeePersonal),
        ('f', Right::SeeFindings),
        ('r', Right::SeeMeasured),
        ('e', Right::Export),
        ('o', Right::Operate),
        ('v', Right::Send("visit.record")),
        ('c', Right::Send("quarantine.check")),
        ('q', Right::Send("quarantine.order")),
        ('m', Right::Send("medical.record")),
        ('g', Right::Send("entry.record")),
        ('a', Right::Send("alert.acknowledge")),
        ('x', Right::Send("alert.close")),
        ('p', Right::Send("policy.set")),
        ('s', Right::Send("alert.observe")),
    ];
    assert_eq!(table.len(), Role::ALL.len());
    for (role, expected) in table {
        let may: String = rights.iter().map(|(letter, right)| if role.may(*right) { *letter } else { '-' }).collect();
        assert_eq!(may, expected, "{role}");
        assert!(role.may(Right::See), "{role}");
        assert_eq!(role.may(Right::Found), role == Role::Admin, "{role}");
    }
}
