//! The threads that workers run on, kept between the runs of one pipeline: to wake one that sleeps takes a fraction of
//! what it takes to start one and to see it end.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{Builder, JoinHandle},
};

/// What a hand does in one run; user code is guarded inside.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// A stage and a replica of it.
pub(super) type Place = (usize, usize);

/// The threads of a pipeline, by stage and replica.
#[derive(Default)]
pub(super) struct Hands {
    threads: BTreeMap<Place, Hand>,
}

/// One thread, which sleeps until it is given work.
struct Hand {
    /// `None` when it is to end.
    work: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Hands {
    /// Has `work` done on the thread of a replica, which is started if there is none yet.
    pub(super) fn take(&mut self, place: Place, work: Work) -> io::Result<()> {
        let hand = match self.threads.entry(place) {
            Entry::Occupied(hand) => hand.into_mut(),
            Entry::Vacant(none) => none.insert(Hand::start(format!("flow {}.{}", place.0, place.1))?),
        };
        let is_given = hand.work.as_ref().is_some_and(|sender| sender.send(work).is_ok());
        if is_given { Ok(()) } else { Err(io::Error::other("the thread has ended")) }
    }

    /// Ends all threads, and waits for it.
    pub(super) fn dismiss(&mut self) {
        self.threads.clear();
    }
}

impl Hand {
    fn start(name: String) -> io::Result<Self> {
        let (sender, works): (_, Receiver<Work>) = channel();
        let thread = Builder::new().name(name).spawn(move || works.iter().for_each(|work| work()))?;
        Ok(Hand { work: Some(sender), thread: Some(thread) })
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // A panic outside of its guards is a bug of the runtime, and was told when the run lost the worker.
            let _ = thread.join();
        }
    }
}
