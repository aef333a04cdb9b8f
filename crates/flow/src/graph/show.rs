//! Frames as text, for who looks at them one by one.

use std::{
    fmt::{self, Write},
    rc::Rc,
};

use super::{
    Graph, Out,
    cell::{AnyCell, typed},
};
use crate::BuildError;

/// How a socket is shown.
#[derive(Clone)]
pub(crate) struct Show {
    /// Its name.
    pub(crate) socket: String,
    print: fn(Rc<dyn AnyCell>, usize) -> Option<String>,
}

impl Show {
    /// The frame that lies in the cell of the socket, as text of at most `limit` characters; `None` if there is none.
    pub(crate) fn print(&self, cell: Rc<dyn AnyCell>, limit: usize) -> Option<String> {
        (self.print)(cell, limit)
    }
}

impl Graph {
    /// Lets a [`super::Stepper`] show the frames of a socket; costs nothing elsewhere.
    pub fn show<T: fmt::Debug + Send + 'static>(&mut self, socket: &Out<T>) {
        if socket.port.graph != self.id {
            return self.fail(BuildError::ForeignSocket { task: "show".to_owned(), input: 0 });
        }
        let slot = socket.port.slot;
        let print = |cell, limit| {
            let cell = typed::<T>(cell);
            let frame = cell.borrow();
            frame.as_ref().map(|frame| brief(frame, limit))
        };
        self.shows.push((slot, Show { socket: self.slots[slot].name.clone(), print }));
    }
}

/// Takes so many characters and no more.
struct Limited {
    text: String,
    left: usize,
}

impl Write for Limited {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for c in more.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

/// The first characters of what a value says of itself; a large one is not written to its end.
fn brief(value: &impl fmt::Debug, limit: usize) -> String {
    let mut limited = Limited { text: String::new(), left: limit };
    if write!(limited, "{value:?}").is_err() {
        limited.text.push('…');
    }
    limited.text
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn long_values_are_cut_and_short_ones_are_not() {
        assert_eq!(brief(&[1, 2, 3], 9), "[1, 2, 3]");
        assert_eq!(brief(&[1, 2, 3], 8), "[1, 2, 3…");
        assert_eq!(brief(&"äöü", 3), "\"äö…");
        assert_eq!(brief(&vec![0_u8; 1 << 20], 4), "[0, …");
    }
}
