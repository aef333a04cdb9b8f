//! Who worked on what, when: a row per lane, a color per kind of work, time to the right.

use super::axis::{Range, time_unit};
use super::bars::{self, Rows};
use super::legend::Legend;
use super::palette::color;
use super::sheet::{GRAY, GRID, Sheet, TEXT_HEIGHT};
use crate::Error;
use crate::canvas::{BLACK, Rect, text_width};
use crate::labels::fitted;
use crate::png_file::write_drawn;
use std::path::Path;

/// Rows of pixels that a lane has, as long as the chart does not get higher than [`TALLEST`].
const LEAST_PITCH: usize = 4;
/// Greatest height of the frame, pixels; more lanes share rows of pixels.
const TALLEST: usize = 1600;
/// Widest label of a lane and of a group, pixels.
const MAX_LABEL: usize = 168;
/// Pixels between columns of labels.
const GAP: usize = 14;

/// Something that works: a thread, a replica, a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Written beside its row.
    pub label: String,
    /// Lanes of one group that follow each other are drawn as one block with this label; may be empty.
    pub group: String,
}

/// A time during which a lane worked.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Index into the lanes.
    pub i_lane: usize,
    /// Index into the kinds; gives the color.
    pub i_kind: usize,
    /// Written into the bar where it fits, such as the number of a frame; may be empty.
    pub label: String,
    /// When it started, seconds.
    pub start_s: f64,
    /// When it ended, seconds; not before `start_s`.
    pub end_s: f64,
}

/// A chart of spans of time; what is left blank was idle.
///
/// Spans of one lane should not overlap; where they do, their colors mix. Spans narrower than a pixel are drawn as
/// strong as the share of its time that they cover, but never so faint that they vanish.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gantt {
    /// First line.
    pub title: String,
    /// Second line.
    pub subtitle: String,
    /// Rows from the top.
    pub lanes: Vec<Lane>,
    /// Names of the kinds of work, for the legend.
    pub kinds: Vec<String>,
    /// In any order.
    pub spans: Vec<Span>,
    /// The time that is shown, from and to, seconds; all of the spans where it is `None`.
    pub window_s: Option<(f64, f64)>,
}

/// Draws `gantt`, 1000 × 600 pixels or higher for many lanes, and writes it as PNG; the file appears whole or not at all.
///
/// # Errors
/// When a time is not finite or runs backward, a span's lane or kind does not exist, the file exists and `overwrite` is
/// false, or it cannot be written.
pub fn write_gantt(path: &Path, gantt: &Gantt, overwrite: bool) -> Result<(), Error> {
    gantt.check(path)?;
    write_drawn(path, overwrite, || draw(gantt).canvas)
}

impl Gantt {
    fn check(&self, path: &Path) -> Result<(), Error> {
        for (i, span) in self.spans.iter().enumerate() {
            for (what, index, count) in
                [("lane", span.i_lane, self.lanes.len()), ("kind", span.i_kind, self.kinds.len())]
            {
                if index >= count {
                    let what = format!("the {what} of span {i}");
                    return Err(Error::NoSuch { path: path.into(), what, index, count });
                }
            }
            check_times(path, || format!("span {i}"), (span.start_s, span.end_s))?;
        }
        match self.window_s {
            Some((from_s, to_s)) if from_s == to_s => {
                Err(Error::Backward { path: path.into(), what: "the window".into(), from_s, to_s })
            }
            Some(window) => check_times(path, || "the window".into(), window),
            None => Ok(()),
        }
    }

    /// The time that is shown, seconds.
    fn window(&self) -> (f64, f64) {
        let all = || {
            let ends = (f64::INFINITY, f64::NEG_INFINITY);
            self.spans.iter().fold(ends, |(from, to), s| (from.min(s.start_s), to.max(s.end_s)))
        };
        let window = self.window_s.unwrap_or_else(all);
        if window.0 <= window.1 { window } else { (0.0, 1.0) }
    }

    /// First lane of each group, and one past the last.
    fn groups(&self) -> impl Iterator<Item = (usize, usize, &str)> {
        let mut end = 0;
        self.lanes.chunk_by(|a, b| a.group == b.group).map(move |lanes| {
            let start = end;
            end += lanes.len();
            (start, end, lanes[0].group.as_str())
        })
    }
}

fn check_times(path: &Path, what: impl Fn() -> String, (from_s, to_s): (f64, f64)) -> Result<(), Error> {
    if let Some(&value) = [from_s, to_s].iter().find(|t| !t.is_finite()) {
        return Err(Error::NotFinite { path: path.into(), what: format!("a time of {}", what()), value });
    }
    if from_s > to_s {
        return Err(Error::Backward { path: path.into(), what: what(), from_s, to_s });
    }
    Ok(())
}

fn draw(gantt: &Gantt) -> Sheet {
    let widest =
        |labels: &mut dyn Iterator<Item = &str>| labels.map(text_width).max().unwrap_or(0).min(MAX_LABEL);
    let lane_width = widest(&mut gantt.lanes.iter().map(|l| l.label.as_str()));
    let group_width = widest(&mut gantt.lanes.iter().map(|l| l.group.as_str()));
    let left = [group_width, lane_width].into_iter().filter(|&w| w > 0).map(|w| w + GAP).sum::<usize>() + 20;
    let legend = Legend::new(gantt.kinds.iter().map(String::as_str));
    let mut sheet = Sheet::new(left, (LEAST_PITCH * gantt.lanes.len()).min(TALLEST), &legend);
    sheet.titles(&gantt.title, &gantt.subtitle);

    let (from, to) = gantt.window();
    let (unit_s, unit) = time_unit(from.abs().max(to.abs()));
    let range = Range::between(from / unit_s, to / unit_s);
    let ticks = range.ticks(10, |ticks| sheet.fits_x(ticks));
    sheet.x_axis(&ticks, &format!("time ({unit})"));

    name_groups(&mut sheet, gantt, group_width);
    bars::draw(&mut sheet, gantt, |time_s| range.place(time_s / unit_s));
    name_lanes(&mut sheet, gantt, lane_width);
    sheet.outline();
    if gantt.spans.is_empty() {
        sheet.blank("nothing to show");
    }
    let top = sheet.legend_top();
    legend.draw(&mut sheet.canvas, top, |canvas, i, field| {
        canvas.fill(
            Rect { x: field.x, width: field.width, y: field.y + 1, height: field.height - 2 },
            color(i),
        );
    });
    sheet
}

/// A line above each group but the first, and its name beside its middle where there is room.
fn name_groups(sheet: &mut Sheet, gantt: &Gantt, width: usize) {
    let (rows, frame) = (Rows::new(sheet.frame, gantt.lanes.len()), sheet.frame);
    let (mut free_from, mut height_above) = (0.0, 0.0);
    for (start, end, group) in gantt.groups() {
        let height = (end - start) as f64 * rows.pitch();
        let border = (frame.y as f64 + start as f64 * rows.pitch()).round() as usize;
        let least = height.min(height_above);
        if start > 0 && least >= 6.0 {
            // Through the labels too, where it does not meet their letters.
            let left = if least >= TEXT_HEIGHT as f64 { 20 } else { frame.x };
            sheet.canvas.fill(Rect { x: left, y: border, width: frame.right() - left, height: 1 }, GRID);
        }
        height_above = height;
        let middle = (rows.middle(start) + rows.middle(end - 1)) / 2.0;
        if width > 0 && middle >= free_from {
            sheet.canvas.text(20, (middle - 7.0).round() as isize, &fitted(group, width), BLACK);
            free_from = middle + TEXT_HEIGHT as f64 + 2.0;
        }
    }
}

/// Labels of the lanes, or of every second, fifth, … where they would touch.
fn name_lanes(sheet: &mut Sheet, gantt: &Gantt, width: usize) {
    let (rows, frame) = (Rows::new(sheet.frame, gantt.lanes.len()), sheet.frame);
    let apart = (TEXT_HEIGHT as f64 + 1.0) / rows.pitch();
    let round = (0..).flat_map(|k| [1, 2, 5].map(|d| d * 10_usize.pow(k)));
    let every = round.take(24).find(|&n| n as f64 >= apart).unwrap_or(usize::MAX);
    for (i, lane) in gantt.lanes.iter().enumerate().step_by(every) {
        let (middle, label) = (rows.middle(i), fitted(&lane.label, width));
        let left = frame.x as isize - 10 - text_width(&label) as isize;
        sheet.canvas.text(
            left,
            (middle - 7.0).round() as isize,
            &label,
            if every > 1 { GRAY } else { BLACK },
        );
        if every > 1 {
            sheet.canvas.fill(Rect { x: frame.x - 6, y: middle as usize, width: 5, height: 1 }, BLACK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Rgb, WHITE};

    fn lanes(n: usize) -> Vec<Lane> {
        (0..n).map(|i| Lane { label: format!("{i}"), group: format!("stage {}", i / 4) }).collect()
    }

    fn gantt(n_lane: usize, spans: &[(usize, usize, f64, f64)]) -> Gantt {
        let span = |&(i_lane, i_kind, start_s, end_s): &(usize, usize, f64, f64)| Span {
            i_lane,
            i_kind,
            label: String::new(),
            start_s,
            end_s,
        };
        let kinds = ["read", "grid", "write"].map(String::from).to_vec();
        let spans = spans.iter().map(span).collect();
        Gantt { title: "Test".into(), lanes: lanes(n_lane), kinds, spans, ..Gantt::default() }
    }

    /// Color in the middle of a lane at a share of the window.
    fn at(sheet: &Sheet, n_lane: usize, i_lane: usize, share: f64) -> Rgb {
        let x = sheet.frame.x + (share * sheet.frame.width as f64) as usize;
        let y = Rows::new(sheet.frame, n_lane).middle(i_lane) as usize;
        let i = 3 * (y * sheet.canvas.width + x);
        [sheet.canvas.rgb[i], sheet.canvas.rgb[i + 1], sheet.canvas.rgb[i + 2]]
    }

    #[test]
    fn a_span_is_where_it_should_be_and_idle_is_blank() {
        for n in [3, 40, 300] {
            let spans = [(0, 0, 0.0, 2.0), (0, 1, 3.0, 4.0), (1, 1, 2.0, 4.0), (2, 2, 1.01, 3.03)];
            let sheet = draw(&gantt(n, &spans));
            assert_eq!(sheet.canvas.width, 1000);
            assert!(sheet.canvas.height >= 600);
            for (lane, kind, from, to) in spans {
                for share in [from / 4.0 + 0.005, (from + to) / 8.0, to / 4.0 - 0.005] {
                    assert_eq!(at(&sheet, n, lane, share), color(kind), "{n}: lane {lane} at {share}");
                }
            }
            for (lane, share) in [(0, 0.51), (0, 0.74), (1, 0.49), (2, 0.24), (2, 0.77), (2, 0.97)] {
                assert_eq!(at(&sheet, n, lane, share), WHITE, "{n}: lane {lane} at {share}");
            }
        }
    }

    #[test]
    fn a_window_cuts_and_magnifies() {
        let mut chart = gantt(2, &[(0, 0, 0.0, 10.0), (1, 1, 4.1, 4.2), (1, 2, 9.0, 9.5)]);
        chart.window_s = Some((4.0, 5.0));
        let sheet = draw(&chart);
        assert_eq!([0.01, 0.99].map(|x| at(&sheet, 2, 0, x)), [color(0); 2]);
        assert_eq!((at(&sheet, 2, 1, 0.15), at(&sheet, 2, 1, 0.05)), (color(1), WHITE));
        assert_eq!(at(&sheet, 2, 1, 0.55), WHITE);
    }

    #[test]
    fn spans_narrower_than_a_pixel_are_seen_the_stronger_the_more_they_cover() {
        let busy = |share: f64| {
            let spans: Vec<_> = (0..100_000)
                .map(|i| (0, 0, f64::from(i) * 1e-5, (f64::from(i) + share) * 1e-5))
                .chain([(1, 1, 0.0, 1.0)])
                .collect();
            at(&draw(&gantt(2, &spans)), 2, 0, 0.43)
        };
        let (faint, half, full) = (busy(0.01), busy(0.5), busy(1.0));
        assert_eq!(full, color(0));
        assert!(full[0] < half[0] && half[0] < faint[0] && faint[0] < 215, "{faint:?} {half:?} {full:?}");
        let sheet = draw(&gantt(2, &[(0, 1, 0.4, 0.4), (1, 0, 0.0, 1.0)]));
        let seen = (0..sheet.frame.width).filter(|i| {
            let share = (*i as f64 + 0.5) / sheet.frame.width as f64;
            let c = at(&sheet, 2, 0, share);
            c[2] < c[0]
        });
        assert_eq!(seen.count(), 1);
    }

    #[test]
    fn a_hundred_thousand_spans_in_hundreds_of_lanes_do_not_take_long() {
        let spans: Vec<_> =
            (0..100_000).map(|i| (i % 700, i % 3, (i / 700) as f64, (i / 700) as f64 + 0.9)).collect();
        let start = std::time::Instant::now();
        let sheet = draw(&gantt(700, &spans));
        assert!(start.elapsed().as_secs() < 20);
        assert!(sheet.canvas.height <= TALLEST + 300);
    }

    #[test]
    fn charts_without_anything_are_axes() {
        for chart in [gantt(0, &[]), gantt(3, &[]), gantt(1, &[(0, 0, 5.0, 5.0)])] {
            let sheet = draw(&chart);
            let frame = sheet.frame;
            let below = Rect { x: frame.x, y: frame.bottom() + 1, width: frame.width, height: 40 };
            assert!(sheet.canvas.n_covered(below) > 100);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.png");
        let refused = |chart: &Gantt| write_gantt(&path, chart, false).unwrap_err();
        let nan = refused(&gantt(1, &[(0, 0, f64::NAN, 1.0)]));
        assert!(matches!(&nan, Error::NotFinite { what, .. } if what.contains("span 0")), "{nan}");
        assert!(matches!(refused(&gantt(1, &[(1, 0, 0.0, 1.0)])), Error::NoSuch { index: 1, count: 1, .. }));
        assert!(matches!(refused(&gantt(1, &[(0, 3, 0.0, 1.0)])), Error::NoSuch { index: 3, count: 3, .. }));
        assert!(matches!(refused(&gantt(1, &[(0, 0, 1.0, 0.5)])), Error::Backward { .. }));
        for window in [(1.0, 1.0), (2.0, 1.0)] {
            let chart = Gantt { window_s: Some(window), ..gantt(1, &[]) };
            assert!(matches!(refused(&chart), Error::Backward { .. }));
        }
        let chart = Gantt { window_s: Some((0.0, f64::INFINITY)), ..gantt(1, &[]) };
        assert!(refused(&chart).to_string().contains("window"));
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
}
