//! The photos of a plan, of which only parts are sent.

use bytes::Bytes;
use pdfmagic_core::Source;

use super::converter::Input;
use crate::form::{self, FIELD, FieldsRead, Upload};
use crate::problem::Problem;

/// The prefix of the names of fields that contain a part of a photo. The offset of the part follows.
const OFFSET: &str = "bytes-";

/// The maximum number of photos of a plan.
pub(super) const MAX_PHOTOS: usize = 2_000;

/// The maximum number of parts of one photo.
const MAX_PARTS: usize = 16;

/// The maximum size of a photo, in bytes. It keeps sums of sizes far below the range of 64 bits.
const MAX_SIZE: u64 = 1 << 44;

/// The received parts of a photo.
#[derive(Debug)]
pub(super) struct Photo {
    /// The client's name for the photo, which may be empty.
    pub(super) name: String,
    /// The name or, without one, the place in the form, for messages.
    place: String,
    /// The size of the photo, in bytes.
    pub(super) size: u64,
    parts: Vec<(u64, Bytes)>,
    /// Whether it came in the field for whole photos, to be decoded if need be. Others are only searched.
    may_decode: bool,
}

impl Photo {
    /// Whether all of the photo came in one part, to be decoded if need be.
    pub(super) fn is_whole(&self) -> bool {
        self.may_decode && matches!(&self.parts[..], [(0, all)] if all.len() as u64 == self.size)
    }

    /// Adds a part at `offset` in the photo, which was found at `at` in the body.
    fn add(&mut self, offset: u64, data: Bytes, at: usize) -> Result<(), Problem> {
        if self.parts.len() == MAX_PARTS {
            return Err(Problem::Form {
                offset: at,
                reason: "a photo has more than 16 parts",
            });
        }
        self.parts.push((offset, data));
        Ok(())
    }

    /// Checks that the parts are consistent.
    fn check(&self, offset: usize) -> Result<(), Problem> {
        let refuse = |reason| Err(Problem::Form { offset, reason });
        if self.size == 0 && !self.is_whole() {
            return refuse("a photo has no size after its head");
        }
        let ends = self
            .parts
            .iter()
            .map(|(at, part)| at.checked_add(part.len() as u64));
        if self.size > MAX_SIZE
            || ends
                .into_iter()
                .any(|end| end.is_none_or(|end| end > self.size))
        {
            return refuse("a photo is smaller than its parts, or too large");
        }
        Ok(())
    }
}

impl Input for Photo {
    fn place(&self) -> &str {
        &self.place
    }

    fn held(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.len()).sum()
    }

    fn with_source<T>(&self, may_decode: bool, mut act: impl FnMut(Source<'_>) -> T) -> T {
        if may_decode && self.is_whole() {
            return act(Source::Whole(&self.parts[0].1));
        }
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|(at, part)| (*at, &part[..]))
            .collect();
        let size = self.size;
        act(Source::Parts {
            parts: &parts,
            size,
        })
    }
}

/// The names and values of fields that are options.
pub(super) type Fields = Vec<(String, Bytes)>;

/// Reads photos, and the fields that are options. At most `max_whole` photos may be complete.
pub(super) fn photos(
    body: &Bytes,
    boundary: &str,
    max_whole: usize,
) -> Result<(Vec<Photo>, Fields), Problem> {
    let (mut photos, mut fields) = (Vec::<Photo>::new(), Fields::new());
    let (mut read, mut last) = (FieldsRead::default(), 0);
    for part in form::parts(body, boundary)? {
        let part = part?;
        let at = part.at;
        let malformed = |reason| Problem::Form { offset: at, reason };
        match &*part.field {
            name @ (FIELD | "head") => {
                photos.last().map_or(Ok(()), |photo| photo.check(last))?;
                last = at;
                if photos.len() == MAX_PHOTOS {
                    return Err(Problem::TooManyParts { max: MAX_PHOTOS });
                }
                let may_decode = name == FIELD;
                let Upload { name, place, data } = part.upload()?;
                photos.push(Photo {
                    place: if name.is_empty() { place } else { name.clone() },
                    name,
                    size: if may_decode { data.len() as u64 } else { 0 },
                    parts: vec![(0, data)],
                    may_decode,
                });
            }
            "size" => {
                let text = str::from_utf8(&part.data).ok();
                let size = text.and_then(|text| text.trim().parse().ok());
                begun(&mut photos, at)?.size =
                    size.ok_or(malformed("a size is no number of bytes"))?;
            }
            "tail" => {
                let photo = begun(&mut photos, at)?;
                let data = part.upload()?.data;
                let offset = photo.size.checked_sub(data.len() as u64);
                photo.add(
                    offset.ok_or(malformed("a tail comes before its size"))?,
                    data,
                    at,
                )?;
            }
            name if name.starts_with(OFFSET) => {
                let offset = name[OFFSET.len()..].parse().ok();
                let offset = offset.ok_or(malformed("an offset is no number of bytes"))?;
                begun(&mut photos, at)?.add(offset, part.upload()?.data, at)?;
            }
            _ => {
                read.add(&part)?;
                fields.push((part.field, part.data));
            }
        }
    }
    photos.last().ok_or(Problem::NoFile)?.check(last)?;
    if photos.iter().filter(|photo| photo.is_whole()).count() > max_whole {
        return Err(Problem::TooManyParts { max: max_whole });
    }
    Ok((photos, fields))
}

/// Returns the photo that a part belongs to.
fn begun(photos: &mut [Photo], offset: usize) -> Result<&mut Photo, Problem> {
    photos.last_mut().ok_or(Problem::Form {
        offset,
        reason: "its photo has no head before it",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(part: &str) -> Result<Photo, Problem> {
        let body = format!("--x\r\nContent-Disposition: form-data; {part}\r\n--x--");
        photos(&body.into(), "x", 1).map(|(mut photos, _)| photos.remove(0))
    }

    #[test]
    fn messages_name_the_photo_or_its_part() {
        for (part, place) in [
            ("name=myfile; filename=a.jpg\r\n\r\ndata", "a.jpg"),
            ("name=myfile\r\n\r\ndata", "part 1, field myfile"),
        ] {
            assert_eq!(first(part).unwrap().place(), place);
        }
    }

    #[test]
    fn parts_in_base64_are_rejected() {
        let encoding = "Content-Transfer-Encoding: base64\r\n\r\n/9j/";
        for field in ["myfile", "head"] {
            let refused = first(&format!("name={field}\r\n{encoding}")).unwrap_err();
            assert!(matches!(refused, Problem::Base64 { .. }), "{refused}");
        }
        for field in ["tail", "bytes-4"] {
            let head = "name=head\r\n\r\ndata\r\n--x\r\n\
                Content-Disposition: form-data; name=size\r\n\r\n8\r\n--x\r\n\
                Content-Disposition: form-data;";
            let refused = first(&format!("{head} name={field}\r\n{encoding}")).unwrap_err();
            assert!(matches!(refused, Problem::Base64 { .. }), "{refused}");
        }
    }
}
