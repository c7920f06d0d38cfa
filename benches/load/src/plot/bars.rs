//! Bar charts.

use kuva::plot::annotations::{ReferenceLine, TextAnnotation};
use kuva::plot::histogram::BinMethod;
use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::plot::{BarPlot, Histogram};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::axis::{Axis, significant, tick_label, whole};
use super::charts::{LABEL_MARGIN, MARKED, PALE, PERCENTILES, REFERENCE, color, row};
use super::{Figure, Series, quantile};

pub(super) fn histogram(series: &Series) -> Figure {
    let latencies = series.latencies();
    let axis = Axis::of(latencies.iter().copied());
    // Bins are equally wide on the axis, so positions are counted instead of values.
    let positions: Vec<f64> = latencies.iter().map(|&ms| axis.position(ms)).collect();
    let (least, most) = (positions[0], positions[positions.len() - 1]);
    let (range, bins) = if least < most {
        // More than a hundred bins cannot be distinguished.
        let bins = BinMethod::FreedmanDiaconis.bin_count(&positions, (least, most));
        ((least, most), bins.min(100))
    } else {
        ((least - 0.02, most + 0.02), 1)
    };
    let binned = Histogram::new()
        .with_data(positions)
        .with_range(range)
        .with_bins(bins)
        .compute_bins()
        .expect("a figure has at least one answer");
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
    let edges = (0..=bins).map(|bin| axis.value(range.0 + binned.bin_width * bin as f64));
    let bars = Histogram::from_bins(edges.collect(), binned.layers[0].clone());
    let plots = vec![Plot::Histogram(bars.with_color(PALE))];
    let mut layout = axis
        .on_x(Layout::auto_from_plots(&plots))
        .with_x_label(series.latency_label())
        .with_y_label("requests")
        .with_y_tick_format(tick_label(whole));
    // Otherwise, the ticks would be edges of bins, which are not round numbers.
    layout.x_bin_width = None;
    layout.force_margin_right = Some(LABEL_MARGIN);
    let distribution = series.distribution();
    let (mean, within) = (distribution.mean, distribution.mean_within);
    let mean_label = format!("mean: {mean:.3} ± {within:.3} ms (95 % confidence)");
    let mut lines = vec![(mean, REFERENCE, "2 3", mean_label)];
    for (number, (name, q)) in MARKED.into_iter().enumerate() {
        let at = quantile(&latencies, q);
        let label = format!("{name}: {} ms", significant(at));
        lines.push((at, PERCENTILES[number], "6 4", label));
    }
    let mut legend = Vec::new();
    for (at, color, dashes, label) in lines {
        let line = ReferenceLine::vertical(at)
            .with_color(color)
            .with_dasharray(dashes)
            .with_stroke_width(2.5);
        layout.reference_lines.push(line);
        legend.push(LegendEntry {
            label,
            color: color.to_owned(),
            shape: LegendShape::Line,
            dasharray: Some(dashes.to_owned()),
        });
    }
    let mut table = vec![row(["latency_ms"])];
    table.extend(latencies.iter().map(|latency| row([latency])));
    Figure::on_one_axis(plots, layout.with_legend_entries(legend), table)
}

pub(super) fn share(series: &Series) -> Figure {
    let replicas = series.summary().replicas;
    let mut table = vec![row(["replica", "requests"])];
    table.extend(
        replicas
            .iter()
            .map(|(name, count)| vec![name.clone(), count.to_string()]),
    );
    // The bars are horizontal, so that long names have room. The first bar is at the top.
    let mut plot = BarPlot::new().with_horizontal(true);
    for (name, count) in replicas.into_iter().rev() {
        #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
        let count = count as f64;
        plot = plot.with_colored_bar(format!("{name}: {count}"), count, color(series.color));
    }
    let plots = vec![Plot::Bar(plot)];
    let layout = Layout::auto_from_plots(&plots).with_x_label("requests");
    Figure::on_one_axis(plots, layout, table)
}

/// The colors of parts: pale, so that numbers can be read on them.
const PARTS: [&str; 7] = [
    "#bbccee", "#ccddaa", "#eeeebb", "#ffcccc", "#cceeff", "#ddccee", "#dddddd",
];

pub(super) fn parts(names: &[&str], bars: &[(String, Vec<f64>)]) -> Figure {
    let columns = names
        .iter()
        .map(|name| format!("{name}_ms").replace(' ', "_"));
    let mut table = vec![std::iter::once("bar".to_owned()).chain(columns).collect()];
    let mut plot = BarPlot::new();
    let mut numbers = Vec::new();
    // The library writes texts a little above their place: by 9 pixels of a chart that is 380 high.
    #[expect(clippy::cast_precision_loss, reason = "a number of bars")]
    let lower = 9.0 / 380.0 * bars.len() as f64;
    // The first bar is at the top, and the lowest is at 1.
    for ((name, parts), y) in bars.iter().rev().zip(1_u32..) {
        let whole: f64 = parts.iter().sum();
        let mut end = 0.0;
        for &part in parts {
            let percent = 100.0 * part / whole;
            let text = match percent {
                17.0.. => format!("{percent:.0} %, {} ms", significant(part)),
                5.0.. => format!("{percent:.0} %"),
                _ => String::new(),
            };
            let middle = end + percent / 2.0;
            numbers
                .push(TextAnnotation::new(text, middle, f64::from(y) - lower).with_font_size(10));
            end += percent;
        }
        let colored = parts.iter().zip(PARTS.into_iter().cycle());
        plot = plot.with_group(
            format!("{name}: {} ms", significant(whole)),
            colored.map(|(part, color)| (100.0 * part / whole, color)),
        );
    }
    for (name, parts) in bars {
        let mut line = vec![name.clone()];
        line.extend(row(parts));
        table.push(line);
    }
    let plot = plot
        .with_legend(names.to_vec())
        .with_stacked()
        .with_horizontal(true);
    let plots = vec![Plot::Bar(plot)];
    let mut layout = Layout::auto_from_plots(&plots)
        .with_x_axis_max(100.0)
        .with_x_label("share of the time [%]");
    layout.annotations = numbers;
    layout.force_margin_right = Some(LABEL_MARGIN);
    Figure::on_one_axis(plots, layout, table)
}
