//! PNG files as a reader of them sees them.

use facette_report::{Error, Mark, Picture, write_png};
use ndarray::Array2;
use std::path::Path;
use types::{ARCSEC_RAD, Beam, ImageGeometry, ImageHeader, RaDec, SkyFrame, SpectralFrame, Stokes};

fn header(dec_deg: f64, beam: Option<Beam>) -> ImageHeader {
    ImageHeader {
        object: "Demo field".into(),
        telescope: "Array".into(),
        observer: String::new(),
        phase_center: RaDec { ra_rad: 1.5, dec_rad: dec_deg.to_radians() },
        frame: SkyFrame::J2000,
        freq_hz: 1.284e9,
        bandwidth_hz: 1e8,
        rest_freq_hz: None,
        spectral_frame: SpectralFrame::Topo,
        start_mjd_s: 5.1e9,
        end_mjd_s: 5.1e9 + 3600.0,
        stokes: Stokes::I,
        unit: "Jy/beam".into(),
        beam,
        history: Vec::new(),
    }
}

struct Decoded {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

fn decode(path: &Path) -> Decoded {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    Decoded { width: info.width as usize, height: info.height as usize, rgb }
}

/// Where a picture goes: kept in `FACETTE_PICTURES` for looking at, else in a directory that goes away.
fn write(name: &str, pixels: &Array2<f32>, header: &ImageHeader, marks: Vec<Mark>) -> Decoded {
    let (ny, nx) = pixels.dim();
    let geometry = ImageGeometry { nx, ny, cell_rad: 2.0 * ARCSEC_RAD };
    let dir = tempfile::tempdir().unwrap();
    let keep = std::env::var_os("FACETTE_PICTURES").map_or_else(|| dir.path().to_owned(), Into::into);
    let path = keep.join(format!("{name}.png"));
    write_png(&path, &Picture { pixels, geometry, header, title: format!("{name} image"), marks }, true)
        .unwrap();
    decode(&path)
}

/// Noise of unit variance from a small congruential generator.
fn noise(ny: usize, nx: usize) -> Array2<f32> {
    let mut state = 12345_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    Array2::from_shape_simple_fn((ny, nx), || (0..12).map(|_| uniform()).sum::<f32>() - 6.0)
}

fn add_gaussian(image: &mut Array2<f32>, (x0, y0): (f64, f64), peak: f64, sigma: f64) {
    for ((y, x), p) in image.indexed_iter_mut() {
        let r2 = (x as f64 - x0).powi(2) + (y as f64 - y0).powi(2);
        *p += (peak * (-r2 / (2.0 * sigma * sigma)).exp()) as f32;
    }
}

#[test]
fn noise_with_sources_and_marks() {
    let mut image = noise(1024, 1024) * 1e-4;
    for (x, y, peak) in [(700.3, 300.0, 0.5), (200.0, 800.5, 0.02), (512.0, 512.0, 0.004)] {
        add_gaussian(&mut image, (x, y), peak, 3.0);
    }
    let beam = Beam { bmaj_rad: 16.0 * ARCSEC_RAD, bmin_rad: 9.0 * ARCSEC_RAD, bpa_rad: 0.6 };
    let marks = vec![
        Mark { x: 200.0, y: 800.5, label: "B 20 mJy".into() },
        Mark { x: 1010.0, y: 5.0, label: "corner".into() },
        Mark { x: f64::NAN, y: -5.0, label: "nowhere".into() },
    ];
    let picture = write("noise", &image, &header(-30.7, Some(beam)), marks);
    assert!((900..1150).contains(&picture.width) && (800..1000).contains(&picture.height));
    let again = write("noise without marks", &image, &header(-30.7, Some(beam)), Vec::new());
    assert_ne!(picture.rgb, again.rgb, "marks leave no trace");
}

#[test]
fn a_pixel_to_the_north_east_shows_up_in_the_upper_left() {
    // North-East of the center: y above and x below it.
    let mut image = Array2::zeros((64, 64));
    image[[50, 14]] = 1.0_f32;
    let picture = write("corner", &image, &header(-30.7, None), Vec::new());
    // Viridis ends in yellow; the bar has some too, so look left of it.
    let (mut n, mut sum) = (0.0, (0.0, 0.0));
    for y in 0..picture.height {
        for x in 0..picture.width - 200 {
            let at = 3 * (y * picture.width + x);
            let [r, g, b] = [picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]];
            if r > 200 && g > 200 && b < 100 {
                n += 1.0;
                sum = (sum.0 + x as f64, sum.1 + y as f64);
            }
        }
    }
    let (x, y) = (sum.0 / n, sum.1 / n);
    assert!(n > 50.0 && x < 0.35 * picture.width as f64 && y < 0.35 * picture.height as f64, "{n} {x} {y}");
}

#[test]
fn odd_images_have_pictures_too() {
    let beam = Some(Beam { bmaj_rad: 1e-3, bmin_rad: 1e-4, bpa_rad: f64::NAN });
    for (ny, nx) in [(1, 1), (3, 200), (200, 3), (1, 5000), (37, 5), (800, 300)] {
        write(&format!("{nx} by {ny}"), &noise(ny, nx), &header(10.0, beam), Vec::new());
    }
    for (name, value) in
        [("constant", 3.0), ("zero", 0.0), ("blank", f32::NAN), ("infinite", f32::NEG_INFINITY)]
    {
        let mark = Mark { x: 5.0, y: 5.0, label: "x".into() };
        write(name, &Array2::from_elem((100, 100), value), &header(0.0, beam), vec![mark]);
    }
    let mut holes = noise(300, 300);
    holes.slice_mut(ndarray::s![..100, ..]).fill(f32::NAN);
    write("holes", &holes, &header(90.0, beam), Vec::new());
}

#[test]
fn fields_at_the_poles_and_of_every_size() {
    for (name, dec_deg, cell) in [
        ("north pole", 90.0, 20.0),
        ("near pole", -89.2, 5.0),
        ("whole sky", 50.0, 400.0),
        ("tiny", 0.0, 1e-4),
    ] {
        let pixels = noise(600, 600);
        let geometry = ImageGeometry { nx: 600, ny: 600, cell_rad: cell * ARCSEC_RAD };
        let dir = tempfile::tempdir().unwrap();
        let keep = std::env::var_os("FACETTE_PICTURES").map_or_else(|| dir.path().to_owned(), Into::into);
        let header = header(dec_deg, None);
        let picture =
            Picture { pixels: &pixels, geometry, header: &header, title: name.into(), marks: Vec::new() };
        write_png(&keep.join(format!("{name}.png")), &picture, true).unwrap();
    }
}

#[test]
fn the_same_picture_has_the_same_bytes_and_a_wrong_shape_leaves_no_file() {
    let (dir, header) = (tempfile::tempdir().unwrap(), header(0.0, None));
    let pixels = noise(80, 90);
    let geometry = ImageGeometry { nx: 90, ny: 80, cell_rad: ARCSEC_RAD };
    let mut picture =
        Picture { pixels: &pixels, geometry, header: &header, title: "t".into(), marks: Vec::new() };
    let paths = ["a.png", "b.png"].map(|n| dir.path().join(n));
    for path in &paths {
        write_png(path, &picture, false).unwrap();
    }
    assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    assert!(matches!(write_png(&paths[0], &picture, false), Err(Error::Exists { .. })));
    picture.geometry.nx = 91;
    let err = write_png(&dir.path().join("c.png"), &picture, true).unwrap_err();
    assert!(err.to_string().contains("91 × 80") && err.to_string().contains("80 rows of 90"), "{err}");
    assert_eq!(dir.path().read_dir().unwrap().count(), 2);
}
