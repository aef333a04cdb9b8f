//! What the colors mean: a swatch and a word each, in as few rows as fit.

use super::sheet::WIDTH;
use crate::canvas::{BLACK, Canvas, Rect, text_width};
use crate::labels::fitted;

const ROW: usize = 24;
const MARGIN: usize = 20;
/// From a swatch's left side to its word.
const INDENT: usize = 34;
const GAP: usize = 26;
const MAX_ROWS: usize = 4;
/// Longest word, pixels.
const MAX_WORD: usize = 400;

/// One kind or series, or the words that say how many are left out.
struct Entry {
    /// Number of the kind or series; `None` for the words that say how many are left out.
    i: Option<usize>,
    word: String,
    x: usize,
    row: usize,
}

/// The words of a chart's colors, laid out.
pub(super) struct Legend {
    entries: Vec<Entry>,
}

impl Legend {
    /// Lays out `words`; those beyond the last row are counted.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let (mut entries, mut x, mut row): (Vec<Entry>, _, _) = (Vec::new(), MARGIN, 0);
        for (i, word) in words.enumerate() {
            let word = fitted(word, MAX_WORD);
            let width = INDENT + text_width(&word);
            if x > MARGIN && x + width > WIDTH - MARGIN {
                (x, row) = (MARGIN, row + 1);
            }
            entries.push(Entry { i: Some(i), word, x, row });
            x += width + GAP;
        }
        let n = entries.len();
        let n_shown = entries.iter().filter(|e| e.row < MAX_ROWS).count();
        if n_shown < n {
            // The last that is shown makes room for the words that say what is not.
            entries.truncate(n_shown);
            if let Some(last) = entries.last_mut() {
                last.i = None;
                last.word = fitted(&format!("and {} more", n - n_shown + 1), WIDTH - MARGIN - last.x);
            }
        }
        Legend { entries }
    }

    /// Height of all rows, pixels.
    pub(super) fn height(&self) -> usize {
        self.entries.last().map_or(0, |last| (last.row + 1) * ROW + 8)
    }

    /// Draws the words from the row of pixels `top` on, and calls `swatch` for the field of each color.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        top: usize,
        mut swatch: impl FnMut(&mut Canvas, usize, Rect),
    ) {
        for entry in &self.entries {
            let y = top + entry.row * ROW;
            if let Some(i) = entry.i {
                swatch(canvas, i, Rect { x: entry.x, y, width: INDENT - 8, height: 15 });
            }
            let indent = if entry.i.is_some() { INDENT } else { 0 };
            canvas.text((entry.x + indent) as isize, y as isize, &entry.word, BLACK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_on_the_sheet_and_those_left_out_are_counted() {
        for n in [0, 1, 7, 40, 500] {
            let words: Vec<String> =
                (0..n).map(|i| format!("{}task {i}", "long ".repeat(i % 13 * i % 7))).collect();
            let legend = Legend::new(words.iter().map(String::as_str));
            assert!(legend.entries.iter().all(|e| {
                let indent = if e.i.is_some() { INDENT } else { 0 };
                e.row < MAX_ROWS && e.x + indent + text_width(&e.word) <= WIDTH - MARGIN
            }));
            let n_named = legend.entries.iter().filter(|e| e.i.is_some()).count();
            let n_more = legend.entries.iter().filter(|e| e.i.is_none()).map(|e| e.word.clone()).next();
            assert_eq!(n_more, (n_named < n).then(|| format!("and {} more", n - n_named)), "{n}");
            assert_eq!(legend.height() == 0, n == 0);
        }
    }
}
