//! Invented names.
//!
//! Every name has at least three characters: a leak test greps for them, and two-character names would be found in
//! harmless words. A name may by chance be somebody's; nothing else about its bearer is.

use crate::random::Stream;

const SURNAMES: [&str; 60] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许",
    "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田", "董", "袁", "潘", "于", "蒋", "蔡", "余", "杜", "叶", "程", "苏", "魏", "吕", "丁", "任", "沈", "姚", "卢",
    "姜", "崔", "钟", "谭", "陆", "汪", "范", "欧阳",
];
/// How common the surnames are: the first tenth bears a third of the people.
const SURNAME_STEEPNESS: u32 = 3;

const GIVEN_FIRST: [&str; 40] = [
    "秀", "玉", "桂", "志", "建", "国", "文", "德", "春", "永", "明", "家", "晓", "海", "金", "世", "云", "庆", "雪", "子", "俊", "佳", "思", "梦", "浩", "宇",
    "若", "嘉", "正", "立", "凤", "红", "长", "少", "美", "万", "天", "启", "书", "承",
];
const GIVEN_LAST_F: [&str; 30] = [
    "兰", "英", "芳", "华", "珍", "娟", "霞", "梅", "琴", "燕", "玲", "萍", "丽", "敏", "静", "慧", "莲", "香", "月", "娥", "彤", "瑶", "涵", "怡", "颖", "婷",
    "雯", "蓉", "菊", "云",
];
const GIVEN_LAST_M: [&str; 30] = [
    "军", "强", "平", "勇", "斌", "峰", "辉", "伟", "涛", "刚", "林", "生", "良", "义", "祥", "龙", "飞", "鹏", "超", "杰", "轩", "宇", "博", "豪", "根", "贵",
    "福", "才", "忠", "亮",
];

/// Sex as the commands write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `f`
    Female,
    /// `m`
    Male,
}

impl Sex {
    /// The letter in `person.register`.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Female => "f",
            Self::Male => "m",
        }
    }

    /// One of both.
    pub(crate) fn any(stream: &mut Stream) -> Self {
        if stream.permille(500) { Self::Female } else { Self::Male }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Female => Self::Male,
            Self::Male => Self::Female,
        }
    }
}

/// A surname, the common ones more often.
pub(crate) fn surname(stream: &mut Stream) -> &'static str {
    let smallest = (0..SURNAME_STEEPNESS).map(|_| stream.below(SURNAMES.len() as u32)).min();
    SURNAMES[smallest.unwrap_or(0) as usize]
}

/// A full name with this surname.
pub(crate) fn full_name(surname: &str, sex: Sex, stream: &mut Stream) -> String {
    let first = stream.pick(&GIVEN_FIRST);
    let last = match sex {
        Sex::Female => stream.pick(&GIVEN_LAST_F),
        Sex::Male => stream.pick(&GIVEN_LAST_M),
    };
    // 宇宇 and the like are nicknames: the same character twice is replaced
    if first == last { format!("{surname}明{last}") } else { format!("{surname}{first}{last}") }
}
