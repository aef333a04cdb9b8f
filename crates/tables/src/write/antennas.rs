//! The antennas of each row, for columns that are compressed with them: noted while their columns are written, or read.

use std::cell::RefCell;
use std::rc::Rc;

use crate::Error;
use crate::bytes::Order;
use crate::cells::{Data, Run, Sink};
use crate::write::editor::Editor;

/// The columns.
pub(crate) const NAMES: [&str; 2] = ["ANTENNA1", "ANTENNA2"];

/// The values of a column as they were written.
#[derive(Clone, Default)]
pub(crate) struct Noted(Rc<RefCell<Vec<i32>>>);

impl Noted {
    pub(crate) fn values(&self) -> Vec<i32> {
        self.0.borrow().clone()
    }

    /// A sink that notes what goes on to another.
    pub(crate) fn on_the_way<'a>(&self, order: Order, sink: &'a mut dyn Sink) -> impl Sink + 'a {
        Noting { noted: self.clone(), order, sink }
    }
}

struct Noting<'a> {
    noted: Noted,
    order: Order,
    sink: &'a mut dyn Sink,
}

impl Sink for Noting<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        if let Data::Fixed(bytes) = run.data {
            let (ints, _) = bytes.as_chunks::<4>();
            let decode = match self.order {
                Order::Little => |raw: &[u8; 4]| i32::from_le_bytes(*raw),
                Order::Big => |raw: &[u8; 4]| i32::from_be_bytes(*raw),
            };
            let mut noted = self.noted.0.borrow_mut();
            (0..run.repeat).for_each(|_| noted.extend(ints.iter().map(decode)));
        }
        self.sink.defined(run)
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.sink.undefined(n)
    }
}

impl Editor<'_> {
    /// The antennas of all rows as they will be.
    pub(crate) fn antennas(&self) -> Result<[Vec<i32>; 2], Error> {
        Ok([self.antenna(0)?, self.antenna(1)?])
    }

    fn antenna(&self, i: usize) -> Result<Vec<i32>, Error> {
        let noted = self.noted[i].values();
        let n_read = self.n_row - noted.len() as u64;
        let mut values = Vec::new();
        if n_read > 0 {
            self.old.column(NAMES[i])?.read_flat(0..n_read, &mut values)?;
        }
        values.extend(noted);
        Ok(values)
    }
}
