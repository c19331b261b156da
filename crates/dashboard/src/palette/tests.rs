//! The palette of the style sheet, measured: contrast by WCAG 2.2, distances as normal eyes and three kinds of colour-blind eyes see them.

use super::*;

const STYLE: &str = include_str!("../../assets/board.css");
/// Least contrast of a sign or a word on its state's colour (screens.md).
const STATE_CONTRAST_MIN: f64 = 6.0;
/// Least contrast of other text: WCAG 2.2 AA, 1.4.3.
const TEXT_CONTRAST_MIN: f64 = 4.5;
/// Least distance (CIE76) between two fills, for every kind of eyes.
const DISTANCE_MIN: f64 = 28.0;

type Rgb = [f64; 3];

/// The value of a custom property of the style sheet.
fn colour(name: &str) -> Rgb {
    let start = format!("--{name}: #");
    let hex = STYLE.split(&start).nth(1).unwrap_or_else(|| panic!("no --{name} in the style sheet")).get(..6).unwrap();
    let channel = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
    [channel(0), channel(2), channel(4)]
}

fn linear(rgb: Rgb) -> Rgb {
    rgb.map(|channel| if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) })
}

fn luminance(rgb: Rgb) -> f64 {
    let [red, green, blue] = linear(rgb);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn times(matrix: [[f64; 3]; 3], rgb: Rgb) -> Rgb {
    matrix.map(|row| row.iter().zip(rgb).map(|(factor, channel)| factor * channel).sum())
}

fn lab(linear_rgb: Rgb) -> Rgb {
    let xyz = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], linear_rgb.map(|channel| channel.clamp(0.0, 1.0)));
    let white = [0.9505, 1.0, 1.089];
    let [x, y, z] = [0, 1, 2].map(|axis| {
        let ratio: f64 = xyz[axis] / white[axis];
        if ratio > 0.008_856 { ratio.cbrt() } else { 7.787 * ratio + 16.0 / 116.0 }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("protan", [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]]),
    ("deutan", [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]]),
    ("tritan", [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]]),
];

#[test]
fn the_style_sheet_holds_the_palette_of_the_design() {
    let fills = [("critical", 0xB3261E), ("serious", 0xFFB000), ("unknown", 0x9AA0A6), ("duty", 0x0B57A4), ("normal", 0xE3F1E7), ("vacant", 0xFFFFFF)];
    let texts = [("critical", 0xFFFFFF), ("serious", 0x1A1A1A), ("unknown", 0x1A1A1A), ("duty", 0xFFFFFF), ("normal", 0x14532D), ("vacant", 0x5F6368)];
    let rgb = |hex: u32| [16, 8, 0].map(|shift| f64::from(hex >> shift & 0xff) / 255.0);
    for (name, hex) in fills {
        assert_eq!(colour(&format!("{name}-fill")), rgb(hex), "{name}");
    }
    for (name, hex) in texts {
        assert_eq!(colour(&format!("{name}-text")), rgb(hex), "{name}");
    }
}

#[test]
fn every_state_can_be_read() {
    for status in STATES {
        let name = status_word(status);
        let measured = contrast(colour(&format!("{name}-fill")), colour(&format!("{name}-text")));
        assert!(measured >= STATE_CONTRAST_MIN, "{name}: {measured:.2}");
    }
    // the hatch of unknown has a second stripe: text lies on both
    assert!(contrast(colour("unknown-stripe"), colour("unknown-text")) >= STATE_CONTRAST_MIN);
}

#[test]
fn every_other_text_can_be_read() {
    for ground in ["page", "card", "soft"] {
        for text in ["ink", "muted", "link", "alarm"] {
            let measured = contrast(colour(ground), colour(text));
            assert!(measured >= TEXT_CONTRAST_MIN, "{text} on {ground}: {measured:.2}");
        }
    }
    let exercise = contrast(colour("exercise-fill"), colour("exercise-text"));
    assert!(exercise >= TEXT_CONTRAST_MIN, "exercise: {exercise:.2}");
    // what tells a field or a button from the page: WCAG 1.4.11
    assert!(contrast(colour("edge"), colour("card")) >= 3.0);
}

#[test]
fn fills_are_told_apart_by_every_kind_of_eyes() {
    // vacant is told by its dashed edge: it is the only one
    let fills = &STATES[..5];
    for (eyes, matrix) in EYES {
        for (index, one) in fills.iter().enumerate() {
            for other in &fills[index + 1..] {
                let seen = [one, other].map(|status| lab(times(matrix, linear(colour(&format!("{}-fill", status_word(*status)))))));
                let distance = (0..3).map(|axis| (seen[0][axis] - seen[1][axis]).powi(2)).sum::<f64>().sqrt();
                assert!(distance >= DISTANCE_MIN, "{eyes}: {one:?} and {other:?} are {distance:.1} apart");
            }
        }
    }
}

#[test]
fn every_state_has_a_sign_of_its_own() {
    let words = Words::new(crate::language::Language::Chinese);
    let glyphs: std::collections::BTreeSet<&str> = STATES.iter().map(|status| Mark::of(*status, words).glyph).collect();
    assert_eq!(glyphs.len(), STATES.len());
    for status in STATES {
        assert!(STYLE.contains(&format!(".{}", Mark::of(status, words).class)), "{status:?} has no style");
    }
}
