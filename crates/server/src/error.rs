//! What goes wrong: [`ServerError`] inside, with a cause for the log, and
//! [`Refusal`] outside, a closed list of codes with words for a person. No
//! personal data in either.

use crate::tus::Unreadable;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::ErrorKind;
use utoipa::ToSchema;

/// The result of everything in this crate.
pub type Result<T, E = ServerError> = std::result::Result<T, E>;

/// Why something did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The caller asked for something that is not given; says what and why.
    #[error("{}", .0.code.words())]
    Refused(Refusal),
    /// The database.
    #[error("database: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The store of files.
    #[error("file store: {0}")]
    Files(#[from] object_store::Error),
    /// Something stored is not the JSON it should be.
    #[error("stored json: {0}")]
    Json(#[from] serde_json::Error),
    /// Reading or writing under the data folder.
    #[error("data folder: {0}")]
    Io(#[from] std::io::Error),
    /// The session store.
    #[error("session: {0}")]
    Session(#[from] tower_sessions::session::Error),
    /// A document could not be typeset.
    #[error("document: {0}")]
    Document(String),
    /// Something that should not be possible.
    #[error("broken: {0}")]
    Broken(&'static str),
}

impl From<Refusal> for ServerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Code> for ServerError {
    fn from(code: Code) -> Self {
        Self::Refused(Refusal::new(code))
    }
}

impl From<Unreadable> for ServerError {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::Malformed => Code::Malformed.into(),
            Unreadable::NoPiece => Code::PieceTypeWrong.into(),
        }
    }
}

/// A refusal as the caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// Numbers and names that belong into the words.
    pub fields: Option<Value>,
}

impl Refusal {
    /// A refusal with nothing to add.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, fields: None }
    }

    /// A refusal with details.
    #[must_use]
    pub fn with(code: Code, fields: Value) -> Self {
        Self { code, fields: Some(fields) }
    }
}

/// "Checksum Mismatch" of the tus protocol, which HTTP has no number for.
const CHECKSUM_MISMATCH: StatusCode = match StatusCode::from_u16(460) {
    Ok(status) => status,
    Err(_) => StatusCode::BAD_REQUEST,
};

macro_rules! status {
    (CHECKSUM_MISMATCH) => {
        CHECKSUM_MISMATCH
    };
    ($name:ident) => {
        StatusCode::$name
    };
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $status:ident $words:literal)+) => {
        /// Why a request was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// The code as callers see it.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => status!($status),)+ }
            }

            /// What happened and what to do, for a person.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }
        }
    };
}

codes! {
    /// No session.
    NotSignedIn "not_signed_in" UNAUTHORIZED "尚未登录或登录已过期，请重新登录。"
    /// The role may not do it.
    Forbidden "forbidden" FORBIDDEN "您的账号没有这项权限；如确需使用，请联系管理员。"
    /// The header that foreign pages cannot send is missing.
    HeaderMissing "header_missing" FORBIDDEN "请求来源无法确认，未作任何更改；请刷新页面后重试。"
    /// Account or password are wrong.
    CredentialsWrong "credentials_wrong" UNAUTHORIZED "账号或密码不正确，请核对后重试。"
    /// Too many wrong passwords for one account.
    AccountLocked "account_locked" TOO_MANY_REQUESTS "密码连续输错，账号已暂时锁定；请稍后再试或联系管理员。"
    /// Too many failures from one address.
    TooManyTries "too_many_tries" TOO_MANY_REQUESTS "失败次数过多，请稍后再试。"
    /// There is no such thing, or the caller may not know of it.
    NotFound "not_found" NOT_FOUND "没有找到所请求的内容。"
    /// The request cannot be read.
    Malformed "malformed" BAD_REQUEST "请求内容无法识别，未作任何更改。"
    /// The request is larger than allowed.
    TooLarge "too_large" PAYLOAD_TOO_LARGE "内容超过允许的大小，未作任何更改。"
    /// Not the fault of the caller.
    Internal "internal" INTERNAL_SERVER_ERROR "服务器内部出错，已记入日志，已保存的数据不受影响；请稍后重试。"
    /// A device without a valid token.
    TokenWrong "token_wrong" UNAUTHORIZED "平板凭证无效，请向办公室申请重新登记。"
    /// The tablet was taken out of service.
    Revoked "revoked" FORBIDDEN "此平板已被办公室停用。"
    /// No such enrolment code.
    EnrolmentWrong "code_wrong" NOT_FOUND "登记码不正确，请核对后重试。"
    /// The enrolment code was used.
    EnrolmentUsed "code_used" CONFLICT "登记码已被使用，请向办公室申请新的登记码。"
    /// The enrolment code is too old.
    EnrolmentExpired "code_expired" GONE "登记码已过期，请向办公室申请新的登记码。"
    /// No such PIN reset code for this tablet.
    ResetWrong "reset_code_wrong" NOT_FOUND "重置码不正确，或不是给这台平板的；请核对后重试。"
    /// The PIN reset code was used.
    ResetUsed "reset_code_used" CONFLICT "重置码已被使用，请向办公室申请新的重置码。"
    /// The PIN reset code is too old.
    ResetExpired "reset_code_expired" GONE "重置码已过期，请向办公室申请新的重置码。"
    /// A wrapped key that is not this office's or not that tablet's.
    WrapForeign "wrap_foreign" UNPROCESSABLE_ENTITY "这台平板的密钥不是交给本办公室保管的，无法重置 PIN。"
    /// A tablet was told its order already.
    OrderDelivered "order_delivered" CONFLICT "平板已收到清除指令，不能撤回或减轻；如需更严的处置可以再次下达。"
    /// A reason is wanted.
    ReasonMissing "reason_missing" UNPROCESSABLE_ENTITY "请写明理由，它会留在记录里。"
    /// Not a rescue pack.
    NotAPack "not_a_pack" UNPROCESSABLE_ENTITY "这个文件不是救援包，或开头已损坏；没有收入任何内容。"
    /// A rescue pack for another office.
    PackForeign "pack_foreign" UNPROCESSABLE_ENTITY "这个救援包不是交给本办公室的，无法打开；没有收入任何内容。"
    /// A rescue pack of a tablet that was never enrolled here.
    PackUnknown "pack_unknown" UNPROCESSABLE_ENTITY "这个救援包来自未在本办公室登记的平板；没有收入任何内容。"
    /// The replica's id is taken.
    ReplicaTaken "replica_taken" CONFLICT "平板编号已被占用，请重新开始登记。"
    /// Bytes that do not have the hash they are sent under.
    HashMismatch "hash_mismatch" UNPROCESSABLE_ENTITY "文件内容与校验值不符，未保存；请重新上传。"
    /// The record came before its file.
    FileNotHereYet "file_not_here_yet" NOT_FOUND "记录已到，文件还在平板上，待平板联网后自动传来。"
    /// The record's file was only on a tablet that is out of service.
    FileLost "file_lost" NOT_FOUND "文件只在一台已停用的平板上，没有传到办公室；找回该平板后可用救援包补交。"
    /// Bytes of a file beyond its end.
    RangeOutside "range_outside" RANGE_NOT_SATISFIABLE "请求的范围超出文件长度。"
    /// Another version of the upload protocol.
    TusVersion "tus_version" PRECONDITION_FAILED "上传协议版本不符，本服务器使用 tus 1.0.0。"
    /// A piece of a file sent as something else.
    PieceTypeWrong "piece_type_wrong" UNSUPPORTED_MEDIA_TYPE "上传分段的内容类型不符。"
    /// The piece does not begin where the upload stands.
    OffsetMismatch "offset_mismatch" CONFLICT "上传位置与服务器不一致，请查询位置后继续。"
    /// A piece whose bytes are not what its sender says.
    ChecksumMismatch "checksum_mismatch" CHECKSUM_MISMATCH "分段校验值不符，该分段未保存；请重新上传该分段。"
    /// An upload that waited too long.
    UploadGone "upload_gone" GONE "上传已过期，请重新开始。"
    /// More unfinished or unreferenced bytes than one tablet may leave.
    QuotaReached "quota_reached" INSUFFICIENT_STORAGE "此平板未完成或未被引用的文件已达上限；请先完成已有的上传，或联系管理员。"
    /// The server's disk is full.
    ServerFull "server_full" INSUFFICIENT_STORAGE "服务器存储空间已满，内容未保存；请联系管理员。"
    /// The file is not what its sender claims.
    TypeContradicts "type_contradicts" UNSUPPORTED_MEDIA_TYPE "文件内容与声明的类型不符，未保存。"
    /// Not an .xlsx workbook.
    NotASpreadsheet "not_a_spreadsheet" UNPROCESSABLE_ENTITY "这个文件不是 .xlsx 工作簿，未导入任何数据；请下载模板填写后再上传。"
    /// A workbook without the columns of the template.
    ColumnsMissing "columns_missing" UNPROCESSABLE_ENTITY "工作簿缺少模板中的列，未导入任何数据；请使用模板。"
    /// More rows than one file may have.
    TooManyRows "too_many_rows" UNPROCESSABLE_ENTITY "行数超过单次导入上限，未导入任何数据；请分成几个文件。"
    /// The batch was confirmed before.
    BatchConfirmed "batch_confirmed" CONFLICT "这批数据已经导入过，没有重复导入。"
    /// No row of the batch can be taken.
    NothingToImport "nothing_to_import" UNPROCESSABLE_ENTITY "没有可导入的行；请按错误提示修改文件后重新上传。"
    /// The enterprise does not exist.
    EnterpriseUnknown "enterprise_unknown" UNPROCESSABLE_ENTITY "企业名录中没有这家企业，请重新选择。"
    /// A department does not exist or is named twice.
    DepartmentUnknown "department_unknown" UNPROCESSABLE_ENTITY "参与部门不存在或重复，请重新选择。"
    /// The leading department takes no part.
    LeadNotParty "lead_not_party" UNPROCESSABLE_ENTITY "牵头部门必须是参与部门之一。"
    /// An inspector does not exist or belongs to another department.
    InspectorUnknown "inspector_unknown" UNPROCESSABLE_ENTITY "检查人员不存在或不属于该部门，请重新选择。"
    /// The site lead is none of the inspectors.
    SiteLeadNotInTeam "site_lead_not_in_team" UNPROCESSABLE_ENTITY "带队和副带队须是该部门的两名不同检查人员，部门复核人员不在现场检查人员之列；请重新选择。"
    /// Fewer than two inspectors of one department.
    TooFewInspectors "too_few_inspectors" UNPROCESSABLE_ENTITY "每个部门至少需要两名检查人员（行政处罚法第四十二条）。"
    /// A certificate that is not valid on the day of the visit.
    CertificateInvalid "certificate_invalid" UNPROCESSABLE_ENTITY "检查人员的执法证在检查当日无效，请更换人员。"
    /// No check items.
    ChecklistEmpty "checklist_empty" UNPROCESSABLE_ENTITY "检查清单为空，请至少选择一项检查内容。"
    /// A check item that does not exist.
    ItemUnknown "item_unknown" UNPROCESSABLE_ENTITY "检查内容不在事项库中，请重新选择。"
    /// A check item of a sector that takes no part.
    ItemWithoutDepartment "item_without_department" UNPROCESSABLE_ENTITY "有检查内容没有对应的参与部门，请增加部门或去掉该内容。"
    /// A department without a check item.
    DepartmentWithoutItem "department_without_item" UNPROCESSABLE_ENTITY "有参与部门没有检查内容，请补充内容或去掉该部门。"
    /// The task was dispatched before.
    NotADraft "not_a_draft" CONFLICT "任务已经下发，不能重复下发。"
    /// The task was not dispatched yet.
    StillADraft "still_a_draft" CONFLICT "任务尚未下发，没有可复核的内容。"
    /// The task was called off or is done.
    VisitOver "visit_over" CONFLICT "任务已取消或已办结，不能再更改。"
    /// The marked change was settled before.
    AlreadySettled "already_settled" CONFLICT "这条改动已经核实过，结论不能更改。"
    /// A signed document relies on the change.
    SignedUpon "signed_upon" CONFLICT "这条改动已写入签字的文书，不能撤除；需要更正的，请另行制作文书。"
    /// A comment is wanted.
    CommentMissing "comment_missing" UNPROCESSABLE_ENTITY "退回需要写明意见，以便执法人员整改。"
    /// A text is too long.
    TextTooLong "text_too_long" UNPROCESSABLE_ENTITY "文字过长，请缩短后重试。"
    /// The server has no fonts.
    FontsMissing "fonts_missing" SERVICE_UNAVAILABLE "服务器没有安装文书字体，无法生成 PDF；请联系管理员。"
    /// The console was not built into this server.
    ConsoleMissing "console_missing" NOT_FOUND "此服务器没有附带控制台页面；接口仍可使用。"
}

/// The form of every error answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Code, from a closed list.
    pub code: String,
    /// What happened and what to do, in Chinese.
    pub message: String,
    /// Numbers and names that belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Value>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry = self.fields.as_ref().and_then(|f| f.get("retry_after_seconds"));
        let retry = retry.and_then(Value::as_i64);
        let body = ErrorBody {
            error: ErrorDetail {
                code: self.code.text().to_owned(),
                message: self.code.words().to_owned(),
                fields: self.fields,
            },
        };
        let mut response = (self.code.status(), Json(body)).into_response();
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl IntoResponse for ServerError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            other => {
                tracing::error!(error = %other, "a request failed");
                let full = is_disk_full(&other);
                Refusal::new(if full { Code::ServerFull } else { Code::Internal }).into_response()
            }
        }
    }
}

/// Whether there was no room, however deep the cause lies.
fn is_disk_full(error: &ServerError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        // SQLite's own words; its driver keeps no other trace of the cause.
        if kind == Some(ErrorKind::StorageFull) || error.to_string().contains("disk is full") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A refusal for whoever must wait.
#[must_use]
pub fn wait(code: Code, seconds: i64) -> ServerError {
    Refusal::with(code, json!({ "retry_after_seconds": seconds })).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_error_shows_nothing_of_itself() {
        let response = ServerError::Broken("secret").into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn a_full_disk_is_named_and_no_fault_of_the_program() {
        let full = std::io::Error::from(ErrorKind::StorageFull);
        let store = object_store::Error::Generic { store: "disk", source: Box::new(full) };
        let database = sea_orm::DbErr::Custom("(code: 13) database or disk is full".into());
        for error in [ServerError::Files(store), ServerError::Database(database)] {
            assert_eq!(error.into_response().status(), StatusCode::INSUFFICIENT_STORAGE);
        }
    }

    #[test]
    fn who_must_wait_is_told_how_long() {
        let response = wait(Code::TooManyTries, 30).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "30");
    }
}
