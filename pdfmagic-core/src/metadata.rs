//! The metadata of a document: the information dictionary (ISO 32000-1, 14.3.3), and the same as XMP (14.3.2).

use std::borrow::Cow;
use std::fmt::Write;

use crate::conformance::Conformance;
use crate::date::Date;
use crate::options::DocumentOptions;
use crate::pdf::{Ref, Text, TextString, Writer};

/// The metadata, without empty fields and without characters that XML forbids.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Metadata {
    title: Option<String>,
    author: Option<String>,
    creator: Option<String>,
    producer: Option<String>,
    subject: Option<String>,
    keywords: Option<String>,
    created: Option<Date>,
    modified: Option<Date>,
    language: Option<String>,
}

impl Metadata {
    pub(crate) fn of(options: &DocumentOptions) -> Self {
        let text = |text: &Option<String>| text.as_deref().and_then(meaningful);
        Self {
            title: text(&options.title),
            author: text(&options.author),
            creator: text(&options.creator),
            producer: text(&options.producer),
            subject: text(&options.subject),
            keywords: meaningful(&options.keywords.join(",")),
            created: options.creationdate,
            modified: options.moddate,
            language: options.lang.as_ref().map(ToString::to_string),
        }
    }

    /// Writes the information dictionary and the metadata stream. `None` for one that would be empty.
    pub(crate) fn write(&self, w: &mut Writer, conformance: Conformance) -> [Option<Ref>; 2] {
        if *self == Self::default() && conformance.is_none() {
            return [None, None];
        }
        let is_more_than_language = Self {
            language: None,
            ..self.clone()
        } != Self::default();
        let has_info = conformance
            .archive()
            .is_none_or(|(_, rules)| rules.has_info);
        let info = (is_more_than_language && has_info).then(|| {
            let id = w.reserve();
            w.object(id, |info| self.info(info));
            id
        });
        let mut xmp = Text::new();
        xmp.put(&*self.xmp(conformance));
        let dict = |dict: &mut Text| {
            dict.put("/Type /Metadata /Subtype /XML");
        };
        [info, Some(w.stream(dict, [xmp.into()]))]
    }

    fn info(&self, info: &mut Text) {
        let texts = [
            (" /Title ", &self.title),
            (" /Author ", &self.author),
            (" /Subject ", &self.subject),
            (" /Keywords ", &self.keywords),
            (" /Creator ", &self.creator),
            (" /Producer ", &self.producer),
        ];
        info.put("<<");
        for (key, text) in texts {
            if let Some(text) = text {
                info.put(key).put(TextString(text));
            }
        }
        let dates = [
            (" /CreationDate ", self.created),
            (" /ModDate ", self.modified),
        ];
        for (key, date) in dates {
            if let Some(date) = date {
                // The form of XMP, without the separators between digits (7.9.4).
                let digits = date.to_string().replace(['-', ':', 'T'], "");
                info.put(key).put(TextString(&format!("D:{digits}")));
            }
        }
        info.put(" >>");
    }

    fn xmp(&self, conformance: Conformance) -> String {
        let simple = [
            ("xmp:CreatorTool", self.creator.clone()),
            ("xmp:CreateDate", self.created.map(|date| date.to_string())),
            ("xmp:ModifyDate", self.modified.map(|date| date.to_string())),
            ("pdf:Keywords", self.keywords.clone()),
            ("pdf:Producer", self.producer.clone()),
        ];
        let listed = [
            ("dc:title", "Alt", &self.title),
            ("dc:creator", "Seq", &self.author),
            ("dc:description", "Alt", &self.subject),
            ("dc:language", "Bag", &self.language),
        ];
        let mut xmp = String::from(
            "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
             <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
             <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
             xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">\n",
        );
        for (name, kind, text) in listed {
            if let Some(text) = text {
                let language = if kind == "Alt" {
                    " xml:lang=\"x-default\""
                } else {
                    ""
                };
                let text = escaped(text);
                let _ = writeln!(
                    xmp,
                    "<{name}><rdf:{kind}><rdf:li{language}>{text}</rdf:li></rdf:{kind}></{name}>"
                );
            }
        }
        for (name, text) in simple {
            if let Some(text) = text {
                let _ = writeln!(xmp, "<{name}>{}</{name}>", escaped(&text));
            }
        }
        xmp.push_str("</rdf:Description>\n");
        put_identification(&mut xmp, conformance);
        xmp + "</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>"
    }
}

/// Names the standards that the document conforms to (ISO 19005-1, 6.7.11; ISO 14289-1, 5).
fn put_identification(xmp: &mut String, conformance: Conformance) {
    if let Some((_, rules)) = conformance.archive() {
        let level = rules.conformance[usize::from(conformance.attaches())];
        let part = Some(rules.part);
        xmp.push_str(
            "<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\">\n",
        );
        for (name, value) in [
            ("part", part),
            ("rev", rules.revision),
            ("conformance", level),
        ] {
            if let Some(value) = value {
                let _ = writeln!(xmp, "<pdfaid:{name}>{value}</pdfaid:{name}>");
            }
        }
        xmp.push_str("</rdf:Description>\n");
        if conformance.is_accessible() {
            xmp.push_str(PDFUA_SCHEMA);
        }
    }
    if conformance.is_accessible() {
        xmp.push_str(
            "<rdf:Description rdf:about=\"\" xmlns:pdfuaid=\"http://www.aiim.org/pdfua/ns/id/\">\n\
             <pdfuaid:part>1</pdfuaid:part>\n</rdf:Description>\n",
        );
    }
}

/// The description of PDF/UA's additions to XMP, which PDF/A requires (ISO 19005-1, 6.7.8).
const PDFUA_SCHEMA: &str = "<rdf:Description rdf:about=\"\" \
    xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" \
    xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" \
    xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\n\
    <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType=\"Resource\">\n\
    <pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>\n\
    <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\n\
    <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\n\
    <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType=\"Resource\">\n\
    <pdfaProperty:name>part</pdfaProperty:name>\n\
    <pdfaProperty:valueType>Integer</pdfaProperty:valueType>\n\
    <pdfaProperty:category>internal</pdfaProperty:category>\n\
    <pdfaProperty:description>Part of ISO 14289 that the document conforms to</pdfaProperty:description>\n\
    </rdf:li></rdf:Seq></pdfaSchema:property>\n\
    </rdf:li></rdf:Bag></pdfaExtension:schemas>\n</rdf:Description>\n";

/// Removes the characters that XML forbids. Returns `None` if nothing is left.
fn meaningful(text: &str) -> Option<String> {
    let is_allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let text: String = text.chars().filter(is_allowed).collect();
    (!text.is_empty()).then_some(text)
}

/// Escapes a text for use between XML tags.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '\r']) {
        return text.into();
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('\r', "&#13;").into()
}
