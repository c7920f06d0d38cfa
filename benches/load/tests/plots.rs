//! Tests that every chart is drawn, with the numbers of the samples.

use std::fs;

use clap::ValueEnum;
use pdfmagic_load::plot::{Chart, Figure, Series};
use pdfmagic_load::sample::{Recording, Run, Sample};

const MILLISECOND: u64 = 1_000_000;

/// Returns requests of two clients over three seconds, answered by `replicas` in turn.
fn series(name: &str, replicas: u64) -> Series {
    of(name, 300, |number| Sample {
        total_us: 1000 + number * 7919 % 1000,
        replica: Some((number % replicas).to_string()),
        ..at(number * 10)
    })
}

/// Returns an answered request, which started this many milliseconds after the first.
fn at(milliseconds: u64) -> Sample {
    Sample {
        intended_ns: milliseconds * MILLISECOND,
        start_ns: milliseconds * MILLISECOND,
        status: 200,
        ..Sample::default()
    }
}

fn of(name: &str, count: u64, sample: impl Fn(u64) -> Sample) -> Series {
    let samples = (0..count).map(|number| Sample {
        client: u32::from(number % 2 == 1),
        ..sample(number)
    });
    Series {
        name: name.to_owned(),
        color: 0,
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

/// Returns the SVG and the CSV of a figure.
fn drawn(figure: Figure) -> [String; 2] {
    let directory = tempfile::tempdir().unwrap();
    let stem = directory.path().join("figure");
    figure.save(&stem).unwrap();
    ["svg", "csv"].map(|extension| fs::read_to_string(stem.with_extension(extension)).unwrap())
}

fn draw(chart: Chart, series: &[Series]) -> [String; 2] {
    drawn(Figure::new(chart, "a title", series).unwrap())
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
        // The windows are half a second long.
        (Chart::Timeline, three, 300 + 6 * (3 + 2)),
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
fn bars_are_labeled_with_their_number_of_requests() {
    let [svg, csv] = draw(Chart::Share, &[series("three", 3)]);
    for replica in 0..3 {
        assert!(svg.contains(&format!(">{replica}: 100<")), "{svg}");
        assert!(csv.contains(&format!("\n{replica},100\n")), "{csv}");
    }
}

#[test]
fn the_tail_chart_shows_quantiles() {
    let series = of("one", 1000, |number| Sample {
        total_us: (number + 1) * 1000,
        ..at(number)
    });
    let [_, csv] = draw(Chart::Tail, &[series]);
    for line in ["one,0,1", "one,50,500", "one,75,750", "one,99.609375,997"] {
        assert!(csv.lines().any(|other| other == line), "no {line}: {csv}");
    }
}

#[test]
fn scaling_is_compared_with_the_ideal() {
    // Each run takes a second, with the same number of requests for each replica, nine tenths of which take almost no
    // time.
    let run = |replicas: u64, count| {
        of("", count, |number| Sample {
            total_us: if number % 10 == 9 {
                10_000 * replicas
            } else {
                1
            },
            replica: Some((number % replicas).to_string()),
            ..at(number * (1000 - 10 * replicas) / (count - 1))
        })
    };
    let [svg, csv] = draw(
        Chart::Scaling,
        &[run(3, 240), run(1, 90), run(1, 110), run(1, 100)],
    );
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("replicas,recordings,per_second,least,greatest,ideal,p95_ms,least,greatest")
    );
    for expected in [
        [1.0, 3.0, 100.0, 90.0, 110.0, 100.0, 10.0, 10.0, 10.0],
        [3.0, 1.0, 240.0, 240.0, 240.0, 300.0, 30.0, 30.0, 30.0],
    ] {
        let line = lines.next().unwrap();
        for (cell, expected) in line.split(',').zip(expected) {
            let cell: f64 = cell.parse().unwrap();
            assert!((cell / expected - 1.0).abs() < 0.001, "{line}");
        }
    }
    assert!(svg.contains("p95 of the service time [ms]"));
}

/// Returns fifty requests per second that start a millisecond late. They take 1 to 50 ms in total while there is one
/// replica, and 101 to 150 ms with three.
fn late() -> Series {
    let mut series = of("late", 600, |number| {
        let (slow, replicas) = if number < 300 { (0, 1) } else { (100, 3) };
        let mut sample = Sample {
            total_us: (number % 50 + 1 + slow) * 1000 - 1000,
            replica: Some((number % replicas).to_string()),
            ..at(number * 20)
        };
        sample.start_ns += MILLISECOND;
        sample
    });
    series.recording.run.rate = Some(50.0);
    series
}

#[test]
fn the_csv_of_a_timeline_has_every_value() {
    let [svg, csv] = draw(Chart::Timeline, &[late()]);
    assert!(csv.starts_with("what,second,value\nrequest,0,1\nrequest,0.02,2\n"));
    for line in [
        "request,11.98,150",
        "p50,0.5,25",
        "p95,0.5,48",
        "p99,0.5,50",
        "p50,6.5,125",
        "p99,11.49,150",
        "replicas,5,1",
        "replicas,6,1",
        "replicas,6,3",
        "replicas,11.98,3",
    ] {
        assert!(csv.lines().any(|other| other == line), "no {line}: {csv}");
    }
    assert_eq!(csv.lines().count(), 1 + 600 + 12 * (3 + 2));
    for text in ["response time", "p95 over 1 s", "replicas that answered"] {
        assert!(svg.contains(text), "no {text}");
    }
    assert!(!csv.contains("failed") && !svg.contains("failed") && !svg.contains("shed"));
}

#[test]
fn requests_in_flight_are_drawn_for_an_open_loop_with_one_server() {
    let mut series = series("one", 1);
    series.recording.run.rate = Some(100.0);
    // These requests are scheduled in the middle of the run, and answered after its end.
    for number in 0..7 {
        series.recording.samples.push(Sample {
            total_us: 5_000_000,
            ..at(1200 + number)
        });
    }
    let [svg, csv] = draw(Chart::Timeline, std::slice::from_ref(&series));
    assert!(svg.contains("requests in flight") && !svg.contains("replicas"));
    let in_flight = |second: &str| {
        let line = format!("in flight,{second},");
        let count = csv.lines().find_map(|other| other.strip_prefix(&line));
        count.map(|count| count.parse::<u32>().unwrap())
    };
    let (before, after) = (in_flight("1").unwrap(), in_flight("2").unwrap());
    assert!(
        (7..9).contains(&after) && before < 2,
        "{before}, {after}: {csv}"
    );

    series.recording.run.rate = None;
    let [svg, csv] = draw(Chart::Timeline, &[series]);
    assert!(!svg.contains("in flight") && !csv.contains("in flight"));
}

#[test]
fn requests_of_a_closed_loop_are_drawn_where_they_started() {
    let mut series = late();
    series.recording.run.rate = None;
    let [_, csv] = draw(Chart::Timeline, &[series]);
    assert!(
        csv.contains("\nrequest,0.001,0\nrequest,0.021,1\n"),
        "{csv}"
    );
}

#[test]
fn failed_and_shed_requests_are_counted_and_marked() {
    let mut series = late();
    // This request was retried twice before it was answered.
    series.recording.samples[250].shed = 2;
    for (milliseconds, status) in [(3000, 500), (3500, 0), (4000, 429)] {
        series.recording.samples.push(Sample {
            status,
            error: Some("no PDF".to_owned()),
            ..at(milliseconds)
        });
    }
    let [svg, csv] = draw(Chart::Timeline, std::slice::from_ref(&series));
    assert!(
        svg.contains("n = 600 answered, 2 failed, 3 shed; "),
        "{svg}"
    );
    assert!(svg.contains(">failed<") && svg.contains(">shed<"));
    let marks: Vec<_> = csv
        .lines()
        .filter(|line| line.starts_with("failed") || line.starts_with("shed"))
        .collect();
    assert_eq!(
        marks,
        ["failed,3,1", "failed,3.5,1", "shed,5,2", "shed,4,1"]
    );

    series.recording.samples.pop();
    series.recording.samples[250].shed = 0;
    let [svg, _] = draw(Chart::Histogram, &[series]);
    assert!(svg.contains("n = 600 answered, 2 failed; "), "{svg}");
}

#[test]
fn percentile_curves_are_omitted_for_few_requests() {
    let [svg, csv] = draw(Chart::Timeline, &[of("few", 12, |number| at(number * 400))]);
    assert!(!svg.contains("p50") && !csv.contains("p50"), "{csv}");
    assert!(svg.contains("n = 12; "));
}

#[test]
fn curves_are_interrupted_at_gaps() {
    // There is nothing for six seconds, and then an isolated window.
    let series = of("gap", 480, |number| {
        at(match number {
            0..200 => number * 10,
            200..400 => 8000 + number * 10,
            _ => 11_000 + number * 10,
        })
    });
    let [svg, csv] = draw(Chart::Timeline, &[series]);
    let seconds = csv.lines().filter_map(|line| line.strip_prefix("p50,"));
    let seconds: Vec<_> = seconds
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(seconds, ["0.5", "1.5", "10.5", "11.5", "15.395"]);
    // Each curve has its own stroke width.
    let strokes = svg
        .split('<')
        .filter(|tag| tag.contains("stroke=\"#0072b2\""));
    let lines = strokes.filter(|tag| tag.starts_with("polyline") || tag.starts_with("path"));
    assert_eq!(lines.count(), 3, "{svg}");
    assert_eq!(svg.matches(">p50 over 1 s<").count(), 1);
}

#[test]
fn thousands_of_requests_are_thinned_out_in_the_svg_only() {
    let many = of("many", 30_000, |number| Sample {
        total_us: 1000 + number * 7919 % 1000,
        ..at(number)
    });
    for (chart, rows) in [(Chart::Timeline, 30_000), (Chart::Ecdf, 30_000)] {
        let [svg, csv] = draw(chart, std::slice::from_ref(&many));
        assert!(svg.len() < 250_000, "{chart:?}: {}", svg.len());
        assert!(csv.lines().count() > rows, "{chart:?}");
    }
    let [svg, _] = draw(Chart::Timeline, &[many]);
    assert!(svg.contains(" of 30000 requests are drawn)"));
}

#[test]
fn names_with_commas_are_quoted_in_the_csv() {
    let [_, csv] = draw(Chart::Ecdf, &[series("one, \"two\"", 1)]);
    assert!(csv.contains("\n\"one, \"\"two\"\"\",1\n"), "{csv}");
}

#[test]
fn equal_latencies_are_one_bar() {
    let series = of("equal", 100, |number| Sample {
        total_us: 2000,
        ..at(number)
    });
    let [svg, _] = draw(Chart::Histogram, &[series]);
    let bars = svg
        .split("<rect")
        .filter(|rect| rect.contains("#9ecae1"))
        .count();
    assert_eq!(bars, 1);
    assert!(svg.contains("mean: 2.000 ± 0.000 ms"));
    for tick in [">0<", ">100<", ">1.5<", ">2.5<"] {
        assert!(svg.contains(tick), "no {tick}: {svg}");
    }
}

#[test]
fn a_logarithmic_axis_has_round_ticks() {
    let series = of("wide", 100, |number| Sample {
        total_us: 3000 + number * 1000,
        ..at(number)
    });
    let [svg, _] = draw(Chart::Histogram, &[series]);
    for tick in [">2<", ">5<", ">10<", ">20<", ">50<", ">100<", ">200<"] {
        assert!(svg.contains(tick), "no {tick}: {svg}");
    }
}

#[test]
fn parts_are_drawn_in_percent_and_listed_in_milliseconds() {
    let bars = [
        ("small".to_owned(), vec![3.0, 1.0]),
        ("large".to_owned(), vec![0.0, 512.5]),
    ];
    let names = ["first", "the second"];
    let [svg, csv] = drawn(Figure::parts("a title", "a caption", &names, &bars));
    assert_eq!(
        csv,
        "bar,first_ms,the_second_ms\nsmall,3,1\nlarge,0,512.5\n"
    );
    let texts = [
        "a title",
        "a caption",
        "small: 4 ms",
        "large: 512 ms",
        "75 %, 3 ms",
        "100 %, 512 ms",
    ];
    for text in texts.into_iter().chain(names) {
        assert!(svg.contains(text), "no {text}");
    }
    // A quarter of one bar and the whole other bar have the second color.
    let widths: Vec<f64> = svg
        .split("<rect")
        .filter(|rect| rect.contains("#ccddaa"))
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
fn charts_reject_a_wrong_number_of_recordings() {
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

#[test]
fn recordings_that_cannot_be_compared_are_refused() {
    let one = series("one", 1);
    let [mut open, mut kept] = [series("open", 3), series("kept", 3)];
    open.recording.run.rate = Some(5.0);
    kept.recording.run.reuse = false;
    for other in [open, kept] {
        let expected = format!(
            "{}: not comparable with one, which was paced or connected differently",
            other.name
        );
        let error = Figure::new(Chart::Ecdf, "", &[one.clone(), other]).err();
        assert_eq!(error, Some(expected));
    }
}
