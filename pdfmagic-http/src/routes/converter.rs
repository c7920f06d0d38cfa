//! What conversions need: memory, workers, and bounds on what comes in.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Extensions;
use pdfmagic_core::{Backend, Error, Jpeg, Limits, Options, Source};

use super::recipe::Recipe;
use crate::body::Bounds;
use crate::form::Upload;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::work_memory::WorkMemory;
use crate::workers::{Wanted, Workers};

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

/// How work on files goes on.
pub(super) struct Work<'w> {
    pub(super) memory: WorkMemory<'w>,
    /// False while only headers are read.
    is_whole: bool,
    /// None where it takes no time.
    wanted: Option<&'w Wanted>,
}

impl<'w> Work<'w> {
    /// On headers alone.
    fn on_headers(memory: WorkMemory<'w>) -> Self {
        Self {
            memory,
            is_whole: false,
            wanted: None,
        }
    }

    /// On all of the files.
    pub(super) fn on_all(memory: WorkMemory<'w>, wanted: Option<&'w Wanted>) -> Self {
        Self {
            memory,
            is_whole: true,
            wanted,
        }
    }

    /// Makes something of a file: with as much memory as its image should take and, if that is not enough, with all there is.
    pub(super) fn on<T>(
        &mut self,
        file: &Upload,
        recipe: &Recipe,
        make: impl Fn(Jpeg<'_>, &Options, &dyn Backend) -> Result<T, Error>,
    ) -> Result<T, Problem> {
        self.wanted.map_or(Ok(()), Wanted::check)?;
        self.memory.fill()?;
        let source = self.source(&file.data);
        let mut options = recipe.options.clone();
        let mut once = |memory: &mut WorkMemory<'_>| {
            let failed = |error| Problem::of_file(&file.place, error);
            let jpeg = Jpeg::parse(source, &memory.limits).map_err(failed)?;
            memory.fit(jpeg.frame())?;
            options.limits = memory.limits;
            make(jpeg, &options, &*recipe.backend).map_err(failed)
        };
        match once(&mut self.memory) {
            Err(problem) if problem.lacks_memory() && self.memory.stretch()? => {
                once(&mut self.memory)
            }
            done => done,
        }
    }

    /// While only headers are read, nothing between the ends of a file, so that the core says what it takes to decode.
    fn source<'f>(&self, data: &'f [u8]) -> Source<'f> {
        if self.is_whole {
            return Source::Whole(data);
        }
        Source::Ends {
            head: data,
            tail: &data[data.len().saturating_sub(2)..],
            size: data.len() as u64,
        }
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
    pub(super) async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        files: Vec<(Upload, Recipe)>,
        job: impl Fn(&[(Upload, Recipe)], Work<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(T, Option<Duration>), Problem> {
        let headers = WorkMemory::small(&self.memory, self.limits);
        match job(&files, Work::on_headers(headers)) {
            // Also a color profile so large that copying it is work.
            Err(problem) if problem.needs_input() || problem.lacks_memory() => {}
            done => return Ok((done?, None)),
        }
        let worker = self.workers.wait().await?;
        let waited = worker.waited;
        let shared = Arc::clone(self);
        let job = move |wanted: &Wanted| {
            // Not before, so that those who wait hold no more than their files.
            let sizes = files.iter().map(|(file, _)| file.data.len());
            let memory = WorkMemory::for_files(&shared.memory, shared.limits, sizes)?;
            job(&files, Work::on_all(memory, Some(wanted)))
        };
        let done = worker.run(self.patience, job).await??;
        Ok((done, Some(waited)))
    }
}
