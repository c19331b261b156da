//! ID numbers, phones and plates that look right to a program and can belong to nobody.
//!
//! - ID numbers carry a valid check character (GB 11643), but their region code begins with 99, which GB/T 2260 does not assign.
//! - Phones have the eleven digits of a mobile number, but begin with 100; mobile numbers begin with 13 to 19.
//! - Plates begin with 演 ("exercise"), which is no province.
//!
//! The two digits after the prefix are the community's number in the table, so no two communities share one.

use crate::names::Sex;

/// Weights of the first 17 digits, GB 11643-1999 (ISO 7064, MOD 11-2).
const CHECK_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by remainder.
const CHECK_CHARACTERS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
/// People that share one region code: 500 sequence numbers for each sex.
const PEOPLE_PER_REGION: u32 = 500;

/// The check character for 17 digits.
pub fn id_check_character(digits: &str) -> char {
    let sum: u32 = digits.bytes().zip(CHECK_WEIGHTS).map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    CHECK_CHARACTERS[(sum % 11) as usize]
}

/// The ID number of a serial within a community. Unique for serials below 50,000, whatever the birthdays.
pub(crate) fn id_number(community: u32, serial: u32, birth: (i16, u8, u8), sex: Sex) -> String {
    let region = (serial / PEOPLE_PER_REGION) % 100;
    // the last digit of the sequence is odd for men
    let sequence = (serial % PEOPLE_PER_REGION) * 2 + u32::from(sex == Sex::Male);
    let (year, month, day) = birth;
    let digits = format!("99{community:02}{region:02}{year:04}{month:02}{day:02}{sequence:03}");
    let check = id_check_character(&digits);
    format!("{digits}{check}")
}

/// Who a phone belongs to; decides the block of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhoneOf {
    Resident,
    Staff,
    Outsider,
}

/// A phone of a serial within a community. Unique for serials below 100,000 per kind of owner.
pub(crate) fn phone(community: u32, owner: PhoneOf, serial: u32) -> String {
    let block = match owner {
        PhoneOf::Resident => 0,
        PhoneOf::Staff => 8,
        PhoneOf::Outsider => 9,
    };
    format!("100{community:02}{block}{serial:05}")
}

/// The plate of an outsider's vehicle. Unique for serials below 1,000.
pub(crate) fn plate(community: u32, serial: u32) -> String {
    let letter = char::from(b'A' + (community % 26) as u8);
    format!("演{letter}{community:02}{serial:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 11010519491231002X is the example printed in GB 11643-1999.
    #[test]
    fn the_check_character_is_that_of_the_standard() {
        assert_eq!(id_check_character("11010519491231002"), 'X');
        assert_eq!(id_check_character("44052418800101001"), '4');
    }

    #[test]
    fn numbers_of_a_community_never_repeat_and_stay_unassignable() {
        let mut seen = std::collections::BTreeSet::new();
        for serial in 0..50_000 {
            let id = id_number(7, serial, (1980, 2, 3), if serial % 3 == 0 { Sex::Male } else { Sex::Female });
            assert!(id.len() == 18 && id.starts_with("9907"), "{id}");
            assert_eq!(id.chars().last(), Some(id_check_character(&id[..17])), "{id}");
            assert!(seen.insert(id), "serial {serial} repeats");
            for owner in [PhoneOf::Resident, PhoneOf::Staff, PhoneOf::Outsider] {
                let phone = phone(7, owner, serial);
                assert!(phone.len() == 11 && phone.starts_with("100"), "{phone}");
                assert!(seen.insert(phone), "serial {serial} repeats");
            }
        }
    }
}
