//! Reference frames of measures: what the keyword MEASINFO of a column says.
//!
//! `MEASINFO` is a record with either `Ref`, one frame for all rows, or `VarRefCol`, the name of a column that holds
//! the frame of each row: as text, or as a code that `TabRefCodes` and `TabRefTypes` translate (casacore's own codes
//! where they are absent).

use crate::{Error, subtable::Subtable};
use tables::{DataType, Record};

/// The names of the frames of a column's rows, in capitals; `None` where nothing is said, or a code is unknown.
///
/// `codes` are casacore's codes of this type of measure.
pub(crate) fn frames(
    subtable: &Subtable,
    column: &str,
    codes: &[(i64, &str)],
) -> Result<Vec<Option<String>>, Error> {
    let measured = subtable.column(column)?;
    let nothing = Record::default();
    let info = measured.info().keywords.record("MEASINFO").unwrap_or(&nothing);
    let fixed = info.str("Ref").map(str::to_uppercase);
    match info.str("VarRefCol") {
        Some(by_row) if subtable.has(by_row) => frames_by_row(subtable, by_row, info, codes),
        _ => Ok(vec![fixed; subtable.n_row()]),
    }
}

fn frames_by_row(
    subtable: &Subtable,
    column: &str,
    info: &Record,
    codes: &[(i64, &str)],
) -> Result<Vec<Option<String>>, Error> {
    if subtable.column(column)?.info().data_type == DataType::String {
        let names = subtable.scalars::<String>(column)?;
        return Ok(names.into_iter().map(|n| Some(n.to_uppercase())).collect());
    }
    let translate = translation(info, codes);
    let name = |code: i32| {
        let entry = translate.iter().find(|(c, _)| *c == i64::from(code));
        Some(entry.map_or_else(|| format!("the unknown frame {code}"), |(_, name)| name.clone()))
    };
    Ok(subtable.scalars::<i32>(column)?.into_iter().map(name).collect())
}

/// Code and name of every frame.
fn translation(info: &Record, codes: &[(i64, &str)]) -> Vec<(i64, String)> {
    match (info.strings("TabRefTypes"), info.ints("TabRefCodes")) {
        (Some(types), Some(numbers)) => {
            numbers.into_iter().zip(types.iter().map(|t| t.to_uppercase())).collect()
        }
        _ => codes.iter().map(|&(code, name)| (code, name.to_owned())).collect(),
    }
}
