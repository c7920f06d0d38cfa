//! The resources for conversions: memory, workers, and limits on uploads.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Extensions;
use pdfmagic_core::{Backend, CancelFlag, Error, Jpeg, Limits, Needs, Options, Source};

use super::recipe::Recipe;
use crate::body::Bounds;
use crate::connection_buffers::MAX_BUFFER;
use crate::form::Upload;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::work_memory::WorkMemory;
use crate::workers::Workers;

/// The resources for conversions.
#[derive(Debug)]
pub(crate) struct Converter {
    pub(crate) limits: Limits,
    pub(crate) memory: Memory,
    pub(crate) workers: Workers,
    /// The maximum time of a conversion once it has a worker.
    pub(crate) patience: Duration,
    pub(crate) bounds: UploadBounds,
    pub(crate) metrics: Arc<Metrics>,
}

/// The limits on uploads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UploadBounds {
    /// The maximum size of a file, in bytes.
    pub(crate) file_size: usize,
    /// The maximum size of all files of a form, in bytes.
    pub(crate) form_size: usize,
    /// The maximum size of a streamed file, in bytes.
    pub(crate) streamed_size: usize,
    /// The maximum number of files of a form.
    pub(crate) files: usize,
    /// The maximum time until the next part of a body.
    pub(crate) stall: Duration,
    /// The minimum rate in bytes per second, over each `window`.
    pub(crate) min_rate: usize,
    pub(crate) window: Duration,
}

/// The maximum size of a file that is searched for the end of its image without a worker, in bytes. During the search the
/// thread serves no other client.
const MAX_SEARCHED: usize = 2 << 20;

/// A file to be processed.
pub(super) trait Input {
    /// The place of the file in the request, for messages.
    fn place(&self) -> &str;

    /// The number of bytes of the file that are in memory.
    fn held(&self) -> usize;

    /// Calls `act` with the available parts of the file: with the whole file as [`Source::Whole`] only if decoding,
    /// which takes time, is allowed.
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
        /// The number of bytes that suffice to check the end.
        const TAIL: usize = 8;
        let data = &self.data;
        let (before, tail) = data.split_at(data.len().saturating_sub(TAIL));
        act(if may_decode {
            Source::Whole(data)
        } else {
            Source::Ends {
                // The core searches for the end of the image only if the head is the whole file.
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

/// The context in which files are processed.
pub(super) struct Work<'w> {
    pub(super) memory: WorkMemory<'w>,
    /// Whether files may be decoded; `false` while only headers are read.
    is_whole: bool,
}

impl<'w> Work<'w> {
    /// Processes only headers.
    fn on_headers(memory: WorkMemory<'w>) -> Self {
        Self {
            memory,
            is_whole: false,
        }
    }

    /// Processes whole files.
    pub(super) fn on_all(memory: WorkMemory<'w>) -> Self {
        Self {
            memory,
            is_whole: true,
        }
    }

    /// Processes a file with the memory that its image should need and, while that does not suffice, with twice as much.
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
                let backend = &*recipe.backend;
                if backend.needs(&jpeg) == Needs::Whole || !jpeg.frame().is_sequential_huffman() {
                    memory.fit(jpeg.frame())?;
                }
                options.limits = memory.limits.clone();
                make(jpeg, &options, backend).map_err(failed)
            })
        };
        loop {
            match once(&mut self.memory) {
                Err(problem) if problem.lacks_memory() && self.memory.stretch()? => {}
                done => return done,
            }
        }
    }

    /// Whether only headers are read, so that JPEGs that must be decoded fail with [`Error::NeedsInput`].
    pub(super) fn is_on_headers(&self) -> bool {
        !self.is_whole
    }
}

impl Converter {
    /// Returns the limits of the body of a request. `what` is the subject of the message if it is larger than `size`.
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
                .map_or(MAX_BUFFER, |peer: &Peer| peer.buffer),
        }
    }

    /// Runs a job on this thread if it only reads headers. Otherwise it runs on a worker, with memory for the largest
    /// page. Also returns the time that it waited for a worker.
    pub(super) async fn work<F: Input + Send + 'static, T: Send + 'static>(
        self: &Arc<Self>,
        files: Vec<(F, Recipe)>,
        job: impl Fn(&[(F, Recipe)], Work<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(T, Option<Duration>), Problem> {
        let headers = WorkMemory::small(&self.memory, self.limits.clone());
        match job(&files, Work::on_headers(headers)) {
            // This includes color profiles so large that copying them takes time.
            Err(problem) if problem.needs_input() || problem.lacks_memory() => {}
            done => return Ok((done?, None)),
        }
        let worker = self.workers.wait().await?;
        let waited = worker.waited;
        let shared = Arc::clone(self);
        let job = move |flag| {
            let mut limits = shared.limits.clone();
            limits.cancel = Some(flag);
            // Memory is reserved only now, so that waiting jobs hold no more than their files.
            let sizes = files.iter().map(|(file, _)| file.held());
            let memory = WorkMemory::for_files(&shared.memory, limits, sizes)?;
            job(&files, Work::on_all(memory))
        };
        let done = worker.run(self.patience, job).await??;
        Ok((done, Some(waited)))
    }
}
