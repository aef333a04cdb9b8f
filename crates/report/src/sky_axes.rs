//! Right ascension and declination along the edges of an image.
//!
//! Each edge is followed in small steps through the exact projection ([`types::RaDec::from_lm`]), so that ticks are
//! right far from the center and next to the pole, where the lines of equal right ascension fan out.

use types::{ImageGeometry, RaDec};

/// Which coordinate is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SkyAxis {
    /// Right ascension, in seconds of time.
    Ra,
    /// Declination, in arcseconds.
    Dec,
}

/// An edge of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// South: from East (x = −0.5) to West.
    Bottom,
    /// North.
    Top,
    /// East: from South (y = −0.5) to North.
    Left,
    /// West.
    Right,
}

/// A round value on an edge.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Place along the edge, 0 to 1.
    pub(crate) place: f64,
    /// Its value.
    pub(crate) label: String,
}

/// Millionths of the unit (second of time or arcsecond), exact.
type Micro = i64;

const UNIT: Micro = 1_000_000;
const DAY: Micro = 86_400 * UNIT;
/// Points that an edge is followed through.
const N_POINT: usize = 1024;

impl SkyAxis {
    fn value(self, dir: RaDec) -> f64 {
        let degrees = |rad: f64| rad.to_degrees();
        match self {
            SkyAxis::Ra => degrees(dir.ra_rad) * 240.0 * UNIT as f64,
            SkyAxis::Dec => degrees(dir.dec_rad) * 3600.0 * UNIT as f64,
        }
    }

    /// Differences are taken the short way round.
    fn difference(self, from: f64, to: f64) -> f64 {
        match self {
            SkyAxis::Ra => (to - from + DAY as f64 / 2.0).rem_euclid(DAY as f64) - DAY as f64 / 2.0,
            SkyAxis::Dec => to - from,
        }
    }

    /// Steps from the finest to the coarsest that make round sexagesimal values.
    fn steps(self) -> Vec<Micro> {
        let decimal = (0..6).flat_map(|k| [1, 2, 5].map(|d| d * 10_i64.pow(k)));
        let sixtieths = [1, 60].into_iter().flat_map(|base| [1, 2, 5, 10, 20, 30].map(|d| d * base * UNIT));
        let whole: &[Micro] = match self {
            SkyAxis::Ra => &[1, 2, 3, 6, 12],
            SkyAxis::Dec => &[1, 2, 5, 10, 15, 30],
        };
        decimal.chain(sixtieths).chain(whole.iter().map(|h| h * 3600 * UNIT)).collect()
    }

    /// A value with the digits that neighbors `step` apart differ in.
    fn label(self, value: Micro, step: Micro) -> String {
        let (sign, value) = match self {
            SkyAxis::Ra => ("", value.rem_euclid(DAY)),
            SkyAxis::Dec => (if value < 0 { "-" } else { "+" }, value.abs()),
        };
        let (whole, micro) = (value / UNIT, value % UNIT);
        let text = format!("{sign}{:02}:{:02}", whole / 3600, whole / 60 % 60);
        if step % (60 * UNIT) == 0 {
            return text;
        }
        let text = format!("{text}:{:02}", whole % 60);
        let decimals = (0..=6).find(|&d| step % 10_i64.pow(6 - d) == 0).unwrap_or(6) as usize;
        if decimals == 0 { text } else { format!("{text}.{}", &format!("{micro:06}")[..decimals]) }
    }
}

/// One coordinate along one edge.
pub(crate) struct EdgeValues {
    axis: SkyAxis,
    /// Value at each of `N_POINT + 1` points; `None` off the sky.
    values: Vec<Option<f64>>,
}

impl EdgeValues {
    pub(crate) fn new(axis: SkyAxis, edge: Edge, geometry: &ImageGeometry, center: RaDec) -> Self {
        let far = |n: usize| n as f64 - 0.5;
        let at = |i: usize| {
            let along = |n: usize| i as f64 / N_POINT as f64 * n as f64 - 0.5;
            let (x, y) = match edge {
                Edge::Bottom => (along(geometry.nx), -0.5),
                Edge::Top => (along(geometry.nx), far(geometry.ny)),
                Edge::Left => (-0.5, along(geometry.ny)),
                Edge::Right => (far(geometry.nx), along(geometry.ny)),
            };
            RaDec::from_lm(center, geometry.l(x), geometry.m(y)).map(|dir| axis.value(dir))
        };
        EdgeValues { axis, values: (0..=N_POINT).map(at).collect() }
    }

    /// The smallest round step that puts at most `max_ticks` on this edge; `None` where there is nothing to mark.
    pub(crate) fn step(&self, max_ticks: usize) -> Option<Micro> {
        self.axis.steps().into_iter().find(|&step| self.count(step) <= max_ticks as f64)
    }

    /// The ticks of a step, in order along the edge.
    pub(crate) fn ticks(&self, step: Micro) -> Vec<Tick> {
        let mut ticks = Vec::new();
        for (i, (from, to)) in self.pieces() {
            let (low, high) = (from.min(to), from.max(to));
            let mut here: Vec<Tick> = ((low / step as f64).ceil() as i64..)
                .map(|k| k * step)
                // Half open, so that a value right at a point is marked once.
                .take_while(|&v| (v as f64) < high)
                .map(|v| Tick {
                    place: (i as f64 + (v as f64 - from) / (to - from)) / N_POINT as f64,
                    label: self.axis.label(v, step),
                })
                .collect();
            here.sort_by(|a, b| a.place.total_cmp(&b.place));
            ticks.append(&mut here);
        }
        ticks
    }

    /// Values at the ends of each piece of the edge, without the jump where an edge passes the pole.
    fn pieces(&self) -> impl Iterator<Item = (usize, (f64, f64))> {
        let piece = |(i, pair): (usize, &[Option<f64>])| {
            let (from, to) = (pair[0]?, pair[1]?);
            let by = self.axis.difference(from, to);
            (by.abs() < DAY as f64 / 8.0 && by != 0.0).then_some((i, (from, from + by)))
        };
        self.values.windows(2).enumerate().filter_map(piece)
    }

    /// Upper estimate of the number of ticks, without making them.
    fn count(&self, step: Micro) -> f64 {
        let below = |v: f64| (v / step as f64).ceil();
        self.pieces().map(|(_, (from, to))| (below(to) - below(from)).abs()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ARCSEC_RAD;

    fn center(ra_deg: f64, dec_deg: f64) -> RaDec {
        RaDec { ra_rad: ra_deg.to_radians(), dec_rad: dec_deg.to_radians() }
    }

    fn parse(label: &str) -> f64 {
        let negative = label.starts_with('-');
        let parts: Vec<f64> =
            label.trim_start_matches(['+', '-']).split(':').map(|p| p.parse().unwrap()).collect();
        let value = parts[0] * 3600.0 + parts[1] * 60.0 + parts.get(2).unwrap_or(&0.0);
        if negative { -value } else { value }
    }

    #[test]
    fn every_tick_lies_where_its_label_says() {
        for (dec_deg, cell, n) in
            [(0.0, 2.0, 1024), (-30.7, 60.0, 2000), (89.3, 10.0, 512), (-90.0, 5.0, 300)]
        {
            let (geometry, middle) =
                (ImageGeometry { nx: n, ny: n, cell_rad: cell * ARCSEC_RAD }, center(359.9, dec_deg));
            for (axis, edge) in
                [(SkyAxis::Ra, Edge::Bottom), (SkyAxis::Ra, Edge::Top), (SkyAxis::Dec, Edge::Left)]
            {
                let values = EdgeValues::new(axis, edge, &geometry, middle);
                let ticks = values.ticks(values.step(6).unwrap());
                assert!((1..=6).contains(&ticks.len()), "{dec_deg} {axis:?} {edge:?}: {ticks:?}");
                for tick in ticks {
                    let along = tick.place * n as f64 - 0.5;
                    let (x, y) = match edge {
                        Edge::Bottom => (along, -0.5),
                        Edge::Top => (along, n as f64 - 0.5),
                        _ => (-0.5, along),
                    };
                    let dir = RaDec::from_lm(middle, geometry.l(x), geometry.m(y)).unwrap();
                    let got = axis.value(dir) / UNIT as f64;
                    let off =
                        axis.difference(got * UNIT as f64, parse(&tick.label) * UNIT as f64) / UNIT as f64;
                    // A hundredth of a pixel near the equator; the lines crowd at the pole.
                    let per_pixel = cell / 15.0 / dir.dec_rad.cos().max(1e-3);
                    assert!(off.abs() < 0.1 * per_pixel.max(cell), "{dec_deg} {tick:?}: {off}");
                }
            }
        }
    }

    #[test]
    fn right_ascension_falls_to_the_right_and_neighbors_differ() {
        for cell in [1e-3, 0.1, 2.0, 30.0, 200.0] {
            let geometry = ImageGeometry { nx: 800, ny: 600, cell_rad: cell * ARCSEC_RAD };
            let values = EdgeValues::new(SkyAxis::Ra, Edge::Bottom, &geometry, center(120.0, 20.0));
            let ticks = values.ticks(values.step(5).unwrap());
            assert!((2..=5).contains(&ticks.len()), "{cell}: {ticks:?}");
            for pair in ticks.windows(2) {
                assert!(
                    pair[0].place < pair[1].place && parse(&pair[0].label) > parse(&pair[1].label),
                    "{pair:?}"
                );
            }
        }
    }

    #[test]
    fn labels_have_the_digits_they_need() {
        let s = UNIT;
        assert_eq!(SkyAxis::Ra.label(-3600 * s, 60 * s), "23:00");
        assert_eq!(SkyAxis::Ra.label(86_400 * s + 61 * s, s), "00:01:01");
        assert_eq!(SkyAxis::Ra.label(61 * s + s / 2, s / 2), "00:01:01.5");
        assert_eq!(SkyAxis::Ra.label(s + 20_000, 20_000), "00:00:01.02");
        assert_eq!(SkyAxis::Dec.label(-90 * s, 30 * s), "-00:01:30");
        assert_eq!(SkyAxis::Dec.label(0, 3600 * s), "+00:00");
    }

    #[test]
    fn an_edge_off_the_sky_has_no_ticks() {
        let geometry = ImageGeometry { nx: 100, ny: 100, cell_rad: 0.03 };
        let values = EdgeValues::new(SkyAxis::Ra, Edge::Bottom, &geometry, center(0.0, 45.0));
        assert!(values.ticks(values.step(5).unwrap()).is_empty());
        let near = ImageGeometry { nx: 100, ny: 100, cell_rad: 0.012 };
        assert!(
            !EdgeValues::new(SkyAxis::Dec, Edge::Left, &near, center(0.0, 45.0))
                .ticks(3600 * UNIT * 10)
                .is_empty()
        );
    }
}
