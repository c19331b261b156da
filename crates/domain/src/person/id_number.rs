//! The shape of an ID number: a typing error is found while somebody still holds the paper.

use crate::Rejection;

/// Weights of the first 17 digits of a resident ID number (GB 11643, ISO 7064 MOD 11-2).
const CHECK_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by remainder (GB 11643).
const CHECK_CHARACTERS: [u8; 11] = *b"10X98765432";
/// Digits of a resident ID number of the first generation, which had no check character.
const FIRST_GENERATION_DIGITS: usize = 15;
/// Characters of a resident ID number.
const RESIDENT_CHARS: usize = 18;
/// Characters of every other paper: a passport, a permit of Hong Kong, Macao or Taiwan residents, a foreigner's residence card.
const OTHER_PAPER_CHARS: std::ops::RangeInclusive<usize> = 5..=20;

/// Refuses what cannot be the number of a paper. contracts.md names one field for all papers, so other papers than a resident
/// ID card go by letters and digits alone. The text is not repeated.
///
/// # Errors
/// 422 `id_number_malformed`.
pub(super) fn check_id_number(text: &str, pointer: &str) -> Result<(), Rejection> {
    if is_id_number(text.as_bytes()) {
        return Ok(());
    }
    Err(Rejection::invalid(
        pointer,
        "id_number_malformed",
        "a resident ID number has 18 characters whose last one checks the others, or 15 digits; another paper's has 5 to 20 letters and digits",
    ))
}

fn is_id_number(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // as many digits as no other paper has: a resident ID number, or one with a digit too few or too many
    if digits >= FIRST_GENERATION_DIGITS {
        return text.len() == digits && digits == FIRST_GENERATION_DIGITS || checks(text);
    }
    OTHER_PAPER_CHARS.contains(&text.len()) && text.iter().all(u8::is_ascii_alphanumeric)
}

fn checks(text: &[u8]) -> bool {
    let Some((digits, [check])) = text.split_at_checked(RESIDENT_CHARS - 1) else { return false };
    let sum: u32 = digits.iter().zip(CHECK_WEIGHTS).map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    digits.iter().all(u8::is_ascii_digit) && CHECK_CHARACTERS[(sum % 11) as usize] == check.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_papers_at_the_edges() {
        for text in
            ["11010519491231002X", "11010519491231002x", "110101199003070038", "110105491231002", "E12345678", "123456789", "H0123456", "FRA110123456789"]
        {
            assert!(is_id_number(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "1234",
            "110105194912310021",
            "110105194912310020",
            "1101051949123100",
            "11010519491231002",
            "1101054912310021X",
            "11010519491231002X9",
            "110101199003070038 ",
            "E1234 5678",
            "护照E12345678",
            "ABCDEFGHIJ01234567890",
        ] {
            assert!(!is_id_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_number() {
        let refusal = check_id_number("110105194912310021", "/data/id_number").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("1949"));
    }
}
