//! Where images go: directories that are not there, names with odd characters, disks that are full.

use crate::example::{header, pixels};
use facette_fits::{Error, check_writable, read_image, write_image};
use std::{fs, path::Path, process::Command};
use types::ImageGeometry;

const SIZE: ImageGeometry = ImageGeometry { nx: 40, ny: 30, cell_rad: 1e-5 };

fn write(path: &Path) -> Result<(), Error> {
    write_image(path, &header(), &SIZE, &pixels(&SIZE), false)
}

fn n_entry(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn a_directory_that_takes_no_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for directory in [dir.path().join("absent"), file.clone()] {
        for result in [check_writable(&directory.join("a.fits"), true), write(&directory.join("a.fits"))] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Directory { .. }), "{error:?}");
            assert!(error.to_string().contains(&*directory.to_string_lossy()), "{error}");
            // Whoever prints the error prints its source after it.
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(!cause.is_empty() && !error.to_string().contains(&cause), "{error}");
        }
    }
    assert_eq!(n_entry(dir.path()), 1);
}

#[test]
fn the_check_before_a_run_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.fits");
    check_writable(&path, false).unwrap();
    assert_eq!(n_entry(dir.path()), 0);
    fs::write(&path, "precious").unwrap();
    assert!(matches!(check_writable(&path, false), Err(Error::Exists { .. })));
    check_writable(&path, true).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    for nameless in [dir.path(), Path::new("/"), Path::new(".."), Path::new("")] {
        assert!(matches!(check_writable(nameless, true), Err(Error::NotAFile { .. })), "{nameless:?}");
        assert!(matches!(write(nameless), Err(Error::NotAFile { .. })), "{nameless:?}");
    }
    assert_eq!(n_entry(dir.path()), 1);
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_not_written_through() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.fits");
    std::os::unix::fs::symlink(dir.path().join("elsewhere"), &path).unwrap();
    assert!(matches!(write(&path), Err(Error::Exists { .. })));
    assert_eq!(n_entry(dir.path()), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_cfitsio_would_interpret_work() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"\xff not utf-8");
    let names = [
        "m[1:3].fits",
        "!m.fits",
        "m(copy).fits",
        "m+3",
        "a b.fits",
        "mem:",
        "stdin",
        "-",
        "mµ.fits",
        "m.fits.gz",
    ];
    for name in names.iter().map(std::ffi::OsStr::new).chain([odd]) {
        for path in [dir.path().join(name), dir.path().join(name).join("a.fits")] {
            if path.ends_with("a.fits") {
                fs::create_dir(path.parent().unwrap()).unwrap();
            }
            write(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
            let got = read_image(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
            assert_eq!(got.pixels, pixels(&SIZE));
            fs::remove_file(&path).unwrap();
        }
    }
    assert_eq!(n_entry(dir.path()), names.len() + 1);
}

/// Runs in a process of its own (see below), where no file may grow beyond a few kilobytes.
#[test]
fn write_where_files_may_not_grow() {
    let Some(directory) = std::env::var_os("FACETTE_TEST_SMALL_FILES") else { return };
    // The smallest fits into CFITSIO's buffers, so that only closing the file meets the limit.
    for n in [28, 64, 300] {
        let size = ImageGeometry { nx: n, ny: n, cell_rad: 1e-5 };
        let path = Path::new(&directory).join("a.fits");
        let error = write_image(&path, &header(), &size, &pixels(&size), true).unwrap_err();
        let expected = if n == 28 {
            matches!(error, Error::Short { .. })
        } else {
            matches!(error, Error::Cfitsio { .. })
        };
        assert!(expected, "{n}: {error:?}");
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        assert_eq!(n_entry(Path::new(&directory)), 1, "part file left");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_is_an_error_and_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.fits"), "precious").unwrap();
    // 12 blocks, of 512 or 1024 bytes by shell, hold the header and some pixels; ignoring XFSZ turns the signal into an error.
    let script = "trap '' XFSZ; ulimit -f 12; exec \"$0\" --exact paths::write_where_files_may_not_grow";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("FACETTE_TEST_SMALL_FILES", dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn files_that_are_no_images_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.fits");
    assert!(matches!(read_image(&path), Err(Error::Io { .. })));
    write(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let refused = |bytes: &[u8], word: &str| {
        fs::write(&path, bytes).unwrap();
        let error = read_image(&path).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
    };
    refused(b"", "not a FITS file");
    refused(&good[..1000], "not a FITS file");
    refused(&vec![b'x'; 20_000], "SIMPLE");
    refused(&good[..good.len() - 2880], "cut short");
    let swap = |bytes: &[u8], from: &str, to: &str| {
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        let mut bytes = bytes.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    let swapped = |from, to| swap(&good, from, to);
    let longer = swapped("NAXIS2  =                   30", "NAXIS2  =  9000000000000000000");
    refused(&swap(&longer, "16.0 ", "4500000000000000001.0 "), "cut short");
    let longer = swapped("NAXIS2  =                   30", "NAXIS2  =                  460");
    refused(&swap(&longer, " 16.0", "231.0"), "cut short");
    refused(&swapped("NAXIS3  =                    1", "NAXIS3  =                    2"), "NAXIS3");
    refused(&swapped("RA---SIN", "RA---TAN"), "RA---TAN");
    refused(&swapped("'FK5     '", "'GALACTI'"), "GALACTI");
    refused(&swapped("CRPIX1", "CRPIXX"), "CRPIX1");
    refused(&swapped("LONPOLE =                180.0", "CROTA2  =                 12.0"), "CROTA2");
    refused(&swapped("BITPIX  =                  -64", "BITPIX  =                  -63"), "BITPIX");
}
