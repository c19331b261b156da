//! What those who work here are called by what they do, and words about them: key, Chinese, English.

pub(super) const WORDS: &[(&str, &str, &str)] = &[
    ("role.command", "镇街指挥部", "town command"),
    ("role.doctor", "医生", "doctor"),
    ("role.facility", "隔离点人员", "quarantine site"),
    ("role.grid", "网格员", "grid worker"),
    ("role.grid_worker", "网格员", "grid worker"),
    ("role.guard", "值守员", "guard"),
    ("role.keeper", "包保人", "keeper"),
    ("role.leader", "楼长", "building leader"),
    ("role.medical", "医疗组", "medical team"),
    ("role.nurse", "护士", "nurse"),
    ("role.office", "社区办公室", "office"),
    ("role.police", "派出所", "police"),
    ("role.volunteer", "志愿者", "volunteer"),
    ("alert.assign_to", "指派给", "Who is to have it"),
    ("alert.assign_choose", "请选择工作人员", "Choose somebody"),
    ("alert.no_such_staff", "找不到这位工作人员，请再看一眼；刚才未记录。", "Nobody like that works here. Please look again; nothing was recorded."),
];
