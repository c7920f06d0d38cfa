//! Reduces the number of points without a visible difference. An SVG with every request would take megabytes.

use std::collections::HashSet;

use super::quantile;

/// The maximum number of points to draw.
const MAXIMUM: usize = 2000;

/// Keeps the first of the points in each cell of a grid, which is the finest that leaves at most [`MAXIMUM`] points.
/// Isolated points remain. `position` returns the position of a point on both axes, from 0 to 1.
pub(super) fn one_per_cell(
    points: &[(f64, f64)],
    position: impl Fn((f64, f64)) -> [f64; 2],
) -> Vec<(f64, f64)> {
    let mut drawn = points.to_vec();
    let mut cells = 1000.0;
    while drawn.len() > MAXIMUM {
        let mut seen = HashSet::new();
        #[expect(clippy::cast_possible_truncation, reason = "at most 1000")]
        drawn.retain(|&point| seen.insert(position(point).map(|at| (at * cells) as i32)));
        cells *= 0.8;
    }
    drawn
}

/// Returns at most [`MAXIMUM`] quantiles of sorted values at equal steps; the last is the maximum.
pub(super) fn evenly(sorted: &[f64]) -> Vec<f64> {
    if sorted.len() <= MAXIMUM {
        return sorted.to_vec();
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 2000")]
    let share = |step: usize| step as f64 / MAXIMUM as f64;
    (1..=MAXIMUM)
        .map(|step| quantile(sorted, share(step)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_points_are_thinned_out_and_outliers_stay() {
        let mut points: Vec<_> = (0..50_000_u32)
            .map(|number| {
                (
                    f64::from(number % 997) / 997.0,
                    f64::from(number % 89) / 300.0,
                )
            })
            .collect();
        points.push((0.5, 1.0));
        let drawn = one_per_cell(&points, |(x, y)| [x, y]);
        assert!((1000..=2000).contains(&drawn.len()), "{}", drawn.len());
        assert!(drawn.contains(&(0.5, 1.0)));
        let few = &points[..2000];
        assert_eq!(one_per_cell(few, |(x, y)| [x, y]), few);
    }

    #[test]
    fn thinned_values_have_the_same_quantiles() {
        let values: Vec<_> = (0..12_345).map(f64::from).collect();
        let thinned = evenly(&values);
        assert_eq!(thinned.len(), 2000);
        for q in [0.5, 0.95, 0.99, 1.0] {
            assert!(
                (quantile(&thinned, q) - quantile(&values, q)).abs() < 1e-9,
                "{q}"
            );
        }
        assert_eq!(evenly(&values[..7]), values[..7]);
    }
}
