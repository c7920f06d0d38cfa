//! Charts with curves and boxes.

use std::collections::BTreeMap;

use kuva::plot::{BoxPlot, EcdfPlot, LinePlot, ScatterPlot};
use kuva::render::layout::{AxisLabelOverlap, Layout};
use kuva::render::plots::Plot;

use super::axis::{Axis, round, tick_label};
use super::thin::evenly;
use super::{Figure, Series, quantile};

/// The percentiles that charts mark.
pub(super) const MARKED: [(&str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];

/// The color of areas under points and lines.
pub(super) const PALE: &str = "#9ecae1";

/// The color of lines that others are compared with, which is also that of the library.
pub(super) const REFERENCE: &str = "#888888";

/// The room for half of the last label of an axis, which the library does not reserve.
pub(super) const LABEL_MARGIN: f64 = 40.0;

pub(super) fn ecdf(series: &[Series]) -> Figure {
    let mut table = vec![row(["series", "latency_ms"])];
    let mut all = Vec::new();
    let mut plot = EcdfPlot::new()
        .with_percentile_lines(MARKED.map(|(_, q)| q).to_vec())
        .with_stroke_width(2.0)
        .with_legend("");
    for one in series {
        let latencies = one.latencies();
        table.extend(
            latencies
                .iter()
                .map(|ms| vec![one.name.clone(), ms.to_string()]),
        );
        all.extend_from_slice(&latencies);
        plot = plot.with_data_colored(&one.name, evenly(&latencies), color(one.color));
    }
    let plots = vec![Plot::Ecdf(plot)];
    let mut layout = Axis::of(all.into_iter())
        .on_x(Layout::auto_from_plots(&plots))
        .with_x_label(series[0].latency_label())
        .with_y_label("share of the requests (dashed: p50, p95, p99)");
    layout.force_margin_right = Some(LABEL_MARGIN);
    Figure::on_one_axis(plots, layout, table)
}

pub(super) fn clients(series: &Series) -> Figure {
    let mut clients: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for sample in series.answered() {
        clients
            .entry(sample.client)
            .or_default()
            .push(series.latency(sample));
    }
    let mut table = vec![row(["client", "latency_ms"])];
    let most = clients.values().flatten().copied().fold(0.0, f64::max);
    let mut plot = BoxPlot::new()
        .with_color(PALE)
        .with_strip(0.3)
        .with_overlay_color("#1f2933")
        .with_overlay_size(1.5);
    for (client, latencies) in clients {
        table.extend(latencies.iter().map(|ms| row([f64::from(client), *ms])));
        plot = plot.with_group(client.to_string(), latencies);
    }
    let plots = vec![Plot::Box(plot)];
    let layout = Layout::auto_from_plots(&plots)
        .with_y_axis_min(0.0)
        .with_y_axis_max(most * 1.05)
        .with_x_label("client")
        .with_x_label_overlap(AxisLabelOverlap::Thin)
        .with_y_label(series.latency_label());
    Figure::on_one_axis(plots, layout, table)
}

pub(super) fn tail(series: &[Series]) -> Figure {
    let mut table = vec![row(["series", "percentile", "latency_ms"])];
    let mut plots = Vec::new();
    let mut points = Vec::new();
    for one in series {
        let latencies = one.latencies();
        #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
        let count = latencies.len() as f64;
        let mut curve = Vec::new();
        // There are eight points for each halving of the remaining requests, down to one request.
        for step in 0_u8.. {
            let one_in = 2_f64.powf(f64::from(step) / 8.0);
            if one_in > count {
                break;
            }
            let q = 1.0 - 1.0 / one_in;
            let latency = quantile(&latencies, q);
            curve.push((one_in, latency));
            table.push(vec![
                one.name.clone(),
                (q * 100.0).to_string(),
                latency.to_string(),
            ]);
        }
        points.extend_from_slice(&curve);
        plots.push(Plot::Line(
            LinePlot::new()
                .with_data(curve)
                .with_color(color(one.color))
                .with_stroke_width(2.0)
                .with_legend(&one.name),
        ));
    }
    let rarest = points.iter().map(|point| point.0).fold(10.0, f64::max);
    let mut layout = Axis::of(points.iter().map(|point| point.1))
        .on_y(Layout::auto_from_plots(&plots))
        .with_log_x()
        .with_x_axis_min(1.0)
        .with_x_axis_max(round(rarest).1)
        .with_x_label("percentile")
        .with_y_label(series[0].latency_label())
        .with_x_tick_format(tick_label(|one_in| format!("{}%", 100.0 - 100.0 / one_in)));
    layout.force_margin_right = Some(LABEL_MARGIN);
    Figure::on_one_axis(plots, layout, table)
}

pub(super) fn scaling(series: &[Series]) -> Figure {
    let mut measured: BTreeMap<usize, [Vec<f64>; 2]> = BTreeMap::new();
    for one in series {
        let summary = one.summary();
        let values = [summary.per_second, summary.service.p95];
        let all = measured.entry(summary.replicas.len()).or_default();
        for (all, value) in all.iter_mut().zip(values) {
            all.push(value);
        }
    }
    let mut table = vec![row([
        "replicas",
        "recordings",
        "per_second",
        "least",
        "greatest",
        "ideal",
        "p95_ms",
        "least",
        "greatest",
    ])];
    let mut ideals = Vec::new();
    let [mut rates, mut p95s] = [const { Vec::new() }; 2];
    let mut ideal_of_one = None;
    for (replicas, [all_rates, all_p95s]) in measured {
        #[expect(clippy::cast_precision_loss, reason = "a number of replicas")]
        let count = replicas as f64;
        let recordings = all_rates.len().to_string();
        let [rate, p95] = [all_rates, all_p95s].map(Spread::of);
        let ideal = count * *ideal_of_one.get_or_insert(rate.median / count);
        let mut line = vec![replicas.to_string(), recordings];
        line.extend(row([rate.median, rate.least, rate.greatest, ideal]));
        line.extend(row([p95.median, p95.least, p95.greatest]));
        table.push(line);
        ideals.push((count, ideal));
        rates.push((count, rate));
        p95s.push((count, p95));
    }
    let ideal = LinePlot::new()
        .with_data(ideals)
        .with_color(REFERENCE)
        .with_stroke_width(4.0)
        .with_dashed()
        .with_legend("in proportion to the replicas");
    let [line, dots] = dotted(
        &rates,
        color(series[series.len() - 1].color),
        "requests per second",
    );
    let plots = vec![Plot::Line(ideal), line, dots];
    let secondary = Vec::from(dotted(
        &p95s,
        PERCENTILES[1],
        "p95 of the service time (right)",
    ));
    let layout = Layout::auto_from_twin_y_plots(&plots, &secondary)
        .with_x_label("replicas (dots: medians; bars: least and greatest)")
        .with_y_label("requests per second")
        .with_x_tick_step(1.0)
        .with_y_axis_min(0.0)
        .with_y2_label("p95 of the service time [ms]")
        .with_y2_axis_min(0.0);
    Figure {
        plots,
        secondary,
        layout,
        table,
    }
}

/// How a value varies between recordings.
struct Spread {
    least: f64,
    median: f64,
    greatest: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self {
            least: values[0],
            median: quantile(&values, 0.5),
            greatest: values[values.len() - 1],
        }
    }
}

/// A line with a dot at each median, and a bar over each spread.
fn dotted(points: &[(f64, Spread)], color: &str, name: &str) -> [Plot; 2] {
    let medians = points.iter().map(|(x, spread)| (*x, spread.median));
    let errors = points.iter().map(|(_, spread)| {
        (
            spread.median - spread.least,
            spread.greatest - spread.median,
        )
    });
    let dots = ScatterPlot::new()
        .with_data(medians.clone())
        .with_y_err_asymmetric(errors)
        .with_color(color)
        .with_size(5.0);
    let line = LinePlot::new()
        .with_data(medians)
        .with_color(color)
        .with_stroke_width(2.0)
        .with_legend(name);
    [Plot::Line(line), Plot::Scatter(dots)]
}

/// The color of each of the [`MARKED`] percentiles. Color-blind people can distinguish all colors of the charts: they are
/// Wong's and, where those do not suffice, Tol's.
pub(super) const PERCENTILES: [&str; 3] = ["#0072b2", "#e69f00", "#d55e00"];

/// The color of a [`Series`] by its number.
pub(super) fn color(number: usize) -> &'static str {
    const COLORS: [&str; 4] = ["#882255", "#009e73", "#cc79a7", "#56b4e9"];
    COLORS[number % COLORS.len()]
}

pub(super) fn row<T: ToString>(cells: impl IntoIterator<Item = T>) -> Vec<String> {
    cells.into_iter().map(|cell| cell.to_string()).collect()
}
