//! Casacore tables read without casacore, as Arrow columns; knows no astronomy.
