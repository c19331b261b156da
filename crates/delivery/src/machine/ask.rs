//! What is asked before people are told: a silence that began after a message was heard makes no message of its own.

use domain::values::CommunityId;

use super::{Machine, State, remind::Due};
use crate::{Moment, message::Reason, open::Withheld, pile::Pile, silences::Silences};

/// What the next [`Machine::tick`] may tell. It tells nothing else, for nobody was asked about it.
pub(super) struct Coming {
    /// All that waits in the lane of criticals.
    pub(super) criticals: bool,
    /// Groups that have waited for long enough are told, or put into the digest: not in the night.
    awake: bool,
    pub(super) digest: bool,
    pub(super) reminder: Option<Due>,
    /// Of what nobody is reminded, as far as was known before anybody was asked.
    pub(super) withheld: Withheld,
}

impl Machine {
    /// Alerts that the next [`Machine::tick`] tells of, or reminds people of, unless they are silenced by now. Nothing while nobody would be told.
    pub fn to_ask(&self, moment: Moment) -> Vec<(CommunityId, String)> {
        let State { groups, criticals, digest, open, .. } = &self.state;
        let coming = self.coming(moment);
        let criticals = criticals.values().filter(|_| coming.criticals);
        let groups = groups.values().filter(|pile| coming.awake && pile.is_due(moment.clock));
        let told = criticals.chain(groups).chain(digest.iter().filter(|_| coming.digest)).flat_map(Pile::to_ask);
        let reminded = coming.reminder.iter().flat_map(|due| open.coming(moment.clock, due.least, &coming.withheld));
        let mut alerts: Vec<(CommunityId, String)> = told.chain(reminded).collect();
        alerts.sort_unstable();
        alerts.dedup();
        alerts
    }

    pub(super) fn coming(&self, moment: Moment) -> Coming {
        let awake = !self.is_night(moment);
        let withheld = self.withheld(moment);
        let reminder = self.reminder(&withheld, moment);
        Coming { criticals: self.is_critical_due(moment), awake, digest: awake && self.is_digest_due(moment), reminder, withheld }
    }

    /// Leaves out what is silenced by now, as was answered, or as was last known where nobody answered: people are reminded of it when that is over.
    pub(super) fn leave_out(&mut self, coming: &Coming, moment: Moment, silences: &Silences) {
        let now = moment.clock;
        let State { groups, criticals, digest, open, report, .. } = &mut self.state;
        open.learn(silences);
        let criticals_due = criticals.values_mut().filter(|_| coming.criticals);
        let groups_due = groups.values_mut().filter(|pile| coming.awake && pile.is_due(now));
        for pile in criticals_due.chain(groups_due).chain(digest.iter_mut().filter(|_| coming.digest)) {
            let until = |alert: &str| silences.get(alert).copied().unwrap_or_else(|| open.silenced_until(alert));
            let silenced: Vec<String> = pile.known().filter(|alert| until(alert).is_some_and(|until| now < until)).map(str::to_owned).collect();
            for alert in silenced {
                report.suppress(Reason::Silenced, pile.take_out(&alert));
                open.keep_for_later(&alert, now);
            }
        }
        criticals.retain(|_, pile| pile.total() > 0);
        groups.retain(|_, pile| pile.total() > 0);
        digest.take_if(|digest| digest.total() == 0);
    }
}
