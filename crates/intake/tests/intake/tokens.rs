//! `/tokens`.

use domain::{Role, access::TokenScope};
use intake::TokenError;
use serde_json::json;

use crate::harness::{ADMIN, HERE, House, building};

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_makes_lists_and_ends_tokens() {
    let mut house = House::open().await;
    let made = house.request("POST", "/tokens", ADMIN, "application/json", json!({"name": "office-7", "community": HERE, "role": "office"}).to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (token, secret) = (made.json()["token"].as_str().unwrap().to_owned(), made.json()["secret"].as_str().unwrap().to_owned());
    assert_eq!(house.post(HERE, &secret, &building("b07", "7号楼").to_string()).await.status, 201);
    assert_eq!(house.log().await.last().unwrap().commit.header.actor.as_str(), token);

    let listed = house.request("GET", "/tokens", ADMIN, "", "").await;
    let mine = listed.json()["items"].as_array().unwrap().iter().find(|item| item["token"] == token.as_str()).cloned();
    assert_eq!(mine, Some(json!({"token": token, "name": "office-7", "role": "office", "scope": {"community": HERE, "town": null}, "staff": null})));
    assert!(!listed.text().contains(&secret));

    for on_log in house.log().await {
        assert!(!String::from_utf8_lossy(&on_log.payload).contains(&secret[3..]), "the secret stands in commit {}", on_log.sequence);
    }
    house.restart().await;
    assert_eq!(house.post(HERE, &secret, &building("b08", "8号楼").to_string()).await.status, 201);

    assert_eq!(house.request("DELETE", &format!("/tokens/{token}"), ADMIN, "", "").await.status, 204);
    let path = format!("/communities/{HERE}/commands");
    assert_eq!(
        house.request("POST", &path, &secret, "application/json", building("b09", "9号楼").to_string()).await.told(),
        (401, "unauthenticated".to_owned())
    );
    assert_eq!(house.request("DELETE", &format!("/tokens/{token}"), ADMIN, "", "").await.status, 404);
    for from_the_log in [false, true] {
        if from_the_log {
            house.restart_from_the_log().await
        } else {
            house.restart().await
        }
        assert_eq!(house.post(HERE, &secret, "{}").await.status, 401, "an ended token stays ended");
        assert_eq!(house.post(HERE, ADMIN, "{}").await.status, 400, "and the others stay in force");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_does() {
    let house = House::open().await;
    let office = house.token(Role::Office).await;
    house.grant("gw_town", TokenScope { community: None, town: Some("dianbu".parse().unwrap()) }, Role::Admin).await;
    for secret in [office.as_str(), "gw_town"] {
        let wanted = json!({"name": "mine", "role": "admin"}).to_string();
        assert_eq!(house.request("POST", "/tokens", secret, "application/json", wanted).await.told(), (403, "forbidden".to_owned()));
        assert_eq!(house.request("GET", "/tokens", secret, "", "").await.told(), (403, "forbidden".to_owned()));
        assert_eq!(house.request("DELETE", "/tokens/t-operator", secret, "", "").await.told(), (403, "forbidden".to_owned()));
    }
    for (method, path) in [("POST", "/tokens"), ("GET", "/tokens"), ("DELETE", "/tokens/t-operator")] {
        assert_eq!(house.request(method, path, "gw_nobody", "", "").await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_makes_no_sense_is_refused() {
    let house = House::open().await;
    for (wanted, status, code) in [
        (json!({"name": "operator", "role": "viewer"}), 409, "token_exists"),
        (json!({"name": "a", "role": "king"}), 400, "wrong_shape"),
        (json!({"name": "a", "role": "viewer", "secret": "mine"}), 400, "wrong_shape"),
        (json!({"name": "a", "role": "viewer", "community": "u99"}), 422, "unknown_reference"),
        (json!({"name": "a", "role": "viewer", "community": HERE, "town": "dianbu"}), 400, "scope_single"),
    ] {
        let reply = house.request("POST", "/tokens", ADMIN, "application/json", wanted.to_string()).await;
        assert_eq!(reply.told(), (status, code.to_owned()), "{}", reply.text());
    }
    assert_eq!(house.log().await.len(), 2);
}

/// Whoever takes a failed intake for a refused token throws away one that is in force.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_told_from_an_intake_that_has_stopped() {
    let mut house = House::open().await;
    let ensure = async |house: &House, secret| house.intake.as_ref().unwrap().ensure_token("pages", Role::Admin, secret).await;
    ensure(&house, "gw_pages").await.unwrap();
    ensure(&house, "gw_pages").await.unwrap();
    let listed = house.request("GET", "/tokens", ADMIN, "", "").await.json();
    let token = listed["items"].as_array().unwrap().iter().find(|item| item["name"] == "pages").unwrap()["token"].clone();
    assert_eq!(house.request("DELETE", &format!("/tokens/{}", token.as_str().unwrap()), ADMIN, "", "").await.status, 204);
    let ended = ensure(&house, "gw_pages").await;
    assert!(matches!(&ended, Err(TokenError::Refused { name, .. }) if name == "pages"), "{ended:?}");
    // a commit of the past is damaged, and intake reads the log from its start
    house.stop().await;
    std::fs::remove_dir_all(house.folder.path().join("intake")).unwrap();
    house.memory.damage(2);
    house.begin().await;
    let stopped = ensure(&house, "gw_operator").await;
    assert!(matches!(stopped, Err(TokenError::Stopped)), "{stopped:?}");
    assert!(house.why_not().is_some_and(|why| why.contains("cannot be read at 2")), "{:?}", house.why_not());
}
