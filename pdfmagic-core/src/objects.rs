//! The objects of a page (ISO 32000-1, 7.7.3.3): the page itself, its content, its image and the profile of the image.

use std::collections::BTreeMap;

use crate::backend::{Filter, ImageXObject};
use crate::extras::Given;
use crate::geometry::Placement;
use crate::page::Label;
use crate::pdf::{Ref, Text, Writer};
use crate::piece::Piece;

/// Objects that several pages can share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The images, by the keys of their pages.
    images: BTreeMap<u64, Ref>,
    /// The profiles, with their number of components.
    profiles: Vec<(Vec<u8>, usize, Ref)>,
}

impl Shared {
    /// Writes an image, unless a page with the same key already has it.
    pub(crate) fn image(
        &mut self,
        w: &mut Writer,
        mut image: ImageXObject,
        label: Option<&Label>,
    ) -> Ref {
        let key = label.and_then(|label| label.key);
        if let Some(&known) = key.and_then(|key| self.images.get(&key)) {
            return known;
        }
        let profile = self.profile(w, &mut image);
        let data = std::mem::take(&mut image.data);
        let id = w.stream(|dict| image_dict(dict, &image, profile), data);
        self.images.extend(key.map(|key| (key, id)));
        id
    }

    /// Writes the profile of an image, if it has one, unless an earlier image has the same.
    pub(crate) fn profile(&mut self, w: &mut Writer, image: &mut ImageXObject) -> Option<Ref> {
        /// The maximum memory for copies of profiles, in bytes, in case many different ones occur.
        const MAX_KEPT: usize = 1 << 20;
        let profile = image.icc_profile.take()?;
        let space = image.color_space;
        let components = space.components();
        let known = self.profiles.iter();
        let mut known = known.filter(|(known, n, _)| *n == components && *known == profile);
        if let Some((_, _, id)) = known.next() {
            return Some(*id);
        }
        let kept: usize = self.profiles.iter().map(|(known, ..)| known.len()).sum();
        let copy = (kept + profile.len() <= MAX_KEPT).then(|| profile.clone());
        let dict = |dict: &mut Text| {
            dict.put("/N ").put(components);
            dict.put(" /Alternate ").put(space);
        };
        let id = w.stream(dict, [Piece::Made(profile)]);
        self.profiles
            .extend(copy.map(|copy| (copy, components, id)));
        Some(id)
    }
}

/// Writes the page objects of an image, and the contents that show it.
pub(crate) fn write_leaves(
    w: &mut Writer,
    parent: Ref,
    image: Ref,
    placement: &Placement,
    given: Given,
    pages: &mut Vec<Ref>,
) {
    pages.push(write_leaf(w, parent, image, placement, given, 0));
    for page in 1..placement.pages() {
        pages.push(write_leaf(w, parent, image, placement, given, page));
    }
}

fn write_leaf(
    w: &mut Writer,
    parent: Ref,
    image: Ref,
    placement: &Placement,
    given: Given,
    page: u32,
) -> Ref {
    let content = w.text_stream(|content| {
        if given.figure.is_some() {
            content.put("/Figure << /MCID 0 >> BDC ");
        }
        content.put("q ");
        if let Some(strips) = &placement.strips {
            content.list(strips.window).put(" re W n ");
        }
        content.list(placement.matrix_on(page)).put(" cm /Im0 Do Q");
        if given.figure.is_some() {
            content.put(" EMC");
        }
    });
    let number = page as usize;
    let id = w.reserve();
    w.object(id, |page| {
        page.put("<< /Type /Page /Parent ").put(parent);
        page_boxes(page, placement);
        page.put(" /Resources << /XObject << /Im0 ").put(image);
        page.put(" >> >> /Contents ").put(content);
        if let Some(first) = given.figure {
            page.put(" /StructParents ").put(first + number);
        }
        if let Some(source) = given.source {
            page.put(" /AF [").put(source).put("]");
        }
        page.put(" >>");
    });
    id
}

/// Adds the entries of a page's dictionary that define its size.
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

/// Adds the entries of an image's dictionary, except `Length`.
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
