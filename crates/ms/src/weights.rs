//! Weights per sample: WEIGHT_SPECTRUM where it fits, else WEIGHT over all channels.

use crate::{Error, cells::Cells, selected::Resolved, spans::Span};

/// Reads weights, row by row from the better of the two columns.
pub(crate) struct Weights {
    spectrum: Option<Cells<f32>>,
    weight: Option<Cells<f32>>,
    n_chan: usize,
    n_corr: usize,
    scratch: Vec<f32>,
}

impl Weights {
    pub(crate) fn open(selected: &Resolved) -> Result<Self, Error> {
        let ms = &selected.ms;
        let [n_chan_all, n_corr] = selected.cell_shape;
        let column = |name| match ms.main().has_column(name) {
            true => ms.main().column(name).map(Some),
            false => Ok(None),
        };
        let spectrum = column("WEIGHT_SPECTRUM")?
            .map(|c| Cells::whole(ms, c, &[n_chan_all, n_corr], 1).part(selected.chan.clone()));
        let weight = column("WEIGHT")?.map(|c| Cells::whole(ms, c, &[n_corr], 1));
        Ok(Weights { spectrum, weight, n_chan: selected.chan.len(), n_corr, scratch: Vec::new() })
    }

    /// Appends the weights [row][frequency][correlation] of the wanted rows.
    pub(crate) fn read(&mut self, span: &Span, out: &mut Vec<f32>) -> Result<(), Error> {
        let Some(spectrum) = &mut self.spectrum else { return self.read_weight(span, out) };
        // Almost always all rows are alike; asking each of them first would cost more than the reading.
        if spectrum.fits(span.rows().start)? {
            let before = out.len();
            match spectrum.read(span, out) {
                Err(Error::UndefinedCell { .. } | Error::CellShape { .. }) => out.truncate(before),
                done => return done,
            }
        }
        self.read_by_row(span, out)
    }

    fn read_by_row(&mut self, span: &Span, out: &mut Vec<f32>) -> Result<(), Error> {
        for (fits, alike) in self.split(span)? {
            match &mut self.spectrum {
                Some(spectrum) if fits => spectrum.read(&alike, out)?,
                _ => self.read_weight(&alike, out)?,
            }
        }
        Ok(())
    }

    /// The wanted rows in order, in spans that all have a fitting WEIGHT_SPECTRUM or all have none.
    fn split(&self, span: &Span) -> Result<Vec<(bool, Span)>, Error> {
        let mut parts: Vec<(bool, Span)> = Vec::new();
        for row in span.runs.iter().cloned().flatten() {
            let fits = self.spectrum.as_ref().map_or(Ok(false), |s| s.fits(row))?;
            match parts.last_mut() {
                Some((f, last)) if *f == fits && last.rows().end == row => last.runs[0].end = row + 1,
                _ => parts.push((fits, Span::one(row..row + 1))),
            }
        }
        Ok(parts)
    }

    fn read_weight(&mut self, span: &Span, out: &mut Vec<f32>) -> Result<(), Error> {
        let Some(weight) = &mut self.weight else {
            out.resize(out.len() + span.n_wanted() * self.n_chan * self.n_corr, 1.0);
            return Ok(());
        };
        self.scratch.clear();
        weight.read(span, &mut self.scratch)?;
        for weight_c in self.scratch.chunks_exact(self.n_corr) {
            (0..self.n_chan).for_each(|_| out.extend_from_slice(weight_c));
        }
        Ok(())
    }
}
