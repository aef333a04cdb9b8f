//! A stream on one thread: chunk after chunk, task after task. The model that a pipeline must equal.

use crate::{Error, env::Env, program::Pass, value::Slots};

/// Runs the stream to its end.
pub(crate) fn run(pass: &mut Pass, env: &Env<'_>) -> Result<(), Error> {
    let mut slots = Slots::new();
    slots.resize_with(pass.n_slots, || None);
    for chunk in 0.. {
        env.check()?;
        if !pass.feed.next(chunk, &mut slots, env)? {
            break;
        }
        pass.steps.iter_mut().try_for_each(|step| step.call(Some(chunk), &mut slots, env))?;
    }
    Ok(())
}
