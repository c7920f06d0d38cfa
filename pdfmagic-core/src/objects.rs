//! The objects of a page (ISO 32000-1, 7.7.3.3): the page itself, its content, its image and the image's profile.

use crate::backend::{Filter, ImageXObject};
use crate::geometry::Placement;
use crate::page::Page;
use crate::pdf::{Ref, Text, Writer};
use crate::piece::Piece;

/// Writes all objects of an image's pages, and adds the page objects to `pages`.
pub(crate) fn write_page(w: &mut Writer, parent: Ref, page: Page, pages: &mut Vec<Ref>) {
    let Page {
        mut image,
        placement,
        ..
    } = page;
    let profile = write_profile(w, &mut image);
    let data = std::mem::take(&mut image.data);
    let image = w.stream(|dict| image_dict(dict, &image, profile), data);
    write_leaves(w, parent, image, &placement, pages);
}

/// Writes the page objects of an image, and the contents that show it.
pub(crate) fn write_leaves(
    w: &mut Writer,
    parent: Ref,
    image: Ref,
    placement: &Placement,
    pages: &mut Vec<Ref>,
) {
    pages.push(write_leaf(w, parent, image, placement, 0));
    for page in 1..placement.pages() {
        pages.push(write_leaf(w, parent, image, placement, page));
    }
}

fn write_leaf(w: &mut Writer, parent: Ref, image: Ref, placement: &Placement, page: u32) -> Ref {
    let content = w.text_stream(|content| {
        content.put("q ");
        if let Some(strips) = &placement.strips {
            content.list(strips.window).put(" re W n ");
        }
        content.list(placement.matrix_on(page)).put(" cm /Im0 Do Q");
    });
    let id = w.reserve();
    w.object(id, |page| {
        page.put("<< /Type /Page /Parent ").put(parent);
        page_boxes(page, placement);
        page.put(" /Resources << /XObject << /Im0 ").put(image);
        page.put(" >> >> /Contents ").put(content).put(" >>");
    });
    id
}

/// The entries of a page's dictionary that say how large it is.
fn page_boxes(page: &mut Text, placement: &Placement) {
    page.put(" /MediaBox [0 0 ").list(placement.media_box);
    page.put("]");
    if let Some(boxes) = &placement.boxes {
        let boxes = [
            (" /CropBox [", boxes.crop),
            (" /BleedBox [", boxes.bleed),
            (" /TrimBox [", boxes.trim),
            (" /ArtBox [", boxes.art),
        ];
        for (key, sides) in boxes {
            if let Some(sides) = sides {
                page.put(key).list(sides).put("]");
            }
        }
    }
    if placement.user_unit != 1 {
        page.put(" /UserUnit ").put(u64::from(placement.user_unit));
    }
}

/// Writes the profile of an image, if it has one.
pub(crate) fn write_profile(w: &mut Writer, image: &mut ImageXObject) -> Option<Ref> {
    let profile = image.icc_profile.take()?;
    let space = image.color_space;
    let dict = |dict: &mut Text| {
        dict.put("/N ").put(space.components());
        dict.put(" /Alternate ").put(space);
    };
    Some(w.stream(dict, [Piece::Made(profile)]))
}

/// The entries of an image's dictionary, except `Length`.
pub(crate) fn image_dict(dict: &mut Text, image: &ImageXObject, profile: Option<Ref>) {
    let space = image.color_space;
    let [width, height] = [image.width, image.height].map(|side| u64::from(side.get()));
    dict.put("/Type /XObject /Subtype /Image /Width ")
        .put(width);
    dict.put(" /Height ").put(height).put(" /ColorSpace ");
    match profile {
        Some(profile) => dict.put("[/ICCBased ").put(profile).put("]"),
        None => dict.put(space),
    };
    match image.filter {
        Filter::Dct => dict.put(" /BitsPerComponent 8 /Filter /DCTDecode"),
        Filter::Flate { bits_per_component } => {
            let bits = u64::from(bits_per_component);
            dict.put(" /BitsPerComponent ").put(bits);
            dict.put(" /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors ");
            dict.put(space.components());
            dict.put(" /BitsPerComponent ").put(bits);
            dict.put(" /Columns ").put(width).put(" >>")
        }
    };
    if image.inverted {
        let swapped = std::iter::repeat_n("1 0", space.components());
        dict.put(" /Decode [").list(swapped).put("]");
    }
}
