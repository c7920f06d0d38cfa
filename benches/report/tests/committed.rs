//! Tests that the committed measurements are small enough to clone, and complete in the report.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn benches() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn plots() -> Vec<PathBuf> {
    let plots = fs::read_dir(benches().join("plots")).unwrap();
    plots.map(|plot| plot.unwrap().path()).collect()
}

#[test]
fn committed_measurements_take_at_most_a_megabyte() {
    let texts = ["REPORT.md", "summary.csv"].map(|name| benches().join(name));
    let sizes = plots().into_iter().chain(texts);
    let size: u64 = sizes.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!((100_000..=1_000_000).contains(&size), "{size}");
}

#[test]
fn the_report_shows_every_plot_and_no_other() {
    let report = fs::read_to_string(benches().join("REPORT.md")).unwrap();
    let shown: BTreeSet<_> = report
        .split("](plots/")
        .skip(1)
        .filter_map(|rest| rest.split(')').next().map(str::to_owned))
        .collect();
    let plots = plots().into_iter();
    let names = plots.map(|plot| plot.file_name().unwrap().to_str().unwrap().to_owned());
    assert_eq!(shown, names.collect());
}

#[test]
fn the_summary_has_the_runs_of_the_report() {
    let summary = fs::read_to_string(benches().join("summary.csv")).unwrap();
    let report = fs::read_to_string(benches().join("REPORT.md")).unwrap();
    for run in summary.lines().skip(1) {
        let cells: Vec<_> = run.split(',').take(4).collect();
        let row = format!("| {} |", cells.join(" | "));
        assert!(report.contains(&row), "{row}");
    }
}
