//! How much memory a piece of work takes: libFuzzer's own limits know no sizes of files.

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that work may take however small the files are: pooled buffers and blocks of a fixed size.
const FIXED: usize = 4 << 20;
/// Bytes that it may take for each byte of the files and for each element that is asked for.
const EACH: usize = 64;

/// Does `work` on files and values of so many bytes and elements.
///
/// # Panics
/// When it took more memory at once than is in proportion to them.
pub fn limited<T>(n: usize, work: impl FnOnce() -> T) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let done = work();
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let most = FIXED + EACH * n;
    assert!(
        taken <= most,
        "{taken} bytes of memory for {n} bytes and elements; at most {most} are in proportion"
    );
    done
}
