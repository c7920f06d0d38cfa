//! Charts of recordings: an SVG, a PNG, and their numbers as CSV.

mod axis;
mod bars;
mod charts;
mod thin;
mod timeline;

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;

use clap::ValueEnum;
use kuva::backend::png::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::legend::LegendPosition;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::{render_multiple, render_twin_y};

use crate::sample::{Recording, Sample};
use crate::tally::{Distribution, Summary, Tally};

/// A kind of chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chart {
    /// How often each latency occurred, with the mean, the median, p95 and p99. For one recording.
    Histogram,
    /// The share of requests up to each latency (ECDF): a curve per recording.
    Ecdf,
    /// The latencies of each client as a box. For one recording.
    Clients,
    /// Latencies over time, their percentiles per second, the replicas that answered (or, in an open loop, the requests in
    /// flight), and failed and shed requests. For one recording.
    Timeline,
    /// The latencies of the slowest requests by percentile: a curve per recording.
    Tail,
    /// How many requests each replica answered. For one recording.
    Share,
    /// Throughput and p95 by number of replicas, and the throughput in proportion to the replicas. Where there are several
    /// recordings for a number, their spread is drawn.
    Scaling,
}

/// A recording with a name.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// The number of its color. Series with the same number have the same color in all charts.
    pub color: usize,
    /// Its samples.
    pub recording: Recording,
}

impl Series {
    /// The samples that were answered with a PDF.
    fn answered(&self) -> impl Iterator<Item = &Sample> {
        let samples = self.recording.on_time();
        samples.filter(|sample| sample.error.is_none())
    }

    /// Returns the response time in an open loop, which has a schedule, and the service time in a closed loop, in
    /// milliseconds.
    fn latency(&self, sample: &Sample) -> f64 {
        let duration = match self.recording.run.rate {
            Some(_) => sample.response_time(),
            None => sample.service_time(),
        };
        duration.as_secs_f64() * 1000.0
    }

    /// Returns the time at which the latency of a sample starts, in Unix nanoseconds.
    fn start(&self, sample: &Sample) -> u64 {
        match self.recording.run.rate {
            Some(_) => sample.intended_ns,
            None => sample.start_ns,
        }
    }

    /// The counts and distributions of its samples.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.recording.on_time().collect::<Tally>().summary()
    }

    /// The distribution of its latencies: response times in an open loop, service times in a closed loop.
    #[must_use]
    pub fn distribution(&self) -> Distribution {
        let summary = self.summary();
        match self.recording.run.rate {
            Some(_) => summary.response,
            None => summary.service,
        }
    }

    fn latency_label(&self) -> &'static str {
        match self.recording.run.rate {
            Some(_) => "response time [ms]",
            None => "service time [ms]",
        }
    }

    /// The latencies in milliseconds, sorted.
    fn latencies(&self) -> Vec<f64> {
        let mut latencies: Vec<f64> = self.answered().map(|sample| self.latency(sample)).collect();
        latencies.sort_by(f64::total_cmp);
        latencies
    }
}

/// A chart, ready to be drawn.
#[expect(missing_debug_implementations, reason = "the plots have none")]
pub struct Figure {
    plots: Vec<Plot>,
    /// The plots on a second axis at the right.
    secondary: Vec<Plot>,
    layout: Layout,
    table: Vec<Vec<String>>,
}

impl Figure {
    /// Prepares a chart of one or more series.
    ///
    /// # Errors
    ///
    /// If there is nothing to draw, if the chart takes a single series and gets several, or if the series cannot be
    /// compared.
    pub fn new(chart: Chart, title: &str, series: &[Series]) -> Result<Self, String> {
        let [first, rest @ ..] = series else {
            return Err("nothing to draw".to_owned());
        };
        if let Some(empty) = series.iter().find(|one| one.answered().next().is_none()) {
            let late = empty.recording.late().map(|late| format!("; {late}"));
            let late = late.unwrap_or_default();
            return Err(format!("{}: no request was answered{late}", empty.name));
        }
        let takes_many = matches!(chart, Chart::Ecdf | Chart::Tail | Chart::Scaling);
        if !(takes_many || rest.is_empty()) {
            return Err("this chart takes one recording".to_owned());
        }
        let run = &first.recording.run;
        if let Some(other) = rest
            .iter()
            .find(|one| !one.recording.run.is_comparable(run))
        {
            let (other, first) = (&other.name, &first.name);
            return Err(format!(
                "{other}: not comparable with {first}, which was paced or connected differently"
            ));
        }
        let mut figure = match chart {
            Chart::Histogram => bars::histogram(first),
            Chart::Ecdf => charts::ecdf(series),
            Chart::Clients => charts::clients(first),
            Chart::Timeline => timeline::draw(first),
            Chart::Tail => charts::tail(series),
            Chart::Share => bars::share(first),
            Chart::Scaling => charts::scaling(series),
        };
        figure.layout = framed(figure.layout, title, &caption(series));
        Ok(figure)
    }

    /// Prepares a chart of bars. Each is divided into the named parts, which are given in milliseconds and drawn in
    /// percent. A part that has room for them shows both numbers.
    #[must_use]
    pub fn parts(title: &str, caption: &str, names: &[&str], bars: &[(String, Vec<f64>)]) -> Self {
        let mut figure = bars::parts(names, bars);
        figure.layout = framed(figure.layout, title, caption);
        figure
    }

    fn on_one_axis(plots: Vec<Plot>, layout: Layout, table: Vec<Vec<String>>) -> Self {
        Self {
            plots,
            secondary: Vec::new(),
            layout,
            table,
        }
    }

    /// Writes `STEM.svg`, `STEM.png` and `STEM.csv`. The CSV has all numbers; the SVG and the PNG omit points where
    /// they are dense.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn save(self, stem: &Path) -> io::Result<()> {
        let scene = if self.secondary.is_empty() {
            render_multiple(self.plots, self.layout)
        } else {
            render_twin_y(self.plots, self.secondary, self.layout)
        };
        let png = PngBackend::new()
            .with_scale(1.5)
            .render_scene(&scene)
            .map_err(io::Error::other)?;
        fs::write(stem.with_extension("png"), png)?;
        fs::write(
            stem.with_extension("svg"),
            SvgBackend::default().render_scene(&scene),
        )?;
        let lines = self.table.iter().map(|row| {
            let cells: Vec<_> = row.iter().map(|cell| csv_cell(cell)).collect();
            cells.join(",") + "\n"
        });
        fs::write(stem.with_extension("csv"), lines.collect::<String>())
    }
}

/// Quotes a cell if its text requires it (RFC 4180, 2).
fn csv_cell(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

/// Describes the amount and the method of measurement.
fn caption(series: &[Series]) -> String {
    let samples = series.iter().flat_map(|one| one.recording.on_time());
    let summary = samples.collect::<Tally>().summary();
    let mut counts = vec![format!("n = {}", summary.answered)];
    for (count, what) in [(summary.failed, "failed"), (summary.shed, "shed")] {
        if count > 0 {
            counts.push(format!("{count} {what}"));
        }
    }
    if counts.len() > 1 {
        counts[0] += " answered";
    }
    counts.extend(series.iter().filter_map(|one| one.recording.late()));
    let mut runs: Vec<_> = series
        .iter()
        .map(|one| one.recording.run.caption())
        .collect();
    runs.dedup();
    format!("{}; {}", counts.join(", "), runs.join("; "))
}

/// Adds the elements that all charts have in common.
fn framed(layout: Layout, title: &str, caption: &str) -> Layout {
    layout
        .with_title(title)
        .with_subtitle(caption)
        .with_subtitle_size(11)
        .with_subtitle_wrap(130)
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false)
        .with_width(900.0)
        .with_height(520.0)
}

/// Returns the smallest of the sorted values that a share `q` of them does not exceed.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a number of samples"
    )]
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
