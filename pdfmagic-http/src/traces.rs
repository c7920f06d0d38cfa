//! Sends a span for each request to a collector by OTLP, if `OTEL_EXPORTER_OTLP_ENDPOINT` names one.

use std::collections::HashMap;
use std::env;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _};
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::request_record::RequestRecord;

/// Starts sending spans in batches from a separate thread, until the result is shut down. `None` if no collector is
/// named. It must not be called in a task of the runtime, which the exporter's client would block.
pub(crate) fn start() -> Result<Option<SdkTracerProvider>, ExporterBuildError> {
    let variables = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ];
    if variables.iter().all(|name| env::var_os(name).is_none()) {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().build()?;
    let resource = Resource::builder().with_service_name("pdfmagic-http");
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    global::set_tracer_provider(provider.clone());
    Ok(Some(provider))
}

/// Adds a request that has just ended, as a child of the client's span if `traceparent` names one.
pub(crate) fn add(record: &RequestRecord) {
    let (method, route, status) = (record.method, record.route, record.status);
    let headers = record
        .traceparent()
        .map(|value| ("traceparent".to_owned(), value.to_owned()));
    let headers: HashMap<_, _> = headers.into_iter().collect();
    let parent = TraceContextPropagator::new().extract(&headers);
    let tracer = global::tracer("pdfmagic-http");
    let mut span = tracer
        .span_builder(format!("{method} {route}"))
        .with_kind(SpanKind::Server)
        .with_start_time(record.at.checked_sub(record.took).unwrap_or(record.at))
        .with_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ])
        .start_with_context(&tracer, &parent);
    if status >= 500 {
        span.set_status(Status::error(""));
    }
    span.end_with_timestamp(record.at);
}
