//! Live pages: server-sent events that say which building changed, resumable by the last sequence seen.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::{
    access::{Right, Scope},
    values::{BuildingId, CommunityId},
};
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::sync::watch;
use web::Problem;

use super::Query;
use crate::{
    changes::{Changed, Place, Resumed},
    live::Live,
    sight::Sight,
};

/// How often a silent stream says that it is alive.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// What a browser waits before it connects again, in milliseconds.
const RETRY_MS: u64 = 2_000;

#[derive(Serialize)]
struct ChangedData<'a> {
    building: &'a BuildingId,
    sequence: u64,
}

/// A reader of one community's changes.
struct Follower {
    live: Arc<Live>,
    scope: Scope,
    moved: watch::Receiver<u64>,
    place: Place,
    waiting: VecDeque<Event>,
    /// Sequence of the last change that was sent.
    last: u64,
}

/// `GET …/stream`: `changed` with a building and a sequence; `reset` when more was missed than is remembered.
pub(super) async fn stream(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &[]).await?;
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let seen: Option<u64> = seen.map(str::parse).transpose().map_err(|_| Problem::bad_request("Last-Event-ID", "wrong_shape", "a sequence"))?;
    let scope = asked.scope.clone();
    // looking at the board makes sure that it is kept: what time alone changes is told of boards that are kept
    let head = query.read(move |reader| reader.headline(&scope).map(|headline| headline.sequence)).await?;
    let follower = Follower::new(Arc::clone(&query.live), asked.scope, seen, head);
    let events = Sse::new(follower.into_stream()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_EVERY));
    Ok(([("x-accel-buffering", "no")], events).into_response())
}

impl Follower {
    fn new(live: Arc<Live>, scope: Scope, seen: Option<u64>, head: u64) -> Self {
        let moved = live.changes.watch();
        let place = live.changes.now(scope.community());
        let mut follower =
            Self { live, scope, moved, place, waiting: VecDeque::from([Event::default().retry(Duration::from_millis(RETRY_MS)).comment("")]), last: head };
        if let Some(seen) = seen {
            let resumed = follower.live.changes.since_sequence(follower.community(), seen, head);
            follower.take(resumed);
        }
        follower
    }

    fn community(&self) -> &CommunityId {
        self.scope.community()
    }

    fn take(&mut self, resumed: Resumed) {
        match resumed {
            Resumed::Changes(changes, place) => {
                self.place = place;
                let sight = Sight::of(&self.scope);
                for changed in changes.into_iter().filter(|changed| sight.shows_change(changed)) {
                    self.last = changed.sequence;
                    self.waiting.push_back(changed_event(&changed));
                }
            }
            Resumed::Reset(place) => {
                self.place = place;
                self.waiting.push_back(Event::default().event("reset").id(self.last.to_string()).data("{}"));
            }
        }
    }

    /// The next event; the stream ends when whoever listens may not enter any more, or the projection stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            self.moved.mark_unchanged();
            let resumed = self.live.changes.since(self.community(), self.place);
            self.take(resumed);
            if !self.waiting.is_empty() {
                continue;
            }
            self.moved.changed().await.ok()?;
            let (principal, community) = (self.scope.principal(), self.scope.community());
            if self.live.gate.is_open() && self.live.gate.admit(principal, community.as_str(), Right::See).is_err() {
                return None;
            }
        }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async move { follower.next().await.map(|event| (Ok(event), follower)) })
    }
}

fn changed_event(changed: &Changed) -> Event {
    let data = serde_json::to_string(&ChangedData { building: &changed.building, sequence: changed.sequence }).unwrap_or_default();
    Event::default().event("changed").id(changed.sequence.to_string()).data(data)
}
