//! The report while it is written: text, tables, plots and promises.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use pdfmagic_load::plot::{Chart, Figure, Series};

use crate::Part;
use crate::promise::Promise;

/// The report, until it is written.
pub(crate) struct Report {
    output: PathBuf,
    raw: PathBuf,
    text: String,
    /// Where in the text the first section begins.
    introduction: usize,
    /// Rows of the table of answers.
    answers: Vec<String>,
    /// The heading of the current section.
    heading: String,
    /// The runs of all tables, as CSV.
    summary: Vec<String>,
    promises: Vec<Promise>,
    /// Everything that could not be measured, and why.
    left_out: Vec<String>,
    begin: Instant,
}

impl Report {
    /// Creates an empty report. It will write the text and SVGs to the folder `output`, and PNGs and full CSVs to the
    /// folder `raw`.
    pub(crate) fn new(output: PathBuf, raw: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(output.join("plots"))?;
        fs::create_dir_all(&raw)?;
        Ok(Self {
            output,
            raw,
            text: String::new(),
            introduction: 0,
            answers: Vec::new(),
            heading: String::new(),
            summary: vec![
                "run,requests,failed,per_second,mean_ms,mean_within_ms,p50_ms,p95_ms,p99_ms,max_ms"
                    .to_owned(),
            ],
            promises: Vec::new(),
            left_out: Vec::new(),
            begin: Instant::now(),
        })
    }

    /// Adds a heading.
    pub(crate) fn section(&mut self, heading: &str) {
        if self.heading.is_empty() {
            self.introduction = self.text.len();
        }
        heading.clone_into(&mut self.heading);
        self.say(&format!("\n## {heading}\n"));
    }

    /// Adds the answer of this section to the table at the top of the report. `part` is what measures it again.
    pub(crate) fn answer(&mut self, part: Part, answer: &str) {
        let heading = &self.heading;
        let anchor: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == ' ')
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        self.answers.push(format!(
            "| [{}](#{anchor}) | {answer} | `make report ONLY={}` |\n",
            heading.trim_start_matches("[Q] "),
            part.name()
        ));
    }

    /// Adds a paragraph, or a row of a table.
    pub(crate) fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a table of runs, whose names are unique in the whole report.
    pub(crate) fn table(&mut self, runs: &[&Series]) {
        self.say(
            "\n| | requests | failed | per second | mean [ms] | p50 | p95 | p99 | max |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|",
        );
        for run in runs {
            let summary = run.summary();
            let (name, failed, rate) = (&run.name, summary.failed, summary.per_second);
            let requests = summary.answered + failed;
            let time = run.distribution();
            let [mean, within, p50, p95, p99, max] = [
                time.mean,
                time.mean_within,
                time.p50,
                time.p95,
                time.p99,
                time.max,
            ]
            .map(|ms| format!("{ms:.2}"));
            let (cells, values) = if summary.answered == 0 {
                ("– | – | – | – | –".to_owned(), ",,,,,".to_owned())
            } else {
                (
                    format!("{mean} ± {within} | {p50} | {p95} | {p99} | {max}"),
                    format!("{mean},{within},{p50},{p95},{p99},{max}"),
                )
            };
            self.say(&format!(
                "| {name} | {requests} | {failed} | {rate:.1} | {cells} |"
            ));
            self.summary
                .push(format!("{name},{requests},{failed},{rate:.1},{values}"));
        }
        self.say("");
    }

    /// Draws a chart of recordings.
    pub(crate) fn plot(
        &mut self,
        chart: Chart,
        file: &str,
        title: &str,
        series: &[Series],
    ) -> io::Result<()> {
        let figure = Figure::new(chart, title, series).map_err(io::Error::other)?;
        self.draw(figure, file, title)
    }

    /// Draws a figure.
    pub(crate) fn draw(&mut self, figure: Figure, file: &str, title: &str) -> io::Result<()> {
        figure.save(&self.raw.join(file))?;
        let svg = format!("{file}.svg");
        fs::copy(self.raw.join(&svg), self.output.join("plots").join(&svg))?;
        self.say(&format!("![{title}](plots/{svg})\n"));
        Ok(())
    }

    /// Adds a measured promise.
    pub(crate) fn promise(&mut self, promise: Promise) {
        self.promises.push(promise);
    }

    /// Reports what could not be measured.
    pub(crate) fn leave_out(&mut self, what: &str) {
        eprintln!("pdfmagic-report: not measured: {what}");
        self.left_out.push(format!("\nNot measured: {what}.\n"));
    }

    /// Writes the report. Returns the broken promises.
    pub(crate) fn finish(mut self) -> io::Result<Vec<String>> {
        self.section("Promises");
        self.say(
            "Each round measures both sides of a ratio in turn. A promise that is missed gets more rounds, and all rounds \
             count. `make report` fails where the median is below the *floor*, or nine of ten rounds miss the promise.\n",
        );
        self.say(Promise::HEAD);
        let rows: Vec<_> = self.promises.iter().map(Promise::row).collect();
        self.say(&rows.join("\n"));
        self.say(&self.left_out.concat());
        if !self.answers.is_empty() {
            let answers = format!(
                "\n## The answers\n\n| | | measure it again |\n|---|---|---|\n{}",
                self.answers.concat()
            );
            self.text.insert_str(self.introduction, &answers);
        }
        let seconds = self.begin.elapsed().as_secs();
        self.say(&format!(
            "The run took {} min {} s.",
            seconds / 60,
            seconds % 60
        ));
        fs::write(self.output.join("REPORT.md"), self.text)?;
        fs::write(
            self.output.join("summary.csv"),
            self.summary.join("\n") + "\n",
        )?;
        Ok(self
            .promises
            .iter()
            .filter_map(Promise::complaint)
            .collect())
    }
}
