//! Committed tables of all kinds (`crates/testkit/fixtures`) with one file damaged.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scratch;

/// A table below `managers` or `byhand` and the file of it that is replaced.
pub type Place = (&'static str, &'static str);

/// Tables that show cells of others, which are beside them.
pub const VIEWS: &[Place] = &[
    ("managers/selected.tab", "table.dat"),
    ("managers/sorted.tab", "table.dat"),
    ("managers/multi.mms", "table.dat"),
    ("managers/forward.tab", "table.dat"),
];

/// Tables with columns that are computed: their descriptions, and what scales and stored values are kept in.
pub const ENGINES: &[Place] = &[
    ("managers/engines_little.tab", "table.dat"),
    ("managers/engines_big.tab", "table.dat"),
    ("byhand/scaled.tab", "table.dat"),
    ("managers/engines_little.tab", "table.f9"),
    ("managers/engines_little.tab", "table.f9i"),
    ("byhand/scaled.tab", "table.f3"),
];

/// Tables with tiled storage of all kinds; f0 is TiledDataStMan's or standard storage, as the description says.
pub const TILED: &[Place] = &[
    ("managers/tiles_little.tab", "table.f1"),
    ("managers/tiles_little.tab", "table.f2"),
    ("managers/tiles_little.tab", "table.f3"),
    ("managers/tiles_little.tab", "table.f4"),
    ("managers/tiles_big.tab", "table.f1"),
    ("managers/tiles_big.tab", "table.f2"),
    ("managers/tiles_big.tab", "table.f3"),
    ("managers/tiles_big.tab", "table.f4"),
    ("managers/tiles_little.tab", "table.dat"),
];

/// Tables with StManAipsIO.
pub const AIPSIO: &[Place] = &[
    ("managers/aips_little.tab", "table.f0"),
    ("managers/aips_big.tab", "table.f0"),
    ("managers/aips_little.tab", "table.f0i"),
];

/// Reads the table of one of the places, which the first byte names, with the rest in the place of its file.
pub fn replace_in(places: &[Place], bytes: &[u8]) {
    let Some((&number, bytes)) = bytes.split_first() else { return };
    let (table, file) = places[usize::from(number) % places.len()];
    let root = scratch::folder("fixtures", |root| copy(&kept(), root));
    let (folder, path) = (root.join(table), root.join(table).join(file));
    fs::write(&path, bytes).expect("the scratch folder is writable");
    let is_view = VIEWS.contains(&(table, file));
    crate::read(&folder, if is_view { size(&root) } else { size(&folder) });
    fs::copy(kept().join(table).join(file), &path).expect("the scratch folder is writable");
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/testkit/fixtures")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the scratch folder is writable");
    for entry in entries(from) {
        let to = to.join(entry.file_name().expect("an entry of a folder has a name"));
        if entry.is_dir() { copy(&entry, &to) } else { fs::copy(&entry, &to).map(drop).expect("writable") }
    }
}

/// Bytes of all files below a folder.
pub(crate) fn size(folder: &Path) -> usize {
    let each = |path: &PathBuf| {
        if path.is_dir() { size(path) } else { path.metadata().map_or(0, |m| m.len() as usize) }
    };
    entries(folder).iter().map(each).sum()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}
