//! The versions of headers that hold 64-bit row numbers say the same as those of 32 bits.
//!
//! No table of 2³¹ rows fits a test, so a committed one gets the wide headers; they are written here from the format's
//! description.

use std::path::Path;

use arrow_array::Array;
use facette_tables::Table;

#[test]
fn a_table_with_wide_headers_reads_the_same() {
    let (folder, narrow) = copied();
    let table = folder.path().join("tiles_big.tab");
    rewrite(&table.join("table.dat"), wide_table);
    rewrite(&table.join("table.f0"), wide_incremental);
    for number in 1..5 {
        rewrite(&table.join(format!("table.f{number}")), wide_tiles);
    }
    same(&Table::open(table).unwrap(), &narrow);
}

#[test]
fn all_columns_in_one_file_are_named() {
    let (folder, _) = copied();
    let table = folder.path().join("tiles_big.tab");
    rewrite(&table.join("table.dat"), |copy| {
        wide_table(copy);
        let at = copy.to.len() - 5;
        copy.to[at] = 0;
    });
    let table = Table::open(table).unwrap();
    let message = table.column("UVW").unwrap().read(0..1).unwrap_err().to_string();
    assert!(message.contains("MultiFile (TiledColumnStMan)"), "{message}");
    // Nor is it copied without the file.
    let copy = table.copy_to(folder.path().join("copy"), &facette_tables::Selection::all());
    let message = copy.err().unwrap().to_string();
    assert!(message.contains("MultiFile (") && !folder.path().join("copy").exists(), "{message}");
}

#[test]
fn a_selection_with_wide_rows_reads_the_same() {
    let (folder, _) = copied();
    let path = folder.path().join("selected.tab");
    let narrow = Table::open(testkit::fixture("managers/selected.tab")).unwrap();
    rewrite(&path.join("table.dat"), wide_reference);
    same(&Table::open(path).unwrap(), &narrow);
}

fn same(wide: &Table, narrow: &Table) {
    assert_eq!(wide.n_row(), narrow.n_row());
    for name in narrow.column_names() {
        let read = |table: &Table| table.column(name).unwrap().read(0..table.n_row()).unwrap();
        assert!(read(wide).to_data() == read(narrow).to_data(), "{name}");
    }
}

/// Copies of the tables without lock files, and the one that is to be changed.
fn copied() -> (tempfile::TempDir, Table) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["tiles_big.tab", "tiles_little.tab", "selected.tab"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        for entry in std::fs::read_dir(testkit::fixture("managers").join(name)).unwrap() {
            let entry = entry.unwrap();
            std::fs::write(
                folder.path().join(name).join(entry.file_name()),
                std::fs::read(entry.path()).unwrap(),
            )
            .unwrap();
        }
    }
    (folder, Table::open(testkit::fixture("managers/tiles_big.tab")).unwrap())
}

fn rewrite(file: &Path, change: fn(&mut Copy<'_>)) {
    let bytes = std::fs::read(file).unwrap();
    let mut copy = Copy { from: &bytes, at: 0, to: Vec::new() };
    change(&mut copy);
    copy.rest();
    assert_ne!(copy.to, bytes, "{}", file.display());
    std::fs::write(file, copy.to).unwrap();
}

/// A big-endian file that is copied piece by piece.
struct Copy<'a> {
    from: &'a [u8],
    at: usize,
    to: Vec<u8>,
}

impl Copy<'_> {
    fn bytes(&mut self, n: usize) {
        self.to.extend(&self.from[self.at..self.at + n]);
        self.at += n;
    }

    fn peek(&self) -> u32 {
        u32::from_be_bytes(self.from[self.at..self.at + 4].try_into().unwrap())
    }

    fn number(&mut self) -> u32 {
        let number = self.peek();
        self.bytes(4);
        number
    }

    /// A number that becomes one of 64 bits.
    fn widen(&mut self) -> u32 {
        self.to.extend([0; 4]);
        self.number()
    }

    fn replace(&mut self, number: u32) {
        self.at += 4;
        self.to.extend(number.to_be_bytes());
    }

    /// Up to behind these bytes.
    fn behind(&mut self, mark: &[u8]) {
        let found = self.from[self.at..].windows(mark.len()).position(|w| w == mark);
        self.bytes(found.expect("the mark") + mark.len());
    }

    /// Up to behind the name of an object, whose version comes next.
    fn object(&mut self, name: &str) {
        self.behind(&[&(name.len() as u32).to_be_bytes(), name.as_bytes()].concat());
    }

    fn rest(&mut self) {
        self.bytes(self.from.len() - self.at);
    }
}

fn wide_table(copy: &mut Copy<'_>) {
    copy.object("Table");
    copy.replace(3);
    let n_row = copy.widen();
    // The set of columns begins with its negative version and the rows once more.
    let mark = [(-2_i32).to_be_bytes(), n_row.to_be_bytes()].concat();
    copy.behind(&mark);
    copy.to.truncate(copy.to.len() - 8);
    copy.to.extend((-3_i32).to_be_bytes());
    copy.to.extend(u64::from(n_row).to_be_bytes());
    copy.to.extend([0, 0, 0, 2, 0, 0, 0, 0]);
}

fn wide_incremental(copy: &mut Copy<'_>) {
    copy.object("ISMIndex");
    copy.replace(2);
    copy.number();
    copy.object("Block");
    copy.number();
    for _ in 0..copy.number() {
        copy.widen();
    }
}

fn wide_tiles(copy: &mut Copy<'_>) {
    copy.object("TiledStMan");
    assert_eq!(copy.peek(), 1);
    copy.replace(3);
    copy.to.push(1);
    copy.number();
    copy.widen();
    for _ in 0..copy.number() {
        copy.number();
    }
    let name = copy.number() as usize;
    copy.bytes(name);
    copy.widen();
    copy.number();
    for _ in 0..copy.widen() {
        let present = copy.from[copy.at] == 1;
        copy.bytes(1);
        if present {
            // Lengths of 64 bits have version 2.
            assert_eq!(copy.peek(), 1);
            copy.replace(2);
            copy.number();
            copy.widen();
        }
    }
    for _ in 0..copy.widen() {
        wide_cube(copy);
    }
}

fn wide_cube(copy: &mut Copy<'_>) {
    assert_eq!(copy.peek(), 1);
    copy.replace(2);
    // Its values, whether it extends, its axes; then two shapes.
    copy.object("RecordDesc");
    copy.number();
    assert_eq!(copy.number(), 0, "no values");
    copy.bytes(4 + 1 + 4);
    for _ in 0..2 {
        copy.object("IPosition");
        copy.number();
        let n = copy.number() as usize;
        copy.bytes(4 * n);
    }
    copy.number();
    copy.widen();
}

fn wide_reference(copy: &mut Copy<'_>) {
    copy.object("RefTable");
    copy.object("RefTable");
    copy.replace(3);
    copy.object("Array");
    copy.number();
    copy.number();
    let n = copy.number();
    assert_eq!(copy.number(), n);
    for _ in 0..n {
        let length = copy.number() as usize;
        copy.bytes(length);
    }
    copy.widen();
    copy.bytes(1);
    for _ in 0..copy.widen() {
        copy.widen();
    }
}
