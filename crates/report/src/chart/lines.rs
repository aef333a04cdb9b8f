//! How one quantity goes with another: lines through points, one per series.

use super::axis::{Range, Scale};
use super::legend::Legend;
use super::marker;
use super::palette::color;
use super::sheet::{Sheet, TEXT_HEIGHT};
use crate::Error;
use crate::canvas::{BLACK, Canvas, Rect, text_width};
use crate::png_file::write_drawn;
use std::path::Path;

/// Series with more points are drawn without marks.
const MAX_MARKED: usize = 100;
const LINE_WIDTH: f64 = 2.5;
/// Dash and gap of the reference line, pixels.
const DASH: (usize, usize) = (10, 6);

/// What an axis shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    /// Name of the quantity.
    pub name: String,
    /// Its unit, written in parentheses; may be empty.
    pub unit: String,
    /// Linear or logarithmic.
    pub scale: Scale,
}

/// Points that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Name in the legend; a single series may have none.
    pub label: String,
    /// (x, y), connected in this order.
    pub points: Vec<(f64, f64)>,
}

/// A horizontal line to compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Where it crosses the y axis.
    pub y: f64,
    /// What it means, such as `real time`.
    pub label: String,
}

/// A point to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Highlight {
    /// Its x.
    pub x: f64,
    /// Its y.
    pub y: f64,
    /// What it is, such as `recommended: 12 cores`.
    pub label: String,
}

/// A chart of lines; the axes cover all points, the reference line and the highlighted point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// First line.
    pub title: String,
    /// Second line.
    pub subtitle: String,
    /// To the right.
    pub x: Axis,
    /// Upward.
    pub y: Axis,
    /// In the order of the legend; the first is drawn on top.
    pub series: Vec<Series>,
    /// Drawn dashed, behind the series.
    pub reference: Option<Reference>,
    /// Drawn with a ring.
    pub highlight: Option<Highlight>,
}

/// Draws `lines`, 1000 × 600 pixels, and writes it as PNG; the file appears whole or not at all.
///
/// # Errors
/// When a value is not finite, or not positive on a logarithmic axis; when the file exists and `overwrite` is false, or
/// it cannot be written.
pub fn write_lines(path: &Path, lines: &Lines, overwrite: bool) -> Result<(), Error> {
    lines.check(path)?;
    write_drawn(path, overwrite, || draw(lines).sheet.canvas)
}

impl Axis {
    fn title(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.unit) }
    }

    fn check(&self, path: &Path, value: f64, what: impl Fn() -> String) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Error::NotFinite { path: path.into(), what: what(), value });
        }
        if self.scale == Scale::Log10 && value <= 0.0 {
            return Err(Error::NotPositive { path: path.into(), what: what(), value });
        }
        Ok(())
    }
}

impl Lines {
    fn check(&self, path: &Path) -> Result<(), Error> {
        for series in &self.series {
            for (i, &(x, y)) in series.points.iter().enumerate() {
                let of = |name: &str| format!("{name} of point {i} of \"{}\"", series.label);
                self.x.check(path, x, || of("x"))?;
                self.y.check(path, y, || of("y"))?;
            }
        }
        if let Some(Reference { y, label }) = &self.reference {
            self.y.check(path, *y, || format!("the reference line \"{label}\""))?;
        }
        if let Some(Highlight { x, y, label }) = &self.highlight {
            self.x.check(path, *x, || format!("x of the highlighted point \"{label}\""))?;
            self.y.check(path, *y, || format!("y of the highlighted point \"{label}\""))?;
        }
        Ok(())
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let highlight = self.highlight.iter().map(|h| (h.x, h.y));
        self.series.iter().flat_map(|s| s.points.iter().copied()).chain(highlight)
    }
}

/// The chart, and where values lie on it.
struct Drawn {
    sheet: Sheet,
    x: Range,
    y: Range,
}

fn draw(lines: &Lines) -> Drawn {
    let is_named = lines.series.len() > 1 || lines.series.iter().any(|s| !s.label.is_empty());
    let named = if is_named { &lines.series[..] } else { &[] };
    let legend = Legend::new(named.iter().map(|s| s.label.as_str()));
    let x = Range::covering(lines.points().map(|p| p.0), lines.x.scale);
    let y_values = lines.points().map(|p| p.1).chain(lines.reference.iter().map(|r| r.y));
    let y = Range::covering(y_values, lines.y.scale);

    let sheet = Sheet::new(0, 0, &legend);
    let height = sheet.frame.height as f64;
    let y_ticks = y.ticks(8, |ticks| {
        let labeled: Vec<_> = ticks.iter().filter(|t| !t.label.is_empty()).collect();
        labeled.windows(2).all(|t| (t[1].place - t[0].place) * height >= TEXT_HEIGHT as f64 + 6.0)
    });
    let widest = y_ticks.iter().map(|t| text_width(&t.label)).max().unwrap_or(0);
    let mut drawn = Drawn { sheet: Sheet::new(widest.max(24) + 62, 0, &legend), x, y };
    let x_ticks = x.ticks(10, |ticks| drawn.sheet.fits_x(ticks));
    drawn.sheet.titles(&lines.title, &lines.subtitle);
    drawn.sheet.x_axis(&x_ticks, &lines.x.title());
    drawn.sheet.y_axis(&y_ticks, &lines.y.title());
    drawn.sheet.outline();
    drawn.data(lines);
    let top = drawn.sheet.legend_top();
    legend.draw(&mut drawn.sheet.canvas, top, swatch);
    drawn
}

/// A piece of the `i`th series' line with its mark.
fn swatch(canvas: &mut Canvas, i: usize, field: Rect) {
    let y = field.y as f64 + 7.5;
    let clip = Rect { y: field.y, height: field.height, ..field };
    canvas.line(clip, [(field.x as f64 + 1.0, y), (field.right() as f64 - 1.0, y)], LINE_WIDTH, color(i));
    marker::draw(canvas, (field.x as f64 + field.width as f64 / 2.0, y), i);
}

impl Drawn {
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let f = self.sheet.frame;
        (f.x as f64 + self.x.place(x) * f.width as f64, f.bottom() as f64 - self.y.place(y) * f.height as f64)
    }

    fn data(&mut self, lines: &Lines) {
        if let Some(reference) = &lines.reference {
            self.dashes(reference.y);
        }
        for (i, series) in lines.series.iter().enumerate().rev() {
            self.series(i, series);
        }
        if let Some(highlight) = &lines.highlight {
            self.ring(highlight);
        }
        if let Some(reference) = &lines.reference {
            let (f, y) = (self.sheet.frame, self.at((1.0, reference.y)).1);
            let right = f.right().saturating_sub(text_width(&reference.label) + 12) as f64;
            let (left, above, below) = (f.x as f64 + 12.0, y - TEXT_HEIGHT as f64 - 4.0, y + 8.0);
            let corners = [(right, above), (left, above), (right, below), (left, below)];
            self.sheet.note(&reference.label, &corners);
        }
        if lines.points().next().is_none() {
            self.sheet.blank("no data");
        }
    }

    fn dashes(&mut self, y: f64) {
        let f = self.sheet.frame;
        let row = (self.at((1.0, y)).1.round() as usize).clamp(f.y, f.bottom() - 1);
        for x in (f.x..f.right()).step_by(DASH.0 + DASH.1) {
            let width = DASH.0.min(f.right() - x);
            self.sheet.canvas.fill(Rect { x, y: row.saturating_sub(1).max(f.y), width, height: 2 }, BLACK);
        }
    }

    fn series(&mut self, i: usize, series: &Series) {
        let places: Vec<(f64, f64)> = series.points.iter().map(|&p| self.at(p)).collect();
        let frame = self.sheet.frame;
        for ends in places.windows(2) {
            self.sheet.canvas.line(frame, [ends[0], ends[1]], LINE_WIDTH, color(i));
        }
        if places.len() <= MAX_MARKED {
            places.iter().for_each(|&place| marker::draw(&mut self.sheet.canvas, place, i));
        }
    }

    fn ring(&mut self, highlight: &Highlight) {
        let (x, y) = self.at((highlight.x, highlight.y));
        let sheet = Rect { x: 0, y: 0, width: self.sheet.canvas.width, height: self.sheet.canvas.height };
        self.sheet.canvas.paint(sheet, (x, y, 14.0), BLACK, |dx, dy| (9.0..=11.5).contains(&dx.hypot(dy)));
        let (width, height) = (text_width(&highlight.label) as f64, TEXT_HEIGHT as f64);
        let beside = [18.0, -18.0 - width, -width / 2.0];
        let corners: Vec<(f64, f64)> = [-height - 14.0, 16.0, -height / 2.0]
            .into_iter()
            .flat_map(|dy| beside.map(|dx| (x + dx, y + dy)))
            // In its place, the last of both would hide the ring.
            .take(8)
            .collect();
        self.sheet.note(&highlight.label, &corners);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Rgb, WHITE};

    fn ratio(points: &[(f64, f64)]) -> Lines {
        Lines {
            title: "Test".into(),
            x: Axis { name: "cores".into(), scale: Scale::Log10, ..Axis::default() },
            y: Axis { name: "ratio".into(), unit: "s/s".into(), scale: Scale::Log10 },
            series: vec![Series { label: "a".into(), points: points.to_vec() }],
            ..Lines::default()
        }
    }

    fn pixel(drawn: &Drawn, x: f64, y: f64) -> Rgb {
        let canvas = &drawn.sheet.canvas;
        let i = 3 * (y as usize * canvas.width + x as usize);
        [canvas.rgb[i], canvas.rgb[i + 1], canvas.rgb[i + 2]]
    }

    #[test]
    fn points_and_the_line_between_them_are_where_they_should_be() {
        for scale in [Scale::Linear, Scale::Log10] {
            let mut lines = ratio(&[(1.0, 16.0), (4.0, 4.0), (16.0, 1.0)]);
            (lines.x.scale, lines.y.scale) = (scale, scale);
            let drawn = draw(&lines);
            assert_eq!((drawn.sheet.canvas.width, drawn.sheet.canvas.height), (1000, 600));
            for point in [(1.0, 16.0), (4.0, 4.0), (16.0, 1.0)] {
                let (x, y) = drawn.at(point);
                assert_eq!(pixel(&drawn, x, y), color(0), "{scale:?} {point:?}");
            }
            let (a, b) = (drawn.at((1.0, 16.0)), drawn.at((4.0, 4.0)));
            assert_eq!(pixel(&drawn, (a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0), color(0));
            // Between the first and the last point there is no line.
            let c = drawn.at((16.0, 1.0));
            let middle = ((a.0 + c.0) / 2.0, (a.1 + c.1) / 2.0);
            assert_eq!(pixel(&drawn, middle.0, middle.1) == color(0), scale == Scale::Log10);
        }
    }

    #[test]
    fn the_reference_line_is_at_its_height_and_across_the_frame() {
        for y in [0.5, 1.0, 3.0, 100.0] {
            let mut lines = ratio(&[(1.0, 10.0), (8.0, 2.0)]);
            let (values, scale) = ([10.0, 2.0, y], lines.y.scale);
            lines.reference = Some(Reference { y, label: "real time".into() });
            let drawn = draw(&lines);
            let (low, high) = values.iter().fold((f64::MAX, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
            assert!(drawn.y.place(low) > 0.0 && drawn.y.place(high) < 1.0, "{scale:?}");
            let f = drawn.sheet.frame;
            let row = drawn.at((1.0, y)).1.round();
            let black = |row: f64| {
                let xs = f.x + 1..f.right();
                xs.filter(|&x| pixel(&drawn, x as f64, row) == BLACK).count()
            };
            assert!(black(row) > f.width / 2, "{y}: {}", black(row));
            assert!(black(row - 4.0) < f.width / 4 && black(row + 4.0) < f.width / 4);
        }
    }

    #[test]
    fn a_highlighted_point_has_a_ring_and_its_words_stay_inside() {
        for point in [(1.0, 10.0), (8.0, 2.0), (1.0, 2.0), (8.0, 10.0)] {
            let mut lines = ratio(&[(1.0, 10.0), (8.0, 2.0)]);
            lines.highlight =
                Some(Highlight { x: point.0, y: point.1, label: "recommended: 12 cores".into() });
            let drawn = draw(&lines);
            let (x, y) = drawn.at(point);
            let ring = (0..360).map(|d| f64::from(d).to_radians().sin_cos());
            let dark = ring.filter(|(s, c)| pixel(&drawn, x + 10.2 * c, y + 10.2 * s)[0] < 100).count();
            assert!(dark > 330, "{point:?}: {dark}");
            let f = drawn.sheet.frame;
            let right = Rect { x: f.right() + 2, y: f.y, width: 1000 - f.right() - 2, height: f.height };
            assert!(drawn.sheet.canvas.n_covered(right) < 120, "{point:?}");
        }
    }

    #[test]
    fn charts_without_anything_are_axes() {
        let empty = Lines { series: vec![Series::default()], ..ratio(&[]) };
        for scale in [Scale::Linear, Scale::Log10] {
            let mut lines = empty.clone();
            (lines.x.scale, lines.y.scale) = (scale, scale);
            let drawn = draw(&lines);
            let f = drawn.sheet.frame;
            let below = Rect { x: f.x, y: f.bottom() + 1, width: f.width, height: 40 };
            assert!(drawn.sheet.canvas.n_covered(below) > 100);
            assert_eq!(pixel(&drawn, 3.0, 3.0), WHITE);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.png");
        let refused = |lines: &Lines| write_lines(&path, lines, false).unwrap_err();
        let nan = refused(&ratio(&[(1.0, 1.0), (2.0, f64::NAN)]));
        assert!(matches!(&nan, Error::NotFinite { what, .. } if what == "y of point 1 of \"a\""), "{nan}");
        assert!(matches!(refused(&ratio(&[(f64::INFINITY, 1.0)])), Error::NotFinite { .. }));
        let zero = refused(&ratio(&[(0.0, 1.0)]));
        assert!(matches!(zero, Error::NotPositive { .. }) && zero.to_string().contains("linear"), "{zero}");
        let mut lines = ratio(&[(1.0, 1.0)]);
        lines.reference = Some(Reference { y: -1.0, label: "real time".into() });
        assert!(refused(&lines).to_string().contains("real time"));
        lines.reference = None;
        lines.highlight = Some(Highlight { x: 1.0, y: f64::NAN, label: "best".into() });
        assert!(refused(&lines).to_string().contains("best"));
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
}
