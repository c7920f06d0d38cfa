//! Tests of the metadata of a document, and of the objects that its pages share.

use lopdf::{Dictionary, Object};
use pdfmagic_core::{Amount, Auto, Document, DocumentOptions, Error, Options, Page};

use crate::corpus_files::read;
use crate::support::strict;

/// A file, and the changes to its page.
type Input = (&'static str, fn(Page) -> Page);

/// Returns a document of these pages.
fn document(options: &DocumentOptions, pages: &[Input]) -> Result<Vec<u8>, Error> {
    let mut document = Document::with_options(options);
    let mut pdf = Vec::new();
    for (file, label) in pages {
        let jpeg = read(file);
        let page = Page::from_jpeg(&jpeg, &Options::default(), &Auto)?;
        document
            .write_page(label(page), &jpeg, &mut pdf)
            .expect("writing to memory cannot fail");
    }
    pdf.extend_from_slice(&document.finish()?);
    Ok(pdf)
}

fn same(page: Page) -> Page {
    page
}

fn catalog(pdf: &lopdf::Document) -> &Dictionary {
    pdf.catalog().expect("a document has a catalog")
}

/// Returns an entry as text: names and numbers as they are written, and references as their targets.
fn shown(dict: &Dictionary, key: &[u8]) -> String {
    let value = dict
        .get(key)
        .unwrap_or_else(|_| panic!("no {}", String::from_utf8_lossy(key)));
    format!("{value:?}")
}

fn info(pdf: &lopdf::Document) -> Dictionary {
    let info = pdf.trailer.get(b"Info").and_then(Object::as_reference);
    let info = info.and_then(|info| pdf.get_dictionary(info));
    info.expect("there is information").clone()
}

fn xmp(pdf: &lopdf::Document) -> String {
    let metadata = catalog(pdf).get(b"Metadata").and_then(Object::as_reference);
    let stream = metadata
        .and_then(|id| pdf.get_object(id))
        .and_then(Object::as_stream);
    let content = stream.expect("metadata is a stream").content.clone();
    String::from_utf8(content).expect("XMP is UTF-8")
}

/// Returns a text string as Unicode.
fn text(object: &Object) -> String {
    let bytes = object.as_str().expect("a string");
    match bytes.strip_prefix(b"\xFE\xFF") {
        Some(units) => {
            let units = units
                .chunks(2)
                .map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
            String::from_utf16(&units.collect::<Vec<_>>()).expect("it is valid")
        }
        None => String::from_utf8(bytes.to_vec()).expect("it is ASCII"),
    }
}

#[test]
fn xmp_matches_the_information_dictionary() {
    let title = "Ünï <code> & (parens) \\ 𝄞\u{1}\u{FFFE}";
    let mut options = DocumentOptions::default();
    options.title = Some(title.to_owned());
    options.author = Some("A & B".to_owned());
    options.creator = Some("scanner".to_owned());
    options.producer = Some("printer".to_owned());
    options.subject = Some("line\r\nbreak".to_owned());
    options.keywords = vec!["a".to_owned(), "b c".to_owned()];
    options.creationdate = "2026-01-02T03:04:05+01:00".parse().ok();
    options.moddate = "2027-01-01".parse().ok();
    options.lang = "de-AT".parse().ok();
    let pdf = strict(&document(&options, &[("gray.jpg", same)]).expect("it is valid"));
    let (info, xmp) = (info(&pdf), xmp(&pdf));
    // Characters that XML forbids are in neither of them.
    let title = title.replace(['\u{1}', '\u{FFFE}'], "");
    let escaped = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    for (key, said, tag, written) in [
        ("Title", &*title, "dc:title", &*escaped),
        ("Author", "A & B", "dc:creator", "A &amp; B"),
        (
            "Subject",
            "line\r\nbreak",
            "dc:description",
            "line&#13;\nbreak",
        ),
        ("Keywords", "a,b c", "pdf:Keywords", "a,b c"),
        ("Creator", "scanner", "xmp:CreatorTool", "scanner"),
        ("Producer", "printer", "pdf:Producer", "printer"),
        (
            "CreationDate",
            "D:20260102020405Z",
            "xmp:CreateDate",
            "2026-01-02T02:04:05Z",
        ),
        (
            "ModDate",
            "D:20270101000000Z",
            "xmp:ModifyDate",
            "2027-01-01T00:00:00Z",
        ),
    ] {
        assert_eq!(text(info.get(key.as_bytes()).expect(key)), said);
        let (_, after) = xmp.split_once(&format!("<{tag}>")).expect(tag);
        let (inside, _) = after.split_once(&format!("</{tag}>")).expect(tag);
        assert!(
            inside.contains(&format!(">{written}</")) || inside == written,
            "{inside}"
        );
    }
    assert_eq!(
        text(catalog(&pdf).get(b"Lang").expect("there is one")),
        "de-AT"
    );
    assert!(xmp.contains("<rdf:li>de-AT</rdf:li>"));
}

#[test]
fn a_document_without_properties_has_no_metadata() {
    let mut options = DocumentOptions::default();
    options.title = Some(String::new());
    let pdf = strict(&document(&options, &[("gray.jpg", same)]).expect("it is valid"));
    assert!(!pdf.trailer.has(b"Info") && !catalog(&pdf).has(b"Metadata"));
}

#[test]
fn viewer_settings_are_written() {
    let pages: [Input; 2] = [("gray.jpg", same), ("gray.jpg", same)];
    let open = |change: fn(&mut DocumentOptions)| {
        let mut options = DocumentOptions::default();
        change(&mut options);
        document(&options, &pages).map(|pdf| strict(&pdf))
    };
    let pdf = open(|o| {
        o.viewer_panes = "outlines".parse().ok();
        o.viewer_page_layout = "twopageright".parse().ok();
        o.viewer_fit_window = true;
        o.viewer_center_window = true;
        o.viewer_initial_page = "2".parse().ok();
    })
    .expect("it is valid");
    let root = catalog(&pdf);
    assert_eq!(shown(root, b"PageMode"), "/UseOutlines");
    assert_eq!(shown(root, b"PageLayout"), "/TwoPageRight");
    let preferences = root
        .get(b"ViewerPreferences")
        .and_then(Object::as_dict)
        .expect("a dictionary");
    assert_eq!(shown(preferences, b"FitWindow"), "true");
    assert_eq!(shown(preferences, b"CenterWindow"), "true");
    let action = root
        .get(b"OpenAction")
        .and_then(Object::as_array)
        .expect("a destination");
    assert_eq!(
        action[0].as_reference().ok(),
        pdf.get_pages().get(&2).copied()
    );
    assert_eq!(format!("{:?}", &action[1..]), "[/XYZ, Null, Null, 0]");

    for (magnification, destination) in [
        ("fit", "[/Fit]"),
        ("fith", "[/FitH, Null]"),
        ("fitbh", "[/FitBH, Null]"),
        ("1.5", "[/XYZ, Null, Null, 1.5]"),
    ] {
        let mut options = DocumentOptions::default();
        options.viewer_magnification = magnification.parse().ok();
        let pdf = strict(&document(&options, &pages).expect("it is valid"));
        let action = catalog(&pdf).get(b"OpenAction").and_then(Object::as_array);
        assert_eq!(
            format!("{:?}", &action.expect("a destination")[1..]),
            destination
        );
    }

    let pdf = open(|o| {
        o.viewer_fullscreen = true;
        o.viewer_panes = "thumbs".parse().ok();
    })
    .expect("it is valid");
    assert_eq!(shown(catalog(&pdf), b"PageMode"), "/FullScreen");
    let preferences = catalog(&pdf)
        .get(b"ViewerPreferences")
        .and_then(Object::as_dict);
    let preferences = preferences.expect("a dictionary");
    assert_eq!(shown(preferences, b"NonFullScreenPageMode"), "/UseThumbs");

    let error = open(|o| o.viewer_initial_page = "3".parse().ok()).expect_err("there are two");
    assert_eq!(
        error.to_string(),
        "viewer-initial-page: is after the last page"
    );
}

#[test]
fn a_document_is_at_most_as_large_as_its_maximum() {
    // The metadata of a long title is a separate piece.
    for title in ["short".to_owned(), "long".repeat(5000)] {
        let limited = |size| {
            let mut options = DocumentOptions::default();
            options.title = Some(title.clone());
            options.max_pdf_size = Amount::new(size);
            document(&options, &[("gray.jpg", same)])
        };
        let size = limited(u64::MAX).expect("it is small").len() as u64;
        assert!(limited(size).is_ok());
        let error = limited(size - 1).expect_err("one byte is too many");
        assert_eq!(error.code(), "limit.pdf_size");
    }
}

#[test]
fn names_become_an_outline_and_labels() {
    let mut options = DocumentOptions::default();
    options.outline = true;
    options.page_labels = true;
    let pages: [Input; 4] = [
        ("gray.jpg", same),
        ("gray.jpg", |page| page.named("Straße (1)")),
        ("gray.jpg", |page| page.named("b")),
        ("gray.jpg", same),
    ];
    let pdf = strict(&document(&options, &pages).expect("it is valid"));
    let outline = catalog(&pdf)
        .get(b"Outlines")
        .and_then(Object::as_reference);
    let outline = pdf
        .get_dictionary(outline.expect("there is one"))
        .expect("a dictionary");
    let (mut item, mut titles) = (
        outline.get(b"First").and_then(Object::as_reference),
        Vec::new(),
    );
    while let Ok(id) = item {
        let dict = pdf.get_dictionary(id).expect("an item");
        let dest = dict
            .get(b"Dest")
            .and_then(Object::as_array)
            .expect("a destination");
        let page = dest[0].as_reference().expect("a page");
        let pages = pdf.get_pages();
        let number = pages
            .iter()
            .find(|(_, id)| **id == page)
            .expect("it is in the tree")
            .0;
        titles.push((text(dict.get(b"Title").expect("a title")), *number));
        item = dict.get(b"Next").and_then(Object::as_reference);
    }
    assert_eq!(titles, [("Straße (1)".to_owned(), 2), ("b".to_owned(), 3)]);
    let labels = catalog(&pdf)
        .get(b"PageLabels")
        .and_then(Object::as_dict)
        .expect("a number tree");
    let labels = labels
        .get(b"Nums")
        .and_then(Object::as_array)
        .expect("an array");
    let keys: Vec<_> = labels
        .iter()
        .step_by(2)
        .map(|key| key.as_i64().expect("a number"))
        .collect();
    assert_eq!(keys, [0, 1, 2, 3]);
    let style = |at: usize| labels[2 * at + 1].as_dict().expect("a dictionary");
    assert_eq!(shown(style(0), b"S"), "/D");
    assert_eq!(text(style(1).get(b"P").expect("a prefix")), "Straße (1)");
    assert_eq!(shown(style(3), b"St"), "4");
}

#[test]
fn strips_show_successive_parts_and_have_numbered_labels() {
    let mut options = DocumentOptions::default();
    options.page_labels = true;
    let mut page_options = Options::default();
    page_options.page.pagesize = "100x20".parse().ok();
    page_options.page.split_strips = true;
    let jpeg = read("ycbcr_444.jpg");
    let page = Page::from_jpeg(&jpeg, &page_options, &Auto)
        .expect("it is valid")
        .named("long");
    let mut document = Document::with_options(&options);
    let mut pdf = Vec::new();
    document
        .write_page(page, &jpeg, &mut pdf)
        .expect("writing to memory cannot fail");
    document
        .finish_into(&mut pdf)
        .expect("writing to memory cannot fail");
    let pdf = strict(&pdf);
    let pages = pdf.get_pages();
    assert!(pages.len() > 2);
    // Each page shows the image higher by its own height of 20 points, so that the next part is visible.
    let bottoms: Vec<f64> = pages
        .values()
        .map(|&page| {
            let content = pdf.get_page_content(page);
            let content = String::from_utf8(content).expect("contents are ASCII");
            let (matrix, _) = content.split_once(" cm").expect("the image has a place");
            let bottom = matrix.split_whitespace().last().expect("six numbers");
            bottom.parse().expect("a number")
        })
        .collect();
    for bottoms in bottoms.windows(2) {
        assert!((bottoms[1] - bottoms[0] - 20.0).abs() < 1e-3, "{bottoms:?}");
    }
    let labels = catalog(&pdf)
        .get(b"PageLabels")
        .and_then(Object::as_dict)
        .expect("a number tree");
    assert_eq!(
        shown(labels, b"Nums"),
        "[0 <</P (long)>> 1 <</S /D/St 2/P (long-)>>]"
    );
}

/// Returns the numbers of image and profile streams.
fn streams(pdf: &lopdf::Document) -> [usize; 2] {
    let streams = pdf
        .objects
        .values()
        .filter_map(|object| object.as_stream().ok());
    let dicts: Vec<_> = streams.map(|stream| &stream.dict).collect();
    let with = |key: &[u8]| dicts.iter().filter(|dict| dict.has(key)).count();
    [with(b"Width"), with(b"N")]
}

#[test]
fn identical_images_and_profiles_are_stored_once() {
    let options = DocumentOptions::default();
    let pages: [Input; 5] = [
        ("icc_srgb.jpg", |page| page.keyed(7)),
        ("icc_three_chunks.jpg", |page| page.keyed(8)),
        ("icc_srgb.jpg", |page| page.keyed(7)),
        ("icc_srgb.jpg", same),
        ("gray.jpg", |page| page.keyed(9)),
    ];
    let pdf = strict(&document(&options, &pages).expect("it is valid"));
    assert_eq!(pdf.get_pages().len(), 5);
    let profiles = ["icc_srgb.jpg", "icc_three_chunks.jpg"].map(|name| {
        let page = Page::from_jpeg(&read(name), &Options::default(), &Auto);
        let pdf = document(&options, &[(name, same)]);
        (
            page.is_ok(),
            streams(&strict(&pdf.expect("it is valid")))[1],
        )
    });
    assert_eq!(profiles, [(true, 1); 2]);
    // There are four of the five images, and no more profiles than exist.
    let [images, profiles] = streams(&pdf);
    assert!(
        images == 4 && profiles <= 2,
        "{images} images, {profiles} profiles"
    );
}
