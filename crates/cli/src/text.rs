//! Results in words.

use facette::{
    PipelineSummary, Summary,
    demo::{DemoSummary, Recovered},
    outlook::{Extrapolation, Outlook},
    simulation::SimulateSummary,
    types::{format_bytes, format_count},
};

type Lines = Vec<(String, String)>;

fn line(label: &str, text: String) -> (String, String) {
    (label.to_owned(), text)
}

/// A flux density in the unit that suits it.
fn flux(jy: f64) -> String {
    let (scale, unit) = match jy.abs() {
        a if a >= 1.0 || a == 0.0 => (1.0, "Jy"),
        a if a >= 1e-3 => (1e3, "mJy"),
        _ => (1e6, "µJy"),
    };
    format!("{:.3} {unit}", jy * scale)
}

/// How long it took, what it made, what it shows.
pub(crate) fn image(s: &Summary) -> Lines {
    let peak_memory = s.peak_memory_bytes.map_or_else(|| "unknown".to_owned(), format_bytes);
    let mut lines = vec![
        line(
            "done",
            format!(
                "{:.1} s for {:.0} s observed · real-time ratio {:.4} · peak memory {peak_memory}",
                s.wall_s, s.observed_s, s.real_time_ratio
            ),
        ),
        line("", outputs(s.outputs.values())),
    ];
    lines.extend(pipelines(&s.pipelines));
    let (i, flagged) = (
        &s.image,
        100.0 * s.visibilities_flagged as f64 / (s.visibilities_used + s.visibilities_flagged) as f64,
    );
    lines.push(line(
        "",
        format!(
            "peak {}/beam · rms {}/beam · {flagged:.1} % flagged · {:.1} M visibilities/s",
            flux(i.max_jy_per_beam),
            flux(i.rms_jy_per_beam),
            s.visibilities_per_s / 1e6
        ),
    ));
    if let Some(b) = &i.beam {
        let text =
            format!("{:.3} × {:.3} arcsec, position angle {:.1}°", b.bmaj_arcsec, b.bmin_arcsec, b.bpa_deg);
        lines.push(line("beam", text));
    }
    lines
}

/// The stages of passes that were run alike, once; what was promised and what came, and why they differ.
fn pipelines(passes: &[PipelineSummary]) -> Lines {
    let mut lines: Lines = Vec::new();
    let ms = |seconds: f64| format!("{:.2} ms", seconds * 1e3);
    for (i, pass) in passes.iter().enumerate() {
        if passes[..i].iter().any(|before| before.stages == pass.stages) {
            continue;
        }
        let periods = pass
            .predicted_period_s
            .zip(pass.achieved_period_s)
            .map(|(predicted, achieved)| format!(" · {} a chunk, {} predicted", ms(achieved), ms(predicted)));
        lines.push(line("pipeline", format!("{}{}", pass.stages, periods.unwrap_or_default())));
        lines.extend(pass.why.iter().map(|why| line("", why.clone())));
    }
    lines
}

fn outputs<'a>(paths: impl Iterator<Item = &'a String>) -> String {
    paths.map(String::as_str).collect::<Vec<_>>().join("  ")
}

/// What was simulated, and how fast.
pub(crate) fn simulated(s: &SimulateSummary) -> Lines {
    let peak_memory = s.peak_memory_bytes.map_or_else(|| "unknown".to_owned(), format_bytes);
    vec![
        line(
            "done",
            format!(
                "{:.1} s for {:.0} s observed · {} visibilities · {:.1} M/s · peak memory {peak_memory}",
                s.wall_s,
                s.observed_s,
                format_count(s.visibilities),
                s.visibilities as f64 / s.wall_s.max(1e-9) / 1e6
            ),
        ),
        line("", s.out.display().to_string()),
    ]
}

/// The sources that went in beside those that came out.
pub(crate) fn demo(s: &DemoSummary) -> Lines {
    let mut lines =
        vec![line("sources", "flux in      flux out     error      position error  kind".to_owned())];
    lines.extend(s.sources.iter().enumerate().map(|(i, r)| source(i, r)));
    let n_good = s.sources.iter().filter(|r| r.is_good()).count();
    lines.push(line(
        "",
        format!(
            "{n_good} of {} within tolerance (flux: 1 % or 3 σ; position: 0.1 pixel or 1.5 beam / signal to noise)",
            s.sources.len()
        ),
    ));
    let peak_memory = s.peak_memory_bytes.map_or_else(|| "unknown".to_owned(), format_bytes);
    lines.push(line("done", format!("{:.1} s · peak memory {peak_memory}", s.wall_s)));
    lines.push(line("", outputs(s.outputs.iter())));
    lines
}

fn source(i: usize, r: &Recovered) -> (String, String) {
    let kind = r.extended_arcsec.map_or_else(|| "point".to_owned(), |a| format!("Gaussian {a:.0} arcsec"));
    let error = 100.0 * (r.flux_out_jy / r.flux_in_jy - 1.0);
    let mark = if r.is_good() { "" } else { "  OUTSIDE TOLERANCE" };
    let text = format!(
        "{:>12} {:>12} {error:>+8.3} % {:>10.4} pixel   {kind}{mark}",
        flux(r.flux_in_jy),
        flux(r.flux_out_jy),
        r.position_error_px()
    );
    line(&format!("{:>6}", i + 1), text)
}

/// The recommended pipeline, what it would take, what holds it up, and what a target needs.
pub(crate) fn outlook(o: &Outlook) -> Lines {
    let p = &o.prediction;
    let share = 100.0 * o.rows_read as f64 / o.rows_total.max(1) as f64;
    let mut lines = vec![line(
        "measured",
        format!(
            "{} of {} rows ({share:.1} %) in {:.2} s on {} of {}",
            format_count(o.rows_read),
            format_count(o.rows_total),
            o.took_s,
            count(o.measured_with, "thread"),
            if o.measured_on.processor.is_empty() { "this machine" } else { &o.measured_on.processor },
        ),
    )];
    let machine: Vec<_> = p.cores.iter().map(|kind| count(kind.count, &kind.name)).collect();
    let mut label = "pipeline";
    for pipeline in &p.pipelines {
        lines.push(line(label, pipeline.clone()));
        label = "";
    }
    lines.push(line(
        "predicted",
        format!(
            "{:.2} s for {} s observed on {} · real-time ratio {} · memory {}",
            p.wall_s,
            if o.observed_s < 100.0 {
                format!("{:.2}", o.observed_s)
            } else {
                format!("{:.0}", o.observed_s)
            },
            machine.join(", "),
            ratio(p.real_time_ratio),
            format_bytes(o.memory_bytes)
        ),
    ));
    lines.push(line(
        "",
        format!(
            "survey {:.2} s · passes {:.2} s ({:.2} ms a chunk) · once {:.2} s · {:.1} M visibilities/s",
            p.survey_s,
            p.streams_s,
            p.period_s * 1e3,
            p.once_s,
            o.visibilities as f64 / p.wall_s / 1e6
        ),
    ));
    let b = &o.bottleneck;
    lines.push(line("bottleneck", format!("{}, {:.0} % of the run: {}", b.task, 100.0 * b.share, b.why)));
    for remedy in &b.remedies {
        lines.push(line("", format!("{}: ratio {}", remedy.change, ratio(remedy.real_time_ratio))));
    }
    lines.push(line("target", target(o)));
    lines.extend(o.telescope.iter().flat_map(telescope));
    lines.push(line("", outputs(o.outputs.values())));
    lines
}

/// Three digits that mean something.
fn ratio(ratio: f64) -> String {
    if (0.01..1000.0).contains(&ratio) { format!("{ratio:.4}") } else { format!("{ratio:.2e}") }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+%@=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// `1 core`, `16 cores`; kinds of cores are names and stay as they are.
fn count(n: usize, what: &str) -> String {
    let s = if n != 1 && ["core", "thread"].contains(&what) { "s" } else { "" };
    format!("{n} {what}{s}")
}

fn target(o: &Outlook) -> String {
    let t = &o.target;
    match t.cores {
        Some(cores) => {
            let memory = t.memory_bytes.map_or("unknown memory".to_owned(), format_bytes);
            format!(
                "ratio {}: {} like these, for {} with {memory}",
                ratio(t.real_time_ratio),
                count(cores, "core"),
                ratio(t.reached_ratio)
            )
        }
        None => format!(
            "ratio {}: no number of cores up to 1024 reaches it, the best is {}; see what holds it up",
            ratio(t.real_time_ratio),
            ratio(t.reached_ratio)
        ),
    }
}

fn telescope(e: &Extrapolation) -> Lines {
    let nodes = match e.nodes {
        Some(nodes) => {
            format!("{} nodes of {} cores reach the target", format_count(nodes), e.cores_per_node)
        }
        None => "no number of nodes reaches the target: what each does once takes too long".to_owned(),
    };
    let mut lines = vec![
        line("telescope", format!("{} · {} × {} pixels, {} planes", e.telescope, e.npix, e.npix, e.n_planes)),
        line(
            "",
            format!(
                "{:.3e} visibilities an hour · passes {:.0} s, once {:.0} s on one node · ratio {} · {} with all planes",
                e.visibilities,
                e.streams_s,
                e.once_s,
                ratio(e.real_time_ratio),
                format_bytes(e.memory_bytes)
            ),
        ),
        line("", nodes),
    ];
    lines.extend(e.assumptions.iter().map(|text| line("assumed", text.clone())));
    lines
}
