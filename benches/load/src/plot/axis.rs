//! Axes between round numbers, and the labels of their ticks.

use std::sync::Arc;

use kuva::render::layout::{Layout, TickFormat};
use kuva::render::render_utils::auto_nice_range;

/// The range of an axis: linear if its values span less than a factor of ten, and otherwise logarithmic.
pub(super) struct Axis {
    from: f64,
    pub(super) to: f64,
    is_log: bool,
}

impl Axis {
    pub(super) fn of(latencies: impl Iterator<Item = f64> + Clone) -> Self {
        let least = latencies.clone().fold(f64::INFINITY, f64::min);
        let most = latencies.fold(0.0, f64::max);
        let is_log = most > 0.0 && most >= 10.0 * least;
        let (from, to) = if is_log {
            // Times are measured in microseconds, so only 0 is below 0.001 ms.
            (round(least.max(0.001)).0, round(most).1)
        } else {
            let room = (most - least) / 50.0;
            auto_nice_range(least - room, most + room, 5)
        };
        Self {
            from: from.max(0.0),
            to,
            is_log,
        }
    }

    pub(super) fn on_x(&self, layout: Layout) -> Layout {
        let layout = layout.with_x_axis_min(self.from).with_x_axis_max(self.to);
        if self.is_log {
            layout
                .with_log_x()
                .with_x_tick_format(tick_label(significant))
        } else {
            layout
        }
    }

    pub(super) fn on_y(&self, layout: Layout) -> Layout {
        let layout = layout.with_y_axis_min(self.from).with_y_axis_max(self.to);
        if self.is_log {
            layout
                .with_log_y()
                .with_y_tick_format(tick_label(significant))
        } else {
            layout
        }
    }

    /// Returns the value at a position from 0 to 1.
    pub(super) fn value(&self, position: f64) -> f64 {
        if self.is_log {
            self.from * (self.to / self.from).powf(position)
        } else {
            self.from + (self.to - self.from) * position
        }
    }

    /// Returns the position of a value, from 0 to 1.
    pub(super) fn position(&self, value: f64) -> f64 {
        if self.is_log {
            (value.max(self.from) / self.from).log(self.to / self.from)
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }
}

/// Returns the round numbers (1, 2 or 5 times a power of ten) around a value: the largest at or below it, and the
/// smallest at or above it.
pub(super) fn round(value: f64) -> (f64, f64) {
    let decade = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    let below = steps.into_iter().rfind(|&step| step <= value);
    let above = steps.into_iter().find(|&step| step >= value);
    (below.unwrap_or(steps[0]), above.unwrap_or(steps[3]))
}

pub(super) fn tick_label(text: impl Fn(f64) -> String + Send + Sync + 'static) -> TickFormat {
    TickFormat::Custom(Arc::new(text))
}

/// Formats three significant digits, without an exponent or trailing zeros.
pub(super) fn significant(value: f64) -> String {
    let decimals = (0_u8..12).find(|&decimals| value * 10_f64.powi(decimals.into()) >= 99.95);
    let decimals = usize::from(decimals.unwrap_or(0));
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Labels whole numbers only, since there is no half replica or half request.
pub(super) fn whole(value: f64) -> String {
    if value.fract() == 0.0 {
        value.to_string()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_starts_and_ends_at_round_numbers() {
        for (value, below, above) in [(0.03, 0.02, 0.05), (1.0, 1.0, 1.0), (70.0, 50.0, 100.0)] {
            assert_eq!(round(value), (below, above));
        }
        let bounds = |latencies: &[f64]| {
            let axis = Axis::of(latencies.iter().copied());
            (axis.from, axis.to, axis.is_log)
        };
        assert_eq!(bounds(&[3.0, 700.0]), (2.0, 1000.0, true));
        assert_eq!(bounds(&[42.3, 46.9]), (42.0, 47.0, false));
        assert_eq!(bounds(&[7.0, 7.0]), (6.0, 8.0, false));
        assert_eq!(bounds(&[0.0]), (0.0, 0.1, false));
    }

    #[test]
    fn a_label_has_at_most_three_significant_digits() {
        for (value, label) in [
            (0.0, "0"),
            (0.1, "0.1"),
            (0.05, "0.05"),
            (0.678_4, "0.678"),
            (1.0, "1"),
            (50.119, "50.1"),
            (99.96, "100"),
            (200.0, "200"),
            (100_000.0, "100000"),
        ] {
            assert_eq!(significant(value), label);
        }
    }
}
