//! Synthetic site records, shared by the example and the tests. Nobody and
//! nothing in here exists.

use chrono::{DateTime, FixedOffset, NaiveDate};
use lianjian_documents::site_record::*;

/// A time on the day of the visit.
pub fn at(time: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("2026-11-23T{time}:00+08:00")).expect("a time of day")
}

/// Sixty-four hexadecimal digits that differ with `n`.
pub fn digest(n: u64) -> String {
    let word = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (0..4).map(|i| format!("{:016x}", word.rotate_left(i * 13) ^ u64::from(i))).collect()
}

/// A small picture.
pub fn picture(shade: u8) -> Vec<u8> {
    let image = image::RgbImage::from_fn(160, 120, |x, y| {
        let dark = (x / 20 + y / 20) % 2 == 0;
        let base = if dark { shade } else { 230 };
        image::Rgb([base, base.saturating_sub(20), (x % 200) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("encodes");
    bytes.into_inner()
}

fn officer(name: &str, n: u32) -> Officer {
    Officer { name: name.to_owned(), cert_no: format!("示例执法{n:08}") }
}

fn agency(department: &str, first: (&str, u32), second: (&str, u32)) -> Agency {
    Agency {
        department: department.to_owned(),
        officers: vec![officer(first.0, first.1), officer(second.0, second.1)],
    }
}

fn photo(n: u64) -> Evidence {
    Evidence {
        name: format!("照片{n}"),
        hash: digest(n),
        thumbnail: Some(picture(40 + (n * 37 % 120) as u8)),
    }
}

/// (a) Nothing found, one department.
pub fn nothing_found() -> SiteRecord {
    SiteRecord {
        doc_no: "示应急检记〔2026〕12号".to_owned(),
        task_title: "2026年危险化学品使用安全联合检查".to_owned(),
        enterprise: Enterprise {
            name: "示例精细化工有限公司".to_owned(),
            uscc: "91320100MA0000001X".to_owned(),
            address: "示例市示例区演示路1号".to_owned(),
            legal_rep: "虚构甲".to_owned(),
            principal: "虚构乙".to_owned(),
            post: "生产副总经理".to_owned(),
            phone: "138****0000".to_owned(),
        },
        place: "一号车间、危险化学品仓库".to_owned(),
        start_at: at("09:12"),
        end_at: Some(at("11:40")),
        agencies: vec![agency("示例市应急管理局", ("检查员甲", 1), ("检查员乙", 2))],
        certificates_shown_at: Some(at("09:15")),
        sections: vec![Section {
            department: "示例市应急管理局".to_owned(),
            counts: ResultCounts {
                conforms: 22,
                nonconforming: 0,
                not_applicable: 3,
                unchecked: 0,
            },
            findings: vec![],
        }],
        conflicts: vec![],
        proposals: vec![],
        refusal: None,
        enterprise_statement: None,
        clock_warnings: vec![],
        manifest: Manifest {
            state_digest: digest(1000),
            holdings_digest: digest(1001),
            replicas: vec![replica("平板1", "示例市应急管理局", 87)],
            evidence: vec![],
        },
        generated_at: at("11:42"),
        software_version: "0.1.0".to_owned(),
    }
}

fn replica(name: &str, department: &str, position: u64) -> Replica {
    Replica { name: name.to_owned(), department: department.to_owned(), position }
}

/// (b) Two departments, five findings, one conflict settled and one open.
pub fn joint_record() -> SiteRecord {
    let mut record = nothing_found();
    record.agencies.push(agency("示例市消防救援支队", ("检查员丙", 3), ("检查员丁", 4)));
    record.sections = vec![emergency_section(), fire_section()];
    record.conflicts = vec![settled_conflict(), open_conflict()];
    record.proposals = vec![Proposal {
        from_department: "示例市消防救援支队".to_owned(),
        to_department: "示例市应急管理局".to_owned(),
        subject: "第3项 出入库登记".to_owned(),
        text: "建议补查2026年10月的出库记录".to_owned(),
        state: ProposalState::Accepted,
        reason: "已补查".to_owned(),
    }];
    record.enterprise_statement = Some("对检查情况无异议，将按期整改。".to_owned());
    record.clock_warnings = vec![ClockWarning {
        tablet: "平板3".to_owned(),
        department: "示例市消防救援支队".to_owned(),
        offset_seconds: -437,
    }];
    record.manifest.replicas = vec![
        replica("平板1", "示例市应急管理局", 87),
        replica("平板2", "示例市应急管理局", 42),
        replica("平板3", "示例市消防救援支队", 65),
    ];
    record.manifest.evidence = manifest_evidence(&record);
    record
}

fn manifest_evidence(record: &SiteRecord) -> Vec<ManifestEvidence> {
    let findings = record.sections.iter().flat_map(|section| &section.findings);
    findings
        .flat_map(|finding| {
            finding.evidence.iter().map(|evidence| ManifestEvidence {
                name: evidence.name.clone(),
                belongs_to: format!("问题{}", finding.number),
                size_bytes: 2_483_112,
                hash: evidence.hash.clone(),
            })
        })
        .collect()
}

fn finding(number: u32, item: (&str, &str), location: &str, fact: &str) -> Finding {
    Finding {
        number,
        item_code: item.0.to_owned(),
        item_text: item.1.to_owned(),
        location: location.to_owned(),
        fact: fact.to_owned(),
        level: Level::General,
        criterion: None,
        basis: vec!["《中华人民共和国安全生产法》第四十一条第二款".to_owned()],
        requirement: "立即整改，整改完成前安排专人值守。".to_owned(),
        deadline: NaiveDate::from_ymd_opt(2026, 12, 3),
        fixed_on_site: false,
        evidence: vec![],
    }
}

fn emergency_section() -> Section {
    let mut alarm = finding(
        1,
        ("WH-09", "报警装置有效、未被屏蔽"),
        "危险化学品仓库东侧",
        "2号可燃气体探测器被纸箱遮挡，控制器显示该路已屏蔽；现场温度31℃，存放乙醇约180 kg。",
    );
    alarm.level = Level::Major;
    alarm.criterion = Some(Criterion {
        code: "示例-14".to_owned(),
        text: "监测、报警、防护装置存在但被停用的".to_owned(),
    });
    alarm.basis.push("《危险化学品安全法》第三十八条".to_owned());
    alarm.evidence = vec![photo(1), photo(2)];
    let mut training = finding(
        2,
        ("GL-04", "培训及档案（含派遣、实习）"),
        "办公楼二层档案室",
        "抽查3名派遣人员，未见入厂三级安全培训记录。",
    );
    training.evidence = vec![photo(3)];
    let mut ledger = finding(
        3,
        ("WH-06", "出入库登记"),
        "危险化学品仓库",
        "10月17日至19日的出库登记缺少领用人签名。",
    );
    ledger.fixed_on_site = true;
    Section {
        department: "示例市应急管理局".to_owned(),
        counts: ResultCounts { conforms: 18, nonconforming: 3, not_applicable: 2, unchecked: 2 },
        findings: vec![alarm, training, ledger],
    }
}

fn fire_section() -> Section {
    let mut exit = finding(
        4,
        ("XF-04", "疏散通道、安全出口"),
        "一号车间北门",
        "北侧安全出口被成品托盘堵塞，净宽不足0.6 m。",
    );
    exit.basis = vec!["《中华人民共和国消防法》第二十八条".to_owned()];
    exit.evidence = vec![photo(4)];
    let mut hydrant =
        finding(5, ("XF-02", "消防设施、器材完好"), "一号车间", "3具灭火器压力指针处于红区。");
    hydrant.basis = vec!["《中华人民共和国消防法》第十六条第一款第二项".to_owned()];
    Section {
        department: "示例市消防救援支队".to_owned(),
        counts: ResultCounts { conforms: 9, nonconforming: 2, not_applicable: 0, unchecked: 0 },
        findings: vec![exit, hydrant],
    }
}

fn value(value: &str, author: &str, tablet: &str, time: &str) -> ConflictValue {
    ConflictValue {
        value: value.to_owned(),
        author: author.to_owned(),
        department: "示例市应急管理局".to_owned(),
        tablet: tablet.to_owned(),
        at: at(time),
    }
}

fn settled_conflict() -> Conflict {
    Conflict {
        subject: "WH-09 报警装置有效、未被屏蔽：检查结果".to_owned(),
        values: vec![
            value("不符合", "检查员乙", "平板2", "10:02"),
            value("符合", "检查员甲", "平板1", "10:05"),
        ],
        outcome: ConflictOutcome::Resolved {
            chosen: "不符合".to_owned(),
            decider: "检查员甲".to_owned(),
            department: "示例市应急管理局".to_owned(),
            reason: "遮挡虽已当场移除，检查时的状态应如实记录".to_owned(),
            decided_at: at("11:20"),
        },
    }
}

fn open_conflict() -> Conflict {
    Conflict {
        subject: "问题2：整改期限".to_owned(),
        values: vec![
            value("2026年12月3日", "检查员甲", "平板1", "10:31"),
            value("2026年12月10日", "检查员乙", "平板2", "10:29"),
        ],
        outcome: ConflictOutcome::Open { in_force: "2026年12月3日".to_owned() },
    }
}

/// (c) Thirty findings, everything long.
pub fn thirty_findings() -> SiteRecord {
    let mut record = joint_record();
    record.enterprise.name =
        "示例长三角国际新材料科技产业园精细化学品研发制造有限责任公司".to_owned();
    record.enterprise.address = "示例省示例市示例经济技术开发区沿江化工新材料产业园区演示大道\
        一千二百三十四号示例综合楼东侧第三栋二单元六层六零一室及配套仓储区"
        .to_owned();
    record.place = record.enterprise.address.clone();
    let long = "现场检查时，该部位的防护装置已拆除且未恢复，作业人员正在设备运转状态下清理物料，\
        未设监护人，也没有张贴警示标志；询问班组长称该情况自2026年11月初起存在，尚未列入隐患台账。";
    for (s, section) in record.sections.iter_mut().enumerate() {
        section.findings = (0..15)
            .map(|i| {
                let number = s as u32 * 15 + i + 1;
                let mut one = finding(
                    number,
                    ("GM-19", "防护罩、联锁、急停装置齐全有效，检修时能可靠切断动力"),
                    "二号车间三层东区破碎、筛分、包装联动生产线第四段转弯处",
                    &format!("第{number}处。{long}"),
                );
                if i % 5 == 0 {
                    one.level = Level::Major;
                    one.criterion = Some(Criterion {
                        code: "示例-03".to_owned(),
                        text: "示例判定情形".to_owned(),
                    });
                }
                one.evidence = (0..u64::from(i % 4))
                    .map(|k| Evidence { thumbnail: None, ..photo(u64::from(number) * 10 + k) })
                    .collect();
                one
            })
            .collect();
    }
    record.refusal = Some(Refusal {
        person: "虚构乙（生产副总经理）".to_owned(),
        reason: "称需请示总公司".to_owned(),
        witness: "虚构丙（示例街道办事处）".to_owned(),
        at: at("11:35"),
    });
    record.enterprise_statement = None;
    record.manifest.evidence = manifest_evidence(&record);
    record
}
