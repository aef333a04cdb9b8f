//! The paper of a chart: title, frame, axes with their ticks, words beside what they explain.

use super::axis::Tick;
use super::legend::Legend;
use crate::canvas::{BLACK, Canvas, Rect, Rgb, WHITE, text_width};
use crate::labels::fitted;

/// Width of every chart, pixels.
pub(super) const WIDTH: usize = 1000;
/// Least height of a chart, pixels.
pub(super) const HEIGHT: usize = 600;
const TOP: usize = 72;
const RIGHT: usize = 40;
/// From the frame to the legend: labels of ticks, name of the axis.
const BELOW: usize = 68;
pub(super) const GRAY: Rgb = [90, 90, 90];
pub(super) const GRID: Rgb = [226, 226, 226];
/// Height of a line of text with what hangs below it.
pub(super) const TEXT_HEIGHT: usize = 18;

/// The chart being drawn.
pub(super) struct Sheet {
    pub(super) canvas: Canvas,
    /// Where the data go.
    pub(super) frame: Rect,
}

impl Sheet {
    /// An empty sheet whose frame is at least `least_height` high and `left` from the left border.
    pub(super) fn new(left: usize, least_height: usize, legend: &Legend) -> Self {
        let height = (HEIGHT - TOP - BELOW - legend.height()).max(least_height);
        let frame = Rect { x: left, y: TOP, width: WIDTH - left - RIGHT, height };
        Sheet { canvas: Canvas::new(WIDTH, TOP + height + BELOW + legend.height()), frame }
    }

    /// The row of pixels where the legend starts.
    pub(super) fn legend_top(&self) -> usize {
        self.frame.bottom() + BELOW
    }

    pub(super) fn titles(&mut self, title: &str, subtitle: &str) {
        let title = fitted(title, WIDTH - 40);
        // Twice, a pixel apart: bold.
        self.canvas.text(20, 12, &title, BLACK);
        self.canvas.text(21, 12, &title, BLACK);
        self.canvas.text(20, 38, &fitted(subtitle, WIDTH - 40), GRAY);
    }

    /// Whether labels beside each other along x have room.
    pub(super) fn fits_x(&self, ticks: &[Tick]) -> bool {
        let width = self.frame.width as f64;
        let labeled: Vec<&Tick> = ticks.iter().filter(|t| !t.label.is_empty()).collect();
        labeled.windows(2).all(|t| {
            let half = (text_width(&t[0].label) + text_width(&t[1].label)) as f64 / 2.0;
            (t[1].place - t[0].place) * width >= half + 18.0
        })
    }

    /// Lines for the labeled values of x, behind what comes later; their labels and the axis' name below the frame.
    pub(super) fn x_axis(&mut self, ticks: &[Tick], name: &str) {
        let f = self.frame;
        for tick in ticks {
            let x = f.x as f64 + tick.place * f.width as f64;
            let column = (x.round() as usize).clamp(f.x, f.right());
            let is_labeled = !tick.label.is_empty();
            if is_labeled {
                self.canvas.fill(Rect { x: column, y: f.y, width: 1, height: f.height }, GRID);
            }
            let height = if is_labeled { 7 } else { 4 };
            self.canvas.fill(Rect { x: column, y: f.bottom(), width: 1, height }, BLACK);
            let half = text_width(&tick.label) as f64 / 2.0;
            let middle = x.min(WIDTH as f64 - half - 4.0).max(half + 4.0);
            self.canvas.text_centered(middle, f.bottom() as f64 + 19.0, &tick.label, BLACK);
        }
        let name = fitted(name, WIDTH - 40);
        let half = text_width(&name) as f64 / 2.0;
        let middle = (f.x as f64 + f.width as f64 / 2.0).min(WIDTH as f64 - 20.0 - half);
        self.canvas.text_centered(middle, f.bottom() as f64 + 44.0, &name, BLACK);
    }

    /// Lines for the labeled values of y; their labels and the axis' name left of the frame.
    pub(super) fn y_axis(&mut self, ticks: &[Tick], name: &str) {
        let f = self.frame;
        for tick in ticks {
            let y = f.bottom() as f64 - tick.place * f.height as f64;
            let row = (y.round() as usize).clamp(f.y, f.bottom());
            let is_labeled = !tick.label.is_empty();
            if is_labeled {
                self.canvas.fill(Rect { x: f.x, y: row, width: f.width, height: 1 }, GRID);
            }
            let width = if is_labeled { 7 } else { 4 };
            self.canvas.fill(Rect { x: f.x - width, y: row, width, height: 1 }, BLACK);
            let left = f.x as isize - 12 - text_width(&tick.label) as isize;
            self.canvas.text(left, row as isize - 7, &tick.label, BLACK);
        }
        let name = fitted(name, f.height + 40);
        let start = f.y as f64 + (f.height + text_width(&name)) as f64 / 2.0;
        self.canvas.text_upward(14, start.round() as isize, &name, BLACK);
    }

    /// The line around the data.
    pub(super) fn outline(&mut self) {
        self.canvas.outline(self.frame, BLACK);
    }

    /// Words on a white field, at that one of `corners` (upper left) where they hide the least, inside the frame.
    pub(super) fn note(&mut self, text: &str, corners: &[(f64, f64)]) {
        let f = self.frame;
        let text = fitted(text, f.width - 20);
        let (width, height) = (text_width(&text) + 8, TEXT_HEIGHT + 4);
        let inside = |at: f64, from: usize, length: usize, size: usize| {
            at.clamp(from as f64 + 3.0, (from + length).saturating_sub(size + 3).max(from + 3) as f64)
                as usize
        };
        let fields = corners.iter().map(|&(x, y)| Rect {
            x: inside(x - 4.0, f.x, f.width, width),
            y: inside(y - 3.0, f.y, f.height, height),
            width,
            height,
        });
        if let Some(field) = fields.min_by_key(|&field| self.canvas.n_covered(field)) {
            self.canvas.fill(field, WHITE);
            self.canvas.text(field.x as isize + 4, field.y as isize + 3, &text, BLACK);
        }
    }

    /// Says in the middle that there is nothing to see.
    pub(super) fn blank(&mut self, words: &str) {
        let f = self.frame;
        let left = f.x as f64 + f.width.saturating_sub(text_width(words)) as f64 / 2.0;
        self.note(words, &[0.5, 0.3].map(|share| (left, f.y as f64 + share * f.height as f64 - 7.0)));
    }
}
