//! The description of the picture in the metadata of a JPEG.

use memchr::memmem;

use super::app;
use super::segment::{Marker, Segments};
use crate::error::Error;

/// Returns the first description found: the alternative text of IPTC's XMP schema, the XMP description, or the IPTC
/// caption.
pub(super) fn description(head: &[u8], scans_offset: usize) -> Result<Option<String>, Error> {
    let mut segments = Segments::new(&head[..scans_offset], u32::MAX)?;
    let mut found = [None, None, None];
    // The header has been parsed before, so an error can only mean the end of `head`, at the first scan.
    while let Ok(segment) = segments.next() {
        match segment.marker {
            Marker::APP1 => {
                if let Some(xmp) = app::xmp(segment.payload) {
                    let text = |name: &str| xmp_text(xmp, name);
                    found[0] = found[0]
                        .take()
                        .or_else(|| text("Iptc4xmpCore:AltTextAccessibility"));
                    found[1] = found[1].take().or_else(|| text("dc:description"));
                }
            }
            Marker::APP13 => {
                let caption = app::photoshop_resource(segment.payload, 0x0404).and_then(caption);
                found[2] = found[2].take().or(caption);
            }
            _ => {}
        }
    }
    Ok(found.into_iter().flatten().next())
}

/// Returns the text of a property in its first language (XMP Part 1, 8.2.2.4).
fn xmp_text(xmp: &[u8], name: &str) -> Option<String> {
    let start = memmem::find(xmp, format!("<{name}").as_bytes())?;
    let property = &xmp[start..];
    let property = &property[..memmem::find(property, format!("</{name}>").as_bytes())?];
    let item = match memmem::find(property, b"<rdf:li") {
        Some(at) => {
            let item = &property[at..];
            &item[..memmem::find(item, b"</rdf:li>")?]
        }
        None => property,
    };
    let text = &item[memchr::memchr(b'>', item)? + 1..];
    meaningful(&unescaped(str::from_utf8(text).ok()?))
}

/// Replaces XML references by the characters they stand for (XML 1.0, 4.1 and 4.6).
fn unescaped(text: &str) -> String {
    /// The maximum size of a reference, in bytes. The longest without needless zeros is `&#1114111;`. A longer search
    /// for each `&` would take quadratic time.
    const MAX: usize = 16;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(MAX).position(|byte| byte == b';');
        let reference = end.and_then(|end| {
            let character = match &rest[1..end] {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                "apos" => '\'',
                name => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix('x') {
                        Some(digits) => u32::from_str_radix(digits, 16),
                        None => number.parse(),
                    };
                    char::from_u32(code.ok()?)?
                }
            };
            Some((character, &rest[end + 1..]))
        });
        if let Some((character, after)) = reference {
            plain.push(character);
            rest = after;
        } else {
            plain.push('&');
            rest = &rest[1..];
        }
    }
    plain + rest
}

/// Returns Caption/Abstract (IPTC-IIM 4.2, 2:120).
fn caption(mut iim: &[u8]) -> Option<String> {
    loop {
        let [0x1C, record, dataset, high, low, rest @ ..] = iim else {
            return None;
        };
        // The highest bit marks an extended data set, above 32 KiB. A caption is never that long.
        let size = usize::from(u16::from_be_bytes([*high, *low]));
        let text = rest.get(..size)?;
        if (record, dataset) == (&2, &120) {
            let text = match str::from_utf8(text) {
                Ok(text) => text.to_owned(),
                // Old programs write ISO 8859-1.
                Err(_) => text.iter().map(|&byte| char::from(byte)).collect(),
            };
            return meaningful(&text);
        }
        iim = &rest[size..];
    }
}

/// Trims white space and control characters. Returns `None` if nothing is left.
fn meaningful(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_text_is_taken_from_the_first_language() {
        let xmp = b"<dc:title>no</dc:title><dc:description><rdf:Alt><rdf:li xml:lang='x-default'> \
            A &lt;b&gt; &#233;&#xE9; &amp;amp; &oops; &</rdf:li><rdf:li>other</rdf:li></rdf:Alt></dc:description>";
        let text = xmp_text(xmp, "dc:description");
        assert_eq!(text.as_deref(), Some("A <b> \u{e9}\u{e9} &amp; &oops; &"));
        assert_eq!(
            xmp_text(b"<dc:description> </dc:description>", "dc:description"),
            None
        );
        assert_eq!(xmp_text(b"<dc:description>a", "dc:description"), None);
    }

    /// If each `&` were searched for an end, this would take minutes.
    #[test]
    fn unescaping_takes_linear_time() {
        let text = "&".repeat(4 << 20);
        assert!(unescaped(&text) == text);
        assert_eq!(
            unescaped("&#x00000010FFFF;&#1114111;"),
            "\u{10FFFF}\u{10FFFF}"
        );
    }

    #[test]
    fn a_caption_is_utf_8_or_latin_1() {
        let iim = |text: &[u8]| {
            let size = [0, u8::try_from(text.len()).unwrap()];
            [b"\x1c\x02\x05\x00\x01t\x1c\x02\x78".as_slice(), &size, text].concat()
        };
        assert_eq!(caption(&iim(b"caf\xe9")).as_deref(), Some("caf\u{e9}"));
        assert_eq!(
            caption(&iim("caf\u{e9}".as_bytes())).as_deref(),
            Some("caf\u{e9}")
        );
        assert_eq!(caption(&iim(b"")), None);
        assert_eq!(caption(b"\x1c\x02\x78\xff\xff"), None);
    }
}
