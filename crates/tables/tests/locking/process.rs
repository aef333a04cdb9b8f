//! Threads and tables of one process share its lock; none of them loses it for the others.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use facette_tables::{Error, LockOption, OpenOptions, Table};
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

fn copied(dir: &Path) -> PathBuf {
    let to = dir.join("t");
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(testkit::fixture("tiny.ms")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    to
}

/// What another process may do. Locks of an open file are checked against those of processes, this one's too; the
/// file stays open for ever, as closing it would drop what is looked for.
fn others_may(probe: &File, byte: i64, kind: i32) -> bool {
    let mut lock = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(probe, FcntlArg::F_OFD_GETLK(&mut lock)).unwrap();
    lock.l_type == libc::F_UNLCK as libc::c_short
}

fn probe(table: &Path) -> &'static File {
    Box::leak(Box::new(File::open(table.join("table.lock")).unwrap()))
}

#[test]
fn a_table_is_in_use_until_the_last_one_of_the_process_closes() {
    let dir = tempfile::tempdir().unwrap();
    let path = copied(dir.path());
    let probe = probe(&path);
    let first = Table::open(&path).unwrap();
    let second = Table::open(&path).unwrap();
    assert!(!others_may(probe, 1, libc::F_WRLCK));
    assert!(others_may(probe, 0, libc::F_WRLCK), "nothing is being read");
    drop(first);
    assert!(!others_may(probe, 1, libc::F_WRLCK));
    drop(second);
    assert!(others_may(probe, 1, libc::F_WRLCK));
}

#[test]
fn a_write_lock_holds_while_threads_open_and_close_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let path = copied(dir.path());
    let probe = probe(&path);
    let table = Table::open(&path).unwrap();
    let unlocked = OpenOptions { lock: LockOption::NoLock, ..OpenOptions::default() };
    for _ in 0..50 {
        let lock = table.write_lock().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5).for_each(|_| drop(Table::open_with(&path, &unlocked).unwrap())));
            }
        });
        assert!(!others_may(probe, 0, libc::F_RDLCK));
        // The thread that writes reads too.
        table.column("TIME").unwrap().read(0..1).unwrap();
        assert!(!others_may(probe, 0, libc::F_RDLCK));
        drop(lock);
        assert!(others_may(probe, 0, libc::F_WRLCK));
    }
}

#[test]
fn readers_and_writers_of_one_process_exclude_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = copied(dir.path());
    let before = modified(&path);
    let writing = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (path, writing) = (&path, &writing);
            scope.spawn(move || {
                let mut table = Table::open(path).unwrap();
                for turn in 0..60 {
                    if i < 2 {
                        let mut lock = table.write_lock().unwrap();
                        assert!(!writing.swap(true, Ordering::SeqCst), "two write");
                        lock.changes_storage(turn % 3);
                        std::thread::yield_now();
                        writing.store(false, Ordering::SeqCst);
                        lock.release().unwrap();
                    } else {
                        table.column("TIME").unwrap().read(0..3).unwrap();
                        table =
                            if turn % 7 == 0 { Table::open(path).unwrap() } else { table.refresh().unwrap() };
                    }
                }
            });
        }
    });
    assert_eq!(modified(&path) - before, 120);
}

/// The count of changes in the sync record.
fn modified(table: &Path) -> u32 {
    let bytes = std::fs::read(table.join("table.lock")).unwrap();
    u32::from_be_bytes(bytes[292..296].try_into().unwrap())
}

#[test]
fn a_write_lock_elsewhere_in_the_process_ends_the_patience_of_a_reader() {
    let dir = tempfile::tempdir().unwrap();
    let path = copied(dir.path());
    let short = OpenOptions { wait: std::time::Duration::from_millis(50), ..OpenOptions::default() };
    let table = Table::open_with(&path, &short).unwrap();
    let lock = table.write_lock().unwrap();
    let column = table.column("TIME").unwrap();
    let other = std::thread::scope(|scope| scope.spawn(|| column.read(0..1)).join().unwrap());
    let message = other.unwrap_err().to_string();
    assert!(message.contains("another thread of this process"), "{message}");
    drop(lock);
    column.read(0..1).unwrap();
}

#[test]
fn tables_without_a_lock_file_and_in_folders_that_may_not_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = copied(dir.path());
    let lock_file = path.join("table.lock");
    for entry in std::fs::read_dir(&path).unwrap() {
        std::fs::set_permissions(entry.unwrap().path(), PermissionsExt::from_mode(0o444)).unwrap();
    }
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o555)).unwrap();
    let table = Table::open(&path).unwrap();
    let n_row = table.n_row();
    table.column("TIME").unwrap().read(0..n_row).unwrap();
    // The superuser may write all the same.
    match table.write_lock() {
        Err(Error::NoLocks { why, .. }) => assert_eq!(why, "table.lock may not be written"),
        Err(other) => panic!("{other}"),
        Ok(_) => {}
    }
    drop(table);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::remove_file(&lock_file).unwrap();
    let table = Table::open(&path).unwrap();
    table.column("TIME").unwrap().read(0..table.n_row()).unwrap();
    assert!(!lock_file.exists(), "a reader makes nothing");
    let mut lock = table.write_lock().unwrap();
    lock.changes_table();
    lock.release().unwrap();
    assert_eq!(Table::open(&path).unwrap().n_row(), n_row);
}
