//! Benchmarks every backend and every rival with photos of three sizes, and verification and planning alone. `cargo
//! bench --profile dist -p pdfmagic-benches --features rivals --bench backends`

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pdfmagic_benches::page_check;
use pdfmagic_benches::process::{self, output};
use pdfmagic_benches::rivals::{RIVALS, Rival};
use pdfmagic_core::Reencode;
use pdfmagic_core::{
    Backend, Document, Jpeg, Limits, Options, Page, Passthrough, Piece, Source, Transcode,
};
use pdfmagic_load::picture::{Picture, jpeg};

/// Programs that read the JPEG from a pipe and write the PDF to one.
const PROGRAMS: [Rival; 2] = [
    Rival {
        name: "img2pdf",
        convert: |jpeg, _, _| output(Command::new("img2pdf").arg("-"), jpeg),
    },
    Rival {
        name: "ImageMagick",
        convert: |jpeg, _, _| output(process::convert().args(["jpg:-", "pdf:-"]), jpeg),
    },
];

/// The width, height and name of each photo.
const PHOTOS: [(u16, u16, &str); 3] = [
    (816, 612, "200 kB"),
    (1632, 1224, "2 MP"),
    (4000, 3000, "12 MP"),
];

fn photo(width: u16, height: u16) -> Vec<u8> {
    jpeg(Picture::Photo, width, height, 90, 0).expect("the size is not zero")
}

fn plan<'a>(source: impl Into<Source<'a>>, backend: &dyn Backend) -> (Vec<Piece>, Vec<u8>) {
    let page = Page::from_jpeg(source, &Options::default(), backend).expect("the photo is valid");
    let mut document = Document::new();
    let pieces = document.push(page);
    (pieces, document.finish().expect("it has a page"))
}

fn convert(jpeg: &[u8], backend: &dyn Backend) -> Vec<u8> {
    let (pieces, end) = plan(jpeg, backend);
    let mut pdf = Vec::with_capacity(jpeg.len() + end.len() + 1024);
    for piece in &pieces {
        pdf.extend_from_slice(piece.bytes(jpeg));
    }
    pdf.extend_from_slice(&end);
    pdf
}

fn conversion(c: &mut Criterion) {
    for (width, height, name) in PHOTOS {
        let jpeg = photo(width, height);
        let mut group = c.benchmark_group(name);
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(3))
            .throughput(Throughput::Bytes(jpeg.len() as u64));
        for backend in [
            &Passthrough as &dyn Backend,
            &Transcode::default(),
            &Reencode::default(),
        ] {
            page_check::check(&convert(&jpeg, backend), &jpeg).expect("the page is right");
            group.bench_function(backend.name(), |b| {
                b.iter(|| convert(black_box(&jpeg), backend));
            });
        }
        let limits = Limits::default();
        let parsed = Jpeg::parse(&jpeg, &limits).expect("the photo is valid");
        group.bench_function("verify", |b| b.iter(|| parsed.verify(black_box(&limits))));
        // With a line feed after EOI, the end has to be searched for.
        let with_tail = [&jpeg[..], b"\n"].concat();
        group.bench_function("find the end", |b| {
            b.iter(|| Jpeg::parse(black_box(&with_tail), &limits).map(|jpeg| jpeg.is_odd()));
        });
        for rival in RIVALS.iter().chain(&PROGRAMS) {
            let convert = |jpeg| (rival.convert)(jpeg, width, height).expect(rival.name);
            page_check::check(&convert(&jpeg), &jpeg).expect(rival.name);
            group.bench_function(rival.name, |b| b.iter(|| convert(black_box(&jpeg))));
        }
        group.finish();
    }
}

/// Passthrough reads the header and the last bytes, so the size of the file must not matter.
fn planning(c: &mut Criterion) {
    let jpeg = photo(816, 612);
    let mut group = c.benchmark_group("pieces");
    for (size, name) in [(100_000, "100 kB"), (100_000_000, "100 MB")] {
        let source = Source::Ends {
            head: &jpeg[..4096],
            tail: &jpeg[jpeg.len() - 2..],
            size,
        };
        let pieces = plan(source, &Passthrough).0;
        assert!(pieces.iter().map(Piece::size).sum::<u64>() > size);
        group.bench_with_input(BenchmarkId::from_parameter(name), &source, |b, source| {
            b.iter(|| plan(*black_box(source), &Passthrough));
        });
    }
    group.finish();
}

criterion_group!(benches, conversion, planning);
criterion_main!(benches);
