//! HTML templates and their values.

/// Replaces `{{name}}` by values, which are HTML.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut html = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{")
        && let Some((name, after)) = after.split_once("}}")
    {
        html.push_str(before);
        html.push_str(&value(name));
        rest = after;
    }
    html.push_str(rest);
    html
}

/// Escapes text for HTML, including quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(char),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_by_values() {
        let value = |name: &str| format!("<{name}>");
        assert_eq!(fill("a {{b}} c{{d}}", value), "a <b> c<d>");
        assert_eq!(fill("a{{b", value), "a{{b");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("<a href='\"&"), "&lt;a href=&#39;&quot;&amp;");
    }
}
