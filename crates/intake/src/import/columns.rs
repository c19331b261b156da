//! The columns of each kind of file: one table per kind. `docs/howto/import.md` shows the same tables.

/// What a cell holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    /// Text as it stands.
    Text,
    /// A number that is a name, such as a telephone number: text that a spreadsheet may have spoilt.
    Digits,
    /// Several texts, separated by `;`, `、`, `,` or space.
    List,
    /// Several [`Value::Digits`].
    DigitsList,
    /// As [`Value::List`], where `无`, `none` or `-` says that there are none: that is something else than an empty cell.
    ListOrNone,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// One of some words, in Chinese or as in the command.
    Word(&'static [(&'static str, &'static str)]),
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Path of the field: within the command's `data`, or within the command for the columns that every kind has.
    pub(crate) path: &'static str,
    /// A shorter name for a long path; else the path.
    pub(crate) short: &'static str,
    /// Its Chinese name.
    pub(crate) chinese: &'static str,
    /// What its cells hold.
    pub(crate) value: Value,
    /// A file without it is refused.
    pub(crate) required: bool,
    /// The field lies within `data`.
    pub(crate) in_data: bool,
}

impl Column {
    /// Whether a heading means this column.
    pub(crate) fn is_called(&self, heading: &str) -> bool {
        heading == self.chinese || heading.eq_ignore_ascii_case(self.path) || heading.eq_ignore_ascii_case(self.short)
    }
}

const fn column(path: &'static str, short: &'static str, chinese: &'static str, value: Value) -> Column {
    Column { path, short, chinese, value, required: false, in_data: true }
}

const fn optional(path: &'static str, chinese: &'static str, value: Value) -> Column {
    column(path, path, chinese, value)
}

const fn required(path: &'static str, chinese: &'static str, value: Value) -> Column {
    Column { required: true, ..optional(path, chinese, value) }
}

const fn of_command(path: &'static str, chinese: &'static str, value: Value) -> Column {
    Column { in_data: false, ..optional(path, chinese, value) }
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Buildings,
    Households,
    People,
    Staff,
    Visits,
    Checks,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [Self::Buildings, Self::Households, Self::People, Self::Staff, Self::Visits, Self::Checks];

    /// The word in the query.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Buildings => "buildings",
            Self::Households => "households",
            Self::People => "people",
            Self::Staff => "staff",
            Self::Visits => "visits",
            Self::Checks => "checks",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The command that its rows become.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Buildings => "building.register",
            Self::Households => "household.register",
            Self::People => "person.register",
            Self::Staff => "staff.register",
            Self::Visits => "visit.record",
            Self::Checks => "quarantine.check",
        }
    }

    /// Its own columns, then those that every kind has.
    pub(crate) fn columns(self) -> impl Iterator<Item = &'static Column> {
        let own = match self {
            Self::Buildings => BUILDINGS,
            Self::Households => HOUSEHOLDS,
            Self::People => PEOPLE,
            Self::Staff => STAFF,
            Self::Visits => VISITS,
            Self::Checks => CHECKS,
        };
        own.iter().chain(COMMAND)
    }
}

const COMMAND: &[Column] = &[
    of_command("id", "记录编号", Value::Text),
    of_command("at", "时间", Value::Text),
    of_command("at_precision", "时间精度", Value::Word(PRECISION)),
    of_command("by", "经办人", Value::List),
    of_command("via", "来源", Value::Word(VIA)),
    of_command("paper", "纸单号", Value::Text),
    of_command("replaces", "替代记录", Value::Text),
];

const BUILDINGS: &[Column] = &[
    required("building", "楼栋编号", Value::Text),
    required("name", "楼栋名称", Value::Text),
    optional("kind", "楼栋类型", Value::Word(BUILDING_KIND)),
    optional("estate", "小区编号", Value::Text),
    optional("grid", "网格编号", Value::Text),
    optional("address", "地址", Value::Text),
    column("units.0.unit", "unit", "单元", Value::Text),
    column("units.0.name", "unit_name", "单元名称", Value::Text),
    column("units.0.floors", "floors", "楼层数", Value::Integer),
    column("units.0.doors", "doors", "门牌", Value::List),
];

const HOUSEHOLDS: &[Column] = &[
    required("household", "户编号", Value::Text),
    required("building", "楼栋编号", Value::Text),
    optional("unit", "单元", Value::Text),
    optional("floor", "楼层", Value::Integer),
    optional("door", "门牌", Value::Text),
    optional("label", "户名", Value::Text),
    optional("part", "分户", Value::Text),
    optional("code", "居民码", Value::Text),
    optional("phones", "电话", Value::DigitsList),
];

const PEOPLE: &[Column] = &[
    required("person", "人员编号", Value::Text),
    required("name", "姓名", Value::Text),
    optional("household", "户编号", Value::Text),
    optional("id_number", "身份证号", Value::Digits),
    optional("phones", "电话", Value::DigitsList),
    optional("birth_year", "出生年", Value::Integer),
    optional("sex", "性别", Value::Word(SEX)),
    optional("categories", "人员类别", Value::List),
];

const STAFF: &[Column] = &[
    required("staff", "工作人员编号", Value::Text),
    required("name", "姓名", Value::Text),
    required("roles", "职责", Value::List),
    optional("phones", "电话", Value::DigitsList),
    optional("org", "单位", Value::Text),
    optional("person", "人员编号", Value::Text),
    optional("until", "截止时间", Value::Text),
];

/// A row tells of one door and at most one person: a second person is a second row.
const VISITS: &[Column] = &[
    optional("household", "户编号", Value::Text),
    optional("building", "楼栋编号", Value::Text),
    optional("unit", "单元", Value::Text),
    optional("floor", "楼层", Value::Integer),
    optional("door", "门牌", Value::Text),
    optional("label", "户名", Value::Text),
    optional("round", "轮次编号", Value::Text),
    required("outcome", "走访结果", Value::Word(OUTCOME)),
    required("mode", "方式", Value::Word(MODE)),
    optional("call_back_at", "再访时间", Value::Text),
    column("people.0.person", "person", "人员编号", Value::Text),
    column("people.0.unregistered.ref", "ref", "未登记编号", Value::Text),
    column("people.0.unregistered.name", "name", "姓名", Value::Text),
    column("people.0.unregistered.sex", "sex", "性别", Value::Word(SEX)),
    column("people.0.unregistered.birth_year", "birth_year", "出生年", Value::Integer),
    column("people.0.unregistered.phone", "phone", "电话", Value::Digits),
    column("people.0.unregistered.id_number", "id_number", "身份证号", Value::Digits),
    column("people.0.unregistered.from", "from", "来自", Value::Text),
    column("people.0.basis", "basis", "依据", Value::Word(BASIS)),
    column("people.0.presence", "presence", "在家情况", Value::Word(PRESENCE)),
    column("people.0.readings.0.celsius", "celsius", "体温", Value::Decimal),
    column("people.0.readings.0.unreadable", "unreadable", "未读出", Value::Word(UNREADABLE)),
    column("people.0.readings.0.site", "site", "测温部位", Value::Word(SITE)),
    column("people.0.readings.1.celsius", "celsius_again", "复测体温", Value::Decimal),
    column("people.0.readings.1.unreadable", "unreadable_again", "复测未读出", Value::Word(UNREADABLE)),
    column("people.0.readings.1.site", "site_again", "复测部位", Value::Word(SITE)),
    column("people.0.not_measured", "not_measured", "未测原因", Value::Word(NOT_MEASURED)),
    column("people.0.symptoms", "symptoms", "症状", Value::ListOrNone),
    column("people.0.exposure.place", "exposure_place", "旅居地", Value::Text),
    column("people.0.exposure.left_on", "left_on", "离开日期", Value::Text),
    column("people.0.exposure.arrived_on", "arrived_on", "到达日期", Value::Text),
    column("people.0.exposure.contact", "contact", "接触者", Value::Text),
    column("people.0.note", "note", "备注", Value::Text),
];

/// A row is one check of one order.
const CHECKS: &[Column] = &[
    Column { required: true, ..column("checks.0.quarantine", "quarantine", "隔离编号", Value::Text) },
    Column { required: true, ..column("checks.0.outcome", "outcome", "核查结果", Value::Word(CHECK_OUTCOME)) },
    required("mode", "方式", Value::Word(MODE)),
    column("checks.0.readings.0.celsius", "celsius", "体温", Value::Decimal),
    column("checks.0.readings.0.unreadable", "unreadable", "未读出", Value::Word(UNREADABLE)),
    column("checks.0.readings.0.site", "site", "测温部位", Value::Word(SITE)),
    column("checks.0.readings.1.celsius", "celsius_again", "复测体温", Value::Decimal),
    column("checks.0.readings.1.unreadable", "unreadable_again", "复测未读出", Value::Word(UNREADABLE)),
    column("checks.0.readings.1.site", "site_again", "复测部位", Value::Word(SITE)),
    column("checks.0.not_measured", "not_measured", "未测原因", Value::Word(NOT_MEASURED)),
    column("checks.0.symptoms", "symptoms", "症状", Value::ListOrNone),
    column("checks.0.slot.date", "slot_date", "班次日期", Value::Text),
    column("checks.0.slot.name", "slot_name", "班次", Value::Text),
];

type Words = &'static [(&'static str, &'static str)];

const PRECISION: Words = &[("分钟", "minute"), ("半天", "half_day"), ("天", "day")];
const VIA: Words = &[("手机", "app"), ("纸单", "paper"), ("微信", "wechat"), ("电话", "phone"), ("导入", "import")];
const BUILDING_KIND: Words =
    &[("楼房", "block"), ("排房", "row"), ("村民小组", "village_group"), ("宿舍", "dormitory"), ("单位", "workplace"), ("隔离点", "site")];
const SEX: Words = &[("女", "f"), ("男", "m")];
const OUTCOME: Words = &[
    ("见到", "met"),
    ("不在家", "absent"),
    ("外出", "away"),
    ("拒绝", "refused"),
    ("空置", "vacant"),
    ("已搬走", "moved_out"),
    ("无此户", "no_such_door"),
    ("无人接听", "no_answer"),
    ("号码错误", "wrong_number"),
];
const MODE: Words = &[("上门", "door"), ("电话", "phone"), ("视频", "video"), ("消息", "message"), ("自报", "self")];
const BASIS: Words = &[("亲见", "seen"), ("听说", "told")];
const PRESENCE: Words = &[("在家", "here"), ("外出", "away"), ("离开", "left"), ("新来", "new")];
const SITE: Words = &[("额头", "forehead"), ("耳", "ear"), ("腋下", "axilla"), ("口腔", "oral"), ("热像", "thermal")];
const UNREADABLE: Words = &[("过低", "low"), ("过高", "high")];
const NOT_MEASURED: Words = &[("拒测", "refused"), ("无体温计", "no_thermometer"), ("不在门口", "not_at_door"), ("睡着", "asleep"), ("其他", "other")];
const CHECK_OUTCOME: Words = &[("已联系", "reached"), ("无人应答", "no_answer"), ("不在家", "not_home"), ("拒绝", "refused"), ("住院", "hospital")];
