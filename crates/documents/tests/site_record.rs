//! Claims about the finished 现场检查记录, checked from outside with the PDF
//! tools of poppler: what a reader can extract, what an archive demands.

#[path = "../examples/sample/synthetic.rs"]
mod synthetic;

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use lianjian_documents::site_record::*;
use lianjian_documents::{DocumentError, Fonts, Rendered, Warning, render_site_record};

static FONTS: LazyLock<Fonts> =
    LazyLock::new(|| Fonts::system().expect("fonts-noto-cjk is installed"));

fn render(record: &SiteRecord) -> Rendered {
    render_site_record(&FONTS, record).expect("renders")
}

/// Runs a poppler tool on the document.
fn poppler(tool: &str, options: &[&str], pdf: &[u8]) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("record.pdf");
    std::fs::write(&path, pdf).expect("writes");
    let to_stdout: &[&str] = if tool == "pdftotext" { &["-"] } else { &[] };
    let output = Command::new(tool)
        .args(options)
        .arg(Path::new(&path))
        .args(to_stdout)
        .output()
        .expect("poppler-utils is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Without what layout adds: spaces, line ends, places to break.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200B}').collect()
}

fn text_of(pdf: &[u8]) -> String {
    dense(&poppler("pdftotext", &["-raw"], pdf))
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(&dense(part)), "{part:?} is not in {text}");
    }
}

#[test]
fn equal_records_give_equal_bytes_also_with_fonts_loaded_anew() {
    let record = synthetic::joint_record();
    let again = Fonts::system().expect("fonts");
    let first = render(&record).pdf;
    assert!(first == render(&record).pdf);
    assert!(first == render_site_record(&again, &record).expect("renders").pdf);
}

#[test]
fn a_record_that_went_through_json_gives_equal_bytes() {
    let record = synthetic::joint_record();
    let json = serde_json::to_string(&record).expect("serializes");
    let back: SiteRecord = serde_json::from_str(&json).expect("deserializes");
    assert!(render(&record).pdf == render(&back).pdf);
}

#[test]
fn another_word_gives_other_bytes() {
    let mut record = synthetic::nothing_found();
    let before = render(&record).pdf;
    record.place.push('侧');
    assert!(before != render(&record).pdf);
}

#[test]
fn every_finding_and_resolution_can_be_read_out_of_the_file() {
    let record = synthetic::joint_record();
    let rendered = render(&record);
    assert_eq!(rendered.warnings, vec![]);
    let text = text_of(&rendered.pdf);
    for finding in record.sections.iter().flat_map(|section| &section.findings) {
        assert_eq!(text.matches(&dense(&finding.fact)).count(), 2, "{}", finding.fact);
        assert_contains(&text, &[&finding.location, &finding.requirement, &finding.item_text]);
        for evidence in &finding.evidence {
            assert_contains(&text, &[&evidence.hash]);
        }
    }
    assert_contains(
        &text,
        &[
            "示应急检记〔2026〕12号",
            "91320100MA0000001X",
            "2026年11月23日09时12分",
            "示例市应急管理局（牵头）",
            "示例执法00000004",
            "裁定：采用“不符合”",
            "遮挡虽已当场移除，检查时的状态应如实记录",
            "未裁定，按从严处理：现按“2026年12月3日”记载",
            "建议补查2026年10月的出库记录",
            "比标准时间慢7分17秒",
            "存放乙醇约180kg",
            "31℃",
            "附页一",
            "附页三",
            &record.manifest.state_digest,
            &record.manifest.holdings_digest,
            "第1页共",
        ],
    );
}

#[test]
fn a_check_without_findings_says_so() {
    let text = text_of(&render(&synthetic::nothing_found()).pdf);
    assert_contains(&text, &["本次检查未发现问题。", "没有需要裁定的分歧"]);
}

#[test]
fn unchecked_items_are_not_passed_off_as_compliant() {
    let mut record = synthetic::nothing_found();
    record.sections[0].counts.unchecked = 7;
    let text = text_of(&render(&record).pdf);
    assert_contains(&text, &["本次检查未发现问题。另有7项未查，不在此列。"]);
}

#[test]
fn thirty_findings_with_long_names_lose_nothing() {
    let record = synthetic::thirty_findings();
    let rendered = render(&record);
    assert_eq!(rendered.warnings, vec![]);
    let text = text_of(&rendered.pdf);
    for number in 1..=30 {
        assert_contains(&text, &[&format!("问题{number}"), &format!("第{number}处。现场检查时")]);
    }
    let refusal = record.refusal.expect("refused");
    assert_contains(
        &text,
        &[&record.enterprise.name, &record.enterprise.address, &refusal.reason, &refusal.witness],
    );
    assert_contains(&text, &[&format!("第{0}页共{0}页", rendered.pages)]);
}

#[test]
fn the_file_declares_pdf_a_2b_and_its_date() {
    let pdf = render(&synthetic::joint_record()).pdf;
    let xmp = poppler("pdfinfo", &["-meta"], &pdf);
    assert!(xmp.contains("<pdfaid:part>2</pdfaid:part>"), "{xmp}");
    assert!(xmp.contains("<pdfaid:conformance>B</pdfaid:conformance>"), "{xmp}");
    assert!(xmp.contains("2026-11-23T11:42:00+08:00"), "{xmp}");
    let info = poppler("pdfinfo", &[], &pdf);
    assert!(info.contains("A4"), "{info}");
}

#[test]
fn every_font_is_embedded_and_subset_with_a_unicode_map() {
    let fonts = poppler("pdffonts", &[], &render(&synthetic::joint_record()).pdf);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(rows.len() >= 2, "{fonts}");
    for row in rows {
        let flags: Vec<&str> =
            row.split_whitespace().filter(|w| ["yes", "no"].contains(w)).collect();
        assert_eq!(flags, ["yes", "yes", "yes"], "{row}");
    }
}

#[test]
fn what_people_type_is_never_template_language() {
    let hostile = r##"#panic("x") #import "/form.typ": * $a/b$ *粗* _斜_ `码` \ <标签> @引用 = 标题 // 注 /* ] } ) "##;
    let mut record = synthetic::joint_record();
    hostile.clone_into(&mut record.enterprise.name);
    hostile.clone_into(&mut record.task_title);
    hostile.clone_into(&mut record.doc_no);
    hostile.clone_into(&mut record.agencies[0].department);
    let finding = &mut record.sections[0].findings[0];
    hostile.clone_into(&mut finding.fact);
    hostile.clone_into(&mut finding.evidence[0].name);
    finding.basis = vec![hostile.to_owned()];
    let text = text_of(&render(&record).pdf);
    assert!(text.matches(&dense(hostile)).count() >= 6, "{text}");
}

#[test]
fn control_characters_endless_words_and_emptiness_do_not_break_the_form() {
    let mut record = synthetic::joint_record();
    "a\u{0}b\u{7}\u{202E}c\r\nd\te".clone_into(&mut record.place);
    "A".repeat(1000).clone_into(&mut record.sections[0].findings[0].fact);
    "危".repeat(2500).clone_into(&mut record.sections[0].findings[1].fact);
    "W".repeat(300).clone_into(&mut record.agencies[1].department);
    record.sections[1].findings[0].location.clear();
    record.enterprise.legal_rep.clear();
    record.conflicts[0].values.clear();
    record.agencies[0].officers.clear();
    let rendered = render(&record);
    let text = text_of(&rendered.pdf);
    assert_contains(&text, &["a□(U+0000)b□(U+0007)□(U+202E)cde"]);
    // Page furniture may stand between the pieces, so count letters.
    assert!(text.matches('A').count() >= 2000);
    assert!(text.matches('危').count() >= 5000);
    assert_eq!(
        rendered.warnings,
        ['\0', '\u{7}', '\u{202E}'].map(|ch| Warning::GlyphMissing { ch, times: 1 }).to_vec()
    );
}

#[test]
fn a_name_with_a_rare_character_is_printed_and_one_without_glyph_is_named() {
    let mut record = synthetic::nothing_found();
    "䶮㛃𬭚\u{10FFFD}".clone_into(&mut record.enterprise.legal_rep);
    let rendered = render(&record);
    assert_contains(&text_of(&rendered.pdf), &["䶮㛃𬭚□(U+10FFFD)"]);
    assert_eq!(rendered.warnings, vec![Warning::GlyphMissing { ch: '\u{10FFFD}', times: 1 }]);
}

#[test]
fn a_damaged_or_oversized_thumbnail_costs_the_picture_not_the_record() {
    let mut record = synthetic::joint_record();
    let evidence = &mut record.sections[0].findings[0].evidence;
    evidence[0].thumbnail = Some(b"not a picture".to_vec());
    evidence[1].thumbnail = Some(vec![0xFF; 600 * 1024]);
    let rendered = render(&record);
    let lost = ["照片1", "照片2"].map(|name| Warning::ThumbnailLeftOut { name: name.to_owned() });
    assert_eq!(rendered.warnings, lost.to_vec());
    assert_contains(&text_of(&rendered.pdf), &["（缩略图不能显示）", &synthetic::digest(1)]);
}

#[test]
fn a_picture_unfit_for_archiving_costs_the_pictures_not_the_record() {
    let mut record = synthetic::joint_record();
    let cmyk = include_bytes!("fixtures/cmyk.jpg").to_vec();
    record.sections[0].findings[0].evidence[0].thumbnail = Some(cmyk);
    let rendered = render(&record);
    assert!(
        rendered.warnings.contains(&Warning::ThumbnailLeftOut { name: "照片1".to_owned() }),
        "{:?}",
        rendered.warnings
    );
    assert_contains(&text_of(&rendered.pdf), &[&record.sections[0].findings[0].fact]);
}

#[test]
fn showing_certificates_is_claimed_only_when_it_was_recorded() {
    let mut record = synthetic::nothing_found();
    record.certificates_shown_at = None;
    record.end_at = None;
    let text = text_of(&render(&record).pdf);
    assert_contains(&text, &["没有登记出示执法证件的时间", "（检查尚未结束）"]);
    assert!(!text.contains("向你单位出示执法证件"));
}

#[test]
fn a_record_without_an_inspecting_body_is_refused() {
    let mut record = synthetic::nothing_found();
    record.agencies.clear();
    let refused = render_site_record(&FONTS, &record);
    assert!(matches!(refused, Err(DocumentError::NoAgency)));
}

#[test]
fn without_the_serif_font_the_form_is_set_in_the_sans_font() {
    let dir = tempfile::tempdir().expect("a folder");
    for file in ["NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"] {
        let installed = Path::new("/usr/share/fonts/opentype/noto").join(file);
        std::fs::copy(installed, dir.path().join(file)).expect("copies");
    }
    let fonts = Fonts::load(&[dir.path().to_path_buf()]).expect("loads");
    let rendered = render_site_record(&fonts, &synthetic::joint_record()).expect("renders");
    assert_eq!(rendered.warnings, vec![]);
    assert_contains(&text_of(&rendered.pdf), &["北侧安全出口被成品托盘堵塞"]);
}
