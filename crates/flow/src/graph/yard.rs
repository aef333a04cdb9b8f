//! The threads of a run: who works at which stage, and what each of them is tied to.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread::{self, Builder},
};

use rayon::ThreadPool;

use super::{
    Settings,
    board::{Desk, doing},
    engine::{Engine, FINISH, Tools},
    fault,
    gather::Gathering,
    hands::{Hands, Place},
    layout::{Feedback, Kit, StageLayout},
    limit::{Admission, Budget, Meter, Purse, Scale, Unloading, Unweighable, Weighed, Weight},
    pin,
    ring::{Carrier, Gated, Inlet, Outlet, Releasing},
    shape::{Gate, Shape},
    shared::Shared,
    snapshot::Scene,
    watch::{Bell, Watch},
    work::{Back, Lookout, Worker},
};
use crate::{Error, env::panic_error};

/// What one worker brings back.
pub(crate) struct Done {
    /// `None` for a replica that left it in the [`Gathering`].
    pub(crate) kit: Option<Kit>,
    pub(crate) waited_frame_s: f64,
    pub(crate) waited_room_s: f64,
}

/// What all workers of a run see.
pub(crate) struct Yard {
    pub(crate) shape: Arc<Shape>,
    pub(crate) scene: Scene,
    pub(crate) rings: Vec<Arc<dyn Carrier>>,
    pub(crate) gates: Vec<Gate>,
    /// The ways back of loops around several stages.
    pub(crate) backs: Vec<Arc<dyn Carrier>>,
    /// What limits the bytes behind each stage.
    pub(crate) meters: Vec<Option<Arc<Meter>>>,
    /// What limits the bytes of all.
    pub(crate) budget: Option<Arc<Budget>>,
    pub(crate) gatherings: Vec<Gathering>,
    pub(crate) pools: Vec<Option<Arc<ThreadPool>>>,
    pub(crate) shared: Shared,
    pub(crate) settings: Settings,
    pub(crate) is_once: bool,
}

/// What comes back from one replica of one stage.
type Return = (Place, Option<Done>);

impl Yard {
    /// Has all work done: on `hands`, from the end to the front, so that whoever begins has somebody to hand on to, and
    /// the first replica of the last stage on this thread.
    pub(crate) fn work(
        self: &Arc<Self>,
        kits: Vec<Vec<Option<Kit>>>,
        hands: &mut Hands,
    ) -> Vec<Vec<Option<Done>>> {
        let mut done: Vec<Vec<Option<Done>>> =
            kits.iter().map(|stage| stage.iter().map(|_| None).collect()).collect();
        let bell = Bell::default();
        thread::scope(|scope| {
            if Watch::is_needed(&self.settings) {
                let watch = Watch { scene: &self.scene, settings: &self.settings, shared: &self.shared };
                let (bell, builder) = (&bell, Builder::new().name("flow watch".to_owned()));
                let started = builder.spawn_scoped(scope, move || watch.keep(bell));
                started.map_or_else(|source| self.refuse(source), |handle| bell.set(handle.thread()));
            }
            let (give, returns) = channel();
            let last = kits.len() - 1;
            let mut mine = None;
            for (stage, kits) in kits.into_iter().enumerate().rev() {
                for (replica, kit) in kits.into_iter().enumerate() {
                    match (stage, replica) == (last, 0) {
                        true => mine = kit,
                        false => self.hand_out(kit, (stage, replica), hands, give.clone()),
                    }
                }
            }
            drop(give);
            done[last][0] = mine.and_then(|kit| self.guarded(kit, last, 0));
            returns.iter().for_each(|((stage, replica), one): Return| done[stage][replica] = one);
            bell.ring();
        });
        done
    }

    /// Gives a replica to one of `hands`. Who returns from it does not hold the yard any more.
    fn hand_out(self: &Arc<Self>, kit: Option<Kit>, place: Place, hands: &mut Hands, give: Sender<Return>) {
        let (stage, replica) = place;
        let yard = self.clone();
        let work = move || {
            let done = kit.and_then(|kit| yard.guarded(kit, stage, replica));
            drop(yard);
            // Nobody but this run, which waits for it, has the other end.
            let _ = give.send((place, done));
        };
        if let Err(source) = hands.take(place, Box::new(work)) {
            self.refuse(source);
            let front = stage.checked_sub(1).and_then(|front| self.rings.get(front));
            front.into_iter().for_each(|ring| ring.forsake());
            self.leave(stage, replica);
        }
    }

    fn refuse(&self, source: std::io::Error) {
        self.shared.fault.record(0, Error::Threads { source: source.into() });
    }

    /// Leaves the ring behind a stage for a worker that does not begin, or not end.
    fn leave(&self, stage: usize, replica: usize) {
        self.rings.get(stage).into_iter().for_each(|ring| ring.abandon());
        self.budget.iter().for_each(|budget| budget.open());
        self.meters.iter().flatten().for_each(|meter| meter.desert());
        let loops = self.shape.layout.feedbacks.iter().zip(&self.backs);
        loops.filter(|(back, _)| back.until == stage).for_each(|(_, ring)| ring.abandon());
        if replica > 0 {
            self.gatherings[stage].leave(replica, None);
        }
    }

    /// User code is guarded inside, but for what a frame does when it is weighed or dropped. So another panic is a bug
    /// of the runtime; it is told, unless there is an error already that it may follow from.
    fn guarded(&self, kit: Kit, stage: usize, replica: usize) -> Option<Done> {
        let work = catch_unwind(AssertUnwindSafe(|| self.one(kit, stage, replica)));
        let fault = &self.shared.fault;
        match work.map_err(|payload| payload.downcast::<Unweighable>()) {
            Ok(done) => return Some(done),
            Err(Ok(unweighable)) => {
                let Unweighable { boundary, frame, error } = *unweighable;
                fault.record(fault::key(self.shape.n_changes(boundary + 1), frame), error);
            }
            Err(Err(payload)) => {
                let key = if fault.is_any() { fault::LAST } else { 0 };
                fault.record(key, panic_error(&format!("stage {stage}"), None, &*payload));
            }
        }
        self.leave(stage, replica);
        None
    }

    /// One replica of one stage, from its first frame to its last.
    pub(super) fn one(&self, kit: Kit, stage: usize, replica: usize) -> Done {
        let Yard { shape, shared, settings, .. } = self;
        let desk = &self.scene.board.stages[stage][replica];
        if settings.stall_after.is_some() {
            desk.sit_down(self.pools[stage].is_some());
        }
        let _pinned = pin::pin(&shape.posts[stage].cores, replica);
        let layout = &shape.layout.stages[stage];
        let mut engine = Engine::link(layout.clone(), &shape.layout.slots, kit, self.tools(stage, desk));
        let purse = self.budget.clone().map(Purse::new);
        let inlet = self.inlet(&mut engine, layout, purse.as_ref());
        let outlet = self.outlet(&mut engine, layout, purse.as_ref());
        let capacity = outlet.as_ref().map_or(0, |_| shape.spec(stage).capacity);
        let (release, back) = (self.release(stage), self.back(&mut engine, stage));
        let mut worker = Worker {
            engine: &mut engine,
            outlet,
            lookout: self.lookout(desk, capacity),
            shared,
            hands_on: layout.emits == 0,
            n_changes: shape.n_changes(stage),
            renumbers: shape.renumbers(stage),
            emitted: 0,
            release,
            back,
        };
        let (mut waited_frame_s, mut waited_token_s) = (0.0, 0.0);
        match inlet {
            None => {
                let mut tokens = if worker.hands_on { self.tokens(stage) } else { Vec::new() };
                tokens.extend(purse.map(|purse| Box::new(Admission(purse)) as Box<dyn Inlet>));
                worker.lead(&mut tokens, shape.numbers);
                waited_token_s = tokens.iter().map(|tokens| tokens.waited().seconds).sum();
            }
            Some(mut inlet) => {
                worker.follow(&mut *inlet);
                waited_frame_s = inlet.waited().seconds;
            }
        }
        let gathering = Some(&self.gatherings[stage]).filter(|_| shape.merges(stage));
        let waited_room_s =
            waited_token_s + finish(worker, gathering.filter(|_| replica == 0), gathering.is_none());
        let mut kit = Some(engine.unlink());
        if let Some(gathering) = gathering.filter(|_| replica > 0) {
            gathering.leave(replica, kit.take());
        }
        Done { kit, waited_frame_s, waited_room_s }
    }

    fn tools(&self, stage: usize, desk: &Arc<Desk>) -> Tools {
        let Settings { sampling, observer, cancel, .. } = &self.settings;
        Tools {
            sampling: *sampling,
            observer: observer.clone(),
            pool: self.pools[stage].clone(),
            desk: desk.clone(),
            once: Some(cancel.clone()).filter(|_| self.is_once),
            first: self.shared.first(),
        }
    }

    fn lookout<'a>(&'a self, desk: &'a Desk, capacity: usize) -> Lookout<'a> {
        let Settings { sampling, observer, .. } = &self.settings;
        let (board, observer) = (&*self.scene.board, observer.as_deref());
        Lookout { desk, board, sampling: *sampling, observer, shared: &self.shared, capacity }
    }

    /// Ties the ends of loops that go back from or to this stage.
    fn back(&self, engine: &mut Engine, stage: usize) -> Option<Back> {
        let slots = &self.shape.layout.slots;
        let mut way_back = None;
        for (Feedback { enter, until, back, .. }, ring) in self.shape.layout.feedbacks.iter().zip(&self.backs)
        {
            if enter.0 == stage {
                let cells = back.map(|slot| engine.cell(slot, slots));
                engine.attach(enter.1, ring.clone().inlet(cells.into()));
            }
            if *until == stage {
                let cells = back.map(|slot| engine.cell(slot, slots));
                let cell = cells[0].clone();
                way_back = Some(Back { outlet: ring.clone().outlet(cells.into()), cell });
            }
        }
        way_back
    }

    /// Where the last stage gives back the token of a frame that it is done with.
    fn release(&self, stage: usize) -> Option<Box<dyn Outlet>> {
        let gate = self.gates.iter().find(|gate| gate.behind == stage && self.shape.window.is_some())?;
        Some(gate.tokens.clone().outlet(Vec::new()))
    }

    /// Tokens for a first stage to take before each frame.
    fn tokens(&self, stage: usize) -> Vec<Box<dyn Inlet>> {
        let gates = self.gates.iter().filter(|gate| gate.first == stage);
        gates.map(|gate| gate.tokens.clone().inlet(Vec::new())).collect()
    }

    /// The cells that are weighed of those that cross the boundary behind a stage.
    fn scale(&self, engine: &mut Engine, boundary: usize) -> Scale {
        let layout = &self.shape.layout;
        let weight = |&slot: &usize| {
            let weigher = layout.slots[slot].weigher.clone()?;
            let giver = layout.giver(slot, boundary).into();
            Some(Weight { cell: engine.cell(slot, &layout.slots), weigher, giver })
        };
        let weights = layout.stages[boundary].exports.iter().filter_map(weight).collect();
        Scale { boundary, weights }
    }

    fn inlet(
        &self,
        engine: &mut Engine,
        layout: &StageLayout,
        purse: Option<&Rc<Purse>>,
    ) -> Option<Box<dyn Inlet>> {
        let (stage, slots) = (layout.index, &self.shape.layout.slots);
        let ring = &self.rings[stage.checked_sub(1)?];
        let cells = layout.imports.iter().map(|&slot| engine.cell(slot, slots)).collect();
        let mut inlet = ring.clone().inlet(cells);
        let meter = self.meters[stage - 1].clone();
        if meter.is_some() || purse.is_some() {
            let scale = self.scale(engine, stage - 1);
            inlet = Box::new(Unloading { inlet, scale, meter, purse: purse.cloned() });
        }
        let gates = self.gates.iter().filter(|gate| gate.behind == stage && self.shape.window.is_none());
        Some(gates.fold(inlet, |inlet, gate| {
            let tokens = gate.tokens.clone().outlet(Vec::new());
            Box::new(Releasing { inlet, tokens })
        }))
    }

    fn outlet(
        &self,
        engine: &mut Engine,
        layout: &StageLayout,
        purse: Option<&Rc<Purse>>,
    ) -> Option<Box<dyn Outlet>> {
        let (stage, slots) = (layout.index, &self.shape.layout.slots);
        let ring = self.rings.get(stage)?;
        let cells = layout.exports.iter().map(|&slot| engine.cell(slot, slots)).collect();
        let mut outlet = ring.clone().outlet(cells);
        let meter = self.meters[stage].clone();
        if meter.is_some() || purse.is_some() {
            let scale = self.scale(engine, stage);
            outlet = Box::new(Weighed { outlet, scale, meter, purse: purse.cloned() });
        }
        // A first stage takes them before it begins a frame, unless a splitter counts frames anew.
        let is_first = stage == 0 && layout.emits == 0;
        let tokens = if is_first { Vec::new() } else { self.tokens(stage) };
        let gated = |outlet, tokens| Box::new(Gated { outlet, tokens }) as Box<dyn Outlet>;
        Some(tokens.into_iter().fold(outlet, gated))
    }
}

/// The stream has ended: the replica that gathers takes over what the others have accumulated, and whoever works alone or
/// gathers gives what is left. The time that was waited for room.
fn finish(mut worker: Worker<'_>, gathering: Option<&Gathering>, is_alone: bool) -> f64 {
    let desk = worker.lookout.desk;
    if let Some(gathering) = gathering {
        desk.set_doing(doing::OTHERS);
        let mut merged = Ok(());
        gathering.visit(|kit| {
            if merged.is_ok() {
                merged = worker.engine.merge(kit);
            }
        });
        if let Err(error) = merged {
            worker.shared.fault.record(fault::key(worker.n_changes, FINISH), error);
        }
    }
    if gathering.is_some() || is_alone {
        worker.finish();
    }
    let _ = worker.back.take().map(|back| back.outlet.close());
    let waited_room_s = worker.outlet.take().map_or(0.0, |outlet| outlet.close().seconds);
    desk.set_doing(doing::OVER);
    waited_room_s
}
