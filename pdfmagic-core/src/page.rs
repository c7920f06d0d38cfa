//! One page that shows one image.

use std::ops::Range;

use crate::backend::{Backend, ColorSpace, Filter, ImageXObject, Needs};
use crate::conformance::Conformance;
use crate::conforming;
use crate::damage::Damage;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::geometry::Placement;
use crate::jpeg::{Jpeg, Source};
use crate::notice::Notice;
use crate::options::{Frames, Metadata, OnDamage, Options};
use crate::standard::{Requirement, Standard};

/// One page that shows one image, to be pushed into a [`Document`](crate::Document).
#[derive(Debug, Clone)]
pub struct Page {
    pub(crate) image: ImageXObject,
    pub(crate) placement: Placement,
    pub(crate) notices: Vec<Notice>,
    pub(crate) label: Option<Box<Label>>,
    damage: Option<Damage>,
}

/// Additional properties of a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Label {
    pub(crate) name: Option<Box<str>>,
    pub(crate) key: Option<u64>,
    /// The description of the image.
    pub(crate) alt: Option<Box<str>>,
    pub(crate) conformance: Conformance,
    pub(crate) has_color: bool,
    /// A fingerprint of the input, if a standard requires an identifier.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// The size of the input, in bytes, if the whole input is to be attached.
    pub(crate) original: Option<u64>,
}

impl Label {
    /// Returns the properties of a page according to the options.
    fn of(
        jpeg: &Jpeg<'_>,
        image: &ImageXObject,
        options: &Options,
    ) -> Result<Option<Box<Self>>, Error> {
        let (page, conformance) = (&options.page, options.conformance);
        let described = if page.alt_from_metadata {
            jpeg.description()?
        } else {
            None
        };
        let alt = described.as_deref().or(page.alt.as_deref());
        let alt = alt.map(str::trim).filter(|alt| !alt.is_empty());
        if alt.is_none() && conformance.is_accessible() {
            return Err(Standard::PdfUa.demands(Requirement::AltText));
        }
        if alt.is_none() && conformance.is_none() {
            return Ok(None);
        }
        let is_archived = conformance.archive().is_some();
        Ok(Some(Box::new(Self {
            alt: alt.map(Into::into),
            conformance,
            has_color: image.color_space != ColorSpace::DeviceGray,
            fingerprint: is_archived.then(|| Fingerprint::of(jpeg.beginning())),
            original: conformance.attaches().then(|| jpeg.size()),
            ..Self::default()
        })))
    }
}

impl Page {
    /// Makes a page from the primary view of a JPEG, whatever [`Frames`] the options request; see
    /// [`all_from_jpeg`](Self::all_from_jpeg). Pages do not depend on each other, so they can be made in parallel.
    ///
    /// # Errors
    ///
    /// The same as those of [`Jpeg::parse`] and [`new`](Self::new).
    pub fn from_jpeg<'a>(
        source: impl Into<Source<'a>>,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Self, Error> {
        let mut jpeg = Jpeg::parse(source, &options.limits)?;
        Self::make(&mut jpeg, options, backend)
    }

    /// Makes a page from a JPEG, or a page for each view of a file that has several, if the options request all
    /// [`Frames`]. The ranges of each page refer to the whole input.
    ///
    /// # Errors
    ///
    /// The same as those of [`from_jpeg`](Self::from_jpeg).
    pub fn all_from_jpeg<'a>(
        source: impl Into<Source<'a>>,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Vec<Self>, Error> {
        Self::all(Jpeg::parse(source, &options.limits)?, options, backend)
    }

    /// Makes one or all pages from a JPEG whose header has been parsed, like [`all_from_jpeg`](Self::all_from_jpeg).
    ///
    /// # Errors
    ///
    /// The same as those of [`from_jpeg`](Self::from_jpeg).
    pub fn all(
        jpeg: Jpeg<'_>,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Vec<Self>, Error> {
        let views = match options.input.frames {
            Frames::Primary => Vec::new(),
            Frames::All => jpeg.views(&options.limits)?,
        };
        if views.len() < 2 {
            return Ok(vec![Self::new(jpeg, options, backend)?]);
        }
        let bytes = jpeg.whole()?;
        let mut options = options.clone();
        let page = |(number, view): (usize, Range<u64>)| {
            let at = |n| usize::try_from(n).unwrap_or(bytes.len());
            let view_bytes = &bytes[at(view.start)..at(view.end)];
            let mut page = Self::from_jpeg(view_bytes, &options, backend)?;
            // The pages exist at the same time, so they share the limit.
            let memory = &mut options.limits.max_memory;
            *memory = memory.saturating_sub(page.image.memory());
            for piece in &mut page.image.data {
                piece.shift(view.start);
            }
            if let Some(label) = &mut page.label {
                // All views are in one file, which is attached only once.
                let all = label.original.map(|_| bytes.len() as u64);
                label.original = all.filter(|_| number == 0);
            }
            Ok(page)
        };
        views.into_iter().enumerate().map(page).collect()
    }

    /// Makes a page from a JPEG whose header has been parsed.
    ///
    /// # Errors
    ///
    /// The same as those of [`Backend::image`] and [`Jpeg::verify`]; [`Error::Damaged`] if the options request it;
    /// [`Error::Option`] for an impossible layout; [`Error::Nonconforming`] if a standard that the options name forbids
    /// something.
    pub fn new(
        mut jpeg: Jpeg<'_>,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Self, Error> {
        Self::make(&mut jpeg, options, backend)
    }

    fn make(jpeg: &mut Jpeg<'_>, options: &Options, backend: &dyn Backend) -> Result<Self, Error> {
        jpeg.apply(options.input)?;
        let mut damage = None;
        // A backend that decodes all of the data finds damage by itself.
        if is_to_be_verified(jpeg, options) && backend.needs(jpeg) == Needs::Ends {
            damage = jpeg.verify(&options.limits)?;
        }
        if options.input.on_damage == OnDamage::Mend {
            jpeg.set_damage(damage);
        }
        refuse_damage(damage, options)?;
        let mut image = backend.image(jpeg, &options.limits)?;
        let damage = damage.or(image.damage);
        refuse_damage(damage, options)?;
        let placement = Placement::plan(jpeg, &options.page)?;
        conforming::fit(options.conformance, &mut image, &placement)?;
        let mut notices = jpeg.notices().to_vec();
        // Samples have no place for metadata, and an attached original has all of it.
        let keeps_metadata = image.filter == Filter::Dct
            && options.input.metadata == Metadata::Keep
            || options.conformance.attaches();
        if jpeg.has_position() && keeps_metadata {
            notices.push(Notice::PositionKept);
        }
        notices.extend(&image.notices);
        if placement.is_enlarged {
            notices.push(Notice::PageEnlarged);
        }
        if let Some(damage) = damage {
            if !jpeg.has_eoi() {
                // The damage says more about the end. Any trailing data is then part of the image.
                notices.retain(|notice| {
                    !matches!(notice, Notice::EoiAppended | Notice::TrailingDataSkipped(_))
                });
            }
            notices.push(Notice::Damaged(damage));
        }
        Ok(Self {
            label: Label::of(jpeg, &image, options)?,
            image,
            placement,
            notices,
            damage,
        })
    }

    /// Names the page, for the outline and the page labels.
    #[must_use]
    pub fn named(mut self, name: impl Into<Box<str>>) -> Self {
        self.label.get_or_insert_default().name = Some(name.into());
        self
    }

    /// Declares that this page shows the same image as others with the same key: from the same input, by the same
    /// backend. A document stores it once.
    #[must_use]
    pub fn keyed(mut self, key: u64) -> Self {
        self.label.get_or_insert_default().key = Some(key);
        self
    }

    /// Returns the parts of the input that [`new`](Self::new) needs.
    #[must_use]
    pub fn needs(jpeg: &Jpeg<'_>, options: &Options, backend: &dyn Backend) -> Needs {
        if is_to_be_verified(jpeg, options) {
            return Needs::Whole;
        }
        backend.needs(jpeg)
    }

    /// The damage to the image, if any was found.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Notices about the input, and about what was done.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }
}

fn is_to_be_verified(jpeg: &Jpeg<'_>, options: &Options) -> bool {
    options.input.verify || jpeg.is_odd()
}

fn refuse_damage(damage: Option<Damage>, options: &Options) -> Result<(), Error> {
    match damage {
        Some(damage) if options.input.on_damage == OnDamage::Fail => {
            Err(Error::Damaged(Box::new(damage)))
        }
        _ => Ok(()),
    }
}
