//! Marks of the points of a series: four shapes, so that color is not all that tells series apart.

use super::palette::color;
use crate::canvas::{Canvas, Rect, WHITE};

/// Half the height of a mark, pixels.
const RADIUS: f64 = 5.0;

/// The mark of the `i`th series around a point, with a white rim.
pub(super) fn draw(canvas: &mut Canvas, (x, y): (f64, f64), i: usize) {
    let sheet = Rect { x: 0, y: 0, width: canvas.width, height: canvas.height };
    let reach = RADIUS + 5.0;
    canvas.paint(sheet, (x, y, reach), WHITE, |dx, dy| is_inside(i, dx, dy, RADIUS + 1.5));
    canvas.paint(sheet, (x, y, reach), color(i), |dx, dy| is_inside(i, dx, dy, RADIUS));
}

/// Whether a place lies on the shape of the `i`th series: disk, square, triangle or diamond of about the same area.
fn is_inside(i: usize, dx: f64, dy: f64, radius: f64) -> bool {
    match i % 4 {
        0 => dx.hypot(dy) <= radius,
        1 => dx.abs().max(dy.abs()) <= 0.88 * radius,
        2 => {
            // Pointing up; its center of mass at the point.
            let below_tip = dy + 1.35 * radius;
            dy <= 0.7 * radius && dx.abs() <= below_tip * 0.6
        }
        _ => dx.abs() + dy.abs() <= 1.25 * radius,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_about_the_same_size_and_differ() {
        let places: Vec<(f64, f64)> = (0..40_000)
            .map(|k| (f64::from(k % 200) / 10.0 - 10.0, f64::from(k / 200) / 10.0 - 10.0))
            .collect();
        let covered = |i: usize| places.iter().map(|p| is_inside(i, p.0, p.1, RADIUS)).collect::<Vec<_>>();
        let shapes: Vec<_> = (0..4).map(covered).collect();
        for (i, shape) in shapes.iter().enumerate() {
            let area = shape.iter().filter(|c| **c).count() as f64 / 100.0;
            assert!((60.0..95.0).contains(&area), "{i}: {area}");
            for other in &shapes[..i] {
                assert!(shape.iter().zip(other).filter(|(a, b)| a != b).count() > 1000, "{i}");
            }
        }
    }
}
