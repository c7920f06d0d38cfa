//! Each chart: what is drawn, and the numbers in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kuva::plot::annotations::ReferenceLine;
use kuva::plot::histogram::BinMethod;
use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::plot::{BoxPlot, EcdfPlot, Histogram, LinePlot, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use super::{Figure, Series, quantile};
use crate::tally::Tally;

/// Percentiles that are marked.
const MARKED: [(&str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];

/// What lies under points and lines.
const PALE: &str = "#9ecae1";

/// Half of the last label of an axis, which the library leaves no room for.
const LABEL_MARGIN: f64 = 40.0;

pub(super) fn histogram(series: &Series) -> Figure {
    let latencies = series.latencies();
    // Of the logarithms: a few slow requests would leave the others one bar.
    let plots = vec![Plot::Histogram(
        Histogram::new()
            .with_data(latencies.iter().map(|ms| ms.log10()))
            .with_bin_method(BinMethod::FreedmanDiaconis)
            .with_color(PALE),
    )];
    let mut layout = Layout::auto_from_plots(&plots)
        .with_x_label(series.latency_label())
        .with_x_tick_format(TickFormat::Custom(Arc::new(|exponent| {
            significant(10_f64.powf(exponent))
        })))
        .with_y_label("requests");
    let mut legend = Vec::new();
    for (number, (name, q)) in MARKED.into_iter().enumerate() {
        let at = quantile(&latencies, q);
        let line = ReferenceLine::vertical(at.log10())
            .with_color(color(number))
            .with_stroke_width(2.5);
        legend.push(LegendEntry {
            label: format!("{name}: {} ms", significant(at)),
            color: line.color.clone(),
            shape: LegendShape::Line,
            dasharray: Some(line.dasharray.clone()),
        });
        layout = layout.with_reference_line(line);
    }
    let mut layout = layout.with_legend_entries(legend);
    layout.force_margin_right = Some(LABEL_MARGIN);
    let mut table = vec![row(["latency_ms"])];
    table.extend(latencies.iter().map(|latency| row([latency])));
    Figure::on_one_axis(plots, layout, table)
}

pub(super) fn ecdf(series: &[Series]) -> Figure {
    let mut table = vec![row(["series", "latency_ms"])];
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
        plot = plot.with_data_colored(&one.name, latencies, color(number));
    }
    let plots = vec![Plot::Ecdf(plot)];
    let mut layout = Layout::auto_from_plots(&plots)
        .with_log_x()
        .with_x_tick_format(TickFormat::Custom(Arc::new(significant)))
        .with_x_label(series[0].latency_label())
        .with_y_label("part of the requests (dashed: p50, p95, p99)");
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
        .with_y_label(series.latency_label());
    Figure::on_one_axis(plots, layout, table)
}

/// What came in one second.
#[derive(Default)]
struct Second<'s> {
    latencies: Vec<f64>,
    replicas: BTreeSet<&'s str>,
}

pub(super) fn timeline(series: &Series) -> Figure {
    let begin = series.recording.samples[0].start_ns;
    let mut points = Vec::new();
    let mut seconds: BTreeMap<u64, Second<'_>> = BTreeMap::new();
    for sample in series.answered() {
        let since = sample.start_ns - begin;
        let latency = series.latency(sample);
        points.push((to_seconds(since), latency));
        let second = seconds.entry(since / 1_000_000_000).or_default();
        second.latencies.push(latency);
        second.replicas.extend(sample.replica.as_deref());
    }
    let mut table = vec![row(["second", "p50_ms", "p95_ms", "p99_ms", "replicas"])];
    let mut curves: [Vec<(f64, f64)>; 3] = Default::default();
    let mut replicas = Vec::new();
    for (second, at) in &mut seconds {
        at.latencies.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a number of seconds or replicas"
        )]
        let (second, count) = (*second as f64, at.replicas.len() as f64);
        let marks = MARKED.map(|(_, q)| quantile(&at.latencies, q));
        for (curve, mark) in curves.iter_mut().zip(marks) {
            curve.push((second + 0.5, mark));
        }
        // A step begins where its second does.
        replicas.extend([(second, count), (second + 1.0, count)]);
        table.push(row([second, marks[0], marks[1], marks[2], count]));
    }
    let mut plots = vec![Plot::Scatter(
        ScatterPlot::new()
            .with_data(points)
            .with_size(2.0)
            .with_color("#9aa5b1")
            .with_marker_opacity(0.5)
            .with_legend("a request"),
    )];
    // The highest first and widest, so that those under which it hides are seen.
    for (number, ((name, _), curve)) in MARKED.into_iter().zip(curves).enumerate().rev() {
        #[expect(clippy::cast_precision_loss, reason = "fewer than ten")]
        let width = 2.0 + 1.5 * number as f64;
        plots.push(Plot::Line(
            LinePlot::new()
                .with_data(curve)
                .with_color(color(number))
                .with_stroke_width(width)
                .with_legend(format!("{name} of each second")),
        ));
    }
    let most = replicas.iter().map(|(_, count)| *count).fold(0.0, f64::max);
    let (secondary, layout) = if most > 1.0 {
        let secondary = vec![Plot::Line(
            LinePlot::new()
                .with_data(replicas)
                .with_color("black")
                .with_stroke_width(2.0)
                .with_legend("replicas that answered"),
        )];
        let layout = Layout::auto_from_twin_y_plots(&plots, &secondary)
            .with_y2_label("replicas")
            .with_y2_axis_min(0.0)
            .with_y2_axis_max(most + 1.0)
            .with_y2_tick_format(TickFormat::Custom(Arc::new(whole)));
        (secondary, layout)
    } else {
        (Vec::new(), Layout::auto_from_plots(&plots))
    };
    let layout = layout
        .with_log_y()
        .with_y_tick_format(TickFormat::Custom(Arc::new(significant)))
        .with_x_label("time [s]")
        .with_y_label(series.latency_label());
    Figure {
        plots,
        secondary,
        layout,
        table,
    }
}

pub(super) fn tail(series: &[Series]) -> Figure {
    let mut table = vec![row(["series", "percentile", "latency_ms"])];
    let mut plots = Vec::new();
    for (number, one) in series.iter().enumerate() {
        let latencies = one.latencies();
        #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
        let count = latencies.len() as f64;
        let mut curve = Vec::new();
        // Eight points for each halving of what remains, as far as there are samples.
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
        plots.push(Plot::Line(
            LinePlot::new()
                .with_data(curve)
                .with_color(color(number))
                .with_stroke_width(2.0)
                .with_legend(&one.name),
        ));
    }
    let mut layout = Layout::auto_from_plots(&plots)
        .with_log_scale()
        .with_x_label("percentile")
        .with_y_label(series[0].latency_label())
        .with_x_tick_format(TickFormat::Custom(Arc::new(|one_in| {
            format!("{}%", 100.0 - 100.0 / one_in)
        })))
        .with_y_tick_format(TickFormat::Custom(Arc::new(significant)));
    layout.force_margin_right = Some(LABEL_MARGIN);
    Figure::on_one_axis(plots, layout, table)
}

pub(super) fn scaling(series: &[Series]) -> Figure {
    let mut measured: Vec<(f64, f64)> = series
        .iter()
        .map(|one| {
            let report = Tally::from_iter(&one.recording.samples).report();
            #[expect(clippy::cast_precision_loss, reason = "a number of replicas")]
            let replicas = report.replicas.len() as f64;
            (replicas, report.per_second)
        })
        .collect();
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (fewest, rate) = measured[0];
    let ideal: Vec<_> = measured
        .iter()
        .map(|&(replicas, _)| (replicas, rate * replicas / fewest))
        .collect();
    let mut table = vec![row(["replicas", "per_second", "ideal"])];
    for ((replicas, rate), (_, ideal)) in measured.iter().zip(&ideal) {
        table.push(row([replicas, rate, ideal]));
    }
    let plots = vec![
        Plot::Line(
            LinePlot::new()
                .with_data(ideal)
                .with_color("#9aa5b1")
                .with_dashed()
                .with_legend("ideal"),
        ),
        Plot::Line(
            LinePlot::new()
                .with_data(measured.clone())
                .with_color(color(0))
                .with_stroke_width(2.0)
                .with_legend("measured"),
        ),
        Plot::Scatter(
            ScatterPlot::new()
                .with_data(measured)
                .with_color(color(0))
                .with_size(5.0),
        ),
    ];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("replicas")
        .with_y_label("requests a second")
        .with_x_tick_step(1.0)
        .with_y_axis_min(0.0);
    Figure::on_one_axis(plots, layout, table)
}

/// Three digits, without an exponent or zeros at the end.
fn significant(value: f64) -> String {
    let decimals = (0_u8..12).find(|&decimals| value * 10_f64.powi(decimals.into()) >= 99.95);
    let decimals = usize::from(decimals.unwrap_or(0));
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Labels whole numbers only: there is no half replica.
fn whole(value: f64) -> String {
    if value.fract() == 0.0 {
        value.to_string()
    } else {
        String::new()
    }
}

/// Of Wong's colors, which the color-blind can tell apart, those that show on white, and a gray.
pub(super) fn color(number: usize) -> &'static str {
    const COLORS: [&str; 7] = [
        "#0072b2", "#e69f00", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#9aa5b1",
    ];
    COLORS[number % COLORS.len()]
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
fn to_seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

pub(super) fn row<T: ToString>(cells: impl IntoIterator<Item = T>) -> Vec<String> {
    cells.into_iter().map(|cell| cell.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_three_digits_at_most() {
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
