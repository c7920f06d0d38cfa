//! Other libraries that make a PDF of one page from a JPEG of three components, used as their documentation suggests.
//! All but `image` embed the JPEG's own data, with no more work than each library requires.

use std::io::{self, Error};

/// A library or a program, and how to use it.
#[derive(Debug, Clone, Copy)]
pub struct Rival {
    /// The name in tables and benchmarks.
    pub name: &'static str,
    /// Makes the PDF of a JPEG, given its width and height in pixels.
    pub convert: fn(&[u8], u16, u16) -> io::Result<Vec<u8>>,
}

/// The libraries, in the order of the report.
pub const RIVALS: [Rival; 5] = [
    Rival {
        name: "pdf-writer",
        convert: |jpeg, width, height| Ok(pdf_writer(jpeg, width, height)),
    },
    Rival {
        name: "lopdf",
        convert: lopdf,
    },
    Rival {
        name: "printpdf",
        convert: |jpeg, width, height| Ok(printpdf(jpeg, width, height)),
    },
    Rival {
        name: "krilla",
        convert: krilla,
    },
    Rival {
        name: "image and printpdf",
        convert: image_and_printpdf,
    },
];

/// Returns width and height of the page in points, which are those of pdfmagic for a JPEG without a density.
fn page(width: u16, height: u16) -> [f32; 2] {
    [width, height].map(|pixels| f32::from(pixels) * 0.75)
}

fn pdf_writer(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};
    let [catalog, pages, page, image, content] = [1, 2, 3, 4, 5].map(Ref::new);
    let name = Name(b"Im0");
    let [right, top] = self::page(width, height);
    let mut pdf = Pdf::with_capacity(jpeg.len() + 2048);
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut dictionary = pdf.page(page);
    dictionary
        .parent(pages)
        .media_box(Rect::new(0.0, 0.0, right, top))
        .contents(content);
    dictionary.resources().x_objects().pair(name, image);
    dictionary.finish();
    let mut stream = pdf.image_xobject(image, jpeg);
    stream
        .width(width.into())
        .height(height.into())
        .bits_per_component(8);
    stream.color_space().device_rgb();
    stream.filter(Filter::DctDecode);
    stream.finish();
    let mut operators = Content::new();
    operators
        .transform([right, 0.0, 0.0, top, 0.0, 0.0])
        .x_object(name);
    pdf.stream(content, &operators.finish());
    pdf.finish()
}

fn lopdf(jpeg: &[u8], width: u16, height: u16) -> io::Result<Vec<u8>> {
    use lopdf::{Document, Stream, dictionary};
    let mut document = Document::with_version("1.7");
    let image = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => i64::from(width), "Height" => i64::from(height),
        "ColorSpace" => "DeviceRGB", "BitsPerComponent" => 8, "Filter" => "DCTDecode",
    };
    let image = document.add_object(Stream::new(image, jpeg.to_vec()).with_compression(false));
    let [right, top] = page(width, height);
    let content = format!("{right} 0 0 {top} 0 0 cm /Im0 Do").into_bytes();
    let content = document.add_object(Stream::new(dictionary! {}, content));
    let pages = document.new_object_id();
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "MediaBox" => vec![0.into(), 0.into(), right.into(), top.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "Im0" => image } }, "Contents" => content,
    });
    document.set_object(
        pages,
        dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 },
    );
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    let mut pdf = Vec::new();
    document.save_to(&mut pdf)?;
    Ok(pdf)
}

/// Does what a Rust user would write today: `image` decodes the picture, and printpdf re-encodes it.
fn image_and_printpdf(jpeg: &[u8], width: u16, height: u16) -> io::Result<Vec<u8>> {
    use image::ImageFormat;
    use printpdf::{ImageOptimizationOptions, PdfDocument, PdfSaveOptions, RawImage};
    let decoded =
        image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).map_err(Error::other)?;
    let image = RawImage::from_dynamic_image(decoded).map_err(Error::other)?;
    let mut document = PdfDocument::new("");
    let id = document.add_image(&image);
    document.with_pages(vec![printpdf_page(id, width, height)]);
    // The default would scale the picture down to 2 MB of samples.
    let options = PdfSaveOptions {
        image_optimization: Some(ImageOptimizationOptions {
            max_image_size: None,
            ..ImageOptimizationOptions::default()
        }),
        ..PdfSaveOptions::default()
    };
    Ok(document.save(&options, &mut Vec::new()))
}

/// Embeds the JPEG as a stream whose content printpdf does not interpret, since it decodes and re-encodes its own
/// images.
fn printpdf(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    use printpdf::{
        DictItem, ExternalStream, ExternalXObject, PdfDocument, PdfSaveOptions, Px, XObject,
        XObjectId,
    };
    let name = |name: &str| DictItem::Name(name.into());
    let dict = [
        ("Type", name("XObject")),
        ("Subtype", name("Image")),
        ("Width", DictItem::Int(width.into())),
        ("Height", DictItem::Int(height.into())),
        ("ColorSpace", name("DeviceRGB")),
        ("BitsPerComponent", DictItem::Int(8)),
        ("Filter", name("DCTDecode")),
    ];
    let image = ExternalXObject {
        stream: ExternalStream {
            dict: dict.map(|(key, value)| (key.to_owned(), value)).into(),
            content: jpeg.to_vec(),
            compress: false,
        },
        width: Some(Px(width.into())),
        height: Some(Px(height.into())),
        dpi: None,
    };
    let mut document = PdfDocument::new("");
    let id = XObjectId::new();
    document
        .resources
        .xobjects
        .map
        .insert(id.clone(), XObject::External(image));
    document.with_pages(vec![printpdf_page(id, width, height)]);
    document.save(&PdfSaveOptions::default(), &mut Vec::new())
}

/// Returns a page that an image fills.
fn printpdf_page(id: printpdf::XObjectId, width: u16, height: u16) -> printpdf::PdfPage {
    use printpdf::{Mm, Op, PdfPage, Pt, XObjectTransform};
    let transform = XObjectTransform {
        dpi: Some(96.0),
        ..XObjectTransform::default()
    };
    let [right, top] = page(width, height).map(|side| Mm::from(Pt(side)));
    PdfPage::new(right, top, vec![Op::UseXobject { id, transform }])
}

fn krilla(jpeg: &[u8], width: u16, height: u16) -> io::Result<Vec<u8>> {
    use krilla::Document;
    use krilla::geom::Size;
    use krilla::image::Image;
    use krilla::page::PageSettings;
    let image = Image::from_jpeg(jpeg.to_vec().into(), false).map_err(Error::other)?;
    let [right, top] = page(width, height);
    let mut document = Document::new();
    let (settings, size) = PageSettings::from_wh(right, top)
        .zip(Size::from_wh(right, top))
        .ok_or_else(|| Error::other("the page is empty"))?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    surface.draw_image(image, size);
    surface.finish();
    page.finish();
    document
        .finish()
        .map_err(|error| Error::other(format!("{error:?}")))
}
