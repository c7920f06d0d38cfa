//! Existing PDFs, and the reasons for rejecting them.

use lopdf::{Dictionary, LoadOptions, Object, ObjectId};

/// The reason why an existing PDF is rejected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfError {
    /// The file is not a PDF.
    #[error("not a PDF: it does not begin with %PDF-")]
    NotPdf,
    /// The PDF is encrypted.
    #[error("the PDF is encrypted: decrypt it first")]
    Encrypted,
    /// The PDF has a signature, which a change would break.
    #[error("the PDF is signed, and a change would break the signature")]
    Signed,
    /// The PDF violates ISO 32000.
    #[error("the PDF is broken: {reason}")]
    Broken {
        /// The fault.
        reason: String,
    },
}

impl PdfError {
    /// A stable name for the kind of error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPdf => "pdf.not_pdf",
            Self::Encrypted => "pdf.encrypted",
            Self::Signed => "pdf.signed",
            Self::Broken { .. } => "pdf.broken",
        }
    }

    pub(crate) fn broken(reason: &dyn std::fmt::Display) -> Self {
        Self::Broken {
            reason: reason.to_string(),
        }
    }
}

impl From<lopdf::Error> for PdfError {
    fn from(error: lopdf::Error) -> Self {
        Self::broken(&error)
    }
}

/// Reads a PDF, unless it is broken or encrypted.
pub(crate) fn read(pdf: &[u8]) -> Result<lopdf::Document, PdfError> {
    if !pdf.starts_with(b"%PDF-") {
        return Err(PdfError::NotPdf);
    }
    let options = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    let document = lopdf::Document::load_mem_with_options(pdf, options);
    let document = document.map_err(|error| {
        // lopdf asks for a password before it reports anything else.
        let is_password = matches!(
            error,
            lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_)
        );
        if is_password {
            PdfError::Encrypted
        } else {
            error.into()
        }
    })?;
    if document.is_encrypted() || document.was_encrypted() || document.trailer.has(b"Encrypt") {
        return Err(PdfError::Encrypted);
    }
    Ok(document)
}

/// Whether a PDF has a signature.
pub(crate) fn is_signed(document: &lopdf::Document) -> bool {
    let is_signature = |dict: &Dictionary| dict.has(b"ByteRange") && dict.has(b"Contents");
    document
        .catalog()
        .is_ok_and(|catalog| catalog.has(b"Perms"))
        || document.objects.values().any(|object| match object {
            Object::Dictionary(dict) => is_signature(dict),
            _ => false,
        })
}

/// Returns the dictionary that an entry of another dictionary refers to.
pub(crate) fn linked<'d>(
    document: &'d lopdf::Document,
    dict: &Dictionary,
    key: &str,
) -> Result<(ObjectId, &'d Dictionary), PdfError> {
    let id = dict.get(key.as_bytes()).and_then(Object::as_reference)?;
    Ok((id, document.get_dictionary(id)?))
}
