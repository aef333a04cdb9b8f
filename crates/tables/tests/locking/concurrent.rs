//! One process writes, the other reads: no wrong value, no deadlock.
//!
//! Every cell is a function of its row and a generation, and a range of a column is put in one step, so whatever is
//! read in one step must be of one generation, and no older than what was read before.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use facette_tables::{DataType, Editor, Error, OpenOptions, Table};

use crate::python::{Script, say};

const TEST_ROWS: u64 = 300;

fn seconds() -> u64 {
    if std::env::var_os("FACETTE_SLOW").is_some() { 60 } else { 5 }
}

fn options() -> OpenOptions {
    OpenOptions { wait: Duration::from_secs(30), ..OpenOptions::default() }
}

const WRITER: &str = r#"
make(300)
t = table(path, readonly=False, lockoptions='auto', ack=False)
print('ready', flush=True)
sys.stdin.readline()
end, g = time.time() + float(sys.stdin.readline() or 5), 1
while time.time() < end:
    g += 1
    if g % 3 == 0 and t.nrows() < 20000:
        t.addrows(random.randrange(1, 40))
    put(t, g)
    if g % 7 == 0:
        t.putkeyword('GENERATION', g)
    t.unlock()
    time.sleep(random.choice([0, 0.001, 0.01]))
print(g, t.nrows())
"#;

#[test]
fn casacore_writes_and_facette_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let writer = WRITER.replace("sys.stdin.readline() or 5", &seconds().to_string());
    let Some(mut writer) = Script::start("casacore_writes_and_facette_reads", &path, &writer) else { return };
    assert_eq!(writer.line(), "ready");
    let mut table = Table::open_with(&path, &options()).unwrap();
    writer.go();
    let end = Instant::now() + Duration::from_secs(seconds());
    let mut seen = Seen::default();
    while Instant::now() < end {
        seen.read_all(&table);
        table = table.refresh().unwrap();
        assert!(table.n_row() >= TEST_ROWS);
        // Refused once, casacore sleeps for a second; so leave gaps, as programs that do something with data do.
        std::thread::sleep(Duration::from_millis(seen.n_read % 8));
    }
    let last = writer.finish();
    let table = table.refresh().unwrap();
    seen.read_all(&table);
    assert_eq!(last, format!("{} {}", seen.generation, table.n_row()));
    assert!(seen.n_generation >= seconds() / 2, "{seen:?}");
    say(&format!("{seen:?}; writer: {last}"));
}

#[derive(Debug, Default)]
struct Seen {
    generation: u64,
    n_generation: u64,
    n_read: u64,
}

impl Seen {
    fn read_all(&mut self, table: &Table) {
        let n = table.n_row();
        let first = self.n_read % n;
        for rows in [0..n, first..n.min(first + 50)] {
            self.check(table, "A", rows.clone(), 1);
            self.check(table, "T", rows.clone(), 6);
            self.check(table, "U", rows.clone(), 8);
            self.strings(table, rows.clone());
            self.note(generation_of_constant(table, rows.clone()));
            let row = rows.start;
            self.check(table, "V", row..row + 1, 0);
        }
        self.n_read += 1;
    }

    /// A column of `generation · 100000 + row`, `n` a cell (0: any number).
    fn check(&mut self, table: &Table, name: &str, rows: Range<u64>, n: usize) {
        let cells = numbers(table, name, rows.clone());
        let n = if n == 0 { cells.len() / (rows.end - rows.start) as usize } else { n };
        assert_eq!(cells.len() as u64, n as u64 * (rows.end - rows.start), "{name}");
        let generation = (cells[0] as u64) / 100_000;
        for (row, cell) in rows.zip(cells.chunks(n)) {
            let want = (generation * 100_000 + row) as f64;
            assert!(cell.iter().all(|&x| x == want), "{name} row {row}: {cell:?}, not {want}");
        }
        self.note(generation);
    }

    fn strings(&mut self, table: &Table, rows: Range<u64>) {
        let mut cells = Vec::<String>::new();
        table.column("S").unwrap().read_flat(rows.clone(), &mut cells).unwrap();
        let generation: u64 = cells[0].rsplit(' ').next().unwrap().parse().unwrap();
        for (row, cell) in rows.zip(&cells) {
            assert_eq!(*cell, format!("row {row} of a generation {generation}"));
        }
        self.note(generation);
    }

    fn note(&mut self, generation: u64) {
        assert!(generation >= self.generation, "generation {generation} after {}", self.generation);
        self.n_generation += u64::from(generation > self.generation);
        self.generation = generation;
    }
}

fn numbers(table: &Table, name: &str, rows: Range<u64>) -> Vec<f64> {
    let column = table.column(name).unwrap();
    let (mut ints, mut doubles) = (Vec::<i32>::new(), Vec::new());
    if column.info().data_type == DataType::Int {
        column.read_flat(rows, &mut ints).unwrap();
        return ints.into_iter().map(f64::from).collect();
    }
    column.read_flat(rows, &mut doubles).unwrap();
    doubles
}

fn generation_of_constant(table: &Table, rows: Range<u64>) -> u64 {
    let mut cells = Vec::<i32>::new();
    table.column("I").unwrap().read_flat(rows, &mut cells).unwrap();
    assert!(cells.iter().all(|g| *g == cells[0]), "{cells:?}");
    cells[0] as u64
}

const READER: &str = r#"
t = table(path, lockoptions='auto', ack=False)
rows = np.arange(t.nrows())
print('ready', flush=True)
sys.stdin.readline()
seen, last, reads = set(), 1, 0
while True:
    a, b = t.getcol('A'), t.getcol('T')
    t.unlock()
    for x in (a, b[:, 0, 0], b[:, 1, 2]):
        g = int(x[0]) // 100000
        assert np.array_equal(x, g * 100000 + rows), (g, x)
        assert g >= last, (g, last)
        last = g
    seen.add(last)
    reads += 1
    if last >= 21000:
        break
    time.sleep(0.001)
print(len(seen), reads)
"#;

#[test]
fn facette_writes_and_casacore_reads() {
    let test = "facette_writes_and_casacore_reads";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    if Script::run(test, &path, "make(300)").is_none() {
        return;
    }
    let mut reader = Script::start(test, &path, READER).unwrap();
    assert_eq!(reader.line(), "ready");
    let table = Table::open_with(&path, &options()).unwrap();
    reader.go();
    let end = Instant::now() + Duration::from_secs(seconds());
    let mut generation = 1;
    while Instant::now() < end && generation < LAST - 1 {
        generation += 1;
        put(&path, 0..TEST_ROWS, generation);
        let mut seen = Seen { generation, ..Seen::default() };
        seen.check(&table, "A", 0..TEST_ROWS, 1);
        seen.check(&table, "T", 0..TEST_ROWS, 6);
        std::thread::sleep(Duration::from_millis(4 + generation % 16));
    }
    let mut editor = Editor::open_with(&path, &options()).unwrap();
    editor.add_rows(1);
    let refused = editor.commit().err().unwrap();
    assert!(matches!(refused, Error::InUse { .. }), "{refused}");
    let named = format!("process {} has {} open", reader.pid(), path.display());
    assert!(refused.to_string().starts_with(&named), "{refused}");
    put(&path, 0..TEST_ROWS, LAST);
    let line = reader.finish();
    let n_seen: u64 = line.split(' ').next().unwrap().parse().unwrap();
    assert!(n_seen >= seconds() / 2, "{line}");
    say(&format!("wrote {generation} generations; the reader saw, in reads: {line}"));
    for n_row in [TEST_ROWS + 7, TEST_ROWS + 50] {
        put(&path, 0..n_row, LAST);
        Script::run(test, &path, READ_ONCE).unwrap();
    }
}

const READ_ONCE: &str = r#"
t = table(path, lockoptions='auto', ack=False)
rows = np.arange(t.nrows())
for x in (t.getcol('A'), t.getcol('T')[:, 1, 2]):
    assert np.array_equal(x, 21000 * 100000 + rows), x
"#;

/// Writes columns A and T; adds rows if there are not so many.
fn put(path: &Path, rows: Range<u64>, generation: u64) {
    let mut editor = Editor::open_with(path, &options()).unwrap();
    editor.add_rows(rows.end - editor.n_row());
    let a: Vec<i32> = rows.map(|row| (generation * 100_000 + row) as i32).collect();
    let t: Vec<f64> = a.iter().flat_map(|&a| [f64::from(a); 6]).collect();
    editor.put("A", 0, &[], &a).unwrap();
    editor.put("T", 0, &[2, 3], &t).unwrap();
    editor.commit().unwrap();
}

/// The reader ends when it sees it; about the last whose cells are 32-bit numbers.
const LAST: u64 = 21_000;

#[test]
fn rows_that_go_are_an_error_and_not_a_wrong_value() {
    let test = "rows_that_go_are_an_error_and_not_a_wrong_value";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    if Script::run(test, &path, "make(40)").is_none() {
        return;
    }
    let table = Table::open(&path).unwrap();
    let mut seen = Seen::default();
    seen.check(&table, "A", 0..40, 1);
    let removed = r#"
desc = maketabdesc([makescacoldesc('A', 0), makescacoldesc('B', 0)])
table(path + '2', desc, nrow=9, ack=False).close()
t = table(path, readonly=False, ack=False)
t.putkeyword('K', 1)
t.removecols(['T'])
t.close()
t = table(path + '2', readonly=False, ack=False)
t.removerows([3])
t.close()
"#;
    Script::run(test, &path, removed).unwrap();
    seen.check(&table, "A", 0..40, 1);
    let gone = table.column("T").unwrap().read(0..1).unwrap_err();
    assert!(matches!(gone, Error::Changed { .. }), "{gone}");
    assert!(gone.to_string().contains("column T is gone or another; open it again"), "{gone}");
    let table = table.refresh().unwrap();
    assert!(!table.has_column("T") && table.keywords().get("K").is_some());
    seen.check(&table, "U", 0..40, 8);
    let short = Table::open(dir.path().join("t2")).unwrap();
    assert_eq!(short.n_row(), 8);
    Script::run(test, &dir.path().join("t2"), "table(path, readonly=False, ack=False).removerows([0])")
        .unwrap();
    let gone = short.column("A").unwrap().read(0..1).unwrap_err().to_string();
    assert!(gone.contains("it has 7 rows now and had 8"), "{gone}");
    assert_eq!(short.refresh().unwrap().n_row(), 7);
}
