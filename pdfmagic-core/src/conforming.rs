//! Makes an image and its page conform to a standard, or returns what prevents this.

use crate::backend::{ColorSpace, Filter, ImageXObject};
use crate::conformance::{Conformance, Rules};
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::geometry::{Placement, Pt};
use crate::notice::Notice;
use crate::profile;
use crate::standard::{Requirement, Standard};

/// Changes what can be changed without loss, with a notice, and rejects everything else.
pub(crate) fn fit(
    conformance: Conformance,
    image: &mut ImageXObject,
    placement: &Placement,
) -> Result<(), Error> {
    let Some((level, rules)) = conformance.archive() else {
        return Ok(());
    };
    let refused = |requirement| Err(Standard::PdfA(level).demands(requirement));
    if let Filter::Flate { bits_per_component } = image.filter
        && bits_per_component > rules.max_bits
    {
        return refused(Requirement::Bits);
    }
    if placement.user_unit > 1 && !rules.has_user_unit {
        return refused(Requirement::PageSize);
    }
    if rules.bounds_boxes && !has_sound_boxes(placement) {
        return refused(Requirement::BoxSize);
    }
    fit_colors(conformance, rules, image).or_else(refused)
}

/// Device colors are those of the output intent. Other colors need a profile of their own.
fn fit_colors(
    conformance: Conformance,
    rules: Rules,
    image: &mut ImageXObject,
) -> Result<(), Requirement> {
    let intent = conformance.intent();
    let has_cmyk_intent = intent.is_some_and(|intent| intent.components == 4);
    let is_cmyk = image.color_space == ColorSpace::DeviceCmyk;
    if let Some(own) = &image.icc_profile {
        let is_newer = own.get(8).is_some_and(|&v| v > rules.max_profile_version);
        if is_newer && is_cmyk && !has_cmyk_intent {
            return Err(Requirement::ProfileVersion);
        }
        if is_newer {
            image.icc_profile = None;
            image.notices.push(Notice::IccVersionDropped);
        } else if is_cmyk && intent.is_some_and(|i| i.fingerprint == Fingerprint::of(own)) {
            // An image must not use the same profile as the output intent (ISO 19005-4, 6.2.4.2).
            image.icc_profile = None;
        }
    }
    match image.color_space {
        _ if image.icc_profile.is_some() => Ok(()),
        ColorSpace::DeviceGray => Ok(()),
        ColorSpace::DeviceRgb => {
            // Colors without a profile are sRGB, whatever the output intent is.
            image.icc_profile = intent.map(|_| profile::srgb());
            Ok(())
        }
        ColorSpace::DeviceCmyk if has_cmyk_intent => Ok(()),
        ColorSpace::DeviceCmyk => Err(Requirement::CmykProfile),
    }
}

/// Whether all boxes have a size that viewers accept.
fn has_sound_boxes(placement: &Placement) -> bool {
    let Some(boxes) = &placement.boxes else {
        // The page itself has one.
        return true;
    };
    [boxes.crop, boxes.bleed, boxes.trim, boxes.art]
        .into_iter()
        .flatten()
        .all(|[left, bottom, right, top]| {
            let sides = [right - left, top - bottom];
            sides
                .iter()
                .all(|side| (Pt::MIN_SIDE..=Pt::MAX_SIDE).contains(side))
        })
}
