//! The one function that is called from outside.

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tables::{Batches, Table};

/// What was asked for.
struct Wanted<'a> {
    path: &'a CStr,
    /// Names with commas between; empty for all.
    columns: &'a CStr,
    start: u64,
    /// Cut to the table's rows.
    end: u64,
    /// 0 for some megabytes.
    batch_rows: u64,
}

/// Opens the table `path` and makes `out` a stream of record batches of rows `start..end` of its columns.
///
/// `columns` are names with commas between, empty for all; `end` is cut to the number of rows; `batch_rows` is the
/// number of rows of a batch, 0 for some megabytes. Returns 0; or 1, with the reason as text in `message`, which is cut
/// to `message_size` bytes and ends with a zero byte; then `out` is untouched.
///
/// # Safety
/// `path` and `columns` must be texts that end with a zero byte; `out` must be memory for an `ArrowArrayStream`, which
/// is overwritten and not released; `message` must be writable for `message_size` bytes, or null.
// SAFETY: no other function of the program has this name.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "a function that C calls")]
pub unsafe extern "C" fn facette_table_stream(
    path: *const c_char,
    columns: *const c_char,
    start: u64,
    end: u64,
    batch_rows: u64,
    out: *mut FFI_ArrowArrayStream,
    message: *mut c_char,
    message_size: usize,
) -> i32 {
    // SAFETY: the caller promises texts that end with a zero byte.
    let (path, columns) = unsafe { (CStr::from_ptr(path), CStr::from_ptr(columns)) };
    let wanted = Wanted { path, columns, start, end, batch_rows };
    let opened = catch_unwind(AssertUnwindSafe(|| open(&wanted)));
    match opened.unwrap_or_else(|_| Err("this is a bug of facette: it panicked".to_owned())) {
        Ok(batches) => {
            // SAFETY: the caller promises memory for a stream; what is in it is not looked at.
            unsafe { out.write(FFI_ArrowArrayStream::new(Box::new(batches))) };
            0
        }
        Err(text) => {
            // SAFETY: the caller promises so many writable bytes, or null.
            unsafe { say(&text, message, message_size) };
            1
        }
    }
}

fn open(wanted: &Wanted<'_>) -> Result<Batches, String> {
    let text = |text: &CStr| text.to_str().map(str::to_owned).map_err(|_| "a name is not UTF-8".to_owned());
    let table = Table::open(text(wanted.path)?).map_err(|e| e.to_string())?;
    let columns = text(wanted.columns)?;
    let columns: Vec<&str> =
        if columns.is_empty() { table.column_names().collect() } else { columns.split(',').collect() };
    let rows = wanted.start..wanted.end.min(table.n_row());
    let batch_rows = (wanted.batch_rows > 0).then_some(wanted.batch_rows);
    table.batches(&columns, rows, batch_rows).map_err(|e| e.to_string())
}

/// Copies a text and a zero byte.
///
/// # Safety
/// `to` must be writable for `size` bytes, or null.
#[expect(unsafe_code, reason = "the buffer is C's")]
unsafe fn say(text: &str, to: *mut c_char, size: usize) {
    if to.is_null() || size == 0 {
        return;
    }
    let n = text.len().min(size - 1);
    // SAFETY: n + 1 ≤ size bytes are written, and `text` has n of them.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), to, n);
        to.add(n).write(0);
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{Array, cast::AsArray, ffi::FFI_ArrowArray, types::Float64Type};

    use super::*;

    /// What is handed out is where the array's values are.
    #[test]
    fn handing_out_copies_nothing() {
        let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
        let uvw = table.column("UVW").unwrap().read(0..84).unwrap();
        let values = uvw.as_fixed_size_list().values().as_primitive::<Float64Type>().values().as_ptr();
        let out = FFI_ArrowArray::new(&uvw.to_data());
        assert_eq!(out.child(0).buffer(1), values.cast::<u8>());
    }

    #[test]
    fn what_cannot_be_opened_is_said() {
        let wanted = |path, columns| Wanted { path, columns, start: 0, end: u64::MAX, batch_rows: 0 };
        let said = |path, columns| open(&wanted(path, columns)).err().unwrap_or_default();
        assert!(said(c"nowhere", c"").contains("not a table"));
        let tiny = std::ffi::CString::new(testkit::fixture("tiny.ms").to_str().unwrap()).unwrap();
        assert!(said(&tiny, c"NOT").contains("no column NOT"));
        assert_eq!(
            open(&wanted(&tiny, c"UVW,TIME")).unwrap().map(|b| b.unwrap().num_rows()).sum::<usize>(),
            84
        );
    }
}
