//! Charts of bars.

use kuva::plot::BarPlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::charts::{color, row};
use super::{Figure, Series};
use crate::tally::Tally;

pub(super) fn share(series: &Series) -> Figure {
    let report = Tally::from_iter(&series.recording.samples).report();
    let mut table = vec![row(["replica", "requests"])];
    let mut plot = BarPlot::new();
    for (replica, count) in report.replicas {
        table.push(vec![replica.clone(), count.to_string()]);
        #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
        let count = count as f64;
        plot = plot.with_colored_bar(replica, count, color(0));
    }
    let plots = vec![Plot::Bar(plot)];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("replica")
        .with_y_label("requests");
    Figure::on_one_axis(plots, layout, table)
}

pub(super) fn parts(names: &[&str], bars: &[(String, Vec<f64>)]) -> Figure {
    let mut table = vec![row(std::iter::once("bar").chain(names.iter().copied()))];
    let mut plot = BarPlot::new();
    // The first bar at the top.
    for (name, parts) in bars.iter().rev() {
        let whole: f64 = parts.iter().sum();
        let colored = parts.iter().enumerate();
        plot = plot.with_group(
            name,
            colored.map(|(number, part)| (100.0 * part / whole, color(number))),
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
    let layout = Layout::auto_from_plots(&plots)
        .with_x_axis_max(100.0)
        .with_x_label("part of the time [%]");
    Figure::on_one_axis(plots, layout, table)
}
