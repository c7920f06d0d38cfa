//! Tests of the service as its clients see it, on a real socket.

mod admission;
mod archive;
mod bounds;
mod broken;
mod chaos;
mod clock;
mod conversion;
mod crowd;
mod describing;
mod http2;
mod laws;
mod lifecycle;
mod memory;
mod observing;
mod running;
mod streaming;
#[cfg(feature = "otel")]
mod traces;
mod workers;

/// Returns a small JPEG, whose samples differ for each seed.
fn jpeg(seed: u8) -> Vec<u8> {
    encode(seed, 64, 48)
}

/// Returns a JPEG of this width and height.
fn picture(width: u16, height: u16) -> Vec<u8> {
    encode(1, width, height)
}

fn encode(seed: u8, width: u16, height: u16) -> Vec<u8> {
    let samples: Vec<u8> = (0..=255)
        .cycle()
        .skip(seed.into())
        .take(usize::from(width) * usize::from(height) * 3)
        .collect();
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 90)
        .encode(&samples, width, height, jpeg_encoder::ColorType::Rgb)
        .expect("the samples fit");
    jpeg
}

/// Returns a JPEG of about this size, in bytes, which consists mostly of comments.
fn large(size: usize) -> Vec<u8> {
    let comment = [&b"\xFF\xFE\xFF\xFF"[..], &vec![b'x'; 65_533]].concat();
    let jpeg = jpeg(1);
    let comments = comment.repeat(size / comment.len());
    [&jpeg[..2], &comments, &jpeg[2..]].concat()
}

/// Returns a JPEG of exactly this size, in bytes, whose data is padded with zeros and has no EOI.
fn endless(size: usize) -> Vec<u8> {
    let mut jpeg = jpeg(1);
    jpeg.truncate(jpeg.len() - 2);
    jpeg.resize(size, 0);
    jpeg
}

/// Returns a form with these files in the field `myfile`.
fn form(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, data) in files {
        body.extend(b"--XX\r\nContent-Disposition: form-data; name=\"myfile\"; filename=\"");
        body.extend(name.as_bytes());
        body.extend(b"\"\r\nContent-Type: image/jpeg\r\n\r\n");
        body.extend(*data);
        body.extend(b"\r\n");
    }
    body.extend(b"--XX--\r\n");
    body
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

const FORM: &str = "multipart/form-data; boundary=XX";
