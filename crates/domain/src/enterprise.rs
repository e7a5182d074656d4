//! An enterprise as the directory knows it, and its unified social credit code.
//! Where each field came from, and its credit profile, are the server's.

use crate::id::EnterpriseId;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The alphabet of GB 32100-2015; a character's value is its place. The letters
/// I, O, S, V and Z are left out because they are misread.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Weights of the first 17 characters: 3^(i−1) mod 31.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// Weights of the organisation code's first 8 characters (GB 11714).
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Why a text is not a unified social credit code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsccError {
    /// Too long or too short.
    #[error("{found} characters instead of {expected}")]
    Length {
        /// How many it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// A character outside the alphabet: I, O, S, V, Z, lower case, full width.
    #[error("character {position} is {letter:?}, which no code contains")]
    Letter {
        /// The character.
        letter: char,
        /// Its position, from 1.
        position: usize,
    },
    /// The last character does not fit the others.
    #[error("check character is {found}, the others give {expected}")]
    CheckDigit {
        /// What the first 17 characters give.
        expected: char,
        /// What stands there.
        found: char,
    },
}

/// Unified social credit code (统一社会信用代码, GB 32100-2015): registrar (1),
/// class (1), division (6), organisation code (9), check character (1).
///
/// A value of this type has 18 characters of the alphabet and a right check
/// character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uscc(String);

impl Uscc {
    /// Completes the first 17 characters with their check character.
    ///
    /// # Errors
    /// [`UsccError::Length`] and [`UsccError::Letter`].
    pub fn with_check_digit(first17: &str) -> Result<Self, UsccError> {
        let check = check_character(first17)?;
        Ok(Self(format!("{first17}{check}")))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The place of registration: GB/T 2260, 6 digits.
    #[must_use]
    pub fn division_code(&self) -> &str {
        self.0.get(2..8).unwrap_or_default()
    }

    /// Whether characters 9–17 carry the check character of GB 11714.
    ///
    /// Only ever a warning: codes exist that were given out without it.
    #[must_use]
    pub fn organisation_check_holds(&self) -> bool {
        let body = self.0.get(8..16).unwrap_or_default();
        organisation_check(body).is_some_and(|check| self.0.chars().nth(16) == Some(check))
    }
}

/// The check character of an organisation code's 8 characters (GB 11714), or
/// `None` when they are not 8 digits and capital letters.
#[must_use]
pub fn organisation_check(body: &str) -> Option<char> {
    if body.len() != ORGANISATION_WEIGHTS.len() {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in body.bytes().zip(ORGANISATION_WEIGHTS) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            _ => return None,
        };
        sum += value * weight;
    }
    match 11 - sum % 11 {
        10 => Some('X'),
        11 => Some('0'),
        digit => char::from_digit(digit, 10),
    }
}

/// The check character that the first 17 characters give.
fn check_character(first17: &str) -> Result<char, UsccError> {
    let found = first17.chars().count();
    if found != WEIGHTS.len() {
        return Err(UsccError::Length { expected: WEIGHTS.len(), found });
    }
    let mut sum = 0;
    for (index, (letter, weight)) in first17.chars().zip(WEIGHTS).enumerate() {
        sum += value_of(letter, index + 1)? * weight;
    }
    let value = (31 - sum % 31) % 31;
    let byte = usize::try_from(value).ok().and_then(|place| ALPHABET.get(place));
    Ok(byte.map_or('0', |byte| char::from(*byte)))
}

fn value_of(letter: char, position: usize) -> Result<u32, UsccError> {
    ALPHABET
        .iter()
        .position(|byte| char::from(*byte) == letter)
        .and_then(|place| u32::try_from(place).ok())
        .ok_or(UsccError::Letter { letter, position })
}

impl TryFrom<&str> for Uscc {
    type Error = UsccError;

    fn try_from(text: &str) -> Result<Self, UsccError> {
        let found = text.chars().count();
        if found != 18 {
            return Err(UsccError::Length { expected: 18, found });
        }
        for (index, letter) in text.chars().enumerate() {
            value_of(letter, index + 1)?;
        }
        // Every character is now known to be one byte.
        let (first17, last) = text.split_at(17);
        let expected = check_character(first17)?;
        let found = last.chars().next().unwrap_or_default();
        if found != expected {
            return Err(UsccError::CheckDigit { expected, found });
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Uscc {
    type Error = UsccError;

    fn try_from(text: String) -> Result<Self, UsccError> {
        Self::try_from(text.as_str())
    }
}

impl From<Uscc> for String {
    fn from(uscc: Uscc) -> Self {
        uscc.0
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Safety risk level (安全风险等级), from the mildest, so that an enterprise
/// takes the greatest of the risks it reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Risk {
    /// 低风险, blue.
    Low,
    /// 一般风险, yellow.
    General,
    /// 较大风险, orange.
    Larger,
    /// 重大风险, red.
    Major,
}

/// Grade of work-safety standardisation (安全生产标准化等级).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Standardization {
    /// 一级.
    Level1,
    /// 二级.
    Level2,
    /// 三级.
    Level3,
    /// 未定级.
    Unrated,
    /// 摘牌: a grade was held and taken away.
    Revoked,
}

/// What is dangerous about an enterprise; decides which items concern it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum HazardTag {
    /// 危化品使用.
    HazchemUse,
    /// 危化品生产.
    HazchemProduction,
    /// 危化品经营.
    HazchemTrade,
    /// 一级重大危险源.
    MajorHazardSource1,
    /// 二级重大危险源.
    MajorHazardSource2,
    /// 三级重大危险源.
    MajorHazardSource3,
    /// 四级重大危险源.
    MajorHazardSource4,
    /// 粉尘涉爆.
    DustExplosion,
    /// 涉氨制冷.
    Ammonia,
    /// 有限空间.
    ConfinedSpace,
    /// 深井铸造.
    DeepWellCasting,
    /// 金属冶炼.
    MetalSmelting,
    /// 特种设备.
    SpecialEquipment,
    /// 危险废物产生.
    HazardousWaste,
    /// 燃气用户.
    GasUser,
    /// 高校实验室.
    UniversityLab,
    /// 人员密集场所.
    CrowdedPlace,
    /// 消防安全重点单位.
    KeyFireUnit,
}

/// The coordinate system a position is given in. Commercial tiles are shifted
/// (GCJ-02); mixing the two moves a factory by some hundred metres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Crs {
    /// WGS-84, as receivers give it.
    Wgs84,
    /// CGCS2000, as official maps use it.
    Cgcs2000,
    /// GCJ-02, for display on commercial maps only.
    Gcj02,
}

/// Size class (统计上大中小微型企业划分办法, 2017).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Scale {
    /// 微型.
    Micro,
    /// 小型.
    Small,
    /// 中型.
    Medium,
    /// 大型.
    Large,
}

/// An enterprise in the directory (企业名录库).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enterprise {
    /// Its id.
    pub id: EnterpriseId,
    /// Unified social credit code.
    pub uscc: Uscc,
    /// Registered name.
    pub name: String,
    /// 法定代表人.
    pub legal_rep: String,
    /// 主要负责人.
    pub principal: String,
    /// 安全负责人.
    pub safety_lead: String,
    /// Telephone of the safety lead; personal, kept apart in stores.
    pub phone: Option<String>,
    /// Registered address.
    pub reg_address: String,
    /// The site that is visited.
    pub site_address: String,
    /// Longitude of the site, millionths of a degree, east positive.
    pub lon_microdeg: i64,
    /// Latitude of the site, millionths of a degree, north positive.
    pub lat_microdeg: i64,
    /// The system of both.
    pub crs: Crs,
    /// County or district: GB/T 2260, 6 digits.
    pub division_code: String,
    /// Town or street: 9 digits (GB/T 2260 and GB/T 10114).
    pub town_code: String,
    /// Industry: GB/T 4754-2017, section letter and division, such as `C26`.
    pub industry_code: String,
    /// Size class.
    pub scale: Scale,
    /// Number of employees.
    pub employees: u32,
    /// The highest risk it reported.
    pub risk: Risk,
    /// Standardisation grade.
    pub standardization: Standardization,
    /// Hazards, sorted, each once.
    pub hazard_tags: Vec<HazardTag>,
    /// Day of its last accident, if one is known.
    pub last_accident: Option<NaiveDate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_codes_get_their_check_character() {
        for (first17, check) in [("91350100M000100Y4", '3'), ("91330100799655058", 'B')] {
            let uscc = Uscc::with_check_digit(first17).unwrap();
            assert_eq!(uscc.as_str(), format!("{first17}{check}"));
            assert_eq!(Uscc::try_from(uscc.as_str()), Ok(uscc));
        }
    }

    #[test]
    fn wrong_check_digit_is_refused_and_the_right_one_is_named() {
        assert_eq!(
            Uscc::try_from("91350100M000100Y44"),
            Err(UsccError::CheckDigit { expected: '3', found: '4' })
        );
    }

    #[test]
    fn letters_that_are_misread_lower_case_and_full_width_are_refused_with_their_position() {
        for letter in ['I', 'O', 'S', 'V', 'Z', 'm', '０', ' '] {
            let text = format!("91350100{letter}000100Y43");
            assert_eq!(
                Uscc::try_from(text.as_str()),
                Err(UsccError::Letter { letter, position: 9 })
            );
        }
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let good = "91350100M000100Y43";
        for place in 0..18 {
            for byte in ALPHABET {
                let mut text = good.as_bytes().to_vec();
                if text[place] == *byte {
                    continue;
                }
                text[place] = *byte;
                let text = String::from_utf8(text).unwrap();
                assert!(matches!(Uscc::try_from(text.as_str()), Err(UsccError::CheckDigit { .. })));
            }
        }
    }

    #[test]
    fn wrong_length_is_counted_in_characters() {
        for (text, found) in [("", 0), ("91350100M000100Y4", 17), ("统一社会信用代码", 8)] {
            assert_eq!(Uscc::try_from(text), Err(UsccError::Length { expected: 18, found }));
        }
        assert_eq!(Uscc::with_check_digit("91"), Err(UsccError::Length { expected: 17, found: 2 }));
    }

    #[test]
    fn organisation_check_is_recognised_and_only_warns() {
        assert_eq!(organisation_check("79965505"), Some('8'));
        let holds = Uscc::try_from("91330100799655058B").unwrap();
        assert!(holds.organisation_check_holds());
        let other = Uscc::with_check_digit("91330100799655057").unwrap();
        assert!(!other.organisation_check_holds());
    }

    #[test]
    fn a_code_travels_as_a_plain_string_and_is_checked_on_arrival() {
        let uscc = Uscc::try_from("91350100M000100Y43").unwrap();
        let json = serde_json::to_string(&uscc).unwrap();
        assert_eq!(json, "\"91350100M000100Y43\"");
        assert_eq!(serde_json::from_str::<Uscc>(&json).unwrap(), uscc);
        assert!(serde_json::from_str::<Uscc>("\"91350100M000100Y44\"").is_err());
    }

    #[test]
    fn the_greater_risk_is_the_graver_one() {
        assert_eq!([Risk::General, Risk::Major, Risk::Low].into_iter().max(), Some(Risk::Major));
    }
}
