//! `facette ms check`.

use super::{args::CheckArgs, open, print, still_wanted};
use crate::output::Failure;
use facette::{
    Error, Session,
    ms::{Direction, MsCheck, UvwDirection},
    tables::{Finding, Severity},
    types::{format_bytes, format_count},
};
use serde_json::{Value as Json, json};
use std::{path::Path, process::ExitCode};

pub(crate) fn run(args: &CheckArgs, session: &Session) -> Result<ExitCode, Failure> {
    if !args.ms.exists() && !args.ms.to_string_lossy().contains("::") {
        return Err(Error::Missing { path: args.ms.clone() }.into());
    }
    let check = MsCheck::of(&open::path(&args.ms, session)?, &session.open_options());
    still_wanted(session)?;
    let printed =
        if args.json { print::json(&as_json(&check)) } else { print::lines(&text(&check, &args.ms)) };
    print::verdict(printed, if check.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Worst first, then what was looked at.
fn text(check: &MsCheck, path: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for severity in [Severity::Damage, Severity::Warning, Severity::Note] {
        let of_kind = check.walk.findings.iter().filter(|f| f.severity == severity);
        lines.extend(of_kind.map(|f| format!("{:8} {}", name(severity), finding(f))));
    }
    let walk = &check.walk;
    let count = |n: u64, what: &str| format!("{} {what}{}", format_count(n), if n == 1 { "" } else { "s" });
    lines.push(format!(
        "read     {}, {}, {}, {} of {}",
        count(walk.tables.len() as u64, "table"),
        count(walk.n_column as u64, "column"),
        count(walk.n_cell, "cell"),
        count(walk.n_file as u64, "file"),
        format_bytes(walk.n_byte)
    ));
    lines.extend(check.uvw.as_ref().map(|uvw| format!("uvw      {}", direction(uvw))));
    let n = |severity| walk.findings.iter().filter(|f| f.severity == severity).count() as u64;
    lines.push(format!(
        "{}  {}: {}, {}, {}",
        if check.is_sound() { "sound  " } else { "damaged" },
        path.display(),
        count(n(Severity::Damage), "damage"),
        count(n(Severity::Warning), "warning"),
        count(n(Severity::Note), "note")
    ));
    lines
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Damage => "damage",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn finding(f: &Finding) -> String {
    let column = f.column.as_ref().map_or_else(String::new, |c| format!(" column {c}"));
    let rows = f.rows.as_ref().map_or_else(String::new, |r| match r.end - r.start {
        1 => format!(" row {}", r.start),
        _ => format!(" rows {}..{}", r.start, r.end),
    });
    format!("{}{column}{rows}: {}", f.table.display(), f.problem)
}

fn direction(uvw: &UvwDirection) -> String {
    let words = match uvw.direction {
        Direction::FirstMinusSecond => "position of ANTENNA1 − position of ANTENNA2",
        Direction::SecondMinusFirst => "position of ANTENNA2 − position of ANTENNA1",
        Direction::Mixed => "some rows one way, some the other",
        Direction::Neither => "neither way",
        Direction::Unknown => return "cannot be told".to_owned(),
    };
    if uvw.by_phase_centers {
        format!("{words} ({:.1} % rms from positions, times and phase centers)", 100.0 * uvw.relative_rms)
    } else {
        format!("{words} (by the rotation of each integration alone)")
    }
}

fn as_json(check: &MsCheck) -> Json {
    let findings: Vec<Json> = check.walk.findings.iter().map(finding_json).collect();
    let tables: Vec<_> = check.walk.tables.iter().map(|t| t.display().to_string()).collect();
    json!({
        "format": 1,
        "sound": check.is_sound(),
        "measurement_set": check.is_ms,
        "findings": findings,
        "tables": tables,
        "columns": check.walk.n_column,
        "cells": check.walk.n_cell,
        "files": check.walk.n_file,
        "size_bytes": check.walk.n_byte,
        "uvw": check.uvw.as_ref().map(uvw_json),
    })
}

fn finding_json(f: &Finding) -> Json {
    json!({
        "severity": name(f.severity),
        "table": f.table.display().to_string(),
        "column": f.column,
        "rows": f.rows.as_ref().map(|r| [r.start, r.end]),
        "problem": f.problem,
    })
}

fn uvw_json(uvw: &UvwDirection) -> Json {
    let direction = match uvw.direction {
        Direction::FirstMinusSecond => "antenna1-antenna2",
        Direction::SecondMinusFirst => "antenna2-antenna1",
        Direction::Mixed => "mixed",
        Direction::Neither => "neither",
        Direction::Unknown => "unknown",
    };
    json!({
        "direction": direction,
        "by_phase_centers": uvw.by_phase_centers,
        "rows_antenna1_minus_antenna2": uvw.n_first_minus_second,
        "rows_antenna2_minus_antenna1": uvw.n_second_minus_first,
        "rows_neither": uvw.n_neither,
        "factor": uvw.factor,
        "relative_rms": uvw.relative_rms,
    })
}
