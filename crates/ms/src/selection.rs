//! What a user may ask of a MeasurementSet, and what its numbers and names stand for.

use crate::{Error, Field, Ms};
use std::{convert::Infallible, fmt, ops::Range, str::FromStr};

/// A field by its number or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldRef {
    /// Row of FIELD.
    Id(usize),
    /// NAME of exactly one field.
    Name(String),
}

impl FromStr for FieldRef {
    type Err = Infallible;

    /// A text of digits is a number, any other a name.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| FieldRef::Name(text.to_owned()), FieldRef::Id))
    }
}

impl fmt::Display for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldRef::Id(id) => write!(f, "{id}"),
            FieldRef::Name(name) => write!(f, "{name}"),
        }
    }
}

/// Which rows, channels and column to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Rows of this field.
    pub field: FieldRef,
    /// Rows with this DATA_DESC_ID.
    pub ddid: usize,
    /// The column of visibilities, such as `DATA` or `CORRECTED_DATA`.
    pub column: String,
    /// First channel and the channel behind the last one, `None` for all that follow.
    pub chan: (usize, Option<usize>),
}

impl Default for Selection {
    /// Field 0, data description 0, DATA, all channels.
    fn default() -> Self {
        Selection { field: FieldRef::Id(0), ddid: 0, column: "DATA".to_owned(), chan: (0, None) }
    }
}

/// How many fields, data descriptions or selections an error message lists.
const MAX_LISTED: usize = 12;

/// The number of a field.
pub(crate) fn resolve_field(ms: &Ms, field: &FieldRef) -> Result<usize, Error> {
    let fields = &ms.description().fields;
    let wrong =
        |wrong, hint| Error::Field { path: ms.path().to_owned(), wrong, fields: list_fields(fields), hint };
    match field {
        FieldRef::Id(id) if *id < fields.len() => Ok(*id),
        FieldRef::Id(id) => Err(wrong(format!("no field {id}"), 0)),
        FieldRef::Name(name) => {
            let ids: Vec<_> = (0..fields.len()).filter(|&i| fields[i].name == *name).collect();
            match ids[..] {
                [id] => Ok(id),
                [] => Err(wrong(format!("no field `{name}`"), 0)),
                [first, ..] => Err(wrong(format!("{} fields called `{name}`", ids.len()), first)),
            }
        }
    }
}

fn list_fields(fields: &[Field]) -> String {
    let one = |(id, field): (usize, &Field)| format!("{id} `{}`", field.name);
    let listed: Vec<_> = fields.iter().enumerate().take(MAX_LISTED).map(one).collect();
    match fields.len() {
        0 => "no field at all".to_owned(),
        n if n > MAX_LISTED => format!("{n} fields: {} …", listed.join(", ")),
        _ => format!("the fields {}", listed.join(", ")),
    }
}

/// Which data descriptions there are.
pub(crate) fn list_data_descriptions(ms: &Ms) -> String {
    match ms.description().data_descriptions.len() {
        0 => "no data description at all".to_owned(),
        1 => "data description 0 only".to_owned(),
        n => format!("the data descriptions 0 to {}", n - 1),
    }
}

/// The channels of a spectral window of `n_chan`.
pub(crate) fn resolve_channels(
    ms: &Ms,
    chan: (usize, Option<usize>),
    spw: usize,
    n_chan: usize,
) -> Result<Range<usize>, Error> {
    let (start, end) = (chan.0, chan.1.unwrap_or(n_chan));
    if start < end && end <= n_chan {
        return Ok(start..end);
    }
    Err(Error::Channels { path: ms.path().to_owned(), start, end, spw, n_chan })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_number_and_all_else_is_a_name() {
        let field = |text: &str| text.parse::<FieldRef>().unwrap();
        assert_eq!(field("12"), FieldRef::Id(12));
        assert_eq!(field("3C343.1"), FieldRef::Name("3C343.1".to_owned()));
        assert_eq!(field("-1"), FieldRef::Name("-1".to_owned()));
        assert_eq!((field("12").to_string(), field("a b").to_string()), ("12".into(), "a b".into()));
    }
}
