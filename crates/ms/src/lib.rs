//! MeasurementSets by chunks of rows, on top of facette-tables.
#![forbid(unsafe_code)]
