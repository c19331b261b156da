//! Judging a community anew, step by step: a change of its policy may change every judgement in it.

use domain::values::CommunityId;
use store::{Key, Prefix, Unit};

use super::{Engine, JOB_PAGE};
use crate::{
    error::AlertingError,
    rows::{JOBS, Job, Target, memory_key, scope_of_memory_key},
};

impl Engine {
    /// One step of judging a community anew after a change of its policy: wakes some of its scopes. Returns what says that they are
    /// judged, to be applied after that; nothing when there is no more of it.
    pub(super) fn continue_a_job(&mut self) -> Result<Option<Unit>, AlertingError> {
        if !self.has_jobs {
            return Ok(None);
        }
        let Some((key, row)) = self.store.scan::<Job>(JOBS, &Prefix::all_communities_of_table(), None, 1)?.pop() else {
            self.has_jobs = false;
            return Ok(None);
        };
        let unit = Unit::new(self.sequence()?);
        let community: CommunityId = key.read().community()?.parse().map_err(|_| store::KeyMismatch)?;
        let Some(runner) = self.runners.at(row.value.rule) else { return Ok(Some(unit.delete(JOBS, key))) };
        let after = row.value.after()?.map(|scope| memory_key(&community, &scope));
        let keys = self.store.scan_keys(runner.table(), &Key::community(community.as_str()).prefix(), after.as_ref(), JOB_PAGE)?;
        let scopes = keys.iter().map(scope_of_memory_key).collect::<Result<Vec<_>, _>>()?;
        let next = match scopes.last() {
            Some(last) if scopes.len() == JOB_PAGE => Job { after: Some((last.kind.word().to_owned(), last.id.to_string())), ..row.value },
            _ => Job { rule: row.value.rule + 1, after: None },
        };
        let rule = runner.name().clone();
        self.woken.extend(scopes.into_iter().map(|scope| Target { community: community.clone(), rule: rule.clone(), scope }));
        Ok(Some(unit.put(JOBS, key, &next)))
    }
}
