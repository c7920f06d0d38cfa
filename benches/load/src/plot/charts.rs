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

/// The room for half of the last label of an axis, which the library does not reserve.
pub(super) const LABEL_MARGIN: f64 = 40.0;

pub(super) fn ecdf(series: &[Series]) -> Figure {
    let mut table = vec![row(["series", "latency_ms"])];
    let mut all = Vec::new();
    let mut plot = EcdfPlot::new()
        .with_percentile_lines(MARKED.map(|(_, q)| q).to_vec())
        .with_stroke_width(2.0)
        .with_legend("");
    for (number, one) in series.iter().enumerate() {
        let latencies = one.latencies();
        table.extend(
            latencies
                .iter()
                .map(|ms| vec![one.name.clone(), ms.to_string()]),
        );
        all.extend_from_slice(&latencies);
        plot = plot.with_data_colored(&one.name, evenly(&latencies), color(number));
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
    for (number, one) in series.iter().enumerate() {
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
                .with_color(color(number))
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
    let mut measured: Vec<_> = series
        .iter()
        .map(|one| {
            let summary = one.summary();
            #[expect(clippy::cast_precision_loss, reason = "a number of replicas")]
            let replicas = summary.replicas.len() as f64;
            (replicas, summary.per_second, summary.service.p95)
        })
        .collect();
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (fewest, rate, _) = measured[0];
    let mut table = vec![row(["replicas", "per_second", "ideal", "p95_ms"])];
    let [mut ideals, mut rates, mut p95s] = [const { Vec::new() }; 3];
    for (replicas, per_second, p95) in measured {
        let ideal = rate * replicas / fewest;
        table.push(row([replicas, per_second, ideal, p95]));
        ideals.push((replicas, ideal));
        rates.push((replicas, per_second));
        p95s.push((replicas, p95));
    }
    let ideal = LinePlot::new()
        .with_data(ideals)
        .with_color("#9aa5b1")
        .with_stroke_width(4.0)
        .with_dashed()
        .with_legend("ideal");
    let [line, dots] = dotted(rates, color(0), "requests per second");
    let plots = vec![Plot::Line(ideal), line, dots];
    // p95 has this color in every chart.
    let secondary = Vec::from(dotted(p95s, color(1), "p95 of the service time (right)"));
    let layout = Layout::auto_from_twin_y_plots(&plots, &secondary)
        .with_x_label("replicas")
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

/// Returns a line with a dot at each point.
fn dotted(points: Vec<(f64, f64)>, color: &str, name: &str) -> [Plot; 2] {
    let dots = ScatterPlot::new()
        .with_data(points.iter().copied())
        .with_color(color)
        .with_size(5.0);
    let line = LinePlot::new()
        .with_data(points)
        .with_color(color)
        .with_stroke_width(2.0)
        .with_legend(name);
    [Plot::Line(line), Plot::Scatter(dots)]
}

/// Returns one of Wong's colors, which color-blind people can distinguish, without those that are too pale for white
/// paper; and a gray.
pub(super) fn color(number: usize) -> &'static str {
    const COLORS: [&str; 7] = [
        "#0072b2", "#e69f00", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#9aa5b1",
    ];
    COLORS[number % COLORS.len()]
}

pub(super) fn row<T: ToString>(cells: impl IntoIterator<Item = T>) -> Vec<String> {
    cells.into_iter().map(|cell| cell.to_string()).collect()
}
