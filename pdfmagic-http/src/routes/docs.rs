//! The documentation of the API, for people.

use std::fmt::Write;

use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::Value;

use super::assets;
use super::html::{escape, fill};
use super::language::Language;
use super::page::page;
use crate::prefix::forwarded_prefix;

/// Returns the documentation of the API as a page. It is in English, like the API.
pub(super) fn show(headers: &HeaderMap, operations: &str) -> Response {
    // A proxy states the address at which clients see the service; otherwise the client states it.
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto").unwrap_or("http");
    let host = header("x-forwarded-host").or(header(header::HOST.as_str()));
    let host = host.unwrap_or("localhost:8080");
    let base = format!("{scheme}://{host}{}", forwarded_prefix(headers));
    let html = fill(include_str!("../../web/docs.html"), |name| match name {
        "assets" => assets::folder(),
        "base" => escape(&base),
        _ => operations.to_owned(),
    });
    page(html, Language::ENGLISH)
}

/// Renders all operations of an OpenAPI document as HTML.
pub(super) fn operations(api: &Value) -> String {
    let mut html = String::new();
    let paths = api["paths"].as_object().into_iter().flatten();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            self::operation(&mut html, api, path, method, operation);
        }
    }
    html
}

fn operation(html: &mut String, api: &Value, path: &str, method: &str, operation: &Value) {
    let text = |value: &Value| escape(value.as_str().unwrap_or_default());
    let mut put = |line: String| {
        html.push_str(&line);
        html.push('\n');
    };
    put(format!(
        "<section><h2><code>{} {}</code></h2>",
        method.to_uppercase(),
        escape(path)
    ));
    put(format!("<p>{}</p>", text(&operation["summary"])));
    if operation["description"].is_string() {
        put(format!("<p>{}</p>", text(&operation["description"])));
    }
    let parameters = operation["parameters"]
        .as_array()
        .map_or(&[][..], |all| all);
    if !parameters.is_empty() {
        put(
            "<details><summary>Options, in the query or as fields of a form</summary><table>"
                .to_owned(),
        );
        for parameter in parameters {
            put(format!(
                "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td></tr>",
                text(&parameter["name"]),
                text(&parameter["description"]),
            ));
        }
        put("</table></details>".to_owned());
    }
    let media = |content: &Value| {
        let types = content.as_object().into_iter().flatten();
        let types = types.map(|(name, _)| format!("<code>{}</code>", escape(name)));
        types.collect::<Vec<_>>().join(" or ")
    };
    if let Some(content) = operation.pointer("/requestBody/content") {
        put(format!("<p>Send {}.</p>", media(content)));
        let schema = content.pointer("/multipart~1form-data/schema");
        let fields = schema.map(|schema| fields(api, schema)).unwrap_or_default();
        if !fields.is_empty() {
            put(format!(
                "<details><summary>Fields of the form</summary><table>{fields}</table></details>"
            ));
        }
    }
    put("<table>".to_owned());
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        put(format!(
            "<tr><th scope=\"row\">{}</th><td>{} {}</td></tr>",
            escape(status),
            text(&response["description"]),
            media(&response["content"]),
        ));
    }
    put("</table></section>".to_owned());
}

/// Renders the fields of a schema that have a description as rows of a table.
fn fields(api: &Value, schema: &Value) -> String {
    let reference = schema["$ref"]
        .as_str()
        .and_then(|name| name.strip_prefix('#'));
    let schema = reference
        .and_then(|name| api.pointer(name))
        .unwrap_or(schema);
    let mut rows = String::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if part["$ref"].is_null() {
            rows.push_str(&fields(api, part));
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(description) = field["description"].as_str() {
            let (name, description) = (escape(name), escape(description));
            write!(
                rows,
                "<tr><th scope=\"row\"><code>{name}</code></th><td>{description}</td></tr>"
            )
            .expect("writing to a String cannot fail");
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_header_is_escaped() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "\"><script>".parse().unwrap());
        let response = show(&headers, "");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let body = runtime
            .block_on(axum::body::to_bytes(response.into_body(), 1 << 20))
            .unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("<script>"));
    }
}
