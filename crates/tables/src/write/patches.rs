//! Bytes and bits that take the place of others in files that are there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::storage::Spot;
use crate::write::cube::put_bits;
use crate::write::disk::Disk;
use crate::write::stage::Stage;

/// What one write of a process that is killed changes wholly or not at all, if it lies in one.
const PAGE: u64 = 4096;

/// Elements that follow each other in a file.
struct Patch {
    /// In bits for flags, else in bytes.
    at: u64,
    is_bits: bool,
    /// One byte a flag.
    bytes: Vec<u8>,
}

impl Patch {
    /// The bytes of the file that it is in.
    fn range(&self) -> std::ops::Range<u64> {
        let n = self.bytes.len() as u64;
        if self.is_bits { self.at / 8..(self.at + n).div_ceil(8) } else { self.at..self.at + n }
    }

    /// Takes `next` if it goes on where this ends.
    fn join(&mut self, next: &Patch) -> bool {
        let goes_on = self.is_bits == next.is_bits && self.at + self.bytes.len() as u64 == next.at;
        if goes_on {
            self.bytes.extend_from_slice(&next.bytes);
        }
        goes_on
    }
}

/// The changes of one file.
#[derive(Default)]
struct OneFile {
    patches: Vec<Patch>,
    /// A cell is in two pages.
    is_torn: bool,
}

/// Changed copies, by the files in whose place they are to be put.
#[derive(Default)]
pub(crate) struct Copies(BTreeMap<PathBuf, PathBuf>);

/// The changes of all files.
#[derive(Default)]
pub(crate) struct Patches {
    files: BTreeMap<PathBuf, OneFile>,
}

impl Patches {
    /// Puts a cell (numbers as the file holds them, or a byte for each flag) where its elements stand.
    pub(crate) fn add(&mut self, spots: &[Spot<'_>], cell: &[u8], is_bits: bool, n_element: usize) {
        let size = cell.len() / n_element.max(1);
        let mut pages = Vec::with_capacity(spots.len());
        for spot in spots {
            let bytes = cell[spot.elements.start * size..spot.elements.end * size].to_vec();
            let patch = Patch { at: spot.at, is_bits, bytes };
            let range = patch.range();
            pages.push((spot.file, range.start / PAGE, range.end.saturating_sub(1) / PAGE));
            let file = self.files.entry(spot.file.to_owned()).or_default();
            if !file.patches.last_mut().is_some_and(|last| last.join(&patch)) {
                file.patches.push(patch);
            }
        }
        let is_torn = pages.iter().any(|page| page.1 != page.2 || *page != pages[0]);
        for spot in spots.iter().filter(|_| is_torn) {
            self.files.entry(spot.file.to_owned()).or_default().is_torn = true;
        }
    }

    /// Makes changed copies, durable, of the files in which a cell is in two pages.
    pub(crate) fn copy(&self, disk: &Disk, stage: &Stage) -> Result<Copies, Error> {
        let mut copies = Copies::default();
        for (path, file) in self.files.iter().filter(|(_, file)| file.is_torn) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let copy = path.with_file_name(stage.name(&name));
            stage.expect(&copy);
            disk.copy(path, &copy)?;
            change(disk, &copy, &file.patches)?;
            copies.0.insert(path.clone(), copy);
        }
        Ok(copies)
    }

    /// Changes the other files where they are, durably, and puts the copies in place.
    pub(crate) fn apply(&self, disk: &Disk, copies: &Copies) -> Result<(), Error> {
        for (path, file) in self.files.iter().filter(|(path, _)| !copies.0.contains_key(*path)) {
            change(disk, path, &file.patches)?;
        }
        copies.0.iter().try_for_each(|(path, copy)| disk.rename(copy, path))?;
        match copies.0.keys().next().and_then(|path| path.parent()) {
            Some(table) => disk.sync_dir(table),
            None => Ok(()),
        }
    }
}

fn change(disk: &Disk, path: &Path, patches: &[Patch]) -> Result<(), Error> {
    let file = disk.open(path.to_owned())?;
    for patch in patches {
        if !patch.is_bits {
            file.write_at(patch.at, &patch.bytes)?;
            continue;
        }
        let range = patch.range();
        let mut bytes = vec![0; (range.end - range.start) as usize];
        file.read_at(range.start, &mut bytes)?;
        put_bits(&patch.bytes, (patch.at % 8) as usize, &mut bytes);
        file.write_at(range.start, &bytes)?;
    }
    file.sync()
}
