//! Rows of several columns as Arrow record batches, one after the other, with a thread that reads ahead.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use arrow_array::{RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

use crate::arrow::Form;
use crate::{Column, Error, Record, Table};

/// The key of schemas' and fields' metadata under which the keywords of a table and of its columns stand as JSON, units
/// and measures among them ([`Record::to_json`]).
pub const KEYWORDS: &str = "casacore.keywords";

/// Bytes of a batch where nobody says how many rows it has.
const BATCH_BYTES: usize = 32 << 20;
/// Batches that wait to be taken; one more is being read.
const AHEAD: usize = 1;

/// What is read: columns, and the form of each column's arrays.
#[derive(Clone)]
struct Plan {
    schema: SchemaRef,
    columns: Vec<(Column, Form)>,
}

impl Table {
    /// Several columns of a range of rows as one record batch.
    ///
    /// Arrays are as [`Column::read`] gives them; the schema's metadata holds the keywords ([`KEYWORDS`]).
    ///
    /// # Errors
    /// As [`Column::read`], and when a column is not there.
    pub fn record_batch(&self, columns: &[&str], rows: Range<u64>) -> Result<RecordBatch, Error> {
        Plan::new(self, columns, rows.clone())?.batch(rows)
    }

    /// Several columns of a range of rows as record batches of `batch_rows` rows (where that is `None`, of as many as
    /// take some 32 MB by the shapes of their cells).
    ///
    /// All batches have one schema, which suits all rows: shapes are looked at before the first is read. A thread reads
    /// one batch ahead of the one that waits; at most three exist at a time. The batches do not depend on timing.
    ///
    /// # Errors
    /// As [`Table::record_batch`]. Errors that are met later end the batches.
    pub fn batches(
        &self,
        columns: &[&str],
        rows: Range<u64>,
        batch_rows: Option<u64>,
    ) -> Result<Batches, Error> {
        let plan = Plan::new(self, columns, rows.clone())?;
        Ok(Batches::start(plan, rows, batch_rows))
    }
}

impl Plan {
    fn new(table: &Table, columns: &[&str], rows: Range<u64>) -> Result<Plan, Error> {
        let mut planned = Vec::with_capacity(columns.len());
        let mut fields = Vec::with_capacity(columns.len());
        for name in columns {
            let column = table.column(name)?;
            let form = column.form(rows.clone())?;
            let empty = column.read_as(&form, 0..0)?;
            let field = Field::new(*name, empty.data_type().clone(), true);
            fields.push(field.with_metadata(metadata(&column.info().keywords)));
            planned.push((column, form));
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata(table.keywords())));
        Ok(Plan { schema, columns: planned })
    }

    /// Where a batch ends that begins with these rows: after `batch_rows`, or at [`BATCH_BYTES`], of which each column
    /// has a share.
    fn end(&self, rows: Range<u64>, batch_rows: Option<u64>) -> u64 {
        if let Some(n) = batch_rows {
            return rows.start.saturating_add(n.max(1)).min(rows.end);
        }
        let share = BATCH_BYTES / self.columns.len().max(1);
        let ends = self.columns.iter().map(|(column, _)| column.fitting(rows.clone(), share));
        ends.min().unwrap_or(rows.end)
    }

    fn batch(&self, rows: Range<u64>) -> Result<RecordBatch, Error> {
        let arrays = self.columns.iter().map(|(column, form)| column.read_as(form, rows.clone()));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let n_row = (rows.end - rows.start) as usize;
        let options = RecordBatchOptions::new().with_row_count(Some(n_row));
        // The schema was made of the same forms, and every array has as many cells as there are rows.
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .map_err(|e| Error::Batch { rows, problem: e.to_string() })
    }
}

fn metadata(keywords: &Record) -> HashMap<String, String> {
    HashMap::from([(KEYWORDS.to_owned(), keywords.to_json().to_string())])
}

/// Record batches of consecutive rows, read ahead by a thread. Dropping it ends the thread.
pub struct Batches {
    schema: SchemaRef,
    coming: Option<Receiver<Result<RecordBatch, Error>>>,
    thread: Option<JoinHandle<()>>,
}

impl Batches {
    fn start(plan: Plan, rows: Range<u64>, batch_rows: Option<u64>) -> Batches {
        let (sender, receiver) = sync_channel(AHEAD);
        let schema = plan.schema.clone();
        let read = move || {
            let mut start = rows.start;
            while start < rows.end {
                let end = plan.end(start..rows.end, batch_rows);
                let batch = plan.batch(start..end);
                let failed = batch.is_err();
                if sender.send(batch).is_err() || failed {
                    return;
                }
                start = end;
            }
        };
        Batches { schema, coming: Some(receiver), thread: Some(std::thread::spawn(read)) }
    }

    /// The schema of all batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Waits for the thread; a panic in it goes on here.
    fn join(&mut self) {
        self.coming = None;
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.coming.as_ref()?.recv() {
            Ok(Ok(batch)) => Some(Ok(batch)),
            Ok(Err(error)) => {
                self.join();
                Some(Err(ArrowError::ExternalError(Box::new(error))))
            }
            Err(_) => {
                self.join();
                None
            }
        }
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.coming = None;
        // A panic of the thread was said by itself; two would end the program.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;

    use super::*;

    fn tiny() -> Table {
        Table::open(testkit::fixture("tiny.ms")).unwrap()
    }

    #[test]
    fn batches_of_any_size_are_the_rows() {
        let table = tiny();
        let columns = ["DATA", "FLAG", "UVW", "TIME", "FLAG_CATEGORY"];
        let whole = table.record_batch(&columns, 0..84).unwrap();
        for step in [1, 10, 84, 1000] {
            let batches = table.batches(&columns, 0..84, Some(step)).unwrap();
            assert_eq!(batches.schema(), whole.schema());
            let mut start = 0;
            for batch in batches {
                let batch = batch.unwrap();
                assert_eq!(batch, whole.slice(start, batch.num_rows()));
                start += batch.num_rows();
            }
            assert_eq!(start, 84);
        }
    }

    /// A small cell first, then large ones: a batch is not as many of those as of the first.
    #[test]
    fn batches_end_by_the_shapes_of_all_cells() {
        let dir = tempfile::tempdir().unwrap();
        let column = crate::ColumnSpec::array("A", crate::DataType::Double).axes(1);
        let mut editor =
            Table::create(dir.path().join("t"), &crate::TableSpec::new().column(column)).unwrap();
        editor.add_rows(10);
        editor.put("A", 0, &[1], &[1.0]).unwrap();
        let large = vec![2.0; 1 << 20];
        (1..10).for_each(|row| editor.put("A", row, &[large.len()], &large).unwrap());
        let table = editor.commit().unwrap();
        let n_rows = |n| -> Vec<usize> {
            table.batches(&["A"], 0..10, n).unwrap().map(|batch| batch.unwrap().num_rows()).collect()
        };
        assert_eq!(n_rows(None), [4, 4, 2]);
        assert_eq!(n_rows(Some(7)), [7, 3]);
    }

    #[test]
    fn keywords_are_metadata_and_undefined_is_null() {
        let batch = tiny().record_batch(&["UVW", "FLAG_CATEGORY"], 3..5).unwrap();
        let schema = batch.schema();
        let table: serde_json::Value = serde_json::from_str(&schema.metadata()[KEYWORDS]).unwrap();
        assert_eq!(table["MS_VERSION"], 2.0);
        assert_eq!(table["ANTENNA"], "Table: ././ANTENNA");
        let uvw: serde_json::Value = serde_json::from_str(&schema.field(0).metadata()[KEYWORDS]).unwrap();
        assert_eq!(uvw["QuantumUnits"], serde_json::json!(["m", "m", "m"]));
        assert_eq!(uvw["MEASINFO"]["type"], "uvw");
        assert_eq!(batch.column(1).null_count(), 2);
        assert_eq!(batch.column(0).as_fixed_size_list().value_length(), 3);
    }

    #[test]
    fn a_stream_that_is_left_early_ends_its_thread() {
        let mut batches = tiny().batches(&["DATA"], 0..84, Some(1)).unwrap();
        assert!(batches.next().unwrap().is_ok());
        drop(batches);
        assert!(tiny().batches(&["NOT"], 0..84, None).is_err());
        assert!(tiny().batches(&["DATA"], 0..85, None).is_err());
        assert_eq!(tiny().batches(&["DATA"], 5..5, None).unwrap().count(), 0);
    }
}
