//! HISTORY: what was done to a MeasurementSet, a row a change.

use crate::Error;
use tables::{Editor, Table};

/// A row of HISTORY.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// When, seconds of modified Julian date, UTC.
    pub time_s: f64,
    /// The program.
    pub application: String,
    /// Where in it: the command or function.
    pub origin: String,
    /// What was done, in words.
    pub message: String,
    /// The command line, one string.
    pub command: String,
    /// Parameters as `name = value`.
    pub parameters: Vec<String>,
}

impl History {
    /// Appends the row to the table that the keyword HISTORY of a MeasurementSet refers to, locked as that one was.
    ///
    /// # Errors
    /// When there is no HISTORY, or it cannot be written.
    pub fn append(&self, ms: &Table) -> Result<(), Error> {
        let mut editor = Editor::open_with(ms.subtable("HISTORY")?.path(), ms.options())?;
        self.add_to(&mut editor)?;
        editor.commit()?;
        Ok(())
    }

    /// Adds the row to the table that is being changed.
    ///
    /// # Errors
    /// When a column is missing or holds something else.
    pub fn add_to(&self, editor: &mut Editor<'_>) -> Result<(), Error> {
        let row = editor.n_row();
        editor.add_rows(1);
        editor.put("TIME", row, &[], &[self.time_s])?;
        editor.put("OBSERVATION_ID", row, &[], &[0_i32])?;
        editor.put("OBJECT_ID", row, &[], &[0_i32])?;
        for (column, text) in [
            ("APPLICATION", self.application.as_str()),
            ("ORIGIN", self.origin.as_str()),
            ("MESSAGE", self.message.as_str()),
            ("PRIORITY", "INFO"),
        ] {
            editor.put(column, row, &[], &[text])?;
        }
        editor.put("CLI_COMMAND", row, &[1], &[self.command.as_str()])?;
        let parameters: Vec<&str> = self.parameters.iter().map(String::as_str).collect();
        editor.put("APP_PARAMS", row, &[parameters.len()], &parameters)?;
        Ok(())
    }
}
