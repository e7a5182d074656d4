//! An inspector and the certificate that lets them act. Whether a team is
//! complete is judged with the task; accounts and tablets are elsewhere.

use crate::id::{DepartmentId, PersonId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The most characters a certificate number has; its form differs by province,
/// so nothing else is asked of it.
pub const CERT_NO_CHARS_MAX: usize = 20;

/// What the issuer says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum CertificateStatus {
    /// 有效.
    Valid,
    /// 暂扣.
    Suspended,
    /// 注销、吊销.
    Revoked,
}

/// 行政执法证. Two people with a valid one are needed for every act on site
/// (行政处罚法第四十二条), and it is shown before anything else (第五十五条).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct EnforcementCertificate {
    /// Number, unique, at most [`CERT_NO_CHARS_MAX`] characters.
    pub cert_no: String,
    /// The government that issued it.
    pub issuer: String,
    /// First day of validity.
    pub valid_from: NaiveDate,
    /// Last day of validity, included.
    pub valid_to: NaiveDate,
    /// What the issuer says of it.
    pub status: CertificateStatus,
}

impl EnforcementCertificate {
    /// Whether its holder may act on `date` (a day in Asia/Shanghai).
    #[must_use]
    pub fn is_valid_on(&self, date: NaiveDate) -> bool {
        self.status == CertificateStatus::Valid && self.valid_from <= date && date <= self.valid_to
    }
}

/// What an inspector is qualified for beyond the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Qualification {
    /// 危险化学品.
    Hazchem,
    /// 冶金等工贸.
    Metallurgy,
    /// 粉尘防爆.
    Dust,
    /// 消防监督.
    Fire,
    /// 特种设备安全监察, a certificate of its own (特种设备安全法第六十五条).
    SpecialEquipment,
    /// 生态环境.
    Environment,
    /// 燃气.
    Gas,
}

/// A person who inspects for a department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct Inspector {
    /// The person.
    pub person: PersonId,
    /// Name as on the certificate.
    pub name: String,
    /// The department acted for.
    pub department: DepartmentId,
    /// The certificate.
    pub certificate: EnforcementCertificate,
    /// Qualifications, sorted, each once.
    pub qualifications: Vec<Qualification>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn certificate(status: CertificateStatus) -> EnforcementCertificate {
        EnforcementCertificate {
            cert_no: "SF-320100-00001".into(),
            issuer: "金陵示范市人民政府".into(),
            valid_from: day("2024-03-01"),
            valid_to: day("2027-02-28"),
            status,
        }
    }

    #[test]
    fn first_and_last_day_are_within_validity_and_the_next_is_not() {
        let certificate = certificate(CertificateStatus::Valid);
        assert!(!certificate.is_valid_on(day("2024-02-29")));
        assert!(certificate.is_valid_on(day("2024-03-01")));
        assert!(certificate.is_valid_on(day("2027-02-28")));
        assert!(!certificate.is_valid_on(day("2027-03-01")));
    }

    #[test]
    fn suspended_or_revoked_certificate_is_never_valid() {
        for status in [CertificateStatus::Suspended, CertificateStatus::Revoked] {
            assert!(!certificate(status).is_valid_on(day("2025-01-01")), "{status:?}");
        }
    }
}
