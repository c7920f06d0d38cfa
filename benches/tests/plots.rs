//! Every chart is drawn, and its numbers lie beside it.

use std::fs;

use clap::ValueEnum;
use pdfmagic_benches::plot::{Chart, Figure, Series};
use pdfmagic_benches::sample::{Recording, Run, Sample};

/// Requests of two clients, answered by `replicas` in turn, for three seconds.
fn series(name: &str, replicas: u64) -> Series {
    let samples = (0..300_u32).map(|number| Sample {
        client: number % 2,
        start_ns: u64::from(number) * 10_000_000,
        total_us: 1000 + u64::from(number * 7919 % 1000),
        status: 200,
        replica: Some((u64::from(number) % replicas).to_string()),
        ..Sample::default()
    });
    Series {
        name: name.to_owned(),
        recording: Recording {
            run: Run {
                target: "a server".to_owned(),
                clients: 2,
                rate: None,
                reuse: true,
                machine: "a machine".to_owned(),
            },
            samples: samples.collect(),
        },
    }
}

#[test]
fn every_chart_is_an_svg_a_png_and_a_csv() {
    let directory = tempfile::tempdir().unwrap();
    let both = [series("one", 1), series("three", 3)];
    let [one, three] = both.each_ref().map(std::slice::from_ref);
    for (chart, series, rows) in [
        (Chart::Histogram, one, 300),
        (Chart::Ecdf, &both, 600),
        (Chart::Clients, one, 300),
        (Chart::Timeline, three, 3),
        (Chart::Tail, &both, 2 * 66),
        (Chart::Share, three, 3),
        (Chart::Scaling, &both, 2),
    ] {
        let name = chart.to_possible_value().unwrap();
        let stem = directory.path().join(name.get_name());
        Figure::new(chart, "a title", series)
            .unwrap()
            .save(&stem)
            .unwrap();
        let read = |extension| fs::read(stem.with_extension(extension)).unwrap();
        let svg = String::from_utf8(read("svg")).unwrap();
        for text in [
            "a title",
            "closed loop, connections reused; a machine",
            "n = ",
        ] {
            assert!(svg.contains(text), "{chart:?}: no {text}");
        }
        assert!(read("png").starts_with(b"\x89PNG"), "{chart:?}");
        let csv = String::from_utf8(read("csv")).unwrap();
        assert_eq!(csv.lines().count(), rows + 1, "{chart:?}: {csv}");
    }
}

#[test]
fn parts_are_drawn_as_shares_and_told_as_they_were_measured() {
    let directory = tempfile::tempdir().unwrap();
    let stem = directory.path().join("parts");
    let bars = [
        ("small".to_owned(), vec![3.0, 1.0]),
        ("large".to_owned(), vec![0.0, 500.0]),
    ];
    Figure::parts("a title", "a caption", &["first", "second"], &bars)
        .save(&stem)
        .unwrap();
    let read = |extension| fs::read_to_string(stem.with_extension(extension)).unwrap();
    assert_eq!(read("csv"), "bar,first,second\nsmall,3,1\nlarge,0,500\n");
    let svg = read("svg");
    for text in ["a title", "a caption", "small", "large", "first", "second"] {
        assert!(svg.contains(text), "no {text}");
    }
    // A quarter of the one bar and all of the other are of the second color.
    let widths: Vec<f64> = svg
        .split("<rect")
        .filter(|rect| rect.contains("#e69f00"))
        .filter_map(|rect| {
            rect.split_once("width=\"")?
                .1
                .split_once('"')?
                .0
                .parse()
                .ok()
        })
        .collect();
    let [all, quarter] = widths[..2] else {
        panic!("{svg}")
    };
    assert!((all / quarter - 4.0).abs() < 0.01, "{widths:?}");
}

#[test]
fn a_chart_of_one_recording_refuses_two_and_all_refuse_none() {
    let (one, three) = (series("one", 1), series("three", 3));
    assert!(Figure::new(Chart::Histogram, "", &[one.clone(), three]).is_err());
    let mut failed = one;
    for sample in &mut failed.recording.samples {
        sample.error = Some("status 500".to_owned());
    }
    let error = Figure::new(Chart::Tail, "", &[failed]).err();
    assert_eq!(error.as_deref(), Some("one: no request was answered"));
    assert!(Figure::new(Chart::Ecdf, "", &[]).is_err());
}
