//! `deliveries.toml`: who is told of alerts, where and how much. Addresses and secrets are files of their own; unknown keys are refused.

use std::path::{Path, PathBuf};

use ::delivery::{Channel, Class, Doors, Filter, Names, Plan, Quiet, Template};
use alerting::Subscription;
use anyhow::Context as _;
use domain::{
    alert::{Kind, LEVEL_MAX},
    community::QuietHours,
    values::{Slug, StaffId, Zone},
};
use serde::{Deserialize, Serialize};

/// Most bytes of a file that one is told to read: an address, a secret or a template.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Most people whose receiver one is.
const STAFF_MAX: usize = 50;

/// The file as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    names: Names,
    delivery: Vec<Entry>,
}

/// One receiver.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Slug,
    channel: Channel,
    /// File with its address.
    url_file: PathBuf,
    /// File with what convinces it.
    secret_file: Option<PathBuf>,
    /// How much it is told: counts, unless work is written here.
    #[serde(default)]
    class: Class,
    /// The operator knows that class full sends names away.
    #[serde(default)]
    names_leave: bool,
    /// Of what it is told the doors, in class work: of everything, unless critical is written here.
    #[serde(default)]
    doors: Doors,
    /// Text of its own for people.
    template_file: Option<PathBuf>,
    /// It is told of every community; without this, towns or communities are named.
    #[serde(default)]
    everywhere: bool,
    /// It is told of a cluster as it grows, and not of each fever in it.
    #[serde(default)]
    cluster_stands: bool,
    /// When what is not critical waits until morning: from ten to six, unless hours are written here.
    #[serde(default = "usual_hours")]
    quiet_hours: QuietHours,
    /// IANA name of the zone of these hours and of the times in texts.
    #[serde(default = "zone")]
    time_zone: String,
    #[serde(default)]
    filter: Filter,
    /// Whose receiver it is: it is told of their nudges, and of nothing else.
    #[serde(default)]
    leaders: Vec<StaffId>,
    /// Whose receiver it is: it is told of what they are told.
    #[serde(default)]
    staff: Vec<StaffId>,
}

/// Who is told what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deliveries {
    /// What communities are called.
    pub(crate) names: Names,
    /// Who is told.
    pub(crate) subscriptions: Vec<Subscription>,
}

impl Deliveries {
    /// Reads the file and all that it names.
    pub(crate) fn load(file: &Path) -> anyhow::Result<Self> {
        let source = config::Config::builder().add_source(config::File::from(file).format(config::FileFormat::Toml)).build();
        let source = source.with_context(|| format!("cannot read {}", file.display()))?;
        let File { names, delivery } = source.try_deserialize().with_context(|| format!("{} does not say who is told", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let mut subscriptions: Vec<Subscription> = Vec::new();
        for entry in delivery {
            let subscription = entry.subscription(folder).with_context(|| format!("{}, delivery {}", file.display(), entry.name))?;
            for other in &subscriptions {
                anyhow::ensure!(other.plan.name != entry.name, "{}: two deliveries are called {}", file.display(), entry.name);
                // a delivery of nudges leaves room for one of alerts
                let shared = other.same_receiver(&subscription) && other.plan.nudges() == subscription.plan.nudges();
                anyhow::ensure!(!shared, "{}: {} and {} call one receiver, whose limit then holds for both", file.display(), other.plan.name, entry.name);
            }
            subscriptions.push(subscription);
        }
        Ok(Self { names, subscriptions })
    }

    /// The file that was named, or the one of a data folder, if there is one.
    pub(crate) fn find(named: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        match named {
            Some(file) => Self::load(file),
            None if data.join(FILE_NAME).exists() => Self::load(&data.join(FILE_NAME)),
            None => Ok(Self::default()),
        }
    }

    /// The subscription of a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.plan.name.as_str() == name)
    }
}

/// Name of the file in a data folder.
pub(crate) const FILE_NAME: &str = "deliveries.toml";

impl Entry {
    fn subscription(&self, folder: &Path) -> anyhow::Result<Subscription> {
        let Self { name, channel, class, doors, filter, leaders, staff, everywhere, cluster_stands, quiet_hours, .. } = self.clone();
        let somewhere = !filter.towns.is_empty() || !filter.communities.is_empty();
        anyhow::ensure!(somewhere || everywhere, "filter.towns or filter.communities names whose alerts it is told of; everywhere = true means all");
        anyhow::ensure!(!(somewhere && everywhere), "everywhere = true does not go with filter.towns or filter.communities");
        if let Some(kind) = filter.kinds.iter().find(|kind| Kind::of(kind.as_str()).is_none()) {
            anyhow::bail!("filter.kinds: {kind} is no kind of alert; these are: {}", Kind::slugs().collect::<Vec<_>>().join(", "));
        }
        let is_level = |level: u8| (1..=LEVEL_MAX).contains(&level);
        anyhow::ensure!(filter.from_level.is_none_or(is_level), "filter.from_level: levels are 1 (nearest to the door) to {LEVEL_MAX} (the town)");
        check_names(class, channel, self.names_leave)?;
        if doors == Doors::Critical {
            anyhow::ensure!(class == Class::Work, "doors: only class = \"work\" tells any");
            anyhow::ensure!(channel != Channel::Webhook, "doors: a webhook gets each message as it stands; a group chat or ntfy is told in part");
        }
        if !leaders.is_empty() {
            check_leaders(&leaders, (class, &filter))?;
        }
        if !staff.is_empty() {
            anyhow::ensure!(
                leaders.is_empty(),
                "staff and leaders: what they own and what they are nudged of are two deliveries, which may have the same address"
            );
            check_staff(&staff, (class, channel, &filter))?;
        }
        let zone = Zone::named(&self.time_zone).context("time_zone is an IANA name such as Asia/Shanghai")?;
        let quiet = (quiet_hours.from != quiet_hours.until).then_some(Quiet { hours: quiet_hours, zone: zone.clone() });
        let url = text(folder, "url_file", &self.url_file)?;
        let secret = self.secret_file.as_ref().map(|file| text(folder, "secret_file", file)).transpose()?;
        let template = match &self.template_file {
            Some(_) if channel == Channel::Webhook => anyhow::bail!("a webhook has no text: template_file does not belong here"),
            Some(file) => Template::read(&text(folder, "template_file", file)?).context("template_file")?,
            None => Template::default(),
        };
        let template = template.in_zone(zone);
        Ok(Subscription::new(Plan { name, channel, class, doors, filter, leaders, staff, cluster_stands, quiet }, &url, secret.as_deref(), template)?)
    }
}

/// Names leave by a webhook only, and only where the operator has written that they do.
fn check_names(class: Class, channel: Channel, names_leave: bool) -> anyhow::Result<()> {
    if class != Class::Full {
        anyhow::ensure!(!names_leave, "names_leave goes with class = \"full\": in class {} no names leave", class.word());
        return Ok(());
    }
    anyhow::ensure!(
        channel == Channel::Webhook,
        "class = \"full\" is for webhooks: everybody in a group or at a phone reads what is written there, and it cannot be taken back; class = \"work\" tells the door, without a name"
    );
    anyhow::ensure!(
        names_leave,
        "class = \"full\" sends the names of people to whoever has the address, where no key can be destroyed: write names_leave = true if that is meant, or class = \"work\", which tells the door"
    );
    Ok(())
}

/// Whether ids of staff mean somebody: they are a community's own, elsewhere the same one is somebody else.
fn check_ids(key: &str, ids: &[StaffId], filter: &Filter) -> anyhow::Result<()> {
    let of_one = filter.communities.len() == 1 && filter.towns.is_empty();
    anyhow::ensure!(of_one, "{key}: ids of staff are those of one community: name it, and nothing else, in filter.communities");
    anyhow::ensure!(ids.len() <= STAFF_MAX, "{key}: at most {STAFF_MAX}");
    Ok(())
}

/// Whether a delivery of what is somebody's own can be one.
fn check_staff(staff: &[StaffId], (class, channel, filter): (Class, Channel, &Filter)) -> anyhow::Result<()> {
    anyhow::ensure!(class == Class::Work, "staff: what they are told names doors, which needs class = \"work\"");
    // a neighbour is told of a door and not what is there, and a webhook gets each message as it stands
    anyhow::ensure!(channel != Channel::Webhook, "staff: a webhook gets each message as it stands, with `told`: who was told, and how much");
    anyhow::ensure!(filter.from_level.is_none(), "filter.from_level: with staff it is told of what comes to them, at whatever level: leave it out");
    check_ids("staff", staff, filter)
}

/// Whether a delivery of nudges can be one.
fn check_leaders(leaders: &[StaffId], (class, filter): (Class, &Filter)) -> anyhow::Result<()> {
    anyhow::ensure!(class == Class::Work, "leaders: a nudge names buildings, which needs class = \"work\"");
    check_ids("leaders", leaders, filter)?;
    let of_alerts = !filter.kinds.is_empty() || !filter.severities.is_empty() || filter.from_level.is_some();
    anyhow::ensure!(
        !of_alerts,
        "filter.kinds, filter.severities and filter.from_level are of alerts, and with leaders it is told of nudges only: leave them out"
    );
    Ok(())
}

fn usual_hours() -> QuietHours {
    QuietHours::USUAL
}

fn zone() -> String {
    "Asia/Shanghai".to_owned()
}

/// What stands in a file that is named beside the one that names it. What stands there is never shown.
fn text(folder: &Path, key: &str, file: &Path) -> anyhow::Result<String> {
    let path = folder.join(file);
    let length = std::fs::metadata(&path).with_context(|| format!("cannot read {key} {}", path.display()))?.len();
    anyhow::ensure!(length <= FILE_BYTES_MAX, "{key} {} is longer than {FILE_BYTES_MAX} bytes", path.display());
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {key} {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn load(text: &str) -> Result<Deliveries, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in
            [("url", "https://robot.example/hook?key=top-secret\n"), ("plain", "http://robot.example/"), ("key", KEY), ("short", "whsec_AAAA")]
        {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        std::fs::write(folder.path().join("template"), "{{ count }} {{ personal_name }}").unwrap();
        let file = folder.path().join(FILE_NAME);
        std::fs::write(&file, text).unwrap();
        Deliveries::load(&file).map_err(|error| format!("{error:#}"))
    }

    fn entry(rest: &str) -> String {
        format!("[[delivery]]\nname = 'office'\n{rest}\n")
    }

    #[test]
    fn what_is_left_out_is_the_most_private() {
        let read = load(&entry("channel = 'wecom'\nurl_file = 'url'\nfilter.communities = ['u07']\n[names]\nu07 = '阳光社区'")).unwrap();
        assert_eq!((read.subscriptions[0].plan.class, read.names.len()), (Class::Public, 1));
        assert!(!format!("{read:?}").contains("top-secret"));
        let read =
            load(&entry("channel = 'webhook'\nurl_file = 'url'\nsecret_file = 'key'\nclass = 'work'\neverywhere = true\nfilter.severities = ['critical']"));
        assert_eq!(read.unwrap().named("office").unwrap().plan.class, Class::Work);
        let full = "channel = 'webhook'\nurl_file = 'url'\nsecret_file = 'key'\nclass = 'full'\nnames_leave = true\neverywhere = true";
        assert_eq!(load(&entry(full)).unwrap().named("office").unwrap().plan.class, Class::Full, "who says so twice is heard");
        assert!(load("").unwrap().subscriptions.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_without_what_is_secret() {
        let wecom = |rest: &str| entry(&format!("channel = 'wecom'\nurl_file = 'url'\n{rest}"));
        let hook = |rest: &str| entry(&format!("channel = 'webhook'\nurl_file = 'url'\nsecret_file = 'key'\n{rest}"));
        let here = "filter.communities = ['u07']";
        for (text, expected) in [
            (wecom(""), "filter.towns or filter.communities"),
            (wecom(&format!("everywhere = true\n{here}")), "does not go with"),
            (wecom(&format!("{here}\nclasss = 'work'")), "classs"),
            (wecom(&format!("{here}\nclass = 'full'\nnames_leave = true")), "class = \"full\" is for webhooks: everybody in a group"),
            (hook(&format!("class = 'full'\n{here}")), "write names_leave = true if that is meant"),
            (hook(&format!("class = 'work'\nnames_leave = true\n{here}")), "in class work no names leave"),
            (hook(&format!("class = 'full'\nnames_leave = true\nleaders = ['s-li']\n{here}")), "a nudge names buildings, which needs class"),
            (wecom("filter.comunities = ['u07']"), "comunities"),
            (wecom(&format!("{here}\nfilter.kinds = ['fewer']")), "fewer is no kind of alert; these are: fever, symptom"),
            (wecom(&format!("{here}\nfilter.severities = ['urgent']")), "urgent"),
            (wecom(&format!("{here}\nsecret_file = 'key'")), "its key stands in its address"),
            (wecom(&format!("{here}\ntemplate_file = 'template'")), "undefined"),
            (wecom(here).replace("'url'", "'nowhere'"), "cannot read url_file"),
            (wecom(here).replace("'url'", "'plain'"), "https:// is needed"),
            (format!("{0}{0}", wecom(here)), "two deliveries are called office"),
            (format!("{}{}", wecom(here), wecom(here).replace("office", "clinic")), "office and clinic call one receiver"),
            (entry(&format!("channel = 'webhook'\nurl_file = 'url'\n{here}")), "a webhook needs one"),
            (entry(&format!("channel = 'webhook'\nurl_file = 'url'\nsecret_file = 'short'\n{here}")), "not whsec_"),
            (wecom(&format!("doors = 'critical'\n{here}")), "doors: only class"),
            (hook(&format!("class = 'work'\ndoors = 'critical'\n{here}")), "as it stands"),
            (wecom(&format!("{here}\nleaders = ['s-li']")), "a nudge names buildings, which needs class"),
            (
                wecom(&format!("{here}\nclass = 'work'\nleaders = ['s-li']\nfilter.kinds = ['fever']")),
                "filter.kinds, filter.severities and filter.from_level are of alerts",
            ),
            (wecom(&format!("{here}\nfilter.from_level = 4")), "levels are 1 (nearest to the door) to 3"),
            (wecom(&format!("leaders = ['李 明']\n{here}")), "leaders"),
            (wecom("class = 'work'\nleaders = ['s-li']\neverywhere = true"), "those of one community"),
            (wecom("class = 'work'\nleaders = ['s-li']\nfilter.communities = ['u07', 'u08']"), "those of one community"),
            (wecom("class = 'work'\nleaders = ['s-li']\nfilter.towns = ['dianbu']"), "those of one community"),
            (wecom(&format!("{here}\nstaff = ['s-wang']")), "what they are told names doors, which needs class"),
            (hook(&format!("{here}\nclass = 'work'\nstaff = ['s-wang']")), "a webhook gets each message as it stands, with `told`"),
            (wecom(&format!("{here}\nclass = 'work'\nstaff = ['s-wang']\nleaders = ['s-wang']")), "are two deliveries"),
            (wecom(&format!("{here}\nclass = 'work'\nstaff = ['s-wang']\nfilter.from_level = 1")), "at whatever level: leave it out"),
            (wecom("class = 'work'\nstaff = ['s-wang']\neverywhere = true"), "staff: ids of staff are those of one community"),
            (entry(&format!("channel = 'carrier_pigeon'\nurl_file = 'url'\n{here}")), "carrier_pigeon"),
        ] {
            let error = load(&text).unwrap_err();
            assert!(error.contains(expected) && error.contains(FILE_NAME), "{error}\nfor\n{text}");
            assert!(!error.contains("top-secret") && !error.contains("robot.example"), "{error}");
        }
    }
}
