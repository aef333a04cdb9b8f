//! Pictures as PNG files that appear whole or not at all.

use crate::Error;
use crate::canvas::Canvas;
use crate::part_file::write_whole;
use std::path::Path;

/// Writes what `draw` paints; it is not called when the file exists and `overwrite` is false.
pub(crate) fn write_drawn(path: &Path, overwrite: bool, draw: impl FnOnce() -> Canvas) -> Result<(), Error> {
    write_whole(path, overwrite, |file| {
        let canvas = draw();
        let mut encoder = png::Encoder::new(file, canvas.width as u32, canvas.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Halves the time that a picture takes, for a tenth more bytes.
        encoder.set_compression(png::Compression::Fast);
        let written = encoder.write_header().and_then(|mut w| {
            w.write_image_data(&canvas.rgb)?;
            w.finish()
        });
        written.map_err(|source| Error::Write { path: path.into(), source: source.into() })
    })
}
