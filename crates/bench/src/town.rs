//! Who lives in the measured town, and what is said of them. Nobody of it exists.

use uuid::Uuid;

/// Doors of one building: three on each of seven floors, and one more.
pub(crate) const DOORS_PER_BUILDING: usize = 22;

/// A town of equal communities.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Town {
    pub(crate) communities: usize,
    /// In each community, with one person in each.
    pub(crate) households: usize,
}

impl Town {
    /// Its slug.
    pub(crate) fn community(number: usize) -> String {
        format!("c{number}")
    }

    /// How many buildings a community has.
    pub(crate) fn buildings(self) -> usize {
        self.households.div_ceil(DOORS_PER_BUILDING)
    }

    /// The command that founds a community, which goes before all others.
    pub(crate) fn found(number: usize) -> String {
        line("community.found", &format!(r#"{{"town":"bench","town_name":"测速镇","community":"c{number}","name":"第{number}社区"}}"#))
    }

    /// All else that is registered in a community, as lines.
    pub(crate) fn registrations(self) -> impl Iterator<Item = String> {
        let estate = std::iter::once(line("estate.register", r#"{"estate":"e1","name":"测速小区","governance":"property"}"#));
        let buildings = (0..self.buildings()).map(|b| line("building.register", &format!(r#"{{"building":"b{b}","name":"{b}号楼","estate":"e1"}}"#)));
        let households = (0..self.households).flat_map(|h| {
            let (building, floor) = (h / DOORS_PER_BUILDING, h % DOORS_PER_BUILDING / 3 + 1);
            let place = format!(r#"{{"household":"h{h}","building":"b{building}","unit":"1","floor":{floor},"door":"{h}"}}"#);
            [line("household.register", &place), line("person.register", &format!(r#"{{"person":"p{h}","name":"住户{h}","household":"h{h}"}}"#))]
        });
        estate.chain(buildings).chain(households)
    }

    /// The command that makes regimes of one check a day, from the first moment of a day on: what each is called, and when its check is due.
    pub(crate) fn regimes(from: &str, regimes: &[(&str, &str)]) -> String {
        let regime = |(name, due): &(&str, &str)| format!(r#""{name}":{{"days":14,"slots":[{{"name":"day","opens":"06:00","due":"{due}"}}]}}"#);
        let regimes = regimes.iter().map(regime).collect::<Vec<_>>().join(",");
        line("policy.set", &format!(r#"{{"effective_from":"{from}T00:00:00+08:00","reason":"as measured","regimes":{{{regimes}}}}}"#))
    }

    /// Orders that quarantine everybody of a community at home, from a day on, each by the regime of its household.
    pub(crate) fn orders<'a>(self, from: &'a str, regime: impl Fn(usize) -> &'static str + 'a) -> impl Iterator<Item = String> + 'a {
        (0..self.households).map(move |h| {
            let regime = regime(h);
            line(
                "quarantine.order",
                &format!(r#"{{"quarantine":"q{h}","person":"p{h}","kind":"home","regime":"{regime}","count_from":{{"date":"{from}","basis":"exposure"}}}}"#),
            )
        })
    }

    /// A visit at a door: the `n`-th goes to the next community, and there to the next household.
    pub(crate) fn visit(self, n: usize, celsius: &str) -> (usize, String) {
        let (community, household) = (n % self.communities, n / self.communities % self.households);
        let data = format!(
            r#"{{"household":"h{household}","outcome":"met","mode":"door","people":[{{"person":"p{household}","readings":[{{"celsius":{celsius},"site":"axilla"}}],"symptoms":[]}}]}}"#
        );
        (community, line("visit.record", &data))
    }
}

fn line(kind: &str, data: &str) -> String {
    format!(r#"{{"id":"{}","type":"{kind}","data":{data}}}"#, Uuid::now_v7())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_go_round_all_doors_of_all_communities() {
        let town = Town { communities: 3, households: 5 };
        let doors: std::collections::BTreeSet<(usize, String)> = (0..15)
            .map(|n| {
                let (community, body) = town.visit(n, "36.5");
                let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                (community, body["data"]["household"].as_str().unwrap().to_owned())
            })
            .collect();
        assert_eq!(doors.len(), 15);
    }
}
