//! What we know of a community after one more thing happened.

use super::{Community, State, own_id};
use crate::{Event, Evolve, Fact, Header, values::Slug};

impl Evolve for Community {
    type Id = Slug;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<Slug> {
        match event {
            Event::CommunityFounded(_)
            | Event::CommunityRenamed(_)
            | Event::PolicyChanged(_)
            | Event::PolicyChangedV2(_)
            | Event::PolicyChangedV3(_)
            | Event::HistoryRestored(_) => {
                vec![own_id()]
            }
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &Slug, fact: &Fact<'_>) -> Option<State> {
        let known = |change: &dyn Fn(State) -> State| state.clone().map(change);
        match fact.event {
            Event::CommunityFounded(founded) => Some(State {
                town: founded.town.clone(),
                town_name: founded.town_name.clone(),
                name: founded.name.clone(),
                time_zone: founded.time_zone.clone(),
                policy: state.as_ref().map(|state| state.policy.clone()).unwrap_or_default(),
                epoch: fact.header.epoch,
            }),
            Event::CommunityRenamed(renamed) => known(&|state| State { name: renamed.name.clone(), town_name: renamed.town_name.clone(), ..state }),
            Event::PolicyChanged(changed) => {
                known(&|state| State { policy: state.policy.clone().changed(changed.effective_from, changed.change.clone().into()), ..state })
            }
            Event::PolicyChangedV2(changed) => {
                known(&|state| State { policy: state.policy.clone().changed(changed.effective_from, changed.change.clone().into()), ..state })
            }
            Event::PolicyChangedV3(changed) => {
                known(&|state| State { policy: state.policy.clone().changed(changed.effective_from, changed.change.clone()), ..state })
            }
            Event::HistoryRestored(restored) => known(&|state| State { epoch: restored.epoch, ..state }),
            _ => state,
        }
    }
}
