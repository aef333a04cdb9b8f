//! What one replica of a stage does with its frames, as a first stage and as a later one.

use std::{rc::Rc, sync::atomic::Ordering};

use super::{
    cell::AnyCell,
    engine::{Engine, FINISH, Outcome, Shared},
    ring::{Inlet, Outlet},
};

/// How the frames of a first stage are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// One thread counts by itself.
    Own,
    /// Several threads draw from one counter.
    Drawn,
}

/// One replica of one stage at work.
pub(crate) struct Worker<'a, 'e> {
    pub(crate) engine: &'a mut Engine<'e>,
    pub(crate) outlet: Option<Box<dyn Outlet>>,
    pub(crate) shared: &'a Shared,
    /// The frames that go out are those that came in, not those of a splitter.
    pub(crate) hands_on: bool,
    /// How often the rate has changed in front of the stage.
    pub(crate) n_changes: u64,
    pub(crate) emitted: u64,
    /// Takes the token of a frame that is done with.
    pub(crate) release: Option<Box<dyn Outlet>>,
    /// The way back of a loop that ends in this stage.
    pub(crate) back: Option<Back>,
}

/// The way back of a loop: for every frame goes back either the frame or a word that it has left.
pub(crate) struct Back {
    pub(crate) outlet: Box<dyn Outlet>,
    /// Full if the frame goes back.
    pub(crate) cell: Rc<dyn AnyCell>,
}

impl Worker<'_, '_> {
    /// What a frame counts as among failures.
    fn key(&self, frame: u64) -> u64 {
        (0xff - self.n_changes.min(0xff)) << 56 | frame
    }

    fn is_moot(&self, frame: u64) -> bool {
        self.shared.fault.is_before(self.key(frame))
    }

    /// Works as a first stage, taking tokens before each frame if there are any; gives the number of frames.
    pub(crate) fn lead(&mut self, mut tokens: Vec<Box<dyn Inlet>>, numbers: Numbers) -> u64 {
        let mut done = 0;
        loop {
            let is_admitted = tokens.iter_mut().all(|tokens| tokens.pull().is_some());
            if !is_admitted || self.shared.is_stopped() {
                return done;
            }
            let frame = match numbers {
                Numbers::Own => done,
                Numbers::Drawn => self.shared.next.fetch_add(1, Ordering::Relaxed),
            };
            if frame >= self.shared.frames {
                return done;
            }
            let outcome = if self.is_moot(frame) { Outcome::End } else { self.frame(frame) };
            let (is_alive, is_last) = match outcome {
                Outcome::Done | Outcome::Emit => (true, false),
                Outcome::Dropped => (false, false),
                Outcome::End => (false, true),
                Outcome::Failed(error) => {
                    self.shared.fault.record(self.key(frame), error);
                    (false, true)
                }
            };
            if !(is_last && numbers == Numbers::Own) {
                self.hand_on(frame, is_alive);
            }
            if is_last {
                return done;
            }
            done += 1;
        }
    }

    /// Works as a later stage until the stage in front has ended; gives the number of frames.
    pub(crate) fn follow(&mut self, inlet: &mut dyn Inlet) -> u64 {
        let mut done = 0;
        while let Some((frame, mut is_alive)) = inlet.pull() {
            if is_alive && self.is_moot(frame) {
                self.engine.abandon();
                is_alive = false;
            } else if is_alive {
                match self.frame(frame) {
                    Outcome::Done | Outcome::Emit => {}
                    Outcome::Dropped | Outcome::End => is_alive = false,
                    Outcome::Failed(error) => {
                        self.shared.fault.record(self.key(frame), error);
                        is_alive = false;
                    }
                }
            }
            self.hand_on(frame, is_alive);
            if let Some(back) = &mut self.back {
                let goes_back = back.cell.is_full();
                back.outlet.push(frame, goes_back);
            }
            if let Some(tokens) = &mut self.release {
                tokens.push(0, false);
            }
            done += 1;
        }
        done
    }

    /// The stream has ended: splitters give what is left, unless the run has failed. Whatever has failed by now did so
    /// at an earlier frame: in front, and then the stream is not whole, or behind, at a frame that was given before.
    pub(crate) fn finish(&mut self) {
        if self.shared.fault.is_any() {
            return;
        }
        let outcome = self.engine.finish(!self.shared.is_stopped());
        if let Outcome::Failed(error) = self.drain(outcome) {
            self.shared.fault.record(self.key(FINISH), error);
        }
    }

    #[inline]
    fn frame(&mut self, frame: u64) -> Outcome {
        let outcome = self.engine.frame(frame);
        if matches!(outcome, Outcome::Done) { outcome } else { self.drain(outcome) }
    }

    /// Sends out all frames of a splitter.
    fn drain(&mut self, mut outcome: Outcome) -> Outcome {
        while matches!(outcome, Outcome::Emit) {
            if let Some(outlet) = &mut self.outlet {
                outlet.push(self.emitted, true);
            }
            self.emitted += 1;
            outcome = self.engine.resume();
        }
        outcome
    }

    #[inline]
    fn hand_on(&mut self, frame: u64, is_alive: bool) {
        if let Some(outlet) = self.outlet.as_mut().filter(|_| self.hands_on) {
            outlet.push(frame, is_alive);
        }
    }
}
