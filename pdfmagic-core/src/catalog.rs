//! The document catalog (ISO 32000-1, 7.7.2): how viewers open the document, its outline, and the labels of its pages.

use std::ops::Range;

use crate::length::Pt;
use crate::options::{DocumentOptions, Magnification, PageLayout, Panes, Zoom};
use crate::pdf::{Ref, Text, TextString, Writer};

/// Pages with a name.
#[derive(Debug)]
pub(crate) struct Named {
    /// The indices of the pages, from 0.
    pub(crate) pages: Range<usize>,
    pub(crate) name: Box<str>,
}

/// Writes the objects that the options need, and returns their entries in the catalog.
pub(crate) fn entries(
    w: &mut Writer,
    options: &DocumentOptions,
    metadata: Option<Ref>,
    pages: &[Ref],
    names: &[Named],
) -> Text {
    let mut entries = Text::new();
    if let Some(metadata) = metadata {
        entries.put(" /Metadata ").put(metadata);
    }
    if let Some(language) = &options.lang {
        entries.put(" /Lang ").put(TextString(language.as_str()));
    }
    if options.outline && !names.is_empty() {
        let outline = write_outline(w, pages, names);
        entries.put(" /Outlines ").put(outline);
    }
    if options.page_labels && !names.is_empty() {
        put_labels(&mut entries, names, pages.len());
    }
    put_viewer_options(&mut entries, options, pages);
    entries
}

/// Writes the outline (12.3.3), with an item for each name.
fn write_outline(w: &mut Writer, pages: &[Ref], names: &[Named]) -> Ref {
    let outline = w.reserve();
    let items: Vec<Ref> = names.iter().map(|_| w.reserve()).collect();
    for (i, named) in names.iter().enumerate() {
        w.object(items[i], |item| {
            item.put("<< /Title ").put(TextString(&named.name));
            item.put(" /Parent ").put(outline);
            if let Some(previous) = i.checked_sub(1) {
                item.put(" /Prev ").put(items[previous]);
            }
            if let Some(next) = items.get(i + 1) {
                item.put(" /Next ").put(*next);
            }
            item.put(" /Dest [")
                .put(pages[named.pages.start])
                .put(" /Fit] >>");
        });
    }
    w.object(outline, |outline| {
        outline.put("<< /Type /Outlines /First ").put(items[0]);
        outline.put(" /Last ").put(items[items.len() - 1]);
        outline.put(" /Count ").put(items.len()).put(" >>");
    });
    outline
}

/// Adds `PageLabels` (12.4.2): the first page of a name has the name, and further pages have a number after it.
fn put_labels(catalog: &mut Text, names: &[Named], pages: usize) {
    catalog.put(" /PageLabels << /Nums [");
    let mut next = 0;
    let number = |catalog: &mut Text, page: usize| {
        catalog
            .put(page)
            .put(" << /S /D /St ")
            .put(page + 1)
            .put(" >> ");
    };
    for named in names {
        let named_pages = &named.pages;
        if named_pages.start > next {
            number(catalog, next);
        }
        catalog.put(named_pages.start);
        catalog
            .put(" << /P ")
            .put(TextString(&named.name))
            .put(" >> ");
        if named_pages.len() > 1 {
            let prefix = format!("{}-", named.name);
            catalog.put(named_pages.start + 1);
            catalog
                .put(" << /S /D /St 2 /P ")
                .put(TextString(&prefix))
                .put(" >> ");
        }
        next = named_pages.end;
    }
    if next < pages {
        number(catalog, next);
    }
    catalog.put("] >>");
}

/// Adds `PageMode`, `PageLayout`, `ViewerPreferences` (12.2) and `OpenAction` (12.3.2).
fn put_viewer_options(catalog: &mut Text, options: &DocumentOptions, pages: &[Ref]) {
    let mode = options.viewer_panes.map(|panes| match panes {
        Panes::Outlines => "/UseOutlines",
        Panes::Thumbs => "/UseThumbs",
        Panes::None => "/UseNone",
    });
    if options.viewer_fullscreen {
        catalog.put(" /PageMode /FullScreen");
    } else if let Some(mode) = mode {
        catalog.put(" /PageMode ").put(mode);
    }
    if let Some(layout) = options.viewer_page_layout {
        catalog.put(" /PageLayout ").put(match layout {
            PageLayout::Single => "/SinglePage",
            PageLayout::OneColumn => "/OneColumn",
            PageLayout::TwoColumnRight => "/TwoColumnRight",
            PageLayout::TwoColumnLeft => "/TwoColumnLeft",
            PageLayout::TwoPageRight => "/TwoPageRight",
            PageLayout::TwoPageLeft => "/TwoPageLeft",
        });
    }
    if options.viewer_fit_window
        || options.viewer_center_window
        || options.viewer_fullscreen
        || options.pdfua
    {
        catalog.put(" /ViewerPreferences <<");
        if options.viewer_fullscreen {
            catalog
                .put(" /NonFullScreenPageMode ")
                .put(mode.unwrap_or("/UseNone"));
        }
        if options.viewer_fit_window {
            catalog.put(" /FitWindow true");
        }
        if options.viewer_center_window {
            catalog.put(" /CenterWindow true");
        }
        if options.pdfua {
            catalog.put(" /DisplayDocTitle true");
        }
        catalog.put(" >>");
    }
    let first = options
        .viewer_initial_page
        .map_or(0, |page| page.get() as usize - 1);
    let zoom = options.viewer_magnification.map(Magnification::zoom);
    if options.viewer_initial_page.is_none() && zoom.is_none() {
        return;
    }
    let Some(page) = pages.get(first) else { return };
    catalog.put(" /OpenAction [").put(*page);
    match zoom {
        None => catalog.put(" /XYZ null null 0]"),
        Some(Zoom::Page) => catalog.put(" /Fit]"),
        Some(Zoom::PageWidth) => catalog.put(" /FitH null]"),
        Some(Zoom::ContentWidth) => catalog.put(" /FitBH null]"),
        Some(Zoom::Factor(factor)) => {
            let factor = Pt::new(factor);
            catalog.put(" /XYZ null null ").put(factor).put("]")
        }
    };
}
