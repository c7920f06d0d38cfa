//! What conversions need: memory, workers, and bounds on what comes in.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Extensions;
use pdfmagic_core::{Backend, CancelFlag, Error, Jpeg, Limits, Options, Source};

use super::recipe::Recipe;
use crate::body::Bounds;
use crate::form::Upload;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::work_memory::WorkMemory;
use crate::workers::Workers;

/// What conversions need.
#[derive(Debug)]
pub(crate) struct Converter {
    pub(crate) limits: Limits,
    pub(crate) memory: Memory,
    pub(crate) workers: Workers,
    /// How long a conversion may take once it has a worker.
    pub(crate) patience: Duration,
    pub(crate) bounds: UploadBounds,
    pub(crate) metrics: Arc<Metrics>,
}

/// Bounds on what comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UploadBounds {
    /// Of a file, in bytes.
    pub(crate) file_size: usize,
    /// Of all files of a form, in bytes.
    pub(crate) form_size: usize,
    /// Of a file that is streamed, in bytes.
    pub(crate) streamed_size: usize,
    /// Of a form.
    pub(crate) files: usize,
    /// For the next part of a body.
    pub(crate) stall: Duration,
    /// In bytes per second, over each `window`.
    pub(crate) min_rate: usize,
    pub(crate) window: Duration,
}

/// Maximum size of a file that is searched for the end of its image without a worker, in bytes. That takes about a
/// millisecond, in which its thread serves no other client.
const MAX_SEARCHED: usize = 2 << 20;

/// A file that work is done on.
pub(super) trait Input {
    /// Where it is in the request, for messages.
    fn place(&self) -> &str;

    /// How much of it there is, in bytes.
    fn held(&self) -> usize;

    /// Does something with what there is of it: with all of it as [`Source::Whole`] only if that may take time.
    fn with_source<T>(&self, may_decode: bool, act: impl FnMut(Source<'_>) -> T) -> T;
}

impl Input for Upload {
    fn place(&self) -> &str {
        &self.place
    }

    fn held(&self) -> usize {
        self.data.len()
    }

    fn with_source<T>(&self, may_decode: bool, mut act: impl FnMut(Source<'_>) -> T) -> T {
        /// How many of the last bytes tell all that there is to know of the end.
        const TAIL: usize = 8;
        let data = &self.data;
        let (before, tail) = data.split_at(data.len().saturating_sub(TAIL));
        act(if may_decode {
            Source::Whole(data)
        } else {
            Source::Ends {
                // To search for the end, all must be there.
                head: if data.len() > MAX_SEARCHED {
                    before
                } else {
                    data
                },
                tail,
                size: data.len() as u64,
            }
        })
    }
}

/// How work on files goes on.
pub(super) struct Work<'w> {
    pub(super) memory: WorkMemory<'w>,
    /// False while only headers are read.
    is_whole: bool,
}

impl<'w> Work<'w> {
    /// On headers alone.
    fn on_headers(memory: WorkMemory<'w>) -> Self {
        Self {
            memory,
            is_whole: false,
        }
    }

    /// On all of the files.
    pub(super) fn on_all(memory: WorkMemory<'w>) -> Self {
        Self {
            memory,
            is_whole: true,
        }
    }

    /// Makes something of a file: with as much memory as its image should take and, if that is not enough, with all there is.
    pub(super) fn on<T>(
        &mut self,
        file: &impl Input,
        recipe: &Recipe,
        make: impl Fn(Jpeg<'_>, &Options, &dyn Backend) -> Result<T, Error>,
    ) -> Result<T, Problem> {
        if self
            .memory
            .limits
            .cancel
            .as_ref()
            .is_some_and(CancelFlag::is_set)
        {
            return Err(Problem::HungUp);
        }
        self.memory.fill()?;
        let mut options = recipe.options.clone();
        let is_whole = self.is_whole;
        let mut once = |memory: &mut WorkMemory<'_>| {
            let failed = |error| Problem::of_file(file.place(), error);
            file.with_source(is_whole, |source| {
                let jpeg = Jpeg::parse(source, &memory.limits).map_err(failed)?;
                memory.fit(jpeg.frame())?;
                options.limits = memory.limits.clone();
                make(jpeg, &options, &*recipe.backend).map_err(failed)
            })
        };
        match once(&mut self.memory) {
            Err(problem) if problem.lacks_memory() && self.memory.stretch()? => {
                once(&mut self.memory)
            }
            done => done,
        }
    }

    /// Whether only headers are read, so that what must be decoded is refused with [`Error::NeedsInput`].
    pub(super) fn is_on_headers(&self) -> bool {
        !self.is_whole
    }
}

impl Converter {
    /// Bounds on the body of a request, which is `what` if it is larger than `size`.
    pub(super) fn bounds(
        &self,
        extensions: &Extensions,
        size: usize,
        what: &'static str,
    ) -> Bounds {
        Bounds {
            size,
            what,
            stall: self.bounds.stall,
            min_rate: self.bounds.min_rate,
            window: self.bounds.window,
            pinned: extensions
                .get()
                .map_or(usize::MAX, |peer: &Peer| peer.buffer),
        }
    }

    /// Does what only reads headers here and now. What must see more takes a worker, and memory for the largest page. Also
    /// says how long that waited for a worker.
    pub(super) async fn work<F: Input + Send + 'static, T: Send + 'static>(
        self: &Arc<Self>,
        files: Vec<(F, Recipe)>,
        job: impl Fn(&[(F, Recipe)], Work<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(T, Option<Duration>), Problem> {
        let headers = WorkMemory::small(&self.memory, self.limits.clone());
        match job(&files, Work::on_headers(headers)) {
            // Also a color profile so large that copying it is work.
            Err(problem) if problem.needs_input() || problem.lacks_memory() => {}
            done => return Ok((done?, None)),
        }
        let worker = self.workers.wait().await?;
        let waited = worker.waited;
        let shared = Arc::clone(self);
        let job = move |flag| {
            let mut limits = shared.limits.clone();
            limits.cancel = Some(flag);
            // Not before, so that those who wait hold no more than their files.
            let sizes = files.iter().map(|(file, _)| file.held());
            let memory = WorkMemory::for_files(&shared.memory, limits, sizes)?;
            job(&files, Work::on_all(memory))
        };
        let done = worker.run(self.patience, job).await??;
        Ok((done, Some(waited)))
    }
}
