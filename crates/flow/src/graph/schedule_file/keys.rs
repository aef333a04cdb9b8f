//! The keys of schedule files, so that a misspelt one is not left out of account.

use super::{ScheduleError, ScheduleVersion};

/// Of the file itself; the last three say nothing about stages, and StreamPU does not read them.
pub(super) const TOP: &[&str] = &["schedule", "resources", "platform", "scheduler_name", "date"];
/// Of `resources`.
pub(super) const RESOURCES: &[&str] = &["p-core", "e-core"];
/// Of one of the resources; StreamPU does not read the last.
pub(super) const RESOURCE: &[&str] = &["node-list", "smt", "cluster-size"];

/// Of a stage that says `cores`: of version 1, or of a list of amp-scheduling.
pub(super) const STAGE_CORES: &[&str] = &["tasks", "cores", "sync_buff_size", "sync_waiting_type"];
const STAGE_THREADS: &[&str] =
    &["tasks", "threads", "core-type", "pinning-policy", "sync_buff_size", "sync_waiting_type"];

/// Of a stage of an object of a version.
pub(super) fn of_stage(version: ScheduleVersion) -> &'static [&'static str] {
    match version {
        ScheduleVersion::V1 => STAGE_CORES,
        ScheduleVersion::V2 => STAGE_THREADS,
    }
}

/// Every key is known.
///
/// # Errors
/// [`ScheduleError::UnknownKey`] for the first that is not.
pub(super) fn check<'a>(
    mut keys: impl Iterator<Item = &'a String>,
    known: &[&'static str],
    place: &str,
) -> Result<(), ScheduleError> {
    let Some(key) = keys.find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let nearest = known.iter().min_by_key(|known| distance(key, known)).map_or("", |known| *known);
    Err(ScheduleError::UnknownKey { place: place.to_owned(), key: key.clone(), nearest })
}

/// How many characters must be put in, taken out or changed to make one word of the other (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_count_changes() {
        for (one, other, want) in [
            ("", "", 0),
            ("smt", "", 3),
            ("", "smt", 3),
            ("task", "tasks", 1),
            ("stms", "smt", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), want, "{one} {other}");
        }
    }
}
