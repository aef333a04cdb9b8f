//! Another process holds a lock: who waits is told, waits as long as it was to, and may do without.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use facette_tables::{
    Error, LockEvent, LockKind, LockOption, OpenOptions, Selection, Table, TableSpec, Value,
};

use crate::python::{Script, say};

/// Holds a lock until it is told to go on.
const HOLD: &str = r#"
make(10)
t = table(path, readonly=False, lockoptions='user', ack=False)
t.lock(write=True)
print('ready', flush=True)
sys.stdin.readline()
t.unlock()
print('unlocked', flush=True)
sys.stdin.readline()
"#;

type Events = Arc<Mutex<Vec<LockEvent>>>;

fn options(lock: LockOption, wait: Duration) -> (Events, OpenOptions) {
    let events = Events::default();
    let kept = Arc::clone(&events);
    let on_event = Arc::new(move |event: &LockEvent| kept.lock().unwrap().push(event.clone()));
    (events, OpenOptions { lock, wait, on_event: Some(on_event), ..OpenOptions::default() })
}

#[test]
fn a_reader_waits_says_for_whom_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let Some(mut holder) = Script::start("a_reader_waits_says_for_whom_and_goes_on", &path, HOLD) else {
        return;
    };
    assert_eq!(holder.line(), "ready");
    let (events, told) = options(LockOption::Auto, Duration::from_secs(60));
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| Table::open_with(&path, &told).unwrap());
        let start = Instant::now();
        while events.lock().unwrap().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(30), "nobody was told");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!opening.is_finished());
        assert_eq!(requests(&path), [std::process::id()], "a request while waiting");
        holder.go();
        assert_eq!(opening.join().unwrap().n_row(), 10);
    });
    assert_eq!(requests(&path), [0; 0]);
    let events = events.lock().unwrap();
    let LockEvent::Waiting { kind, holder: pid, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!((*kind, *pid), (LockKind::Read, Some(holder.pid())));
    let text = events[0].to_string();
    assert!(
        text.starts_with("waiting for a read lock on ") && text.contains("t, held by process "),
        "{text}"
    );
    assert!(matches!(events.last(), Some(LockEvent::Acquired { .. })), "{events:?}");
}

#[test]
fn time_limits_and_no_locks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let Some(mut holder) = Script::start("time_limits_and_no_locks", &path, HOLD) else { return };
    assert_eq!(holder.line(), "ready");
    let (_, short) = options(LockOption::Auto, Duration::from_millis(300));
    let start = Instant::now();
    let error = Table::open_with(&path, &short).err().unwrap();
    assert!(start.elapsed() < Duration::from_secs(20));
    let pid = Some(holder.pid());
    assert!(
        matches!(&error, Error::Locked { holder, kind: LockKind::Read, .. } if *holder == pid),
        "{error}"
    );
    assert!(error.to_string().contains(&format!("process {} holds it", holder.pid())), "{error}");
    assert_eq!(requests(&path), [0; 0], "a request outlived its maker");
    let (events, unlocked) = options(LockOption::NoLock, Duration::ZERO);
    let free = Table::open_with(&path, &unlocked).unwrap();
    let mut cells = Vec::<i32>::new();
    free.column("A").unwrap().read_flat(0..10, &mut cells).unwrap();
    assert_eq!(cells[9], 100_009);
    assert!(events.lock().unwrap().is_empty());
    holder.go();
    assert_eq!(holder.line(), "unlocked");
    let table = Table::open_with(&path, &short).unwrap();
    let lock = table.write_lock().unwrap();
    let in_use = lock.exclusive().unwrap_err();
    assert!(matches!(&in_use, Error::InUse { user, .. } if *user == pid), "{in_use}");
    drop(holder);
    lock.exclusive().unwrap();
}

/// A subtable is opened for a copy as its table was.
#[test]
fn a_copy_waits_for_subtables_as_long_as_it_was_to() {
    let dir = tempfile::tempdir().unwrap();
    let (main, path) = (dir.path().join("main"), dir.path().join("t"));
    let test = "a_copy_waits_for_subtables_as_long_as_it_was_to";
    let Some(mut holder) = Script::start(test, &path, HOLD) else { return };
    assert_eq!(holder.line(), "ready");
    let spec = TableSpec::new().keyword("SUB", Value::Table("./t".to_owned()));
    Table::create(&main, &spec).unwrap().commit().unwrap();
    let copy = |name: &str, options| {
        let table = Table::open_with(&main, options).unwrap();
        table.copy_to(dir.path().join(name), &Selection::all())
    };
    let (events, short) = options(LockOption::Auto, Duration::from_millis(300));
    let error = copy("locked", &short).err().unwrap();
    assert!(matches!(&error, Error::Locked { holder: pid, .. } if *pid == Some(holder.pid())), "{error}");
    assert!(matches!(events.lock().unwrap()[0], LockEvent::Waiting { .. }));
    let (_, unlocked) = options(LockOption::NoLock, Duration::ZERO);
    let copied = copy("unlocked", &unlocked).unwrap();
    assert_eq!(copied.subtable("SUB").unwrap().n_row(), 10);
    assert_eq!(copied.options().lock, LockOption::NoLock);
    holder.go();
}

/// A writer waits for a reader of casacore's, and casacore for a reader that never pauses.
#[test]
fn readers_let_writers_in() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let write = r#"
make(10)
print('ready', flush=True)
sys.stdin.readline()
t = table(path, readonly=False, lockoptions='user', ack=False)
for g in range(2, 5):
    t.lock(write=True)
    put(t, g)
    t.unlock()
print('done', flush=True)
"#;
    let Some(mut writer) = Script::start("readers_let_writers_in", &path, write) else { return };
    assert_eq!(writer.line(), "ready");
    let table = Table::open(&path).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let read = || {
            let column = table.column("T").unwrap();
            let mut cells = Vec::<f64>::new();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                cells.clear();
                column.read_flat(0..10, &mut cells).unwrap();
                assert_eq!(cells[0] + 9.0, cells[59]);
            }
            cells[0]
        };
        let readers = [scope.spawn(read), scope.spawn(read), scope.spawn(read)];
        let start = Instant::now();
        writer.go();
        assert_eq!(writer.line(), "done");
        say(&format!("three writes between readers took {:.1} s", start.elapsed().as_secs_f64()));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        readers.into_iter().for_each(|reader| assert!(reader.join().unwrap() >= 100_000.0));
    });
    let mut cells = Vec::<f64>::new();
    table.column("T").unwrap().read_flat(0..1, &mut cells).unwrap();
    assert_eq!(cells[0], 400_000.0);
}

/// Processes that ask for the table. Reading the file by its own descriptor is what a library must not do while it
/// has locks of its own; here the lock is another process's.
fn requests(table: &std::path::Path) -> Vec<u32> {
    let bytes = std::process::Command::new("cat").arg(table.join("table.lock")).output().unwrap().stdout;
    let int = |i: usize| u32::from_be_bytes(bytes[4 * i..4 * i + 4].try_into().unwrap());
    (0..int(0) as usize).map(|i| int(1 + 2 * i)).collect()
}
