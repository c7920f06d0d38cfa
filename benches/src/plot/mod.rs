//! Recordings as pictures: an SVG, a PNG, and the numbers in them as CSV.

mod axis;
mod bars;
mod charts;
mod timeline;

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
use crate::tally::{Report, Summary, Tally};

/// What a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chart {
    /// How often each latency came, with the mean, the median, p95 and p99. For one recording.
    Histogram,
    /// Part of the requests that were at most so slow: one curve for each recording.
    Ecdf,
    /// The latencies of each client, side by side. For one recording.
    Clients,
    /// Latency along time, with percentiles over a second, how many replicas answered or else, in an open loop, how many
    /// requests were under way, and which failed or were shed. For one recording.
    Timeline,
    /// The slowest in each hundred, thousand, …: one curve for each recording.
    Tail,
    /// How many requests each replica answered. For one recording.
    Share,
    /// Throughput and p95 against the number of replicas, and what throughput would be at best. A recording for each number.
    Scaling,
}

/// A recording and what it is called.
#[derive(Debug, Clone)]
pub struct Series {
    /// In the legend.
    pub name: String,
    /// What was measured.
    pub recording: Recording,
}

impl Series {
    /// Samples with a PDF.
    fn answered(&self) -> impl Iterator<Item = &Sample> {
        let samples = self.recording.samples.iter();
        samples.filter(|sample| sample.error.is_none())
    }

    /// Response time in an open loop, where it is known what was meant to be; service time in a closed one.
    fn latency(&self, sample: &Sample) -> f64 {
        let duration = match self.recording.run.rate {
            Some(_) => sample.response_time(),
            None => sample.service_time(),
        };
        duration.as_secs_f64() * 1000.0
    }

    /// From where on its latency counts.
    fn start(&self, sample: &Sample) -> u64 {
        match self.recording.run.rate {
            Some(_) => sample.intended_ns,
            None => sample.start_ns,
        }
    }

    fn report(&self) -> Report {
        Tally::from_iter(&self.recording.samples).report()
    }

    /// Of the latencies.
    fn summary(&self) -> Summary {
        match self.recording.run.rate {
            Some(_) => self.report().response,
            None => self.report().service,
        }
    }

    fn latency_label(&self) -> &'static str {
        match self.recording.run.rate {
            Some(_) => "response time [ms]",
            None => "service time [ms]",
        }
    }

    /// Latencies in milliseconds, sorted.
    fn latencies(&self) -> Vec<f64> {
        let mut latencies: Vec<f64> = self.answered().map(|sample| self.latency(sample)).collect();
        latencies.sort_by(f64::total_cmp);
        latencies
    }
}

/// A chart that is ready to be drawn.
#[expect(missing_debug_implementations, reason = "the plots have none")]
pub struct Figure {
    plots: Vec<Plot>,
    /// On an axis of its own, at the right.
    secondary: Vec<Plot>,
    layout: Layout,
    table: Vec<Vec<String>>,
}

impl Figure {
    /// Plans a chart of one or more series under a title.
    ///
    /// # Errors
    ///
    /// If there is nothing to draw, or more than one series where one is expected, or they cannot be compared.
    pub fn new(chart: Chart, title: &str, series: &[Series]) -> Result<Self, String> {
        let [first, rest @ ..] = series else {
            return Err("nothing to draw".to_owned());
        };
        if let Some(empty) = series.iter().find(|one| one.answered().next().is_none()) {
            return Err(format!("{}: no request was answered", empty.name));
        }
        let takes_many = matches!(chart, Chart::Ecdf | Chart::Tail | Chart::Scaling);
        if !(takes_many || rest.is_empty()) {
            return Err("this chart takes one recording".to_owned());
        }
        let run = &first.recording.run;
        if let Some(other) = rest.iter().find(|one| !one.recording.run.is_like(run)) {
            let (other, first) = (&other.name, &first.name);
            return Err(format!(
                "{other}: paced or connected otherwise than {first}"
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

    /// Plans a chart of bars, each of which is a whole, in percent, that is made of the named parts, in milliseconds.
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

    /// Writes `STEM.svg`, `STEM.png` and `STEM.csv`.
    ///
    /// # Errors
    ///
    /// As writing does.
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
        let lines: Vec<String> = self.table.iter().map(|row| row.join(",") + "\n").collect();
        fs::write(stem.with_extension("csv"), lines.concat())
    }
}

/// How much was measured, and how.
fn caption(series: &[Series]) -> String {
    let samples = series.iter().flat_map(|one| &one.recording.samples);
    let report = samples.collect::<Tally>().report();
    let mut counts = vec![format!("n = {}", report.answered)];
    for (count, what) in [(report.failed, "failed"), (report.shed, "shed")] {
        if count > 0 {
            counts.push(format!("{count} {what}"));
        }
    }
    if counts.len() > 1 {
        counts[0] += " answered";
    }
    let mut runs: Vec<_> = series
        .iter()
        .map(|one| one.recording.run.caption())
        .collect();
    runs.dedup();
    format!("{}; {}", counts.join(", "), runs.join("; "))
}

/// What all charts have in common.
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

/// The value that a part `q` of the sorted values is not above.
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
