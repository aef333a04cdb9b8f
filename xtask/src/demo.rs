//! `cargo xtask demo`: the program's own demonstration, built for speed.

use crate::run;

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "demo",
    about: "runs `facette demo` in a release build",
    help: "usage: cargo xtask demo [-- OPTIONS OF `facette demo`]\n\n\
           The same as `cargo run --release -- demo`; products go to demo/.",
    run: |args| {
        let own = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
        run::run(
            run::cargo()
                .args(["run", "--release", "--locked", "--package", "facette-cli", "--", "demo"])
                .args(own),
        )
    },
};
