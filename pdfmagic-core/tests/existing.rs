//! Tests of existing PDFs: JPEGs are extracted, and pages are added.

#[path = "support/corpus_files.rs"]
mod corpus_files;

use lopdf::{LoadOptions, Object};
use pdfmagic_core::jpeg::Orientation;
use pdfmagic_core::{
    Auto, Backend, Document, DocumentOptions, Notice, Options, Page, Passthrough, extract_jpegs,
};

fn strict(pdf: &[u8]) -> lopdf::Document {
    let options = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    lopdf::Document::load_mem_with_options(pdf, options).expect("a strict reader accepts it")
}

use corpus_files::read;

/// Returns a PDF with a page for each JPEG.
fn pdf_of(jpegs: &[Vec<u8>], options: &Options, backend: &dyn Backend) -> Vec<u8> {
    let mut document = Document::new();
    let mut pdf = Vec::new();
    for jpeg in jpegs {
        let page = Page::from_jpeg(jpeg, options, backend).expect("it is valid");
        document
            .write_page(page, jpeg, &mut pdf)
            .expect("writing to memory cannot fail");
    }
    document
        .finish_into(&mut pdf)
        .expect("writing to memory cannot fail");
    pdf
}

/// Returns a PDF with its last `from` replaced by `to`, which is as long.
fn replaced(pdf: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = pdf
        .windows(from.len())
        .rposition(|window| window == from.as_bytes())
        .expect("it is there");
    let mut pdf = pdf.to_vec();
    pdf[at..at + to.len()].copy_from_slice(to.as_bytes());
    pdf
}

#[test]
fn unrepaired_jpegs_are_extracted_bit_for_bit() {
    let (mut same, mut mended) = (0, 0);
    for (name, jpeg) in corpus_files::files() {
        let options = Options::default();
        let Ok(page) = Page::from_jpeg(&jpeg, &options, &Passthrough) else {
            continue;
        };
        let pdf = pdf_of(std::slice::from_ref(&jpeg), &options, &Passthrough);
        let found = extract_jpegs(&pdf).expect("it is our own");
        let [extracted] = found.as_slice() else {
            panic!("{name}: {} images", found.len());
        };
        let read = strict(&pdf);
        let mut streams = read
            .objects
            .values()
            .filter_map(|object| object.as_stream().ok());
        let stream = streams
            .find(|stream| stream.dict.has(b"Width"))
            .expect("an image");
        let is_turned = page.notices().contains(&Notice::OrientationNeutralized);
        let differing = stream
            .content
            .iter()
            .zip(&jpeg)
            .filter(|(a, b)| a != b)
            .count();
        // Only the orientation may have been changed, which is two bytes.
        let is_whole =
            stream.content.len() == jpeg.len() && differing <= if is_turned { 2 } else { 0 };
        if is_whole {
            assert!(extracted.data == jpeg, "{name}");
            same += 1;
        } else {
            mended += 1;
        }
    }
    println!("{same} files came out bit for bit, {mended} had been mended");
    assert!(same > 40, "{same} of {mended}");
}

#[test]
fn extraction_reports_page_orientation_and_profile() {
    let jpegs = ["gray.jpg", "orientation_6.jpg", "icc_srgb.jpg"].map(read);
    let found = extract_jpegs(&pdf_of(&jpegs, &Options::default(), &Auto)).expect("it is our own");
    assert_eq!(
        found.iter().map(|jpeg| jpeg.page).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(3)]
    );
    assert_eq!(found[1].orientation, Orientation::RightTop);
    assert!(found[0].icc_profile.is_none() && found[2].icc_profile.is_some());
    for (extracted, jpeg) in found.iter().zip(&jpegs) {
        assert!(extracted.data == *jpeg);
    }
}

#[test]
fn every_orientation_is_recovered() {
    for orientation in 1..=8 {
        let jpeg = read(&format!("orientation_{orientation}.jpg"));
        let mut options = Options::default();
        options.page.pagesize = "A4".parse().ok();
        let found = extract_jpegs(&pdf_of(std::slice::from_ref(&jpeg), &options, &Auto))
            .expect("it is our own");
        assert_eq!(found[0].orientation.exif(), orientation);
        assert!(found[0].data == jpeg, "orientation {orientation}");
    }
}

#[test]
fn an_orientation_is_recovered_if_xmp_follows_exif() {
    let mut jpeg = read("orientation_6.jpg");
    let marker = |jpeg: &[u8], byte| jpeg.windows(2).position(|pair| pair == [0xFF, byte]);
    let quantization = marker(&jpeg, 0xDB).expect("a table");
    assert!(marker(&jpeg, 0xE1).expect("Exif") < quantization);
    jpeg.splice(
        quantization..quantization,
        *b"\xFF\xE1\0\x1Fhttp://ns.adobe.com/xap/1.0/\0",
    );
    let pdf = pdf_of(std::slice::from_ref(&jpeg), &Options::default(), &Auto);
    let found = extract_jpegs(&pdf).expect("it is our own");
    assert!(found[0].data == jpeg);
}

#[test]
fn images_under_other_filters_and_in_forms_are_found() {
    use lopdf::{Dictionary, Stream, dictionary};
    let jpeg = read("orientation_6.jpg");
    let mut neutral = pdf_of(std::slice::from_ref(&jpeg), &Options::default(), &Auto);
    let neutral = {
        let document = strict(&neutral);
        neutral.clear();
        let mut streams = document
            .objects
            .values()
            .filter_map(|object| object.as_stream().ok());
        streams
            .find(|stream| stream.dict.has(b"Width"))
            .expect("an image")
            .content
            .clone()
    };
    let mut document = lopdf::Document::with_version("1.7");
    let mut image = Stream::new(
        dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => 64, "Height" => 48,
            "ColorSpace" => "DeviceRGB", "BitsPerComponent" => 8,
        },
        neutral,
    );
    image.compress().expect("it can be compressed");
    if !image.dict.has(b"Filter") {
        image.dict.set("Filter", Vec::<Object>::new());
    }
    let mut filters: Vec<Object> = match image.dict.get(b"Filter").expect("it was set") {
        Object::Array(filters) => filters.clone(),
        filter => vec![filter.clone()],
    };
    filters.push("DCTDecode".into());
    image.dict.set("Filter", filters);
    let image = document.add_object(image);
    let form = Stream::new(
        dictionary! {
            "Type" => "XObject", "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 1.into(), 1.into()],
            "Matrix" => vec![0.into(), (-1).into(), 1.into(), 0.into(), 0.into(), 1.into()],
            "Resources" => dictionary! { "XObject" => dictionary! { "X" => image } },
        },
        b"/X Do".to_vec(),
    );
    let form = document.add_object(form);
    let content = document.add_object(Stream::new(
        Dictionary::new(),
        b"q 10 0 0 20 5 5 cm /F Do Q".to_vec(),
    ));
    let tree = document.new_object_id();
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 100.into(), 100.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "F" => form } },
    });
    document.objects.insert(
        tree,
        dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 }.into(),
    );
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut pdf = Vec::new();
    document
        .save_to(&mut pdf)
        .expect("writing to memory cannot fail");
    let found = extract_jpegs(&pdf).expect("it is valid");
    assert_eq!(found[0].orientation, Orientation::RightTop);
    assert!(found[0].data == jpeg);
}

/// Returns the PDF with pages added.
fn appended(old: &[u8], jpegs: &[Vec<u8>]) -> Vec<u8> {
    let mut document = Document::after(old).expect("it can be gone on with");
    let mut pdf = old.to_vec();
    for jpeg in jpegs {
        let page = Page::from_jpeg(jpeg, &Options::default(), &Auto).expect("it is valid");
        document
            .write_page(page, jpeg, &mut pdf)
            .expect("writing to memory cannot fail");
    }
    document
        .finish_into(&mut pdf)
        .expect("writing to memory cannot fail");
    pdf
}

#[test]
fn appended_pages_follow_the_existing_ones() {
    let jpegs = ["gray.jpg", "icc_srgb.jpg"].map(read);
    let mut pdf = pdf_of(&jpegs[..1], &Options::default(), &Auto);
    for times in 1..4 {
        let longer = appended(&pdf, &jpegs);
        assert!(longer.starts_with(&pdf));
        let read = strict(&longer);
        assert_eq!(read.get_pages().len(), 1 + 2 * times);
        let found = extract_jpegs(&longer).expect("it is our own");
        let expected =
            std::iter::once(&jpegs[0]).chain(std::iter::repeat_n(&jpegs, times).flatten());
        assert!(found.iter().map(|jpeg| &jpeg.data).eq(expected));
        pdf = longer;
    }
}

/// The marker of the end is a line of its own (ISO 32000-1, 7.5.5), and old files may lack its line break.
#[test]
fn an_update_begins_on_a_line_of_its_own() {
    let jpeg = [read("gray.jpg")];
    let pdf = pdf_of(&jpeg, &Options::default(), &Auto);
    let unbroken = pdf.strip_suffix(b"\n").expect("our own ends its lines");
    for (old, is_broken) in [(&pdf[..], true), (unbroken, false)] {
        let longer = appended(old, &jpeg);
        assert_eq!(strict(&longer).get_pages().len(), 2);
        assert_eq!(longer[old.len()] == b'\n', !is_broken);
        let update = longer[old.len()..].trim_ascii_start();
        assert!(update[0].is_ascii_digit(), "an object comes first");
    }
}

/// If the cross-references of a file are a stream, those of its update are one too (ISO 32000-1, 7.5.8.4).
#[test]
fn a_file_with_a_cross_reference_stream_is_updated_with_one() {
    let jpeg = [read("gray.jpg")];
    let mut document = strict(&pdf_of(&jpeg, &Options::default(), &Auto));
    let mut old = Vec::new();
    let streams = lopdf::SaveOptions::builder().use_xref_streams(true).build();
    document
        .save_with_options(&mut old, streams)
        .expect("writing to memory cannot fail");
    let longer = appended(&old, &jpeg);
    assert_eq!(strict(&longer).get_pages().len(), 2);
    assert_eq!(extract_jpegs(&longer).expect("it is valid").len(), 2);
    let update = &longer[old.len()..];
    let find = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).position(|w| w == word);
    let stream = &update[find(update, b"/Type /XRef").expect("a stream")..];
    let (dict, data) = stream.split_at(find(stream, b"stream\n").expect("data") + 7);
    let dict = str::from_utf8(dict).expect("it is ASCII");
    let (_, length) = dict.split_once("/Length ").expect("it has a length");
    let length: usize = length
        .split(' ')
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    assert!(data[length..].starts_with(b"\nendstream\n"));
}

#[test]
fn appending_pages_keeps_the_document_metadata() {
    let mut options = DocumentOptions::default();
    options.title = Some("Old".to_owned());
    options.lang = "en".parse().ok();
    let mut document = Document::with_options(&options);
    let jpeg = read("gray.jpg");
    let mut pdf = Vec::new();
    let page = Page::from_jpeg(&jpeg, &Options::default(), &Auto).expect("it is valid");
    document
        .write_page(page, &jpeg, &mut pdf)
        .expect("writing to memory cannot fail");
    document
        .finish_into(&mut pdf)
        .expect("writing to memory cannot fail");
    let read = strict(&appended(&pdf, &[jpeg]));
    let info = read
        .trailer
        .get(b"Info")
        .and_then(Object::as_reference)
        .expect("there is one");
    let title = read
        .get_dictionary(info)
        .and_then(|info| info.get(b"Title"));
    assert_eq!(title.and_then(Object::as_str).expect("a title"), b"Old");
    assert!(
        read.catalog()
            .is_ok_and(|catalog| catalog.has(b"Lang") && catalog.has(b"Metadata"))
    );
}

#[test]
fn a_reference_to_an_object_that_does_not_exist_still_refers_to_none() {
    let pdf = pdf_of(&[read("gray.jpg")], &Options::default(), &Auto);
    let objects = strict(&pdf).max_id;
    let absent = |number: u32| {
        let resources = "/Resources << /XObject << /Im0 3 0 R >> >>";
        replaced(
            &pdf,
            resources,
            &format!("{:42}", format!("/Annots [{number} 0 R]")),
        )
    };
    let longer = appended(&absent(objects + 1), &[read("gray.jpg")]);
    assert!(strict(&longer).get_object((objects + 1, 0)).is_err());
    let error = Document::after(&absent(u32::MAX)).expect_err("no numbers are left");
    assert_eq!(error.code(), "pdf.broken");
}

#[test]
fn invalid_pdfs_are_rejected_with_a_reason() {
    let pdf = pdf_of(&[read("gray.jpg")], &Options::default(), &Auto);
    let replaced = |from, to| replaced(&pdf, from, to);
    for (pdf, code) in [
        (read("gray.jpg"), "pdf.not_pdf"),
        (pdf[..pdf.len() - 30].to_vec(), "pdf.broken"),
        (replaced("/Count 1", "/Count 2"), "pdf.broken"),
        (replaced("startxref\n", "startxerf\n"), "pdf.broken"),
    ] {
        assert_eq!(
            Document::after(&pdf).expect_err("it is refused").code(),
            code
        );
    }
    assert_eq!(
        extract_jpegs(b"GIF89a").expect_err("it is refused").code(),
        "pdf.not_pdf"
    );
}
