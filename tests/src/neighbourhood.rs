//! A small community that most stories happen in.

use serde_json::json;

use crate::System;

/// Doors of the first building of a neighbourhood, one person behind each.
pub const DOORS: u64 = 24;

impl System {
    /// Founds a community: estate `e1` 阳光小区; building `b07` with doors 101 to 604, households `h0`, `h1` … with one person each, `p0`,
    /// `p1` …; gate `c1`.
    ///
    /// # Errors
    /// When anything of it is refused.
    pub async fn settle(&self, town: &str, community: &str) -> anyhow::Result<()> {
        let found = json!({"town":town,"community":community,"name":"七里"});
        self.must(community, "community.found", None, found).await?;
        self.must(community, "estate.register", None, json!({"estate":"e1","name":"阳光小区","governance":"property"})).await?;
        self.must(community, "building.register", None, json!({"building":"b07","name":"7号楼","estate":"e1"})).await?;
        self.must(community, "checkpoint.open", None, json!({"checkpoint":"c1","name":"东门","kind":"gate","serves":["e1"]})).await?;
        for door in 0..DOORS {
            let name = format!("{}{:02}", door / 4 + 1, door % 4 + 1);
            let household = json!({"household":format!("h{door}"),"building":"b07","unit":"2","floor":door / 4 + 1,"door":name});
            self.must(community, "household.register", None, household).await?;
            let person =
                json!({"person":format!("p{door}"),"name":format!("杨桂{door}"),"household":format!("h{door}"),"phones":[format!("138000000{door:02}")]});
            self.must(community, "person.register", None, person).await?;
        }
        Ok(())
    }
}
