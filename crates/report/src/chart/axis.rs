//! Round values along an axis, linear or logarithmic, and how they are written.

/// How values lie along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far apart.
    #[default]
    Linear,
    /// Equal ratios are equally far apart; values must be positive.
    Log10,
}

/// A value on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Place along the axis, 0 to 1.
    pub(super) place: f64,
    /// Its value; empty for the small ticks between.
    pub(super) label: String,
}

/// The values that an axis shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    scale: Scale,
    /// Ends, logarithms where the scale is; finite, low < high.
    low: f64,
    high: f64,
}

impl Range {
    /// Exactly from `low` to `high`, linear; a little more where these coincide.
    pub(super) fn between(low: f64, high: f64) -> Self {
        let least = (1e-9 * low.abs().max(high.abs())).max(1e-9);
        Range { scale: Scale::Linear, low, high: high.max(low + least) }
    }

    /// All of `values` with some room, and zero where it is near; a decade or 0 to 1 where there are none.
    ///
    /// Values must be finite, and positive on a logarithmic scale.
    pub(super) fn covering(values: impl Iterator<Item = f64>, scale: Scale) -> Self {
        let stretched = values.map(|v| if scale == Scale::Log10 { v.log10() } else { v });
        let ends = stretched.fold(None, |ends: Option<(f64, f64)>, v| {
            Some(ends.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
        });
        let (low, high) = ends.unwrap_or((0.0, 1.0));
        match scale {
            Scale::Log10 => {
                let room = if high - low < 1e-9 { 0.3 } else { 0.05 * (high - low).max(0.2) };
                Range { scale, low: low - room, high: high + room }
            }
            Scale::Linear => {
                // Zero, where leaving it out would not win much.
                let is_near = |near: f64, far: f64| near / far <= 0.6 || near == far;
                let low = if low > 0.0 && is_near(low, high) { 0.0 } else { low };
                let high = if high < 0.0 && is_near(high, low) { 0.0 } else { high };
                let high = if low == high { 1.0 } else { high };
                let room = 0.1 * (high / 2.0 - low / 2.0);
                let anchored = |end: f64, room: f64| {
                    if end == 0.0 { end } else { (end + room).clamp(-f64::MAX, f64::MAX) }
                };
                Range { scale, low: anchored(low, -room), high: anchored(high, room) }
            }
        }
    }

    /// Place of a value along the axis: 0 at the low end, 1 at the high one.
    pub(super) fn place(&self, value: f64) -> f64 {
        let value = if self.scale == Scale::Log10 { value.log10() } else { value };
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    /// The most ticks, at most `n_max` with labels, that `fits` agrees to.
    pub(super) fn ticks(&self, n_max: usize, fits: impl Fn(&[Tick]) -> bool) -> Vec<Tick> {
        let sets = (1..=n_max).rev().map(|n| self.at_most(n));
        sets.into_iter().find(|ticks| fits(ticks)).unwrap_or_default()
    }

    fn at_most(&self, n: usize) -> Vec<Tick> {
        match self.scale {
            Scale::Linear => self.even(self.low, self.high, n),
            Scale::Log10 => self.decades(n),
        }
    }

    /// Multiples of a step of 1, 2 or 5 times a power of ten between `low` and `high`.
    fn even(&self, low: f64, high: f64, n: usize) -> Vec<Tick> {
        let rough = (high / n as f64 - low / n as f64).max(f64::MIN_POSITIVE);
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|s| s * decade).into_iter().find(|&s| s >= rough * 0.999);
        let step = step.unwrap_or(rough);
        // Half a thousandth of a step: an end that is round itself is a tick.
        let (first, last) = ((low / step - 5e-4).ceil(), (high / step + 5e-4).floor());
        let count = if last - first < 40.0 { (last - first + 1.0).max(0.0) as usize } else { 0 };
        let largest = low.abs().max(high.abs());
        let tick = |i: usize| {
            let value = (first + i as f64) * step;
            Tick { place: self.place(value).clamp(0.0, 1.0), label: text(value, step, largest) }
        };
        (0..count).map(tick).collect()
    }

    /// Powers of ten and, where there is room, twice and five times these; small ticks between.
    fn decades(&self, n: usize) -> Vec<Tick> {
        let within = |log: f64| log >= self.low - 1e-9 && log <= self.high + 1e-9;
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        let multiples = |digits: &'static [u32], every: i32| {
            let powers = (first..=last).filter(move |power| power.rem_euclid(every) == 0);
            let all = powers.flat_map(move |power| digits.iter().map(move |&digit| (digit, power)));
            all.filter(move |&(digit, power)| within(f64::from(power) + f64::from(digit).log10()))
        };
        let fine = [(&[1, 2, 5][..], 1), (&[1, 3][..], 1)];
        let coarse = (1..=last - first + 1).map(|every| (&[1][..], every));
        let sets = fine.into_iter().chain(coarse).map(|(digits, every)| multiples(digits, every));
        let labeled: Vec<_> = sets.map(Iterator::collect).find(|s: &Vec<_>| s.len() <= n).unwrap_or_default();
        if labeled.len() < 3 && self.high - self.low < 1.0 {
            // Less than a decade: its round values, wherever they fall.
            return self.even(10_f64.powf(self.low), 10_f64.powf(self.high), n);
        }
        let place = |digit: u32, power: i32| {
            let log = f64::from(power) + f64::from(digit).log10();
            ((log - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
        };
        let small = if self.high - self.low <= 8.0 { &[1, 2, 3, 4, 5, 6, 7, 8, 9][..] } else { &[1][..] };
        let ticks = labeled.iter().map(|&(d, p)| Tick { place: place(d, p), label: power_text(d, p) });
        let between = multiples(small, 1).filter(|tick| !labeled.contains(tick));
        ticks.chain(between.map(|(d, p)| Tick { place: place(d, p), label: String::new() })).collect()
    }
}

/// A value with the digits that neighbors `step` apart differ in.
fn text(value: f64, step: f64, largest: f64) -> String {
    let power = |v: f64| (v.abs() * (1.0 + 1e-9)).log10().floor();
    if value.abs() < 0.5 * step {
        return "0".into();
    }
    if !(1e-3..1e7).contains(&largest) {
        let digits = (power(value) - power(step)).clamp(0.0, 12.0) as usize;
        return format!("{value:.digits$e}");
    }
    let decimals = (-power(step)).clamp(0.0, 12.0) as usize;
    grouped(&format!("{value:.decimals$}"))
}

fn power_text(digit: u32, power: i32) -> String {
    match power {
        0..=6 => grouped(&format!("{digit}{}", "0".repeat(power as usize))),
        -3..0 => format!("0.{}{digit}", "0".repeat((-power - 1) as usize)),
        _ => format!("{digit}e{power}"),
    }
}

/// A decimal number with commas between thousands, from ten thousand on.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    if digits.len() < 5 {
        return number.to_owned();
    }
    let mut text = sign.to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// The unit in which times up to `largest_s` read best: one of it in seconds, and its name.
pub(super) fn time_unit(largest_s: f64) -> (f64, &'static str) {
    match largest_s {
        t if t >= 1.0 => (1.0, "s"),
        t if t >= 1e-3 => (1e-3, "ms"),
        _ => (1e-6, "µs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(range: Range, n: usize) -> Vec<String> {
        range.ticks(n, |_| true).into_iter().map(|t| t.label).filter(|l| !l.is_empty()).collect()
    }

    fn value(label: &str) -> f64 {
        label.replace(',', "").parse().unwrap()
    }

    #[test]
    fn ticks_lie_where_their_labels_say() {
        let linear =
            [(0.0, 1.0), (-3.7, 12.0), (9.99e-9, 4e-8), (1e9, 3e9), (12.3456, 12.3457), (-5.0, -4.0)];
        for (low, high) in linear {
            for range in [Range::between(low, high), Range::covering([low, high].into_iter(), Scale::Linear)]
            {
                let ticks = range.ticks(8, |_| true);
                assert!((2..=9).contains(&ticks.len()), "{low} {high}: {ticks:?}");
                for tick in &ticks {
                    assert!(
                        (range.place(value(&tick.label)) - tick.place).abs() < 1e-6,
                        "{low} {high}: {tick:?}"
                    );
                }
                assert!(ticks.windows(2).all(|t| t[0].label != t[1].label), "{ticks:?}");
            }
        }
        for (low, high) in [(1.0, 128.0), (1e-7, 1e9), (3.0, 4.0), (0.02, 0.9), (1e-300, 1e300), (7.0, 7.0)] {
            let range = Range::covering([low, high].into_iter(), Scale::Log10);
            let ticks = range.ticks(8, |_| true);
            let labeled: Vec<_> = ticks.iter().filter(|t| !t.label.is_empty()).collect();
            assert!((2..=8).contains(&labeled.len()), "{low} {high}: {ticks:?}");
            for tick in labeled {
                assert!(
                    (range.place(value(&tick.label)) - tick.place).abs() < 1e-6,
                    "{low} {high}: {tick:?}"
                );
            }
        }
    }

    #[test]
    fn labels_are_round_and_short() {
        assert_eq!(labels(Range::between(0.0, 1.0), 6), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Range::between(0.0, 40_000.0), 5), ["0", "10,000", "20,000", "30,000", "40,000"]);
        assert_eq!(labels(Range::between(-2e-7, 2e-7), 5), ["-2e-7", "-1e-7", "0", "1e-7", "2e-7"]);
        let log = |low, high, n| labels(Range::covering([low, high].into_iter(), Scale::Log10), n);
        assert_eq!(log(1.0, 128.0, 8), ["1", "2", "5", "10", "20", "50", "100"]);
        assert_eq!(log(1e-3, 1e4, 9), ["0.001", "0.01", "0.1", "1", "10", "100", "1000", "10,000"]);
        assert_eq!(log(1e-8, 1e8, 6), ["1e-6", "0.001", "1", "1000", "1,000,000"]);
    }

    #[test]
    fn zero_is_shown_where_it_is_near_and_single_values_have_room() {
        let covering = |v: &[f64]| Range::covering(v.iter().copied(), Scale::Linear);
        assert_eq!(covering(&[1.0, 9.0]).low, 0.0);
        assert!(covering(&[8.0, 9.0]).low > 7.0);
        assert_eq!((covering(&[]).low, covering(&[0.0]).low, covering(&[5.0]).low), (0.0, 0.0, 0.0));
        assert_eq!(covering(&[-5.0]).high, 0.0);
        for v in [0.0, 5.0, -5.0, 1e300, f64::MAX, f64::MIN_POSITIVE] {
            let range = covering(&[v]);
            assert!(range.low < range.high && (0.0..=1.0).contains(&range.place(v)), "{v}: {range:?}");
        }
        let wide = covering(&[-f64::MAX / 8.0, f64::MAX / 8.0]);
        assert!((wide.place(0.0) - 0.5).abs() < 1e-9, "{wide:?}");
    }

    #[test]
    fn times_have_the_unit_that_suits_the_largest() {
        assert_eq!([12.0, 0.2, 3e-6, 0.0].map(|t| time_unit(t).1), ["s", "ms", "µs", "µs"]);
    }
}
