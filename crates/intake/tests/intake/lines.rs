//! NDJSON: an answer per line, in order, each line decided over what the lines before it did.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value as Json, json};
use web::COMMAND_BYTES_MAX;

use crate::harness::{ADMIN, HERE, House, building, fresh, household, visit};

fn statuses(told: &[Json]) -> Vec<&str> {
    told.iter().map(|told| told["problem"]["code"].as_str().or(told["status"].as_str()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_builds_on_the_lines_before_it() {
    let house = House::open().await;
    let register = building("b07", "7号楼");
    let commands = [visit("h1"), household("h1", "b07"), register.clone(), household("h1", "b07"), visit("h1"), register, building("b07", "7号楼")];
    let told = house.lines(&commands).await;
    assert_eq!(statuses(&told), ["unknown_reference", "unknown_reference", "recorded", "recorded", "recorded", "duplicate", "unchanged"]);
    for (command, told) in commands.iter().zip(&told) {
        assert_eq!(command["id"], told["id"]);
    }
    let sequences: Vec<u64> = told.iter().filter_map(|told| told["sequence"].as_u64()).collect();
    assert_eq!(sequences, [3, 4, 5, 3, 5], "an answer holds at its sequence, also over what the lines before it did");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_can_be_founded_and_filled_in_one_body() {
    let house = House::open().await;
    let found = fresh("community.found", json!({"town": "dianbu", "community": "u10", "name": "新社区"}));
    let body: String =
        [building("b01", "1号楼"), found, building("b01", "1号楼"), household("h1", "b01")].iter().map(|command| format!("{command}\n")).collect();
    let reply = house.request("POST", "/communities/u10/commands", ADMIN, "application/x-ndjson", body).await;
    let told: Vec<Json> = reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(statuses(&told), ["not_found", "recorded", "recorded", "recorded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_harms_no_other_line() {
    let house = House::open().await;
    let long = fresh("building.register", json!({"building": "b02", "name": "x".repeat(COMMAND_BYTES_MAX)})).to_string();
    let fits = building("b04", "4号楼").to_string();
    let fits = fits.clone() + &" ".repeat(COMMAND_BYTES_MAX - fits.len());
    let lines = [building("b01", "1号楼").to_string(), "{\"id\":".to_owned(), String::new(), long, "  ".to_owned(), building("b03", "3号楼").to_string(), fits];
    let told = house.raw_lines(lines.join("\n")).await;
    assert_eq!(statuses(&told), ["recorded", "malformed_json", "too_large", "recorded", "recorded"]);
    assert_eq!(told[1]["id"], Json::Null);
    assert_eq!(told[1]["status"], "rejected");
    assert_eq!(told[2]["problem"]["status"], 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_in_a_line_loses_that_line_only() {
    let house = House::open().await;
    let whole = building("b01", "1号楼").to_string();
    let broken = building("b02", "2号楼").to_string();
    let cut = format!("{whole}\n{}", &broken[..broken.len() - 3]);
    assert_eq!(statuses(&house.raw_lines(cut.clone()).await), ["recorded", "malformed_json"]);
    let chunks = [Ok(Bytes::from(cut)), Err(std::io::Error::other("the phone went away"))];
    assert_eq!(statuses(&house.raw_lines(Body::from_stream(stream::iter(chunks))).await), ["duplicate", "malformed_json"]);
    assert_eq!(statuses(&house.raw_lines(broken).await), ["recorded"], "the last line needs no line break");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_lines_are_answered_in_order() {
    let house = House::open().await;
    let mut commands = vec![building("b07", "7号楼")];
    commands.extend((0..2_500).map(|n| household(&format!("h{n}"), "b07")));
    commands.extend((0..2_499).map(|n| visit(&format!("h{n}"))));
    let told = house.lines(&commands).await;
    assert_eq!(told.len(), 5_000);
    for (n, (command, told)) in commands.iter().zip(&told).enumerate() {
        assert_eq!((&told["id"], &told["status"], told["sequence"].as_u64()), (&command["id"], &json!("recorded"), Some(3 + n as u64)), "line {n}");
    }
    let again = house.lines(&commands).await;
    assert!(again.iter().zip(&told).all(|(again, told)| again["status"] == "duplicate" && again["sequence"] == told["sequence"]));
    assert_eq!(house.log().await.len(), 5_002);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_matter_how_a_body_is_cut_on_its_way() {
    let house = House::open().await;
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(COMMAND_BYTES_MAX));
    let lines = [building("b01", "1号楼").to_string(), long, household("h1", "b01").to_string(), visit("h1").to_string()];
    let body = lines.join("\n") + "\n";
    for bytes in [1, 7, 1000, COMMAND_BYTES_MAX, body.len()] {
        let chunks: Vec<_> = body.as_bytes().chunks(bytes).map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk))).collect();
        let told = house.raw_lines(Body::from_stream(stream::iter(chunks))).await;
        let told = statuses(&told);
        assert!(["recorded", "duplicate"].contains(&told[0]) && told[1] == "too_large" && told.len() == 4, "{bytes}: {told:?}");
        assert_eq!(told[0], told[3], "{bytes}");
    }
    assert_eq!(house.log().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_of_a_body_whose_length_is_told_has_the_sequence_in_its_header() {
    let house = House::open().await;
    let path = format!("/communities/{HERE}/commands");
    let line = |id: &str| format!("{}\n", building(id, "7号楼"));
    let whole = house.request("POST", &path, ADMIN, web::lines::NDJSON, line("b07") + &line("b08") + "{\n").await;
    assert_eq!((whole.status, whole.headers["gridward-sequence"].to_str().unwrap()), (200, "4"), "{}", whole.text());
    let refused = house.request("POST", &path, ADMIN, web::lines::NDJSON, "{\n").await;
    assert!(!refused.headers.contains_key("gridward-sequence"), "nothing is recorded: {}", refused.text());
    // nobody knows where a body without a length ends: its answer has begun before
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(line("b09"))]);
    let streamed = house.request("POST", &path, ADMIN, web::lines::NDJSON, axum::body::Body::from_stream(chunks)).await;
    assert!(!streamed.headers.contains_key("gridward-sequence"));
    assert_eq!(streamed.json()["sequence"], 5);
}
