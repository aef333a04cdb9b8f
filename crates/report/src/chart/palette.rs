//! Colors that people with any color vision tell apart.
//!
//! The colors are those of Okabe and Ito, "Color Universal Design" (2008), without black, which is for text.
//! Seven are as many as can be told apart with certainty; what comes after them is only distinct to most.

use crate::canvas::{BLACK, Rgb, WHITE};

const BASE: [Rgb; 7] = [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [213, 94, 0],
    [86, 180, 233],
    [204, 121, 167],
    [240, 228, 66],
];

/// The color of the `i`th kind or series; after those of the palette come darker, then lighter ones, then all again.
pub(super) fn color(i: usize) -> Rgb {
    let base = BASE[i % BASE.len()];
    match i / BASE.len() % 3 {
        0 => base,
        1 => mixed(base, BLACK, 0.4),
        _ => mixed(base, WHITE, 0.45),
    }
}

/// Black or white, whichever reads better on `ground`.
pub(super) fn ink(ground: Rgb) -> Rgb {
    let [r, g, b] = ground.map(f64::from);
    if 0.299 * r + 0.587 * g + 0.114 * b > 125.0 { BLACK } else { WHITE }
}

fn mixed(from: Rgb, to: Rgb, share: f64) -> Rgb {
    let mix = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
    [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_twenty_one_colors_differ_from_each_other_and_from_paper() {
        let colors: Vec<Rgb> = (0..21).map(color).collect();
        for (i, a) in colors.iter().enumerate() {
            for b in colors[..i].iter().chain([&WHITE, &BLACK]) {
                let apart: i32 = a.iter().zip(b).map(|(x, y)| (i32::from(*x) - i32::from(*y)).abs()).sum();
                assert!(apart >= 40, "{i}: {a:?} {b:?}");
            }
        }
        assert_eq!(color(21), color(0));
    }
}
