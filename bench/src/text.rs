//! What is recorded: findings as an inspector words them, made from a seed, of
//! about 280 bytes of JSON each. All peers are given the very same documents.

use device::view::FindingDraft;
use domain::finding::Level;
use serde_json::{Value, json};

const WHAT: [&str; 8] = [
    "可燃气体报警装置断电停用",
    "应急照明灯具损坏不亮",
    "疏散通道堆放原料桶",
    "配电箱未接地且门缺失",
    "压力表超过检定有效期",
    "危险化学品未分类存放",
    "作业人员未佩戴防护用品",
    "除尘器泄爆片被铁板封住",
];
const WHERE: [&str; 8] = [
    "喷涂车间东侧调漆间",
    "二号仓库北门",
    "打磨车间三号除尘间",
    "锅炉房西南角",
    "一层装配线尾端",
    "危化品暂存柜旁",
    "办公楼负一层配电室",
    "厂区南侧装卸平台",
];
const WHAT_TO_DO: [&str; 8] = [
    "立即恢复供电并复测",
    "当日更换并留存记录",
    "立即清空通道",
    "三日内完成接地整改",
    "送检合格后方可使用",
    "按类别分区存放并设标识",
    "停止作业并完成培训",
    "拆除铁板恢复泄爆功能",
];

/// A finding, with words that differ from one to the next.
#[derive(Debug, Clone)]
pub struct Worded {
    fact: String,
    location: String,
    requirement: String,
    level: Level,
}

/// The finding of a number.
pub fn finding(n: usize) -> Worded {
    let mut state = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut pick = |of: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % of as u64).unwrap_or(0)
    };
    Worded {
        fact: format!("{}，编号{}，已停用约{}小时", WHAT[pick(8)], pick(100_000), pick(72)),
        location: format!("{}{}号位", WHERE[pick(8)], pick(400)),
        requirement: format!("{}，整改后附照片报联检组复查", WHAT_TO_DO[pick(8)]),
        level: if pick(10) == 0 { Level::Major } else { Level::General },
    }
}

impl Worded {
    /// As a person enters it.
    pub fn draft(&self) -> FindingDraft {
        FindingDraft {
            item: None,
            fact: self.fact.clone(),
            location: self.location.clone(),
            level: self.level,
            criterion: None,
            basis: vec![],
            requirement: self.requirement.clone(),
            deadline_workdays: None,
        }
    }

    /// The same as one JSON document, for those that keep documents.
    pub fn document(&self, department: &str) -> Value {
        json!({
            "department": department, "level": self.level, "fact": self.fact,
            "location": self.location, "requirement": self.requirement,
        })
    }

    /// The values as writes of the wire: field and value.
    pub fn values(&self, department: &str) -> [(&'static str, Value); 5] {
        [
            ("origin", json!({ "department": department })),
            ("assessment", json!({ "level": self.level, "basis": [] })),
            ("fact", json!(self.fact)),
            ("location", json!(self.location)),
            ("requirement", json!(self.requirement)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_of_the_length_that_the_measures_name() {
        let department = uuid::Uuid::nil().to_string();
        let bytes: usize =
            (0..1000).map(|n| finding(n).document(&department).to_string().len()).sum();
        assert!((260..=300).contains(&(bytes / 1000)), "{}", bytes / 1000);
    }
}
