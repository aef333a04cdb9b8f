//! The ops of a stage that works at several rates: one block a rate, tied together at the splitters.
//!
//! A block ends with [`close`], a splitter leads into its block with [`open`]; whoever runs the ops remembers which op
//! opened a block, and returns there when the block is closed.

use super::{
    body::{END, FINISHED},
    order::{Op, STOP},
};

/// The ops of one rate, before they are joined; steps are tasks of the graph.
pub(crate) struct RateOps {
    pub(crate) rate: usize,
    /// The task that opens the rate.
    pub(crate) opener: Option<usize>,
    pub(crate) ops: Vec<Op>,
    /// Slots that are full at the end, whichever path was taken.
    pub(crate) full: Vec<bool>,
    /// Slots that are written at this rate.
    pub(crate) slots: Vec<usize>,
}

/// One block of a stage.
pub(crate) struct Block {
    /// Its first op, or where an empty block leads.
    pub(crate) start: usize,
    /// Cells that its frames lie in.
    pub(crate) slots: Vec<usize>,
}

/// The blocks of a stage, joined.
pub(crate) struct Joined {
    pub(crate) ops: Vec<Op>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) openers: Vec<(usize, usize)>,
}

/// Beyond any op.
const FIRST_CODE: usize = usize::MAX / 2 + 1;
/// Blocks of a stage, at most; a stage has far fewer tasks.
const N_BLOCKS: usize = FIRST_CODE / 4;

/// Where a splitter leads: into a block.
pub(crate) const fn open(block: usize) -> usize {
    FIRST_CODE + block
}

/// Where the last op of a block leads.
pub(crate) const fn close(block: usize) -> usize {
    FIRST_CODE + N_BLOCKS + block
}

/// What a position that is no op says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Open(usize),
    Close(usize),
    /// A turn that ends the frame.
    Turn,
}

pub(crate) fn decode(at: usize) -> Code {
    match at.checked_sub(FIRST_CODE) {
        Some(block) if block < N_BLOCKS => Code::Open(block),
        Some(block) if block < 2 * N_BLOCKS => Code::Close(block - N_BLOCKS),
        _ => Code::Turn,
    }
}

/// Ties blocks together; `step` says which step of the stage a task is.
pub(crate) fn join(orders: Vec<RateOps>, step: impl Fn(usize) -> usize, physical: &[usize]) -> Joined {
    const { assert!(FIRST_CODE + 2 * N_BLOCKS < FINISHED && FINISHED < END) };
    let block_of: Vec<Option<usize>> = orders.iter().map(|order| order.opener).collect();
    let mut joined = Joined { ops: Vec::new(), blocks: Vec::new(), openers: Vec::new() };
    for (block, order) in orders.into_iter().enumerate() {
        let offset = joined.ops.len();
        let place = |at: usize| if at == STOP { close(block) } else { at + offset };
        let slots = order.slots.iter().map(|&slot| physical[slot]).collect();
        let start = if order.ops.is_empty() { close(block) } else { offset };
        joined.blocks.push(Block { start, slots });
        if let Some(opener) = order.opener.filter(|_| block > 0) {
            joined.openers.push((step(opener), block));
        }
        for op in order.ops {
            let opened = block_of.iter().skip(1).position(|&opener| opener == Some(op.step));
            let targets = match opened {
                Some(i) => [open(i + 1)].into(),
                None => op.targets.iter().map(|&at| place(at)).collect(),
            };
            joined.ops.push(Op { step: step(op.step), next: place(op.next), targets, block });
        }
    }
    joined
}
