//! The ratio over cores, and who works when in the simulated pipeline.

use super::{
    Outlook,
    kinds::{describe, equivalent},
};
use report::chart::{
    Axis, Gantt, Highlight, Lane, Lines, Reference, Scale, Series, Span, write_gantt, write_lines,
};
use simulate::{Activity, Outcome};
use std::path::Path;

/// Most lanes that can be told apart.
const MOST_LANES: usize = 64;

/// Draws the real-time ratio over the number of cores.
pub(super) fn ratio(path: &Path, outlook: &Outlook) -> Result<(), report::Error> {
    let points: Vec<_> = outlook.curve.iter().map(|&(cores, ratio)| (cores as f64, ratio)).collect();
    let alone = points.first().map_or(1.0, |first| first.1 * first.0);
    let ideal = points.iter().map(|&(cores, _)| (cores, alone / cores)).collect();
    let axis = |name: &str| Axis { name: name.to_owned(), unit: String::new(), scale: Scale::Log10 };
    let cores = equivalent(&outlook.prediction.cores);
    let ratio = outlook.prediction.real_time_ratio;
    let lines = Lines {
        title: format!("Real-time ratio of facette {}", outlook.mode),
        subtitle: format!(
            "measured on {} of {} rows; 1 keeps up",
            types::format_count(outlook.rows_read),
            types::format_count(outlook.rows_total)
        ),
        x: axis("cores"),
        y: axis("processing / observed time"),
        series: vec![
            Series { label: "predicted".to_owned(), points },
            Series { label: "one core, divided".to_owned(), points: ideal },
        ],
        reference: Some(Reference {
            y: outlook.target.real_time_ratio,
            label: format!("target {}", outlook.target.real_time_ratio),
        }),
        highlight: Some(Highlight {
            x: cores as f64,
            y: ratio,
            label: format!("{}: {ratio:.2e}", describe(&outlook.prediction.cores)),
        }),
    };
    write_lines(path, &lines, false)
}

/// Draws what every worker of the simulated pipeline does for the first chunks.
pub(super) fn gantt(path: &Path, outlook: &Outlook, outcome: &Outcome) -> Result<(), report::Error> {
    let mut kinds: Vec<String> = outcome.stages.iter().flat_map(|stage| stage.tasks.clone()).collect();
    let n_tasks = kinds.len();
    kinds.push("handing over".to_owned());
    let before = |stage: usize| outcome.stages[..stage].iter().map(|stage| stage.tasks.len()).sum::<usize>();
    // Workers come first; one node has no network.
    let workers = outcome.lanes.iter().filter_map(|lane| lane.worker).take(MOST_LANES);
    let lanes = workers.map(|(stage, replica)| Lane {
        label: format!("replica {replica}"),
        group: outcome.stages[stage].tasks.join(", "),
    });
    let span = |span: &simulate::Span| {
        let i_kind = match span.activity {
            Activity::Task(task) => before(span.stage) + task,
            Activity::HandOver | Activity::Send => n_tasks,
            _ => return None,
        };
        let label = format!("{}", span.frame);
        (span.lane < MOST_LANES).then_some(Span {
            i_lane: span.lane,
            i_kind,
            label,
            start_s: span.start_s,
            end_s: span.end_s,
        })
    };
    let gantt = Gantt {
        title: format!("Simulated pipeline on {}", describe(&outlook.prediction.cores)),
        subtitle: outlook.prediction.pipelines.last().cloned().unwrap_or_default(),
        lanes: lanes.collect(),
        kinds,
        spans: outcome.spans.iter().filter_map(span).collect(),
        window_s: None,
    };
    write_gantt(path, &gantt, false)
}
