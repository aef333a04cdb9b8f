//! Spans of time as bars in the rows of their lanes.
//!
//! Each lane is summed up along its row of pixels: how much of a pixel's time is covered, and by which colors. That is
//! one step per span and pixel it touches, whatever the number of lanes. A pixel is as strong as its covered share, but
//! never fainter than [`FAINTEST`] where there is anything at all; where several lanes share a row of pixels, they mix.

use super::gantt::{Gantt, Span};
use super::palette::{color, ink};
use super::sheet::Sheet;
use crate::canvas::{Rect, WHITE, text_width};

/// Strength of a pixel in which a lane has a span, however short.
const FAINTEST: f32 = 0.25;
/// Tallest bar, pixels.
const TALLEST: f64 = 60.0;

/// Where the lanes lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    frame: Rect,
    n_lane: usize,
}

impl Rows {
    pub(super) fn new(frame: Rect, n_lane: usize) -> Self {
        Rows { frame, n_lane: n_lane.max(1) }
    }

    /// Height of a lane with the space around it, pixels.
    pub(super) fn pitch(&self) -> f64 {
        self.frame.height as f64 / self.n_lane as f64
    }

    /// The middle of a lane, a row of pixels of the canvas.
    pub(super) fn middle(&self, i_lane: usize) -> f64 {
        self.frame.y as f64 + (i_lane as f64 + 0.5) * self.pitch()
    }

    /// Top and bottom of a lane's bars, from the top of the frame; whole pixels where a lane has at least one.
    fn band(&self, i_lane: usize) -> (f64, f64) {
        let pitch = self.pitch();
        let (top, bottom) = (i_lane as f64 * pitch, (i_lane + 1) as f64 * pitch);
        if pitch < 1.0 {
            return (top, bottom);
        }
        let gap = if pitch < 4.0 { 0.0 } else { (0.12 * pitch).max(1.0).max(pitch - TALLEST) };
        let height = (pitch - gap).max(1.0).floor();
        let top = if pitch < 4.0 { top.round() } else { (top + (pitch - height) / 2.0).round() };
        (top, if pitch < 4.0 { bottom.round().max(top + 1.0) } else { top + height })
    }
}

/// Color times strength, and strength.
type Mix = [f32; 4];

/// Draws all spans; `place` says where along the frame a time lies, 0 to 1, or outside.
pub(super) fn draw(sheet: &mut Sheet, gantt: &Gantt, place: impl Fn(f64) -> f64) {
    let rows = Rows::new(sheet.frame, gantt.lanes.len());
    let width = sheet.frame.width as f64;
    let mut spans: Vec<(&Span, f64, f64)> = gantt
        .spans
        .iter()
        .map(|s| (s, place(s.start_s) * width, place(s.end_s) * width))
        .filter(|&(_, from, to)| to >= 0.0 && from <= width)
        .collect();
    spans.sort_by_key(|(span, ..)| span.i_lane);
    let mut mixes: Vec<Mix> = vec![[0.0; 4]; sheet.frame.width * sheet.frame.height];
    let mut line: Vec<Mix> = vec![[0.0; 4]; sheet.frame.width];
    for lane in spans.chunk_by(|a, b| a.0.i_lane == b.0.i_lane) {
        line.fill([0.0; 4]);
        for &(span, from, to) in lane {
            add(&mut line, color(span.i_kind), from, to);
        }
        spread(&mut mixes, &line, rows.band(lane[0].0.i_lane), sheet.frame);
    }
    put(sheet, &mixes);
    for (span, from, to) in spans {
        inscribe(sheet, &rows, span, (from.max(0.0), to.min(width)));
    }
}

/// Adds a span from `from` to `to`, pixels, to the sum of its lane.
fn add(line: &mut [Mix], color: [u8; 3], from: f64, to: f64) {
    let last = line.len() - 1;
    let first_pixel = (from.max(0.0) as usize).min(last);
    let end = (to.min(line.len() as f64).ceil() as usize).clamp(first_pixel + 1, line.len());
    for (i, mix) in line.iter_mut().enumerate().take(end).skip(first_pixel) {
        // A span without length still counts a little, so that it has a color.
        let share = (to.min((i + 1) as f64) - from.max(i as f64)).max(1e-6) as f32;
        for (sum, part) in mix.iter_mut().zip(color) {
            *sum += share * f32::from(part);
        }
        mix[3] += share;
    }
}

/// Adds a lane's sum to the rows of pixels it covers.
fn spread(mixes: &mut [Mix], line: &[Mix], (top, bottom): (f64, f64), frame: Rect) {
    for row in top as usize..(bottom.ceil() as usize).min(frame.height) {
        let share = (bottom.min((row + 1) as f64) - top.max(row as f64)) as f32;
        for (mix, sum) in mixes[row * frame.width..].iter_mut().zip(line).filter(|(_, sum)| sum[3] > 0.0) {
            let strength = share * sum[3].clamp(FAINTEST, 1.0);
            for (to, part) in mix.iter_mut().zip(&sum[..3]) {
                *to += strength * part / sum[3];
            }
            mix[3] += strength;
        }
    }
}

fn put(sheet: &mut Sheet, mixes: &[Mix]) {
    let frame = sheet.frame;
    for (i, [r, g, b, strength]) in mixes.iter().enumerate().filter(|(_, mix)| mix[3] > 0.0) {
        let (x, y) = (frame.x + i % frame.width, frame.y + i / frame.width);
        let color = [r, g, b].map(|part| (part / strength).round() as u8);
        sheet.canvas.blend(x as isize, y as isize, color, f64::from(strength.min(1.0)));
    }
}

/// A light line where a span starts, so that neighbors of one kind are told apart, and its label where it fits.
fn inscribe(sheet: &mut Sheet, rows: &Rows, span: &Span, (from, to): (f64, f64)) {
    let (top, bottom) = rows.band(span.i_lane);
    let (frame, height) = (sheet.frame, bottom - top);
    if to - from < 5.0 || height < 6.0 {
        return;
    }
    for row in top as usize..bottom as usize {
        let (x, y) = (frame.x + from as usize, frame.y + row);
        sheet.canvas.blend(x as isize, y as isize, WHITE, if from > 0.0 { 0.7 } else { 0.0 });
    }
    if height >= 16.0 && to - from >= text_width(&span.label) as f64 + 8.0 {
        let x = frame.x as f64 + (from + to) / 2.0;
        let y = frame.y as f64 + (top + bottom) / 2.0;
        sheet.canvas.text_centered(x, y, &span.label, ink(color(span.i_kind)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_share_the_frame_without_overlap() {
        for n in [1, 2, 7, 50, 99, 300, 430, 700, 5000] {
            let rows = Rows::new(Rect { x: 9, y: 5, width: 10, height: 430 }, n);
            let bands: Vec<_> = (0..n).map(|i| rows.band(i)).collect();
            for (i, &(top, bottom)) in bands.iter().enumerate() {
                let middle = rows.middle(i) - 5.0;
                assert!(
                    top < bottom && bottom <= 430.0 && top <= middle + 0.51 && bottom >= middle - 0.51,
                    "{n} {i}"
                );
                assert!(bottom - top <= TALLEST);
            }
            assert!(bands.windows(2).all(|b| b[0].1 <= b[1].0), "{n}");
        }
    }

    #[test]
    fn a_pixel_is_as_strong_as_its_covered_share() {
        let mut line = vec![[0.0; 4]; 10];
        add(&mut line, [100, 0, 0], 2.25, 4.5);
        add(&mut line, [0, 100, 0], 4.5, 4.75);
        add(&mut line, [0, 0, 100], 10.0, 10.0);
        let strengths: Vec<f32> = line.iter().map(|m| m[3]).collect();
        assert_eq!(strengths[..6], [0.0, 0.0, 0.75, 1.0, 0.75, 0.0]);
        assert_eq!(line[4], [50.0, 25.0, 0.0, 0.75]);
        assert!(strengths[9] > 0.0 && strengths[9] < 1e-5);
        let frame = Rect { x: 0, y: 0, width: 10, height: 2 };
        let mut mixes = vec![[0.0; 4]; 20];
        spread(&mut mixes, &line, (0.0, 1.5), frame);
        assert_eq!((mixes[4][3], mixes[14][3], mixes[9][3]), (0.75, 0.375, FAINTEST));
    }
}
