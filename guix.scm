;;; The tools to build, test and develop Facette: guix shell -m guix.scm
;;;
;;; A manifest does not pin versions: this one takes the running Guix.  It needs a Guix whose Rust is at least
;;; the rust-version of Cargo.toml (1.88); Guix 1.5.0 has 1.85, its branch of March 2026 has 1.93.
;;; Inside, use the system's CFITSIO: cargo run --release --no-default-features -- demo

(specifications->manifest
 (list
  ;; Rust: the compiler, its cargo, and rustfmt and clippy.
  "rust"
  "rust:cargo"
  "rust:tools"
  ;; A C compiler and make, for build scripts; cfitsio, found by pkg-config.
  "gcc-toolchain"
  "make"
  "pkg-config"
  "cfitsio"
  ;; cmake, for the feature bundled-cfitsio-cmake.
  "cmake"
  ;; What cargo needs to fetch crates, and ci/run to run.
  "git"
  "nss-certs"
  "bash"
  "coreutils"
  "grep"
  "sed"
  ;; Conveniences, and tools of later work: MPI, the Python binding, instruction counts.
  "cargo-nextest"
  "openmpi"
  "clang"
  "python"
  "python-numpy"
  "maturin"
  "valgrind"))
