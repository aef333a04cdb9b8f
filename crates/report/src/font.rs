//! A small bitmap font, drawn for this crate: printable ASCII and the signs that pictures of the sky need.
//!
//! A glyph is five pixels wide and seven high, with two more rows below the baseline where it descends. It is drawn
//! at twice that size, its staircases smoothed by doubling it twice with the edge rule of Scale2x and averaging back.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Width of a glyph's cell at drawing size, pixels.
pub(crate) const ADVANCE: usize = 12;
/// Height above the baseline at drawing size, pixels.
pub(crate) const ASCENT: usize = 14;

const COLUMNS: usize = 5;
const ROWS: usize = 9;
/// Blank pixels around a glyph, so that smoothing sees its border.
const PAD: usize = 1;

/// Coverage of a glyph at drawing size, 0 to 1, and where its first row and column lie.
pub(crate) struct Glyph {
    /// Coverage, row by row from the top.
    pub(crate) coverage: Vec<f64>,
    /// Pixels in a row.
    pub(crate) width: usize,
    /// Rows and columns that lie before the cell's corner.
    pub(crate) margin: usize,
}

/// The glyph of a character; a hollow box for those that the font lacks.
pub(crate) fn glyph(c: char) -> &'static Glyph {
    static GLYPHS: LazyLock<HashMap<char, Glyph>> =
        LazyLock::new(|| FONT.lines().filter_map(parse).collect());
    static MISSING: LazyLock<Glyph> =
        LazyLock::new(|| smooth(&bits("##### #...# #...# #...# #...# #...# #####")));
    let c = match c {
        '−' | '–' | '—' => '-',
        '″' => '"',
        '′' => '\'',
        'μ' => 'µ',
        other => other,
    };
    GLYPHS.get(&c).unwrap_or(&MISSING)
}

fn parse(line: &str) -> Option<(char, Glyph)> {
    let c = line.chars().next()?;
    Some((c, smooth(&bits(&line[c.len_utf8()..]))))
}

#[derive(Clone)]
struct Bits {
    width: usize,
    height: usize,
    on: Vec<bool>,
}

impl Bits {
    /// The pixel, clamped to the border (which is blank).
    fn at(&self, x: isize, y: isize) -> bool {
        let clamp = |v: isize, n: usize| v.clamp(0, n as isize - 1) as usize;
        self.on[clamp(y, self.height) * self.width + clamp(x, self.width)]
    }
}

fn bits(rows: &str) -> Bits {
    let (width, height) = (COLUMNS + 2 * PAD, ROWS + 2 * PAD);
    let mut on = vec![false; width * height];
    for (y, row) in rows.split_whitespace().enumerate() {
        for (x, c) in row.chars().enumerate() {
            on[(y + PAD) * width + x + PAD] = c == '#';
        }
    }
    Bits { width, height, on }
}

fn smooth(bits: &Bits) -> Glyph {
    let fine = doubled(&doubled(bits));
    let (width, height) = (fine.width / 2, fine.height / 2);
    let covered = |x: usize, y: usize| {
        let four = [(0, 0), (1, 0), (0, 1), (1, 1)];
        four.iter().filter(|d| fine.on[(2 * y + d.1) * fine.width + 2 * x + d.0]).count() as f64 / 4.0
    };
    let coverage =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| covered(x, y)).collect();
    Glyph { coverage, width, margin: 2 * PAD }
}

/// Twice the size: a corner takes the color of its two neighbors where these agree and the opposite ones do not.
fn doubled(from: &Bits) -> Bits {
    let (width, height) = (2 * from.width, 2 * from.height);
    let mut on = vec![false; width * height];
    for (y, row) in on.chunks_exact_mut(width).enumerate() {
        for (x, out) in row.iter_mut().enumerate() {
            let (sx, sy) = ((x / 2) as isize, (y / 2) as isize);
            let (dx, dy) = (2 * (x as isize % 2) - 1, 2 * (y as isize % 2) - 1);
            let (side, other_side) = (from.at(sx + dx, sy), from.at(sx - dx, sy));
            let (end, other_end) = (from.at(sx, sy + dy), from.at(sx, sy - dy));
            let cut = side == end && side != other_end && end != other_side;
            *out = if cut { side } else { from.at(sx, sy) };
        }
    }
    Bits { width, height, on }
}

/// A line a glyph: the character, then its rows from the top.
const FONT: &str = "\
! ..#.. ..#.. ..#.. ..#.. ..#.. ..... ..#..
  ..... ..... ..... ..... ..... ..... .....
\" .#.#. .#.#. .#.#. ..... ..... ..... .....
# .#.#. .#.#. ##### .#.#. ##### .#.#. .#.#.
$ ..#.. .#### #.#.. .###. ..#.# ####. ..#..
% ##..# ##..# ...#. ..#.. .#... #..## #..##
& .##.. #..#. #.#.. .#... #.#.# #..#. .##.#
' ..#.. ..#.. ..#.. ..... ..... ..... .....
( ...#. ..#.. .#... .#... .#... ..#.. ...#.
) .#... ..#.. ...#. ...#. ...#. ..#.. .#...
* ..... ..#.. #.#.# .###. #.#.# ..#.. .....
+ ..... ..#.. ..#.. ##### ..#.. ..#.. .....
, ..... ..... ..... ..... ..... ..#.. ..#.. .#...
- ..... ..... ..... ##### ..... ..... .....
. ..... ..... ..... ..... ..... .##.. .##..
/ ....# ....# ...#. ..#.. .#... #.... #....
0 ..#.. .#.#. #...# #...# #...# .#.#. ..#..
1 ..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.
2 .###. #...# ....# ..##. .#... #.... #####
3 .###. #...# ....# ..##. ....# #...# .###.
4 ...#. ..##. .#.#. #..#. ##### ...#. ...#.
5 ##### #.... ####. ....# ....# #...# .###.
6 .###. #.... #.... ####. #...# #...# .###.
7 ##### ....# ...#. ...#. ..#.. ..#.. ..#..
8 .###. #...# #...# .###. #...# #...# .###.
9 .###. #...# #...# .#### ....# ....# .###.
: ..... .##.. .##.. ..... .##.. .##.. .....
; ..... .##.. .##.. ..... .##.. ..#.. .#...
< ...#. ..#.. .#... #.... .#... ..#.. ...#.
= ..... ..... ##### ..... ##### ..... .....
> .#... ..#.. ...#. ....# ...#. ..#.. .#...
? .###. #...# ....# ...#. ..#.. ..... ..#..
@ .###. #...# #.### #.#.# #.### #.... .###.
A ..#.. .#.#. #...# #...# ##### #...# #...#
B ####. #...# #...# ####. #...# #...# ####.
C .###. #...# #.... #.... #.... #...# .###.
D ####. #...# #...# #...# #...# #...# ####.
E ##### #.... #.... ####. #.... #.... #####
F ##### #.... #.... ####. #.... #.... #....
G .###. #...# #.... #.### #...# #...# .###.
H #...# #...# #...# ##### #...# #...# #...#
I .###. ..#.. ..#.. ..#.. ..#.. ..#.. .###.
J ....# ....# ....# ....# ....# #...# .###.
K #...# #..#. #.#.. ##... #.#.. #..#. #...#
L #.... #.... #.... #.... #.... #.... #####
M #...# ##.## #.#.# #.#.# #...# #...# #...#
N #...# ##..# ##..# #.#.# #..## #..## #...#
O .###. #...# #...# #...# #...# #...# .###.
P ####. #...# #...# ####. #.... #.... #....
Q .###. #...# #...# #...# #.#.# #..#. .##.#
R ####. #...# #...# ####. #.#.. #..#. #...#
S .#### #.... #.... .###. ....# ....# ####.
T ##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..
U #...# #...# #...# #...# #...# #...# .###.
V #...# #...# #...# #...# .#.#. .#.#. ..#..
W #...# #...# #...# #.#.# #.#.# ##.## #...#
X #...# #...# .#.#. ..#.. .#.#. #...# #...#
Y #...# #...# .#.#. ..#.. ..#.. ..#.. ..#..
Z ##### ....# ...#. ..#.. .#... #.... #####
[ .###. .#... .#... .#... .#... .#... .###.
\\ #.... #.... .#... ..#.. ...#. ....# ....#
] .###. ...#. ...#. ...#. ...#. ...#. .###.
^ ..#.. .#.#. #...# ..... ..... ..... .....
_ ..... ..... ..... ..... ..... ..... ..... #####
` .#... ..#.. ..... ..... ..... ..... .....
a ..... ..... .###. ....# .#### #...# .####
b #.... #.... ####. #...# #...# #...# ####.
c ..... ..... .###. #.... #.... #.... .###.
d ....# ....# .#### #...# #...# #...# .####
e ..... ..... .###. #...# ##### #.... .###.
f ..##. .#... ####. .#... .#... .#... .#...
g ..... ..... .#### #...# #...# #...# .#### ....# .###.
h #.... #.... ####. #...# #...# #...# #...#
i ..#.. ..... .##.. ..#.. ..#.. ..#.. .###.
j ...#. ..... ..##. ...#. ...#. ...#. ...#. #..#. .##..
k #.... #.... #..#. #.#.. ##... #.#.. #..#.
l .##.. ..#.. ..#.. ..#.. ..#.. ..#.. .###.
m ..... ..... ##.#. #.#.# #.#.# #.#.# #.#.#
n ..... ..... ####. #...# #...# #...# #...#
o ..... ..... .###. #...# #...# #...# .###.
p ..... ..... ####. #...# #...# #...# ####. #.... #....
q ..... ..... .#### #...# #...# #...# .#### ....# ....#
r ..... ..... #.##. ##..# #.... #.... #....
s ..... ..... .#### #.... .###. ....# ####.
t .#... .#... ####. .#... .#... .#... ..##.
u ..... ..... #...# #...# #...# #...# .####
v ..... ..... #...# #...# #...# .#.#. ..#..
w ..... ..... #...# #.#.# #.#.# #.#.# .#.#.
x ..... ..... #...# .#.#. ..#.. .#.#. #...#
y ..... ..... #...# #...# #...# #...# .#### ....# .###.
z ..... ..... ##### ...#. ..#.. .#... #####
{ ..##. .#... .#... ##... .#... .#... ..##.
| ..#.. ..#.. ..#.. ..#.. ..#.. ..#.. ..#..
} .##.. ...#. ...#. ...## ...#. ...#. .##..
~ ..... ..... .#..# #.##. ..... ..... .....
° .##.. #..#. #..#. .##.. ..... ..... .....
µ ..... ..... #...# #...# #...# #..## ###.# #.... #....
± ..#.. ..#.. ##### ..#.. ..#.. ..... #####
× ..... #...# .#.#. ..#.. .#.#. #...# .....
→ ..... ..#.. ...#. ##### ...#. ..#.. .....
· ..... ..... ..... .##.. .##.. ..... .....
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_character_has_a_glyph_of_its_own() {
        let missing = glyph('\u{1F52D}') as *const Glyph;
        let mut seen: Vec<&[f64]> = Vec::new();
        for c in (' '..='~').chain("°µ±×→·".chars()) {
            let g = glyph(c);
            assert!(!std::ptr::eq(g, missing), "no glyph for {c:?}");
            assert_eq!(g.coverage.iter().any(|&a| a > 0.0), c != ' ', "{c:?}");
            assert!(!seen.contains(&g.coverage.as_slice()), "{c:?} looks like another");
            seen.push(&g.coverage);
        }
    }

    #[test]
    fn rows_of_the_table_are_whole() {
        for line in FONT.lines() {
            let c = line.chars().next().unwrap();
            let rows: Vec<&str> = line[c.len_utf8()..].split_whitespace().collect();
            assert!((7..=ROWS).contains(&rows.len()), "{c:?}: {} rows", rows.len());
            assert!(
                rows.iter().all(|r| r.len() == COLUMNS && r.bytes().all(|b| b == b'#' || b == b'.')),
                "{c:?}"
            );
        }
    }
}
