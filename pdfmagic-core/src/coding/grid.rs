//! The geometry of blocks and MCUs (T.81 A.1, A.2).

use crate::jpeg::{Component, Frame, Process, Selector};

/// A reduction in size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reduction {
    /// The divisor of width and height: 1, 2, 4 or 8.
    pub(crate) factor: usize,
    /// Whether to reduce the second and third component to half the columns and rows of the first, if they have more.
    pub(crate) subsample: bool,
}

/// The number of samples of a block along each axis.
const BLOCK: usize = 8;

/// The blocks of a frame.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    /// X, in pixels.
    pub(super) width: usize,
    /// Y, in pixels.
    pub(super) height: usize,
    pub(super) components: Vec<GridComponent>,
    pub(super) mcus_across: usize,
    pub(super) mcus_down: usize,
    /// The number of samples of a data unit along each axis.
    unit: usize,
}

/// A component of a frame, and its blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct GridComponent {
    pub(super) h: usize,
    pub(super) v: usize,
    /// The number of data units with samples of the image, along each axis: for blocks, xi / 8 and yi / 8, rounded up.
    pub(super) across: usize,
    pub(super) down: usize,
}

impl Grid {
    pub(super) fn of(frame: &Frame) -> Self {
        let component = |c: &Component| GridComponent {
            h: c.h.into(),
            v: c.v.into(),
            ..GridComponent::default()
        };
        Self::of_units(
            if frame.process == Process::Lossless {
                1
            } else {
                BLOCK
            },
            frame.width.get().into(),
            frame.height.get().into(),
            frame.components.iter().map(component).collect(),
        )
    }

    pub(super) fn new(width: usize, height: usize, components: Vec<GridComponent>) -> Self {
        Self::of_units(BLOCK, width, height, components)
    }

    /// Computes everything that depends on X, Y and the sampling factors (A.1.1, A.2.4), for data units of `unit`
    /// samples along each axis: blocks, or single samples in lossless coding.
    fn of_units(
        unit: usize,
        width: usize,
        height: usize,
        mut components: Vec<GridComponent>,
    ) -> Self {
        if let [only] = &mut components[..] {
            // The factors of a single component cancel (A.1.1), and its MCU is one block (A.2.2).
            (only.h, only.v) = (1, 1);
        }
        let h_max = components.iter().map(|c| c.h).max().unwrap_or(1);
        let v_max = components.iter().map(|c| c.v).max().unwrap_or(1);
        for c in &mut components {
            c.across = (width * c.h).div_ceil(h_max).div_ceil(unit);
            c.down = (height * c.v).div_ceil(v_max).div_ceil(unit);
        }
        Self {
            width,
            height,
            components,
            mcus_across: width.div_ceil(unit * h_max),
            mcus_down: height.div_ceil(unit * v_max),
            unit,
        }
    }

    /// Returns the reduced grid, and the factors by which each component shrinks along each axis. `None` if no
    /// component shrinks.
    pub(super) fn reduced(&self, reduction: Reduction) -> Option<(Self, Vec<(usize, usize)>)> {
        let Reduction { factor, subsample } = reduction;
        let (width, height) = (self.width.div_ceil(factor), self.height.div_ceil(factor));
        let mut components = self.components.clone();
        let mut factors = vec![(factor, factor); components.len()];
        if let Some(halves) = self.halves().filter(|_| subsample && factor < 8) {
            for (i, (c, shrunk)) in components.iter_mut().zip(&mut factors).enumerate() {
                (c.h, c.v) = (2, 2);
                if let Some((x, y)) = i.checked_sub(1).and_then(|i| halves.get(i)) {
                    (c.h, c.v) = (1, 1);
                    *shrunk = (factor * x, factor * y);
                }
            }
        }
        let shrinks = factors.iter().any(|&shrunk| shrunk != (1, 1));
        shrinks.then(|| (Self::new(width, height, components), factors))
    }

    /// Returns the factors by which the second and third component must shrink to have half the columns and rows of the
    /// others. `None` if these are not whole numbers, or if an MCU is larger than the new one.
    fn halves(&self) -> Option<[(usize, usize); 2]> {
        let [first, second, third, rest @ ..] = &self.components[..] else {
            return None;
        };
        if self.h_max() > 2 || self.v_max() > 2 {
            return None;
        }
        let half = |of: usize, whole: usize| [2, 1].into_iter().find(|n| of * 2 == whole * n);
        let halves = |c: &GridComponent| Some((half(c.h, first.h)?, half(c.v, first.v)?));
        let is_full = |c: &GridComponent| (c.h, c.v) == (first.h, first.v);
        rest.iter()
            .all(is_full)
            .then_some([halves(second)?, halves(third)?])
    }

    pub(super) fn h_max(&self) -> usize {
        self.components.iter().map(|c| c.h).max().unwrap_or(1)
    }

    pub(super) fn v_max(&self) -> usize {
        self.components.iter().map(|c| c.v).max().unwrap_or(1)
    }

    /// Whether the components fit in one scan: an interleaved MCU has at most ten blocks (B.2.3).
    pub(super) fn fits_mcu(&self, selectors: &[Selector]) -> bool {
        let blocks = |s: &Selector| {
            let c = &self.components[s.component];
            c.h * c.v
        };
        selectors.len() == 1 || selectors.iter().map(blocks).sum::<usize>() <= 10
    }

    /// All components, in order.
    pub(super) fn all(&self) -> Vec<Selector> {
        let components = 0..self.components.len();
        components
            .map(|component| Selector {
                component,
                td: 0,
                ta: 0,
            })
            .collect()
    }

    /// Returns the components in order, in one scan if they fit, and otherwise in one scan each.
    pub(super) fn scans(&self) -> Vec<Vec<Selector>> {
        let all = self.all();
        if self.fits_mcu(&all) {
            return vec![all];
        }
        all.into_iter().map(|one| vec![one]).collect()
    }

    /// Returns the number of lines of the image above the row of MCUs that contains this MCU of a scan.
    pub(super) fn lines_before(&self, selectors: &[Selector], mcu: usize) -> usize {
        let layout = self.layout(selectors);
        let in_row = match selectors {
            [one] => self.v_max() / self.components[one.component].v.max(1),
            _ => self.v_max(),
        };
        (mcu / layout.across * in_row * self.unit).min(self.height)
    }

    /// Returns the MCUs of a scan (A.2).
    pub(super) fn layout(&self, selectors: &[Selector]) -> Layout {
        let mut blocks = Vec::with_capacity(10);
        if let &[Selector { component, .. }] = selectors {
            // An MCU that is not interleaved is one block (A.2.2).
            let c = &self.components[component];
            blocks.push(Place {
                part: 0,
                component,
                dx: 0,
                dy: 0,
                step_x: 1,
                step_y: 1,
            });
            return Layout {
                across: c.across,
                down: c.down,
                blocks,
            };
        }
        for (part, s) in selectors.iter().enumerate() {
            let c = &self.components[s.component];
            for (dy, dx) in (0..c.v).flat_map(|dy| (0..c.h).map(move |dx| (dy, dx))) {
                blocks.push(Place {
                    part,
                    component: s.component,
                    dx,
                    dy,
                    step_x: c.h,
                    step_y: c.v,
                });
            }
        }
        Layout {
            across: self.mcus_across,
            down: self.mcus_down,
            blocks,
        }
    }
}

/// The MCUs of a scan, and the blocks of each, in coding order (A.2.3).
pub(super) struct Layout {
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) blocks: Vec<Place>,
}

impl Layout {
    /// Returns the blocks of a row of MCUs, each with the column of its MCU.
    pub(super) fn row(&self) -> impl Iterator<Item = (usize, &Place)> {
        (0..self.across).flat_map(|across| self.blocks.iter().map(move |p| (across, p)))
    }
}

/// The place of a block in its MCU.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The index of its component in the scan.
    pub(super) part: usize,
    /// The index of its component in the frame.
    pub(super) component: usize,
    dx: usize,
    dy: usize,
    step_x: usize,
    step_y: usize,
}

impl Place {
    /// Returns row and column of the block in its component, for the MCU at this row and column.
    #[inline(always)]
    pub(super) fn at(&self, down: usize, across: usize) -> (usize, usize) {
        (down * self.step_y + self.dy, across * self.step_x + self.dx)
    }

    /// Returns row and column of the MCU that contains the block at this row and column of its component.
    pub(super) fn mcu(&self, (row, column): (usize, usize)) -> (usize, usize) {
        (row / self.step_y, column / self.step_x)
    }

    /// Returns the first row of its component in a row of MCUs.
    pub(super) fn top(&self, down: usize) -> usize {
        down * self.step_y
    }
}

impl GridComponent {
    /// Whether the block at (row, column) has samples of the image, and is not just padding of an MCU.
    #[inline(always)]
    pub(super) fn has(&self, (row, column): (usize, usize)) -> bool {
        row < self.down && column < self.across
    }
}
