//! Summaries for programs.

use crate::{Error, part_file::write_whole};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Writes `value` as indented JSON with a newline at its end; numbers that are not finite become `null`.
///
/// The file appears whole or not at all.
///
/// # Errors
/// When the file exists and `overwrite` is false, when it cannot be written, or when `value` has no JSON form.
pub fn write_json<S: Serialize>(path: &Path, value: &S, overwrite: bool) -> Result<(), Error> {
    let text =
        serde_json::to_string_pretty(value).map_err(|source| Error::Json { path: path.into(), source })?;
    write_whole(path, overwrite, |file| {
        writeln!(file, "{text}").map_err(|source| Error::Write { path: path.into(), source })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn values_come_back_and_the_file_ends_in_a_newline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.dirty.summary.json");
        let value = BTreeMap::from([("wall_s", 1.5), ("rate", f64::NAN)]);
        write_json(&path, &value, false).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "{\n  \"rate\": null,\n  \"wall_s\": 1.5\n}\n");
        assert!(matches!(write_json(&path, &value, false), Err(Error::Exists { .. })));
    }

    #[test]
    fn a_value_without_json_form_names_the_file_and_leaves_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bad.json");
        let value = BTreeMap::from([(vec![1], 1)]);
        assert!(write_json(&path, &value, false).unwrap_err().to_string().contains("bad.json"));
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
}
