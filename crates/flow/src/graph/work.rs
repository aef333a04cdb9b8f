//! What one replica of a stage does with its frames, as a first stage and as a later one.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::atomic::Ordering,
    time::Instant,
};

use super::{
    Sampling,
    board::{Board, Desk, doing},
    cell::AnyCell,
    engine::{Engine, FINISH, Outcome},
    fault,
    ring::{Inlet, Outlet},
    shared::Shared,
};
use crate::{Crowd, Observer, env::panic_error};

/// How the frames of a first stage are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// One thread counts by itself.
    Own,
    /// Several threads draw from one counter.
    Drawn,
}

/// One replica of one stage at work.
pub(crate) struct Worker<'a> {
    pub(crate) engine: &'a mut Engine,
    pub(crate) outlet: Option<Box<dyn Outlet>>,
    pub(crate) lookout: Lookout<'a>,
    pub(crate) shared: &'a Shared,
    /// The frames that go out are those that came in, not those of a splitter.
    pub(crate) hands_on: bool,
    /// How often the rate has changed in front of the stage.
    pub(crate) n_changes: u64,
    /// Frames come in without order and are counted anew.
    pub(crate) renumbers: bool,
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

/// What a worker tells while it works.
#[derive(Clone, Copy)]
pub(crate) struct Lookout<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) board: &'a Board,
    pub(crate) sampling: Sampling,
    pub(crate) observer: Option<&'a dyn Observer>,
    pub(crate) shared: &'a Shared,
    /// Frames that there is room for behind the stage.
    pub(crate) capacity: usize,
}

impl Lookout<'_> {
    /// A frame has gone out: looks at how many lie there, if it is timed.
    #[inline]
    fn given(&self, frame: u64) {
        self.desk.give();
        if self.sampling.is_due(frame) {
            self.look();
        }
    }

    #[inline(never)]
    fn look(&self) {
        let (stage, capacity) = (self.desk.stage, self.capacity);
        let frames = self.board.waiting(stage, capacity);
        self.desk.crowd.time(frames);
        let Some(observer) = self.observer else { return };
        let crowd = Crowd { boundary: stage, frames, capacity: capacity as u64, at: Instant::now() };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| observer.crowded(&crowd))) {
            self.shared.fault.record(0, panic_error("observer", None, &*payload));
        }
    }
}

impl Worker<'_> {
    /// What a frame counts as among failures.
    fn key(&self, frame: u64) -> u64 {
        fault::key(self.n_changes, frame)
    }

    fn is_moot(&self, frame: u64) -> bool {
        self.shared.fault.is_before(self.key(frame))
    }

    /// Works as a first stage, taking tokens before each frame if there are any.
    pub(crate) fn lead(&mut self, tokens: &mut [Box<dyn Inlet>], numbers: Numbers) {
        let waits = self.outlet.is_some() || self.back.is_some() || !tokens.is_empty();
        self.engine.is_seamless = !waits && self.lookout.sampling == Sampling::Every;
        let mut done = 0;
        loop {
            if !tokens.is_empty() {
                self.lookout.desk.set_doing(doing::TOKEN);
            }
            let is_admitted = tokens.iter_mut().all(|tokens| tokens.pull().is_some());
            if !is_admitted || self.shared.is_stopped() {
                return;
            }
            let frame = match numbers {
                Numbers::Own => done,
                Numbers::Drawn => self.shared.next.fetch_add(1, Ordering::Relaxed),
            };
            if frame >= self.shared.frames {
                return self.shared.pause();
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
                return;
            }
            done += 1;
            self.lookout.desk.set_taken(done);
        }
    }

    /// Works as a later stage until the stage in front has ended.
    pub(crate) fn follow(&mut self, inlet: &mut dyn Inlet) {
        let mut taken = 0;
        self.lookout.desk.set_doing(doing::FRAME);
        while let Some((number, mut is_alive)) = inlet.pull() {
            let frame = if self.renumbers { taken } else { number };
            taken += 1;
            self.lookout.desk.set_taken(taken);
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
            self.lookout.desk.set_doing(doing::FRAME);
        }
    }

    /// The stream has ended: splitters give what is left, unless the run has failed. Whatever has failed by now did so
    /// at an earlier frame: in front, and then the stream is not whole, or behind, at a frame that was given before.
    pub(crate) fn finish(&mut self) {
        if self.shared.fault.is_any() || self.shared.is_paused() {
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
                self.lookout.desk.set_doing(doing::ROOM);
                outlet.push(self.emitted, true);
                self.lookout.given(self.emitted);
            }
            self.emitted += 1;
            outcome = self.engine.resume();
        }
        outcome
    }

    #[inline]
    fn hand_on(&mut self, frame: u64, is_alive: bool) {
        if let Some(outlet) = self.outlet.as_mut().filter(|_| self.hands_on) {
            self.lookout.desk.set_doing(doing::ROOM);
            outlet.push(frame, is_alive);
            self.lookout.given(frame);
        }
    }
}
