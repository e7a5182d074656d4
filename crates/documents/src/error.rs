//! What can go wrong while a document is made. No personal data in any of it.

use std::path::PathBuf;

/// Why a document could not be made.
///
/// Nothing that was recorded is touched by any of these: the record can be
/// typeset again once the cause is removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// A font the forms cannot do without is not installed.
    #[error(
        "没有找到文书字体 {file}（已查找：{}），暂时不能生成文书；已记录的内容不受影响。\
         请安装软件包 fonts-noto-cjk 后重试",
        paths(.searched)
    )]
    FontMissing {
        /// The file name that was looked for.
        file: &'static str,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },

    /// A font file is there but cannot be read or holds no usable face.
    #[error(
        "文书字体文件 {} 无法使用（{reason}），暂时不能生成文书；已记录的内容不受影响。\
         请重新安装软件包 fonts-noto-cjk 后重试",
        path.display()
    )]
    FontUnusable {
        /// The file.
        path: PathBuf,
        /// What was wrong with it, for the log.
        reason: String,
    },

    /// The record has no department, so nobody could be named as the
    /// inspecting body.
    #[error("文书缺少检查机关，不能生成现场检查记录；请先确认参加检查的部门")]
    NoAgency,

    /// The template did not typeset, or the result would not be PDF/A: a fault
    /// of this program, not of the record.
    #[error("文书排版失败（{0}）；已记录的内容不受影响，请联系管理员")]
    Typesetting(String),
}

fn paths(list: &[PathBuf]) -> String {
    let shown: Vec<String> = list.iter().map(|p| p.display().to_string()).collect();
    shown.join("、")
}
