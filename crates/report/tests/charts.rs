//! Charts as a reader of their files sees them; kept in `FACETTE_PICTURES` for looking at.

use facette_report::chart::{
    Axis, Gantt, Highlight, Lane, Lines, Reference, Scale, Series, Span, write_gantt, write_lines,
};
use std::path::{Path, PathBuf};

/// Where a chart goes: kept in `FACETTE_PICTURES`, else in `dir`.
fn place(dir: &Path, name: &str) -> PathBuf {
    let keep = std::env::var_os("FACETTE_PICTURES").map_or_else(|| dir.to_owned(), Into::into);
    keep.join(format!("chart_{name}.png"))
}

/// Width and height of a file.
fn size(path: &Path) -> (u32, u32) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    (reader.info().width, reader.info().height)
}

/// A pipeline read → convert (2 replicas) → grid (`n_grid` replicas) → write, in which the reader is often too slow.
fn pipeline(n_grid: usize, n_frame: usize) -> Gantt {
    let stages = [("read", 1, 0.8e-3), ("convert", 2, 1.1e-3), ("grid", n_grid, 0.7e-3 * n_grid as f64)];
    let stages: Vec<_> = stages.into_iter().chain([("write", 1, 0.3e-3)]).collect();
    let mut gantt = Gantt {
        title: format!("Simulated pipeline, {n_frame} frames"),
        subtitle: "period 0.800 ms · bottleneck read · 5 stages on 8 cores".into(),
        kinds: stages.iter().map(|s| s.0.to_owned()).collect(),
        ..Gantt::default()
    };
    let mut ready = vec![0.0; n_frame];
    for (i_kind, &(name, n, cost_s)) in stages.iter().enumerate() {
        let first = gantt.lanes.len();
        let lane = |i: usize| Lane { label: format!("replica {i}"), group: format!("{i_kind} {name}") };
        gantt.lanes.extend((0..n).map(lane));
        let mut free = vec![0.0_f64; n];
        for (i, ready) in ready.iter_mut().enumerate() {
            let start_s = free[i % n].max(*ready);
            let end_s = start_s + cost_s * (1.0 + 0.2 * ((i * 7 + i_kind) % 5) as f64 / 5.0);
            (free[i % n], *ready) = (end_s, end_s);
            gantt.spans.push(Span { i_lane: first + i % n, i_kind, label: i.to_string(), start_s, end_s });
        }
    }
    gantt
}

#[test]
fn gantt_charts_of_small_and_large_pipelines() {
    let dir = tempfile::tempdir().unwrap();
    let windowed = Gantt { window_s: Some((5e-3, 9e-3)), ..pipeline(4, 60) };
    let many_kinds = Gantt {
        kinds: (0..20).map(|i| format!("task number {i}")).collect(),
        lanes: vec![Lane { label: "a very long name of a lane".into(), group: String::new() }; 3],
        spans: (0..20)
            .map(|i| Span {
                i_lane: i % 3,
                i_kind: i,
                label: String::new(),
                start_s: i as f64,
                end_s: i as f64 + 1.5,
            })
            .collect(),
        ..pipeline(1, 1)
    };
    let charts = [
        ("pipeline", pipeline(4, 12)),
        ("window", windowed),
        ("hundreds_of_lanes", pipeline(300, 20_000)),
        ("thousands_of_lanes", pipeline(2000, 30_000)),
        ("dense", pipeline(16, 25_000)),
        ("kinds", many_kinds),
        ("no_spans", Gantt { spans: Vec::new(), ..pipeline(4, 1) }),
        ("no_lanes", Gantt::default()),
    ];
    for (name, gantt) in charts {
        let path = place(dir.path(), name);
        write_gantt(&path, &gantt, true).unwrap();
        let (width, height) = size(&path);
        assert!(width == 1000 && (600..2000).contains(&height), "{name}: {width} × {height}");
    }
}

fn ratios() -> Lines {
    let series = |label: &str, serial: f64| Series {
        label: label.into(),
        points: [1, 2, 4, 6, 8, 12, 16, 24, 32, 64]
            .map(|n| (f64::from(n), serial.max(5.3 / f64::from(n))))
            .to_vec(),
    };
    Lines {
        title: "Real-time ratio over cores".into(),
        subtitle: "processing over observed time · 1 keeps up with the telescope".into(),
        x: Axis { name: "cores".into(), unit: String::new(), scale: Scale::Log10 },
        y: Axis { name: "real-time ratio".into(), unit: "s/s".into(), scale: Scale::Log10 },
        series: vec![
            series("simulated", 0.31),
            series("reading twice as fast", 0.155),
            Series { label: "ideal".into(), points: vec![(1.0, 5.3), (64.0, 5.3 / 64.0)] },
        ],
        reference: Some(Reference { y: 1.0, label: "real time".into() }),
        highlight: Some(Highlight { x: 6.0, y: 5.3 / 6.0, label: "recommended: 6 cores".into() }),
    }
}

#[test]
fn line_charts_with_linear_and_logarithmic_axes() {
    let dir = tempfile::tempdir().unwrap();
    let axis = |name: &str, unit: &str| Axis { name: name.into(), unit: unit.into(), scale: Scale::Linear };
    let linear = Lines { x: axis("cores", ""), y: axis("real-time ratio", "s/s"), ..ratios() };
    let wave = |k: usize| Series {
        label: format!("series {k}"),
        points: (0..=2000)
            .map(|i| f64::from(i) / 200.0)
            .map(|x| (1e5 * x, (x * (k + 1) as f64).sin() * (3.0 + k as f64) * 1e-6))
            .collect(),
    };
    let many = Lines {
        title: "A title that is so long that it cannot be shown on one line of a chart of a thousand pixels"
            .into(),
        x: axis("baseline", "m"),
        y: axis("residual of a fit with a very long name for the axis", "Jy/beam"),
        series: (0..9).map(wave).collect(),
        ..Lines::default()
    };
    let single = Series { label: String::new(), points: vec![(3.0, 7.5)] };
    let charts = [
        ("ratio", ratios()),
        ("ratio_linear", linear),
        ("many_points", many),
        ("single_point", Lines { series: vec![single], reference: None, highlight: None, ..ratios() }),
        ("only_reference", Lines { series: Vec::new(), highlight: None, ..ratios() }),
        ("no_data", Lines::default()),
    ];
    for (name, lines) in charts {
        let path = place(dir.path(), name);
        write_lines(&path, &lines, true).unwrap();
        assert_eq!(size(&path), (1000, 600), "{name}");
    }
}

#[test]
fn the_same_chart_is_the_same_bytes_and_files_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.png"), dir.path().join("b.png"));
    for path in [&a, &b] {
        write_lines(path, &ratios(), false).unwrap();
    }
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    assert!(write_lines(&a, &ratios(), false).unwrap_err().to_string().contains("exists"));
    assert_eq!(dir.path().read_dir().unwrap().count(), 2);
}
