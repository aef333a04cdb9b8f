//! A peer: two threads and a bounded channel of crossbeam, which anyone would write by hand.

use std::{error::Error, thread, time::Instant};

use crossbeam_channel::bounded;

use crate::{
    Case, Timed, cores,
    frames::{Frame, Seen, sum_to, with_warm_up},
    pipelines::BLOCKS,
};

const FRAMES: u64 = 400_000;

/// The cases of this file: 16 bytes by value, the same in boxes that come back, and large blocks in the same way.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, pinned) in [("free", false), ("pinned", true)] {
        for capacity in [16, 1] {
            let pair = Pair { capacity, pinned };
            cases.push(Case::new(format!("crossbeam-values-{capacity}-{place}"), move || pair.values()));
            cases.push(Case::new(format!("crossbeam-boxes-{capacity}-{place}"), move || pair.boxes(16)));
        }
        for &(size, bytes) in &BLOCKS[1..] {
            let pair = Pair { capacity: 16, pinned };
            cases.push(Case::new(format!("crossbeam-blocks-{size}-{place}"), move || pair.boxes(bytes)));
        }
    }
    cases
}

/// A sender on a thread of its own, a receiver on ours.
#[derive(Clone, Copy)]
struct Pair {
    capacity: usize,
    pinned: bool,
}

impl Pair {
    /// Frames by value; seconds per frame.
    fn values(self) -> Timed {
        self.time(|frames| {
            let (to, from) = bounded::<Frame>(self.capacity);
            let sender = move || (1..=frames).try_for_each(|i| to.send([0, i]).map_err(|e| e.to_string()));
            self.both(sender, || {
                let mut sums = [0, 0];
                for [changes, number] in from.iter() {
                    sums = [sums[0] + changes + 1, sums[1] + number];
                }
                sums
            })
        })
    }

    /// Frames in boxes of `bytes` that come back to the sender, so that nothing is allocated; seconds per frame.
    fn boxes(self, bytes: usize) -> Timed {
        self.time(|frames| {
            let (to, from) = bounded::<Box<[u64]>>(self.capacity);
            let (give_back, returned) = bounded::<Box<[u64]>>(self.capacity + 2);
            for _ in 0..self.capacity + 2 {
                give_back.send(vec![0; bytes / 8].into())?;
            }
            let sender = move || {
                (1..=frames).try_for_each(|i| {
                    let mut frame = returned.recv().map_err(|e| e.to_string())?;
                    (frame[0], frame[1]) = (0, i);
                    to.send(frame).map_err(|e| e.to_string())
                })
            };
            self.both(sender, || {
                let mut sums = [0, 0];
                for mut frame in from.iter() {
                    frame[0] += 1;
                    sums = [sums[0] + frame[0], sums[1] + frame[1]];
                    // The sender may have ended: then nobody wants it back.
                    let _ = give_back.send(frame);
                }
                sums
            })
        })
    }

    /// Runs the sender and the receiver on threads of their own, each on its core if they are pinned.
    fn both(
        self,
        sender: impl FnOnce() -> Result<(), String> + Send,
        receiver: impl FnOnce() -> Frame + Send,
    ) -> Result<Frame, Box<dyn Error>> {
        let pin = move |which: usize| {
            let core = cores::two().filter(|_| self.pinned).map(|two| two[which]);
            cores::keep_to(core.as_slice());
        };
        thread::scope(|scope| {
            let sending = scope.spawn(move || {
                pin(0);
                sender()
            });
            let receiving = scope.spawn(move || {
                pin(1);
                receiver()
            });
            sending.join().map_err(|_| "the sender panicked")??;
            receiving.join().map_err(|_| "the receiver panicked".into())
        })
    }

    fn time(self, run: impl Fn(u64) -> Result<Frame, Box<dyn Error>>) -> Timed {
        let seen = Seen::default();
        seen.add(run(FRAMES / 10)?);
        let started = Instant::now();
        seen.add(run(FRAMES)?);
        let seconds = started.elapsed().as_secs_f64();
        seen.check(with_warm_up(FRAMES), sum_to(FRAMES) + sum_to(FRAMES / 10))?;
        Ok(seconds / FRAMES as f64)
    }
}
