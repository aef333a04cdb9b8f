//! A raster of colors with the few shapes that a picture needs.
//!
//! Coordinates are pixels from the upper left corner, y down; the center of the first pixel is (0.5, 0.5).

use crate::font::{ADVANCE, ASCENT, glyph};

/// Red, green, blue.
pub(crate) type Rgb = [u8; 3];

pub(crate) const BLACK: Rgb = [0, 0, 0];
pub(crate) const WHITE: Rgb = [255, 255, 255];

/// Samples across a pixel where the edge of a shape is smoothed.
const FINE: usize = 4;

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Rect {
    pub(crate) fn right(&self) -> usize {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> usize {
        self.y + self.height
    }
}

/// Width of a text as drawn, pixels.
pub(crate) fn text_width(text: &str) -> usize {
    (text.chars().count() * ADVANCE).saturating_sub(2)
}

/// The picture being drawn.
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Red, green, blue of each pixel, row by row from the top.
    pub(crate) rgb: Vec<u8>,
}

impl Canvas {
    /// All white.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Canvas { width, height, rgb: vec![255; 3 * width * height] }
    }

    pub(crate) fn set(&mut self, x: usize, y: usize, color: Rgb) {
        self.blend(x as isize, y as isize, color, 1.0);
    }

    /// Mixes `color` into a pixel; nothing happens outside the canvas.
    pub(crate) fn blend(&mut self, x: isize, y: isize, color: Rgb, share: f64) {
        if x < 0 || y < 0 || x as usize >= self.width || y as usize >= self.height {
            return;
        }
        let at = 3 * (y as usize * self.width + x as usize);
        for (old, new) in self.rgb[at..at + 3].iter_mut().zip(color) {
            *old = (f64::from(*old) + share * (f64::from(new) - f64::from(*old))).round() as u8;
        }
    }

    pub(crate) fn fill(&mut self, rect: Rect, color: Rgb) {
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                self.set(x, y, color);
            }
        }
    }

    /// A line of one pixel just outside `rect`.
    pub(crate) fn outline(&mut self, rect: Rect, color: Rgb) {
        let Rect { x, y, width, height } = rect;
        for side in [
            Rect { x: x - 1, y: y - 1, width: width + 2, height: 1 },
            Rect { x: x - 1, y: y + height, width: width + 2, height: 1 },
            Rect { x: x - 1, y, width: 1, height },
            Rect { x: x + width, y, width: 1, height },
        ] {
            self.fill(side, color);
        }
    }

    /// Paints the part of `clip` within `reach` of (x, y) where `inside(dx, dy)` holds, edges smoothed.
    pub(crate) fn paint(
        &mut self,
        clip: Rect,
        (x, y, reach): (f64, f64, f64),
        color: Rgb,
        inside: impl Fn(f64, f64) -> bool,
    ) {
        let span = |center: f64, lo: usize, hi: usize| {
            let low = (center - reach).floor().max(lo as f64) as usize;
            low..(((center + reach).ceil().max(0.0)) as usize).min(hi)
        };
        let sub = |p: usize, i: usize| p as f64 + (i as f64 + 0.5) / FINE as f64;
        for py in span(y, clip.y, clip.bottom()) {
            for px in span(x, clip.x, clip.right()) {
                let hits =
                    (0..FINE * FINE).filter(|i| inside(sub(px, i % FINE) - x, sub(py, i / FINE) - y)).count();
                self.blend(px as isize, py as isize, color, hits as f64 / (FINE * FINE) as f64);
            }
        }
    }

    /// A straight line of `width` pixels between two points, its ends round and its edges smooth; cut at `clip`.
    pub(crate) fn line(&mut self, clip: Rect, ends: [(f64, f64); 2], width: f64, color: Rgb) {
        let [(x0, y0), (x1, y1)] = ends;
        let (dx, dy) = (x1 - x0, y1 - y0);
        let square = dx * dx + dy * dy;
        let along =
            |x: f64, y: f64| if square > 0.0 { ((x * dx + y * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
        // Pixel by pixel along the longer side; across it only as many as the line can touch.
        let is_steep = dy.abs() > dx.abs();
        let reach = 0.75 * width + 1.5;
        let span = |a: f64, b: f64, lo: usize, hi: usize| {
            let low = (a.min(b) - reach).floor().max(lo as f64) as usize;
            low..((a.max(b) + reach).ceil().max(0.0) as usize).min(hi)
        };
        let (xs, ys) = ((clip.x, clip.right()), (clip.y, clip.bottom()));
        let long = if is_steep { span(y0, y1, ys.0, ys.1) } else { span(x0, x1, xs.0, xs.1) };
        for p in long {
            let middle = p as f64 + 0.5;
            let t = if is_steep { (middle - y0) / dy } else { (middle - x0) / dx };
            let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
            let at = if is_steep { x0 + t * dx } else { y0 + t * dy };
            let (lo, hi) = if is_steep { xs } else { ys };
            for q in span(at, at, lo, hi) {
                let (px, py) = if is_steep { (q, p) } else { (p, q) };
                let (cx, cy) = (px as f64 + 0.5 - x0, py as f64 + 0.5 - y0);
                let t = along(cx, cy);
                let distance = (cx - t * dx).hypot(cy - t * dy);
                let share = (width / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
                if share > 0.0 {
                    self.blend(px as isize, py as isize, color, share);
                }
            }
        }
    }

    /// How many pixels of `rect` something dark or colored is drawn on.
    pub(crate) fn n_covered(&self, rect: Rect) -> usize {
        let columns = rect.x.min(self.width)..rect.right().min(self.width);
        let rows = rect.y.min(self.height)..rect.bottom().min(self.height);
        let is_covered = |i: usize| self.rgb[3 * i..3 * i + 3].iter().any(|&c| c < 200);
        rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
            .filter(|&(x, y)| is_covered(y * self.width + x))
            .count()
    }

    /// Text with its upper left corner at (x, y).
    pub(crate) fn text(&mut self, x: isize, y: isize, text: &str, color: Rgb) {
        self.glyphs(text, |canvas, along, down, share| canvas.blend(x + along, y + down, color, share));
    }

    /// Text with a dark rim, readable on any ground.
    pub(crate) fn text_rimmed(&mut self, x: isize, y: isize, text: &str) {
        for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)] {
            self.text(x + dx, y + dy, text, BLACK);
        }
        self.text(x, y, text, WHITE);
    }

    /// Text turned to read upward, the left end of its baseline cell at (x, y).
    pub(crate) fn text_upward(&mut self, x: isize, y: isize, text: &str, color: Rgb) {
        self.glyphs(text, |canvas, along, down, share| canvas.blend(x + down, y - along, color, share));
    }

    fn glyphs(&mut self, text: &str, mut put: impl FnMut(&mut Self, isize, isize, f64)) {
        for (i, c) in text.chars().enumerate() {
            let g = glyph(c);
            for (at, &share) in g.coverage.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                let (gx, gy) = ((at % g.width) as isize, (at / g.width) as isize);
                let margin = g.margin as isize;
                put(self, (i * ADVANCE) as isize + gx - margin, gy - margin, share);
            }
        }
    }

    /// Text centered on (x, y).
    pub(crate) fn text_centered(&mut self, x: f64, y: f64, text: &str, color: Rgb) {
        let left = x - text_width(text) as f64 / 2.0;
        self.text(left.round() as isize, (y - ASCENT as f64 / 2.0).round() as isize, text, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dark(canvas: &Canvas) -> Vec<(usize, usize)> {
        let at = |i: usize| (i % canvas.width, i / canvas.width);
        canvas.rgb.chunks(3).enumerate().filter(|p| p.1[0] < 128).map(|p| at(p.0)).collect()
    }

    #[test]
    fn shapes_outside_the_canvas_are_cut_not_refused() {
        let mut canvas = Canvas::new(8, 6);
        let all = Rect { x: 0, y: 0, width: 8, height: 6 };
        canvas.paint(all, (-100.0, 3.0, 5.0), BLACK, |_, _| true);
        canvas.text(-300, 900, "gone", BLACK);
        assert!(dark(&canvas).is_empty());
        canvas.paint(all, (7.0, 5.0, 50.0), BLACK, |_, _| true);
        assert_eq!(dark(&canvas).len(), 48);
    }

    #[test]
    fn lines_have_their_width_in_any_direction_and_stay_inside() {
        let clip = Rect { x: 10, y: 10, width: 80, height: 80 };
        for (to, length) in
            [((50.0, 20.0), 30.0), ((80.0, 50.0), 30.0), ((29.0, 78.0), 35.0), ((50.0, 50.0), 0.0)]
        {
            let mut canvas = Canvas::new(100, 100);
            canvas.line(clip, [(50.0, 50.0), to], 3.0, BLACK);
            let ink: f64 = canvas.rgb.chunks(3).map(|c| 1.0 - f64::from(c[0]) / 255.0).sum();
            // A round end adds half a disk.
            let want = 3.0 * length + 1.5 * 1.5 * std::f64::consts::PI;
            assert!((ink - want).abs() < 0.05 * want + 1.0, "{to:?}: {ink}, expected {want}");
        }
        let mut canvas = Canvas::new(100, 100);
        canvas.line(clip, [(-500.0, -480.0), (700.0, 720.0)], 2.0, BLACK);
        assert!(dark(&canvas).iter().all(|&(x, y)| (10..90).contains(&x) && (10..90).contains(&y)));
        assert!(
            canvas.n_covered(clip) >= 80
                && canvas.n_covered(Rect { x: 0, y: 0, width: 10, height: 100 }) == 0
        );
    }

    #[test]
    fn text_turned_upward_is_the_text_rotated() {
        let (mut flat, mut up) = (Canvas::new(40, 40), Canvas::new(40, 40));
        flat.text(3, 10, "L.", BLACK);
        up.text_upward(10, 36, "L.", BLACK);
        let mut turned: Vec<_> = dark(&flat).iter().map(|&(x, y)| (y, 39 - x)).collect();
        turned.sort_by_key(|p| (p.1, p.0));
        assert_eq!(turned, dark(&up));
        assert!(!turned.is_empty());
    }
}
