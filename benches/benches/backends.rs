//! Both backends over photos of three sizes, and what planning alone costs. `cargo bench -p pdfmagic-benches`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jpeg_encoder::{ColorType, Encoder};
use pdfmagic_core::backend::Reencode;
use pdfmagic_core::{Backend, Document, Options, Page, Passthrough, Piece, Source};

/// Width and height, and what such a photo is called.
const PHOTOS: [(u16, u16, &str); 3] = [
    (816, 612, "200 kB"),
    (1632, 1224, "2 MP"),
    (4000, 3000, "12 MP"),
];

/// A JPEG with about as much detail as a camera's: three bits a pixel.
fn photo(width: u16, height: u16) -> Vec<u8> {
    let mut noise = 1_u32;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "all are within 0 to 255"
    )]
    let samples: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (f32::from(x), f32::from(y))))
        .flat_map(|(x, y)| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = f32::from((noise >> 24) as u8) / 12.0;
            let light = 110.0
                + 50.0 * (x / 97.0).sin()
                + 40.0 * (y / 61.0).cos()
                + 20.0 * ((x + y) / 7.0).sin();
            [
                light + grain,
                light * 0.8 + grain,
                200.0 - light * 0.6 + grain,
            ]
        })
        .map(|sample| sample as u8)
        .collect();
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 90)
        .encode(&samples, width, height, ColorType::Rgb)
        .expect("as many samples as the size says");
    jpeg
}

fn plan<'a>(source: impl Into<Source<'a>>, backend: &dyn Backend) -> (Vec<Piece>, Vec<u8>) {
    let page = Page::from_jpeg(source, &Options::default(), backend).expect("the photo is sound");
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

/// The same by a PDF library that keeps a tree of objects.
fn lopdf(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    use lopdf::{Document, Stream, dictionary};
    let mut document = Document::with_version("1.7");
    let image = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => i64::from(width), "Height" => i64::from(height),
        "ColorSpace" => "DeviceRGB", "BitsPerComponent" => 8, "Filter" => "DCTDecode",
    };
    let image = document.add_object(Stream::new(image, jpeg.to_vec()).with_compression(false));
    let (width, height) = (f32::from(width) * 0.75, f32::from(height) * 0.75);
    let content = format!("q {width} 0 0 {height} 0 0 cm /Im0 Do Q").into_bytes();
    let content = document.add_object(Stream::new(dictionary! {}, content));
    let tree = document.new_object_id();
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "MediaBox" => vec![0.into(), 0.into(), width.into(), height.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "Im0" => image } }, "Contents" => content,
    });
    document.set_object(
        tree,
        dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 },
    );
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut pdf = Vec::new();
    document.save_to(&mut pdf).expect("memory takes it");
    pdf
}

/// Checks that a PDF has one page with one image of this size, before its making is timed.
fn check(pdf: &[u8], width: u16, height: u16) {
    let read = lopdf::Document::load_mem(pdf).expect("a PDF");
    let pages = read.get_pages();
    assert_eq!(pages.len(), 1);
    let images = read
        .get_page_images(pages[&1])
        .expect("the page shows images");
    assert_eq!(images.len(), 1);
    assert_eq!(
        (images[0].width, images[0].height),
        (i64::from(width), i64::from(height))
    );
}

fn conversion(c: &mut Criterion) {
    for (width, height, name) in PHOTOS {
        let jpeg = photo(width, height);
        let mut group = c.benchmark_group(name);
        group
            .sample_size(10)
            .throughput(Throughput::Bytes(jpeg.len() as u64));
        for backend in [&Passthrough as &dyn Backend, &Reencode::default()] {
            check(&convert(&jpeg, backend), width, height);
            group.bench_function(backend.name(), |b| {
                b.iter(|| convert(black_box(&jpeg), backend));
            });
        }
        check(&lopdf(&jpeg, width, height), width, height);
        group.bench_function("lopdf", |b| {
            b.iter(|| lopdf(black_box(&jpeg), width, height));
        });
        group.finish();
    }
}

/// Passthrough looks at the header and the last bytes, so the size of the file must not matter.
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
