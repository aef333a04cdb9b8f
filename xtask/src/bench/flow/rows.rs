//! The rows of the table as data: cases, what StreamPU was recorded to do, peers and targets.

/// Where StreamPU's figures come from.
pub(super) const ORIGIN: &str = "StreamPU v1.8.1, recorded on a 2-core Xeon, quiet; medians of 5 to 7 runs";

/// Rows that belong together.
pub(super) struct Group {
    /// What they have in common.
    pub(super) title: &'static str,
    /// In the order of the table.
    pub(super) rows: &'static [Row],
}

/// A line of the table.
pub(super) struct Row {
    /// What stands at the left.
    pub(super) title: &'static str,
    /// The case of the example `runtime_speed`.
    pub(super) case: &'static str,
    /// How its seconds are printed.
    pub(super) unit: Unit,
    /// StreamPU's figure as recorded ([`ORIGIN`]); empty where there is none.
    pub(super) streampu: &'static str,
    /// Programs that do the same, in the words of [`super::programs::Programs::measure`].
    pub(super) peers: &'static [&'static str],
    /// What is asked for.
    pub(super) target: Target,
    /// Several threads work at a time, so that the target means nothing on one core.
    pub(super) on_two: bool,
}

/// How a figure is printed. The programs give seconds for one of what they count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    /// Seconds each: ns, µs or ms.
    Time,
    /// Frames per second.
    Rate,
    /// A part of a whole, in percent.
    Share,
}

/// What is asked for, in the seconds of the case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// Nothing: the row tells.
    None,
    /// The median may have so many seconds.
    AtMost(f64),
    /// The median may be so many times that of another case, measured run by run beside this one.
    Times(f64, &'static str),
}

use Target::{AtMost, None, Times};
use Unit::{Rate, Share, Time};

const fn row(title: &'static str, case: &'static str, unit: Unit) -> Row {
    Row { title, case, unit, streampu: "", peers: &[], target: None, on_two: false }
}

/// A row whose threads are to work at the same time.
const fn wide(title: &'static str, case: &'static str, unit: Unit) -> Row {
    Row { on_two: true, ..row(title, case, unit) }
}

impl Row {
    const fn streampu(self, streampu: &'static str) -> Row {
        Row { streampu, ..self }
    }

    const fn peers(self, peers: &'static [&'static str]) -> Row {
        Row { peers, ..self }
    }

    const fn at_most(self, seconds: f64) -> Row {
        Row { target: AtMost(seconds), ..self }
    }

    const fn at_most_times(self, factor: f64, case: &'static str) -> Row {
        Row { target: Times(factor, case), ..self }
    }

    /// At least so many million frames per second.
    const fn at_least_million(self, rate: f64) -> Row {
        self.at_most(1e-6 / rate)
    }
}

const PINNED_16: &[&str] =
    &["onetbb ss values", "onetbb ss pointers", "crossbeam-values-16-pinned", "crossbeam-boxes-16-pinned"];
const PINNED_1: &[&str] = &["crossbeam-values-1-pinned", "crossbeam-boxes-1-pinned"];
const FREE_16: &[&str] =
    &["onetbb ss values", "onetbb ss pointers", "crossbeam-values-16-free", "crossbeam-boxes-16-free"];
const FREE_1: &[&str] = &["crossbeam-values-1-free", "crossbeam-boxes-1-free"];
const SS: &[&str] = &["onetbb ss values", "onetbb ss pointers"];
const SSS: &[&str] = &["onetbb sss values", "onetbb sss pointers"];
const SPS: &[&str] = &["onetbb sps values", "onetbb sps pointers"];
const SSSS: &[&str] = &["onetbb ssss values", "onetbb ssss pointers"];

/// The table.
pub(super) const GROUPS: &[Group] = &[
    Group {
        title: "one thread: a sequence of 10 tasks, per task",
        rows: &[
            row("in place, all checks", "sequence-forward-checked", Time).streampu("15.2 ns").at_most(5e-9),
            row("in place, 1 frame in 16 timed", "sequence-forward-timed-1-in-16", Time).at_most(10e-9),
            row("in place, every frame timed", "sequence-forward-timed", Time)
                .streampu("85 ns")
                .at_most(30e-9),
            row("in → out, all checks", "sequence-in-out-checked", Time).streampu("20.2 ns"),
            row("in → out, 1 frame in 16 timed", "sequence-in-out-timed-1-in-16", Time),
            row("in → out, every frame timed", "sequence-in-out-timed", Time),
            row("reading the clock, once", "clock", Time),
        ],
    },
    Group {
        title: "one thread: stages fused, frames/s",
        rows: &[
            row("2 tasks fused", "fused-2", Rate).peers(SS).at_least_million(10.0),
            row("3 tasks fused", "fused-3", Rate).peers(SSS).at_least_million(10.0),
        ],
    },
    Group {
        title: "two stages, one thread each, frames/s",
        rows: &[
            wide("pinned, spinning, depth 16", "pair-16-spin", Rate)
                .streampu("2.2 M/s")
                .peers(PINNED_16)
                .at_least_million(5.0),
            wide("pinned, spinning, depth 1", "pair-1-spin", Rate)
                .streampu("1.57 M/s")
                .peers(PINNED_1)
                .at_least_million(2.5),
            wide("parking after 20 µs, depth 16", "pair-16-spin-then-park", Rate)
                .streampu("1.25 M/s")
                .peers(FREE_16)
                .at_least_million(3.0),
            wide("parking after 20 µs, depth 1", "pair-1-spin-then-park", Rate)
                .streampu("77 k/s")
                .peers(FREE_1)
                .at_least_million(0.2),
            wide("no spinning at all, depth 16", "pair-16-park", Rate).streampu("1.25 M/s"),
            wide("no spinning at all, depth 1", "pair-1-park", Rate).streampu("77 k/s"),
        ],
    },
    Group {
        title: "wider and longer, parking after 20 µs, depth 16, frames/s",
        rows: &[
            wide("stages 1-2", "stages-1-2-spin-then-park", Rate).streampu("1.6 M/s").at_least_million(3.0),
            wide("stages 2-1", "stages-2-1-spin-then-park", Rate)
                .streampu("1.5-1.7 M/s")
                .at_least_million(3.0),
            wide("stages 1-2-1", "stages-1-2-1-spin-then-park", Rate)
                .streampu("1.05-1.16 M/s")
                .peers(SPS)
                .at_least_million(2.0),
            wide("stages 1-1-1-1", "stages-1-1-1-1-spin-then-park", Rate).peers(SSSS),
        ],
    },
    Group {
        title: "the same, no spinning at all",
        rows: &[
            wide("stages 1-2", "stages-1-2-park", Rate).streampu("1.6 M/s"),
            wide("stages 2-1", "stages-2-1-park", Rate).streampu("1.5-1.7 M/s"),
            wide("stages 1-2-1", "stages-1-2-1-park", Rate).streampu("1.05-1.16 M/s"),
            wide("stages 1-1-1-1", "stages-1-1-1-1-park", Rate),
        ],
    },
    Group {
        title: "the same, spinning: more threads than cores",
        rows: &[
            wide("stages 1-2", "stages-1-2-spin", Rate).streampu("4-6 k/s").at_least_million(0.5),
            wide("stages 2-1", "stages-2-1-spin", Rate).streampu("8 k/s").at_least_million(0.5),
            wide("stages 1-2-1", "stages-1-2-1-spin", Rate).streampu("3-4 k/s").at_least_million(0.5),
            wide("stages 1-1-1-1", "stages-1-1-1-1-spin", Rate).at_least_million(0.5),
        ],
    },
    Group {
        title: "two stages, depth 16, frames that own a block: only ownership moves, frames/s",
        rows: &[
            wide("16 B, pinned, spinning", "blocks-16-B-spin", Rate)
                .streampu("2.2 M/s")
                .peers(&["crossbeam-boxes-16-pinned"]),
            wide("64 KiB, pinned, spinning", "blocks-64-KiB-spin", Rate)
                .peers(&["crossbeam-blocks-64-KiB-pinned"])
                .at_most_times(1.25, "blocks-16-B-spin"),
            wide("1 MiB, pinned, spinning", "blocks-1-MiB-spin", Rate)
                .streampu("2.3 M/s")
                .peers(&["crossbeam-blocks-1-MiB-pinned"])
                .at_most_times(1.25, "blocks-16-B-spin"),
            wide("16 B, parking after 20 µs", "blocks-16-B-spin-then-park", Rate)
                .streampu("1.25 M/s")
                .peers(&["crossbeam-boxes-16-free"]),
            wide("64 KiB, parking after 20 µs", "blocks-64-KiB-spin-then-park", Rate)
                .peers(&["crossbeam-blocks-64-KiB-free"])
                .at_most_times(1.25, "blocks-16-B-spin-then-park"),
            wide("1 MiB, parking after 20 µs", "blocks-1-MiB-spin-then-park", Rate)
                .streampu("1.30 M/s")
                .peers(&["crossbeam-blocks-1-MiB-free"])
                .at_most_times(1.25, "blocks-16-B-spin-then-park"),
        ],
    },
    Group {
        title: "loops, starting, building",
        rows: &[
            row("iteration through the switcher, one body task", "loop", Time)
                .streampu("142 ns")
                .at_most(20e-9),
            row("the same, ten million iterations", "loop-of-ten-million", Time)
                .streampu("segfaults")
                .at_most(20e-9),
            row("start and stop of two stages", "start-and-stop", Time).streampu("79 µs").at_most(50e-6),
            row("construction of 1-16-1", "construct-1-16-1", Time).streampu("2.3 ms").at_most(0.5e-3),
        ],
    },
    Group {
        title: "balance",
        rows: &[
            row("a frame of 1 ms of work, 1 thread", "work-1-thread", Time),
            wide("the same work on 2 stage threads", "work-2-threads", Time),
            wide("the same work on 16 stage threads", "work-16-threads", Time)
                .at_most_times(1.25, "work-2-threads"),
            wide("2 replicas, frames 0 and 2 ms: over the ideal", "slow-frames", Share)
                .streampu("72 %")
                .at_most(0.05),
            row("an idle pipeline: part of a core", "idle", Share).at_most(0.01),
        ],
    },
];

/// What has to be known to read the table.
pub(super) const NOTES: &[&str] = &[
    "StreamPU: v1.8.1 as recorded on a 2-core Xeon, quiet (medians of 5 to 7 runs); another computer than this one, so \
     read the columns measured here against each other.",
    "oneTBB: parallel_pipeline, 16 tokens, 2 threads; it may carry a frame through all filters on one thread. The faster \
     of frames passed by value and of pointers to frames used again.",
    "Fused rows: ours is one thread, oneTBB has its two. A fused stage has no hand-off to pay for, so the row shows what \
     a plan that fits one core gains; it says nothing about moving frames between cores.",
    "crossbeam: two threads and a bounded channel of the same capacity, pinned where ours is; it decides itself how long \
     it spins. The faster of frames by value and of boxes that come back; blocks are boxes that come back.",
    "Tasks are boxed and chosen at run time; a stage with replicas holds the box in a task that can copy it. Each task \
     changes the frame, and every program checks the sums of changes and of frame numbers at the end.",
    "Blocks: a frame of 24 bytes that owns the block; the blocks go back to the source 64 at a time.",
    "More replicas or stages than two share the two cores.",
    "Second core: how many times as fast two threads are as one on the same work, in front of the table and behind it. On a \
     virtual machine it may be worth next to nothing for minutes; rows that need it are not judged then, and those that \
     miss are measured once more at the end.",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn cases_are_there_once_and_references_exist() {
        let rows = || GROUPS.iter().flat_map(|g| g.rows);
        let cases: BTreeSet<&str> = rows().map(|r| r.case).collect();
        assert_eq!(cases.len(), rows().count());
        for row in rows() {
            assert!(!matches!(row.target, Times(_, case) if !cases.contains(case)), "{}", row.case);
            assert!(!row.title.starts_with("stages ") || row.on_two, "{}", row.case);
            let known = |p: &&str| p.starts_with("onetbb ") || p.starts_with("crossbeam-");
            assert!(row.peers.iter().all(known), "{}", row.case);
        }
    }
}
