//! Bodies that are discarded.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, header};
use tokio::runtime::Handle;

use crate::phase::Phase;

/// The time for which the rest of a body is read after its request was rejected.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// A body whose rest is read and discarded for a while if the service does not need it. Otherwise the connection would
/// be reset while the client is still writing, before it has seen why its request was rejected.
#[derive(Debug)]
pub(crate) struct DrainBody {
    body: Option<Incoming>,
    phase: Phase,
    /// Whether the client sends the body; `false` while it waits for `100 Continue`, which the first read sends.
    is_coming: bool,
}

impl DrainBody {
    /// Wraps a body. `phase` is notified when the whole body has arrived.
    pub(crate) fn new(body: Incoming, headers: &HeaderMap, phase: Phase) -> Self {
        if body.is_end_stream() {
            phase.complete();
        }
        Self {
            body: Some(body),
            phase,
            is_coming: !headers.contains_key(header::EXPECT),
        }
    }
}

impl Body for DrainBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_coming = true;
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(&mut *body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) || body.is_end_stream() {
            self.phase.complete();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for DrainBody {
    fn drop(&mut self) {
        if self.is_end_stream() || !self.is_coming {
            return;
        }
        if let (Some(mut body), Ok(runtime)) = (self.body.take(), Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(DRAIN_TIME, async move {
                while let Some(Ok(_)) = body.frame().await {}
            }));
        }
    }
}
