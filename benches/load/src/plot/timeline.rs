//! Latencies over time.

use std::collections::BTreeSet;
use std::iter::once;

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::axis::{Axis, round, significant, tick_label, whole};
use super::charts::{MARKED, PERCENTILES, row};
use super::thin::one_per_cell;
use super::{Figure, Series, quantile};
use crate::sample::Sample;

/// Points of seconds and values.
type Curve = Vec<(f64, f64)>;

/// Returns the length of the windows over which percentiles are computed, and the edges of the windows, in seconds.
fn windows(end: f64, answers: usize) -> (f64, Vec<f64>) {
    // A window takes a second, less if the run is short, and more if it would have fewer than twenty answers.
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    let enough = 20.0 * end / answers as f64;
    let (_, length) = round((end / 10.0).clamp(0.001, 1.0).max(enough));
    // A remainder shorter than half a window joins the window before it, since percentiles of a few answers would jump.
    let inner = (1_u32..)
        .map(|number| length * f64::from(number))
        .take_while(|edge| end - edge >= length / 2.0);
    (length, once(0.0).chain(inner).chain(once(end)).collect())
}

/// Returns curves of the [`MARKED`] percentiles per window, in pieces without gaps, and steps with the number of
/// replicas that answered. `answers` have the seconds at which they started, and are sorted by time.
fn over_windows(
    series: &Series,
    edges: &[f64],
    answers: &[(f64, &Sample)],
) -> ([Vec<Curve>; 3], Curve) {
    let end = edges[edges.len() - 1];
    let mut curves: [Vec<Curve>; 3] = Default::default();
    let mut replicas = Vec::new();
    let mut is_gap = true;
    let mut rest = answers;
    for edge in edges.windows(2) {
        let (from, to) = (edge[0], edge[1]);
        let count = rest.partition_point(|answer| answer.0 < to || to >= end);
        let here;
        (here, rest) = rest.split_at(count);
        let mut latencies: Vec<_> = here.iter().map(|one| series.latency(one.1)).collect();
        latencies.sort_by(f64::total_cmp);
        // A single window makes no curve, and a window without answers has no percentiles.
        if edges.len() > 2 && count > 0 {
            for (pieces, (_, q)) in curves.iter_mut().zip(MARKED) {
                if is_gap {
                    pieces.push(Vec::new());
                }
                let point = (f64::midpoint(from, to), quantile(&latencies, q));
                pieces
                    .last_mut()
                    .expect("there is one after a gap")
                    .push(point);
            }
        }
        is_gap = count == 0;
        let names = here.iter().filter_map(|one| one.1.replica.as_deref());
        #[expect(clippy::cast_precision_loss, reason = "a number of replicas")]
        let count = names.collect::<BTreeSet<_>>().len() as f64;
        // A step starts and ends with its window.
        replicas.extend([(from, count), (to, count)]);
    }
    (curves, replicas)
}

/// A second curve with its own axis.
struct Companion {
    what: &'static str,
    legend: &'static str,
    curve: Curve,
    /// The end of its axis.
    to: f64,
}

impl Companion {
    fn plot(&self) -> Plot {
        Plot::Line(
            LinePlot::new()
                .with_data(self.curve.iter().copied())
                .with_color("#332288")
                .with_stroke_width(3.0)
                .with_dashed()
                .with_legend(self.legend),
        )
    }
}

/// Returns the number of replicas that answered, if there were several. Otherwise, it returns the number of requests in
/// flight, in an open loop only; in a closed loop, that is the number of clients.
fn companion(
    series: &Series,
    replicas: Curve,
    edges: &[f64],
    seconds: impl Fn(u64) -> f64,
) -> Option<Companion> {
    let maximum = |curve: &Curve| curve.iter().map(|point| point.1).fold(0.0, f64::max);
    if maximum(&replicas) > 1.0 {
        return Some(Companion {
            what: "replicas",
            legend: "replicas that answered",
            to: maximum(&replicas) + 1.0,
            curve: replicas,
        });
    }
    series.recording.run.rate?;
    let count = |at: f64| {
        let there = series.recording.on_time().filter(|sample| {
            let since = seconds(sample.intended_ns);
            (since..since + sample.response_time().as_secs_f64()).contains(&at)
        });
        #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
        (at, there.count() as f64)
    };
    let curve = edges.iter().copied().map(count).collect();
    Some(Companion {
        what: "in flight",
        legend: "requests in flight",
        to: round(maximum(&curve).max(1.0)).1,
        curve,
    })
}

pub(super) fn draw(series: &Series) -> Figure {
    let intended = series.recording.on_time().map(|sample| sample.intended_ns);
    let begin = intended.min();
    let seconds = |at: u64| to_seconds(at.saturating_sub(begin.unwrap_or(at)));
    let mut answers: Vec<(f64, &Sample)> = series
        .answered()
        .map(|sample| (seconds(series.start(sample)), sample))
        .collect();
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let points: Vec<_> = answers
        .iter()
        .map(|(second, sample)| (*second, series.latency(sample)))
        .collect();
    let end = answers.last().map_or(0.0, |last| last.0);
    let (length, edges) = windows(end, answers.len());
    let (curves, replicas) = over_windows(series, &edges, &answers);

    let mut table = vec![row(["what", "second", "value"])];
    let mut tell = |what: &str, points: &[(f64, f64)]| {
        let points = points.iter();
        table.extend(points.map(|(x, y)| row([what, &x.to_string(), &y.to_string()])));
    };
    let mut axis = Axis::of(points.iter().map(|point| point.1));
    tell("request", &points);
    let drawn = one_per_cell(&points, |(second, latency)| {
        [second / end, axis.position(latency)]
    });
    let time_label = if drawn.len() < points.len() {
        format!(
            "time [s] ({} of {} requests are drawn)",
            drawn.len(),
            points.len()
        )
    } else {
        "time [s]".to_owned()
    };
    let mut plots = vec![requests(drawn)];
    // The highest percentile is drawn first and widest, so that it remains visible where curves coincide.
    for (number, ((name, _), pieces)) in MARKED.into_iter().zip(curves).enumerate().rev() {
        for curve in &pieces {
            tell(name, curve);
        }
        plots.extend(lines(number, name, pieces, length));
    }
    // Failed and shed requests have no latency, so their marks are above all points.
    let without_marks = plots.len();
    let [failed, shed] = failures(series);
    for (name, marks, position, marker, color) in [
        ("failed", failed, 1.03, MarkerShape::Cross, "black"),
        ("shed", shed, 1.08, MarkerShape::TriangleDown, "#cc3311"),
    ] {
        if marks.is_empty() {
            continue;
        }
        let marks: Vec<_> = marks
            .into_iter()
            .map(|(at, count)| (seconds(at), f64::from(count)))
            .collect();
        tell(name, &marks);
        let y = axis.value(position);
        plots.push(Plot::Scatter(
            ScatterPlot::new()
                .with_data(marks.into_iter().map(|(second, _)| (second, y)))
                .with_size(3.0)
                .with_color(color)
                .with_marker(marker)
                .with_legend(name),
        ));
    }
    if plots.len() > without_marks {
        axis.to = axis.value(1.12);
    }
    let mut layout = axis
        .on_y(Layout::auto_from_plots(&plots))
        .with_x_label(time_label)
        .with_y_label(series.latency_label());
    let mut secondary = Vec::new();
    if let Some(companion) = companion(series, replicas, &edges, seconds) {
        tell(companion.what, &companion.curve);
        secondary.push(companion.plot());
        layout = layout
            .with_y2_auto(&secondary)
            .with_y2_label(companion.what)
            .with_y2_axis_min(0.0)
            .with_y2_axis_max(companion.to)
            .with_y2_tick_format(tick_label(whole));
    }
    Figure {
        plots,
        secondary,
        layout,
        table,
    }
}

/// Returns the lines of a percentile over windows of this length, with a piece for each time without a gap.
fn lines(number: usize, name: &str, pieces: Vec<Curve>, length: f64) -> impl Iterator<Item = Plot> {
    #[expect(clippy::cast_precision_loss, reason = "fewer than ten")]
    let width = 2.0 + 1.5 * number as f64;
    let mut legend = Some(format!("{name} over {} s", significant(length)));
    pieces.into_iter().map(move |mut curve| {
        if let [(middle, latency)] = curve[..] {
            // This is a window between two gaps.
            let half = length / 2.0;
            curve = vec![(middle - half, latency), (middle + half, latency)];
        }
        let line = LinePlot::new()
            .with_data(curve)
            .with_color(PERCENTILES[number])
            .with_stroke_width(width);
        Plot::Line(match legend.take() {
            Some(legend) => line.with_legend(legend),
            None => line,
        })
    })
}

/// Draws a point for each request.
fn requests(points: Curve) -> Plot {
    Plot::Scatter(
        ScatterPlot::new()
            .with_data(points)
            .with_size(2.5)
            .with_color("#9aa5b1")
            .with_marker_opacity(0.6)
            .with_legend("a request"),
    )
}

/// Returns the times at which requests failed, and the times and numbers of shed attempts.
fn failures(series: &Series) -> [Vec<(u64, u32)>; 2] {
    let [mut failed, mut shed] = [const { Vec::new() }; 2];
    for sample in series.recording.on_time() {
        let times = sample.shed + u32::from(sample.is_shed());
        if times > 0 {
            // The recorded start is that of the last attempt, after the answers that shed the request.
            shed.push((sample.intended_ns, times));
        }
        if sample.error.is_some() && !sample.is_shed() {
            failed.push((series.start(sample), 1));
        }
    }
    [failed, shed]
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
fn to_seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_second_unless_answers_are_few_or_the_run_is_short() {
        for (end, answers, length, last_but_one) in [
            (12.2, 1000, 1.0, 11.0),
            (12.6, 1000, 1.0, 12.0),
            (0.5, 1000, 0.05, 0.45),
            (60.0, 120, 10.0, 50.0),
            (4.0, 12, 10.0, 0.0),
            (0.0, 1, 0.001, 0.0),
        ] {
            let (actual, edges) = windows(end, answers);
            let [.., before, last] = edges[..] else {
                panic!("{edges:?}")
            };
            assert_eq!((actual, last), (length, end));
            assert!((before - last_but_one).abs() < 1e-9, "{edges:?}");
        }
    }
}
