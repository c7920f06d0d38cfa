//! The structure of a document (ISO 32000-1, 14.7), for programs that read it aloud: a figure with a text for each
//! image.

use crate::geometry::{Placement, Pt};
use crate::pdf::{Ref, Text, TextString, Writer};

/// The structure of a document, while it is written.
#[derive(Debug)]
pub(crate) struct Structure {
    root: Ref,
    document: Ref,
    figures: Vec<Ref>,
}

impl Structure {
    pub(crate) fn new(w: &mut Writer) -> Self {
        Self {
            root: w.reserve(),
            document: w.reserve(),
            figures: Vec::new(),
        }
    }

    /// The number of the next figure, which is `StructParents` of its page.
    pub(crate) fn next(&self) -> usize {
        self.figures.len()
    }

    /// Writes the figure for the image on a page, which is the first marked content there.
    pub(crate) fn push(&mut self, w: &mut Writer, page: Ref, alt: &str, image: [Pt; 4]) {
        let figure = w.reserve();
        w.object(figure, |figure| {
            figure
                .put("<< /Type /StructElem /S /Figure /P ")
                .put(self.document);
            figure
                .put(" /Pg ")
                .put(page)
                .put(" /K 0 /Alt ")
                .put(TextString(alt));
            figure
                .put(" /A << /O /Layout /Placement /Block /BBox [")
                .list(image);
            figure.put("] >> >>");
        });
        self.figures.push(figure);
    }

    /// Writes the remaining objects, and the entries of the catalog. `is_all` says whether all content belongs to the
    /// structure.
    pub(crate) fn finish(&self, w: &mut Writer, catalog: &mut Text, is_all: bool) {
        let figures = || self.figures.iter().copied();
        w.object(self.document, |document| {
            document
                .put("<< /Type /StructElem /S /Document /P ")
                .put(self.root);
            document.put(" /K [").list(figures()).put("] >>");
        });
        w.object(self.root, |root| {
            root.put("<< /Type /StructTreeRoot /K ").put(self.document);
            root.put(" /ParentTreeNextKey ").put(self.figures.len());
            root.put(" /ParentTree << /Nums [");
            for (number, figure) in figures().enumerate() {
                root.put(number).put(" [").put(figure).put("] ");
            }
            root.put("] >> >>");
        });
        catalog.put(" /StructTreeRoot ").put(self.root);
        if is_all {
            catalog.put(" /MarkInfo << /Marked true >>");
        }
    }
}

/// Returns the bounds of an image on one of its pages: left, bottom, right and top.
pub(crate) fn bounds(placement: &Placement, page: u32) -> [Pt; 4] {
    let matrix = placement.matrix_on(page);
    let mut window = [[Pt::default(); 2], placement.media_box];
    if let Some(strips) = &placement.strips {
        let [left, bottom, width, height] = strips.window;
        window = [[left, bottom], [left + width, bottom + height]];
    }
    let side = |axis: usize| {
        let none = Pt::default();
        let (across, along, origin) = (matrix[axis], matrix[2 + axis], matrix[4 + axis]);
        let low = origin + across.min(none) + along.min(none);
        let high = origin + across.max(none) + along.max(none);
        [low.max(window[0][axis]), high.min(window[1][axis])]
    };
    let ([left, right], [bottom, top]) = (side(0), side(1));
    [left, bottom, right, top]
}
