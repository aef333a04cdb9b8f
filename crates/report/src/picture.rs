//! A picture of an image: coordinates, color bar, beam, scale, marks; as PNG.
//!
//! The image is shown in linear color from a few σ below its median to well above the noise, sources saturating where
//! they must. Row 0 of the image is at the bottom, so North is up and East to the left. The bytes depend on the
//! arguments alone.

use crate::canvas::{BLACK, Canvas, Rect, Rgb, WHITE, text_width};
use crate::png_file::write_drawn;
use crate::resample::resample;
use crate::scale::{Reading, Statistics, bar_ticks, shade, statistics};
use crate::sky_axes::{Edge, EdgeValues, SkyAxis, Tick};
use crate::{Error, labels};
use ndarray::Array2;
use std::path::Path;
use types::{Beam, ImageGeometry, ImageHeader};

/// Longer side of the image as shown, pixels.
const FRAME: usize = 740;
/// Shorter side of very long images, so that something is seen.
const MIN_FRAME: usize = 8;
/// Height kept for the image and the bar where the image is flat.
const MIN_AREA: usize = 240;
const TOP: usize = 72;
const BOTTOM: usize = 92;
/// From the image to the right border: the bar and its values.
const RIGHT: usize = 160;
const BAR_GAP: usize = 20;
const BAR_WIDTH: usize = 22;
const GRAY: Rgb = [90, 90, 90];
/// Ticks along an edge, at most.
const MAX_TICKS: usize = 7;

/// A place worth looking at: a circle with a short label.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Column of the image, counted from 0; may lie between pixels. Marks outside the image are not drawn.
    pub x: f64,
    /// Row of the image, counted from 0.
    pub y: f64,
    /// Written beside the circle; may be empty.
    pub label: String,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Picture<'a, T> {
    /// The image `[ny, nx]`, x to the West and y to the North, in `header.unit`; pixels that are not finite are gray.
    pub pixels: &'a Array2<T>,
    /// Size and cell.
    pub geometry: ImageGeometry,
    /// Field, telescope, frequency, direction, unit and beam.
    pub header: &'a ImageHeader,
    /// First line.
    pub title: String,
    /// Circles over the image.
    pub marks: Vec<Mark>,
}

/// Draws `picture`, about 1000 × 900 pixels, and writes it as PNG; the file appears whole or not at all.
///
/// # Errors
/// When the pixels are not those of the geometry, the file exists and `overwrite` is false, or it cannot be written.
pub fn write_png<T: Into<f64> + Copy>(
    path: &Path,
    picture: &Picture<'_, T>,
    overwrite: bool,
) -> Result<(), Error> {
    let (expected, got) = ((picture.geometry.nx, picture.geometry.ny), picture.pixels.dim());
    let got = (got.1, got.0);
    if expected != got || picture.pixels.is_empty() {
        return Err(Error::Shape { path: path.into(), expected, got });
    }
    write_drawn(path, overwrite, || draw(picture).canvas)
}

/// The picture and where its parts lie.
pub(crate) struct Drawn {
    pub(crate) canvas: Canvas,
    pub(crate) frame: Rect,
    pub(crate) bar: Rect,
    pub(crate) beam: Option<Rect>,
}

pub(crate) fn draw<T: Into<f64> + Copy>(picture: &Picture<'_, T>) -> Drawn {
    let stats = statistics(picture.pixels);
    let axes = SkyTicks::new(&picture.geometry, picture.header);
    let (canvas, frame, bar) = lay_out(&picture.geometry, axes.left_margin());
    let mut drawn = Drawn { canvas, frame, bar, beam: None };
    drawn.image(picture.pixels, &stats);
    drawn.sky_axes(&axes, labels::frame(picture.header));
    drawn.color_bar(&stats, &picture.header.unit);
    drawn.beam = picture.header.beam.as_ref().and_then(|b| drawn.beam(b, &picture.geometry));
    drawn.scale_bar(&picture.geometry);
    for mark in &picture.marks {
        drawn.mark(mark, &picture.geometry);
    }
    drawn.texts(picture, &stats);
    drawn
}

/// Sides of the image as shown.
fn frame_size(geometry: &ImageGeometry) -> (usize, usize) {
    let scale = FRAME as f64 / geometry.nx.max(geometry.ny) as f64;
    let side = |n: usize| ((n as f64 * scale).round() as usize).clamp(MIN_FRAME, FRAME);
    (side(geometry.nx), side(geometry.ny))
}

fn lay_out(geometry: &ImageGeometry, left: usize) -> (Canvas, Rect, Rect) {
    let (width, height) = frame_size(geometry);
    let area = height.max(MIN_AREA);
    let frame = Rect { x: left + (FRAME - width) / 2, y: TOP + (area - height) / 2, width, height };
    let bar = Rect { x: frame.right() + BAR_GAP, y: TOP, width: BAR_WIDTH, height: area };
    (Canvas::new(left + FRAME + RIGHT, TOP + area + BOTTOM), frame, bar)
}

/// Ticks of the four edges; the first of each pair is labeled.
struct SkyTicks {
    ra: [Vec<Tick>; 2],
    dec: [Vec<Tick>; 2],
}

impl SkyTicks {
    fn new(geometry: &ImageGeometry, header: &ImageHeader) -> Self {
        let (width, height) = frame_size(geometry);
        let edge = |axis, edge| EdgeValues::new(axis, edge, geometry, header.phase_center);
        let ra = [Edge::Bottom, Edge::Top].map(|e| edge(SkyAxis::Ra, e));
        let dec = [Edge::Left, Edge::Right].map(|e| edge(SkyAxis::Dec, e));
        SkyTicks { ra: ticks(&ra, |t| text_width(&t.label) + 24, width), dec: ticks(&dec, |_| 48, height) }
    }

    fn left_margin(&self) -> usize {
        let widest = self.dec[0].iter().map(|t| text_width(&t.label)).max().unwrap_or(0);
        widest.max(96) + 44
    }
}

/// As many ticks as have room for their labels, by the labeled edge; the same step on the edge across.
fn ticks(edges: &[EdgeValues; 2], room: impl Fn(&Tick) -> usize, length: usize) -> [Vec<Tick>; 2] {
    let roomy = |ticks: &[Tick]| {
        ticks.windows(2).all(|t| (t[1].place - t[0].place) * length as f64 >= room(&t[1]) as f64)
    };
    let most = (length / 40).clamp(1, MAX_TICKS);
    let fits = (1..=most).rev().filter_map(|n| edges[0].step(n)).find(|&step| roomy(&edges[0].ticks(step)));
    // Near a pole no even step fits: then labels without room are left out.
    let step = fits.or_else(|| edges[0].step(most));
    let of = |edge: &EdgeValues| step.map_or_else(Vec::new, |s| edge.ticks(s));
    let mut across = of(&edges[1]);
    if across.len() > 4 * MAX_TICKS {
        across.clear();
    }
    [of(&edges[0]), across]
}

impl Drawn {
    fn image<T: Into<f64> + Copy>(&mut self, pixels: &Array2<T>, stats: &Statistics) {
        let frame = self.frame;
        let shown = resample(pixels, frame.width, frame.height);
        for ((row, column), &value) in shown.indexed_iter() {
            self.canvas.set(frame.x + column, frame.bottom() - 1 - row, stats.color(value));
        }
        self.canvas.outline(frame, BLACK);
    }

    fn sky_axes(&mut self, ticks: &SkyTicks, frame_name: &str) {
        let f = self.frame;
        let along_x = |t: &Tick| f.x as f64 + t.place * f.width as f64;
        let along_y = |t: &Tick| f.bottom() as f64 - t.place * f.height as f64;
        let long = 9.min(f.width / 3).min(f.height / 3);
        for (row, ticks) in [f.bottom() - long, f.y].into_iter().zip(&ticks.ra) {
            for t in ticks {
                self.tick(Rect { x: column(along_x(t), f), y: row, width: 1, height: long });
            }
        }
        for (x, ticks) in [f.x, f.right() - long].into_iter().zip(&ticks.dec) {
            for t in ticks {
                let y = (along_y(t) as usize).clamp(f.y, f.bottom() - 1);
                self.tick(Rect { x, y, width: long, height: 1 });
            }
        }
        let mut free_from = 0.0;
        for t in &ticks.ra[0] {
            let (x, half) = (along_x(t), text_width(&t.label) as f64 / 2.0);
            if x - half >= free_from {
                self.canvas.text_centered(x, f.bottom() as f64 + 17.0, &t.label, BLACK);
                free_from = x + half + 12.0;
            }
        }
        let mut free_below = f64::MAX;
        for t in &ticks.dec[0] {
            let (y, left) = (along_y(t), f.x as isize - 10 - text_width(&t.label) as isize);
            if y + 10.0 <= free_below {
                self.canvas.text(left, (y - 7.0).round() as isize, &t.label, BLACK);
                free_below = y - 10.0;
            }
        }
        self.axis_names(ticks, frame_name);
    }

    fn axis_names(&mut self, ticks: &SkyTicks, frame_name: &str) {
        let f = self.frame;
        let ra = format!("Right ascension ({frame_name})");
        self.canvas.text_centered(f.x as f64 + f.width as f64 / 2.0, f.bottom() as f64 + 42.0, &ra, BLACK);
        let dec = if f.height >= 260 { format!("Declination ({frame_name})") } else { "Dec".into() };
        let start = f.y as f64 + f.height as f64 / 2.0 + text_width(&dec) as f64 / 2.0;
        let x = f.x as isize - ticks.left_margin() as isize + 6;
        self.canvas.text_upward(x, start.round() as isize, &dec, BLACK);
    }

    /// White in a dark rim: seen on any color.
    fn tick(&mut self, rect: Rect) {
        let f = self.frame;
        for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
            for x in rect.x..rect.right() {
                for y in rect.y..rect.bottom() {
                    let (x, y) = (x.wrapping_add_signed(dx), y.wrapping_add_signed(dy));
                    if (f.x..f.right()).contains(&x) && (f.y..f.bottom()).contains(&y) {
                        self.canvas.set(x, y, GRAY);
                    }
                }
            }
        }
        self.canvas.fill(rect, WHITE);
    }

    fn color_bar(&mut self, stats: &Statistics, unit: &str) {
        let bar = self.bar;
        for y in 0..bar.height {
            let place = 1.0 - (y as f64 + 0.5) / bar.height as f64;
            self.canvas.fill(Rect { x: bar.x, y: bar.y + y, width: bar.width, height: 1 }, shade(place));
        }
        self.canvas.outline(bar, BLACK);
        let reading = Reading::new(stats.low.abs().max(stats.high.abs()), unit);
        let ticks = bar_ticks(stats, &reading);
        for (place, text) in &ticks {
            let y = bar.bottom() as f64 - place * bar.height as f64;
            let row = (y as usize).clamp(bar.y, bar.bottom() - 1);
            self.canvas.fill(Rect { x: bar.right() + 1, y: row, width: 5, height: 1 }, BLACK);
            self.canvas.text(bar.right() as isize + 11, (y - 7.0).round() as isize, text, BLACK);
        }
        let widest = ticks.iter().map(|t| text_width(&t.1)).max().unwrap_or(0);
        let x = (bar.right() + 11 + widest + 12) as isize;
        let start = bar.y as f64 + (bar.height + text_width(&reading.unit)) as f64 / 2.0;
        self.canvas.text_upward(x, start.round() as isize, &reading.unit, BLACK);
    }

    /// The beam in the lower left corner, at the scale of the image; not drawn where it would fill the picture.
    fn beam(&mut self, beam: &Beam, geometry: &ImageGeometry) -> Option<Rect> {
        let f = self.frame;
        let px = f.width as f64 / geometry.nx as f64 / geometry.cell_rad / 2.0;
        let (a, b) = ((beam.bmaj_rad * px).max(1.0), (beam.bmin_rad * px).max(1.0));
        let side = ((2.0 * a) as usize).saturating_add(16);
        let is_known = [beam.bmaj_rad, beam.bmin_rad, beam.bpa_rad].iter().all(|v| v.is_finite());
        if !is_known || side.saturating_add(24) > f.width.min(f.height) {
            return None;
        }
        let field = Rect { x: f.x + 12, y: f.bottom() - 12 - side, width: side, height: side };
        self.canvas.fill(field, WHITE);
        self.canvas.outline(field, BLACK);
        let middle = side as f64 / 2.0;
        // North is up (−y) and East left (−x): the major axis points along (−sin PA, −cos PA).
        let (sin, cos) = beam.bpa_rad.sin_cos();
        let center = (field.x as f64 + middle, field.y as f64 + middle, a + 1.0);
        self.canvas.paint(field, center, BLACK, |dx, dy| {
            let (major, minor) = (-dx * sin - dy * cos, -dx * cos + dy * sin);
            (major / a).powi(2) + (minor / b).powi(2) <= 1.0
        });
        Some(field)
    }

    /// A round angle in the lower right corner, exact across the center of the field.
    fn scale_bar(&mut self, geometry: &ImageGeometry) {
        let f = self.frame;
        if f.width < 160 || f.height < 60 {
            return;
        }
        let shown =
            |rad: f64| 2.0 * (rad / 2.0).sin() / geometry.cell_rad * f.width as f64 / geometry.nx as f64;
        let Some((rad, length)) =
            round_angles().map(|a| (a, shown(a))).filter(|a| a.1 <= f.width as f64 / 4.0).last()
        else {
            return;
        };
        let length = length.round() as usize;
        let text = types::format_angle(rad);
        let middle = (f.right() - 16) as f64 - (length.max(text_width(&text)) as f64) / 2.0;
        let y = f.bottom() - 22;
        let bar = Rect { x: (middle - length as f64 / 2.0).round() as usize, y, width: length, height: 3 };
        self.canvas.outline(bar, BLACK);
        self.canvas.fill(bar, WHITE);
        let left = middle - text_width(&text) as f64 / 2.0;
        self.canvas.text_rimmed(left.round() as isize, y as isize - 22, &text);
    }

    fn mark(&mut self, mark: &Mark, geometry: &ImageGeometry) {
        let f = self.frame;
        let x = (mark.x + 0.5) / geometry.nx as f64;
        let y = (mark.y + 0.5) / geometry.ny as f64;
        if !((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)) {
            return;
        }
        let (x, y) = (f.x as f64 + x * f.width as f64, f.bottom() as f64 - y * f.height as f64);
        let ring = |inner: f64, outer: f64| move |dx: f64, dy: f64| (inner..=outer).contains(&dx.hypot(dy));
        self.canvas.paint(f, (x, y, 14.0), BLACK, ring(9.5, 13.5));
        self.canvas.paint(f, (x, y, 14.0), WHITE, ring(10.5, 12.5));
        let width = text_width(&mark.label) as f64;
        let right = x + 18.0;
        let left = if right + width < f.right() as f64 { right } else { x - 18.0 - width };
        let top = (y - 7.0).clamp(f.y as f64 + 2.0, (f.bottom().max(f.y + 20) - 18) as f64);
        self.canvas.text_rimmed(left.round() as isize, top.round() as isize, &mark.label);
    }

    fn texts<T>(&mut self, picture: &Picture<'_, T>, stats: &Statistics) {
        let width = self.canvas.width - 40;
        let title = labels::fitted(&picture.title, width);
        // Twice, a pixel apart: bold.
        self.canvas.text(20, 12, &title, BLACK);
        self.canvas.text(21, 12, &title, BLACK);
        let subtitle = labels::fitted(&labels::subtitle(picture.header, &picture.geometry), width);
        self.canvas.text(20, 36, &subtitle, GRAY);
        let beam = picture.header.beam.as_ref().map(labels::beam);
        let facts = labels::statistics(stats, &picture.header.unit);
        let y = self.canvas.height as isize - 26;
        let footer = [Some(facts), beam].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        self.canvas.text(20, y, &labels::fitted(&footer, width), GRAY);
    }
}

/// The column of the frame that an x coordinate falls on.
fn column(x: f64, frame: Rect) -> usize {
    (x as usize).clamp(frame.x, frame.right() - 1)
}

/// Angles that read well, rising, radians: from a milliarcsecond to 30 degrees.
fn round_angles() -> impl Iterator<Item = f64> {
    let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0];
    let small = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0].map(|mas| mas / 1e3);
    let large = [1.0, 60.0, 3600.0].into_iter().flat_map(move |unit| steps.map(|s| s * unit));
    small.into_iter().chain(large).map(|arcsec| arcsec * types::ARCSEC_RAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{ARCSEC_RAD, RaDec, SkyFrame, SpectralFrame, Stokes};

    const CELL_RAD: f64 = 2.0 * ARCSEC_RAD;

    fn header(beam: Option<Beam>) -> ImageHeader {
        ImageHeader {
            object: "Field".into(),
            telescope: "Array".into(),
            observer: String::new(),
            phase_center: RaDec { ra_rad: 1.0, dec_rad: 0.5 },
            frame: SkyFrame::Icrs,
            freq_hz: 1.4e9,
            bandwidth_hz: 1e6,
            rest_freq_hz: None,
            spectral_frame: SpectralFrame::Topo,
            start_mjd_s: 0.0,
            end_mjd_s: 1.0,
            stokes: Stokes::I,
            unit: "Jy/beam".into(),
            beam,
            history: Vec::new(),
        }
    }

    fn drawn(n: usize, beam: Option<Beam>) -> Drawn {
        let pixels = Array2::from_shape_fn((n, n), |(y, x)| (y * 31 + x * 17) as f64 % 101.0);
        let geometry = ImageGeometry { nx: n, ny: n, cell_rad: CELL_RAD };
        let header = header(beam);
        draw(&Picture { pixels: &pixels, geometry, header: &header, title: String::new(), marks: Vec::new() })
    }

    fn color(canvas: &Canvas, x: usize, y: usize) -> [f64; 3] {
        let at = 3 * (y * canvas.width + x);
        std::array::from_fn(|i| f64::from(canvas.rgb[at + i]))
    }

    #[test]
    fn the_bar_grows_brighter_upward() {
        let Drawn { canvas, bar, .. } = drawn(50, None);
        let light = |y: usize| {
            let [r, g, b] = color(&canvas, bar.x + bar.width / 2, y);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let steps: Vec<f64> = (bar.y..bar.bottom()).rev().map(light).collect();
        // Colors are rounded to 8 bits: a step may fall by one of them.
        assert!(steps.windows(2).all(|w| w[1] > w[0] - 1.0), "{steps:?}");
        assert!(steps[0] < 40.0 && steps[steps.len() - 1] > 200.0, "{steps:?}");
    }

    #[test]
    fn the_beam_leans_as_its_position_angle_says() {
        for pa_deg in [0.0, 30.0, 90.0, 150.0, -20.0_f64] {
            let beam =
                Beam { bmaj_rad: 20.0 * CELL_RAD, bmin_rad: 6.0 * CELL_RAD, bpa_rad: pa_deg.to_radians() };
            let Drawn { canvas, frame, beam: field, .. } = drawn(100, Some(beam));
            let field = field.unwrap();
            let (mut weight, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0);
            for y in field.y..field.bottom() {
                for x in field.x..field.right() {
                    let ink = 1.0 - color(&canvas, x, y)[0] / 255.0;
                    // East (left) and North (up) of the middle.
                    let east = field.x as f64 + field.width as f64 / 2.0 - (x as f64 + 0.5);
                    let north = field.y as f64 + field.height as f64 / 2.0 - (y as f64 + 0.5);
                    weight += ink;
                    xx += ink * east * east;
                    yy += ink * north * north;
                    xy += ink * east * north;
                }
            }
            let got = (0.5 * (2.0 * xy).atan2(yy - xx)).to_degrees();
            let off = (got - pa_deg + 90.0).rem_euclid(180.0) - 90.0;
            assert!(off.abs() < 1.0, "{pa_deg}: {got}");
            // Second moment of a filled ellipse along its major axis: a² / 4.
            let (mean, half) = ((xx + yy) / 2.0, (((yy - xx) / 2.0).powi(2) + xy * xy).sqrt());
            let a_cells = 2.0 * ((mean + half) / weight).sqrt() / frame.width as f64 * 100.0;
            assert!((a_cells - 10.0).abs() < 0.2, "{pa_deg}: {a_cells}");
        }
    }

    #[test]
    fn a_beam_larger_than_the_image_is_not_drawn() {
        let beam = Beam { bmaj_rad: 300.0 * CELL_RAD, bmin_rad: 6.0 * CELL_RAD, bpa_rad: 0.0 };
        assert_eq!(drawn(100, Some(beam)).beam, None);
        assert_eq!(drawn(100, Some(Beam { bmaj_rad: f64::NAN, ..beam })).beam, None);
    }

    #[test]
    fn every_pixel_of_a_small_image_is_shown_where_it_lies() {
        let mut pixels = Array2::zeros((4, 5));
        pixels[[3, 0]] = 1.0;
        let (geometry, header) = (ImageGeometry { nx: 5, ny: 4, cell_rad: CELL_RAD }, header(None));
        let picture =
            Picture { pixels: &pixels, geometry, header: &header, title: String::new(), marks: Vec::new() };
        let Drawn { canvas, frame, .. } = draw(&picture);
        assert_eq!((frame.width, frame.height), (740, 592));
        for (row, column) in (0..4).flat_map(|y| (0..5).map(move |x| (y, x))) {
            let (x, y) = (frame.x + column * 148 + 74, frame.bottom() - row * 148 - 74);
            let want = shade(if (row, column) == (3, 0) { 1.0 } else { 0.0 }).map(f64::from);
            assert_eq!(color(&canvas, x, y), want, "row {row}, column {column}");
        }
    }
}
