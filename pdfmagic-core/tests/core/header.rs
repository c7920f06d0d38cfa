//! Tests the reading of headers, and the handling of unusual ones.

use crate::making::{
    adobe, exif, icc_chunk, jfif, jpeg, oriented, profile, segment, with, without,
};
use jpeg_encoder::ColorType::{Cmyk, CmykAsYcck, Luma, Rgb, Ycbcr};
use pdfmagic_core::Density;
use pdfmagic_core::jpeg::ColorModel;
use pdfmagic_core::{Error, Jpeg, Limits, Notice, Options, Page, Passthrough, jpeg_to_pdf};

pub(crate) const SOF0: u8 = 0xC0;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const DQT: u8 = 0xDB;
const APP0: u8 = 0xE0;
const APP14: u8 = 0xEE;
pub(crate) const COM: u8 = 0xFE;

pub(crate) fn parse(jpeg: &[u8]) -> Jpeg<'_> {
    Jpeg::parse(jpeg, &Limits::default()).unwrap()
}

pub(crate) fn error(jpeg: &[u8]) -> Error {
    Jpeg::parse(jpeg, &Limits::default()).unwrap_err()
}

fn notices(jpeg: &[u8]) -> Vec<Notice> {
    let page = Page::from_jpeg(jpeg, &Options::default(), &Passthrough).unwrap();
    page.notices().to_vec()
}

/// Returns the image stream in the PDF.
pub(crate) fn embedded(jpeg: &[u8]) -> Vec<u8> {
    image_in(&jpeg_to_pdf(jpeg).unwrap())
}

/// Returns the data of the image in a PDF.
pub(crate) fn image_in(pdf: &[u8]) -> Vec<u8> {
    let pdf = lopdf::Document::load_mem(pdf).unwrap();
    let streams = pdf
        .objects
        .values()
        .filter_map(|object| object.as_stream().ok());
    streams
        .filter(|stream| stream.dict.has(b"Width"))
        .map(|stream| stream.content.clone())
        .next()
        .unwrap()
}

fn densities(jpeg: &[u8]) -> Option<[f64; 2]> {
    parse(jpeg).density().map(|d| d.map(Density::get))
}

/// Returns the offset of the first segment with this marker.
pub(crate) fn find(jpeg: &[u8], marker: u8) -> usize {
    jpeg.windows(2).position(|w| w == [0xFF, marker]).unwrap()
}

mod colors {
    use super::*;

    #[test]
    fn are_detected_as_by_libjpeg() {
        let bare = |color| without(&jpeg(color), &[APP0, APP14]);
        assert_eq!(parse(&jpeg(Luma)).color_model(), ColorModel::Gray);
        assert_eq!(parse(&jpeg(Ycbcr)).color_model(), ColorModel::YCbCr);
        assert_eq!(parse(&bare(Ycbcr)).color_model(), ColorModel::YCbCr);
        assert_eq!(
            parse(&with(&bare(Ycbcr), &adobe(0))).color_model(),
            ColorModel::Rgb
        );
        assert_eq!(parse(&bare(Cmyk)).color_model(), ColorModel::Cmyk);
        assert_eq!(parse(&jpeg(Cmyk)).color_model(), ColorModel::Cmyk);
        assert_eq!(parse(&jpeg(CmykAsYcck)).color_model(), ColorModel::Ycck);
    }

    #[test]
    fn of_jfif_override_adobe_and_are_stated_in_the_stream() {
        let conflict = with(
            &without(&jpeg(Rgb), &[APP0]),
            &[jfif(1, 72, 72), adobe(0)].concat(),
        );
        assert_eq!(parse(&conflict).color_model(), ColorModel::YCbCr);
        assert_eq!(notices(&conflict), [Notice::ColorStated]);
        let data = embedded(&conflict);
        assert_eq!(data[find(&data, APP14) + 15], 1, "the transform byte");
    }

    #[test]
    fn implied_by_component_identifiers_are_stated_in_the_stream() {
        let mut lettered = without(&jpeg(Ycbcr), &[APP0, APP14]);
        let frame = find(&lettered, SOF0);
        let scan = find(&lettered, 0xDA);
        for (i, letter) in b"RGB".iter().enumerate() {
            lettered[frame + 10 + 3 * i] = *letter;
            lettered[scan + 5 + 2 * i] = *letter;
        }
        assert_eq!(parse(&lettered).color_model(), ColorModel::Rgb);
        assert_eq!(notices(&lettered), [Notice::ColorStated]);
        let data = embedded(&lettered);
        let stated = find(&data, APP14);
        assert_eq!(data[stated..find(&data, SOF0)], adobe(0));
    }

    #[test]
    fn of_cmyk_are_inverted_only_with_adobe() {
        let decode = |jpeg: &[u8]| {
            let pdf = jpeg_to_pdf(jpeg).unwrap();
            pdf.windows(9).any(|w| w == b"[1 0 1 0 ")
        };
        let plain = without(&jpeg(Cmyk), &[APP14]);
        assert!(decode(&jpeg(Cmyk)) && decode(&jpeg(CmykAsYcck)) && !decode(&plain));
        assert_eq!(notices(&plain), [Notice::CmykPolarityAssumed]);
        assert!(
            parse(&jpeg(Cmyk)).is_inverted()
                && !parse(&with(&jpeg(Ycbcr), &adobe(1))).is_inverted()
        );
    }
}

mod orientation {
    use super::*;

    #[test]
    fn is_neutralized_in_the_embedded_data() {
        for orientation in 2..=8 {
            let turned = with(&jpeg(Luma), &oriented(orientation));
            assert_eq!(
                embedded(&turned),
                with(&jpeg(Luma), &oriented(1)),
                "{orientation}"
            );
            assert_eq!(notices(&turned), [Notice::OrientationNeutralized]);
        }
    }

    #[test]
    fn that_is_invalid_is_ignored() {
        let ascii = exif(&[(274, 2, 2, *b"6\0\0\0")], &[]);
        let twice = exif(&[(274, 3, 2, [0, 6, 0, 6])], &[]);
        for odd in [oriented(0), oriented(9), ascii, twice] {
            let jpeg = with(&jpeg(Luma), &odd);
            assert_eq!(notices(&jpeg), [Notice::OrientationInvalid]);
            assert_eq!(embedded(&jpeg), jpeg);
        }
    }

    #[test]
    fn is_that_of_the_first_exif_block_and_a_second_is_dropped() {
        let twice = with(&jpeg(Luma), &[oriented(1), oriented(6)].concat());
        assert!(!parse(&twice).orientation().swaps_axes());
        assert_eq!(notices(&twice), [Notice::ExifDuplicateSkipped]);
        assert_eq!(embedded(&twice), with(&jpeg(Luma), &oriented(1)));
    }
}

mod density {
    use super::*;

    fn exif_density(unit: u16, x: [u32; 2], y: [u32; 2]) -> Vec<u8> {
        let [high, low] = unit.to_be_bytes();
        let data: Vec<u8> = [x, y]
            .concat()
            .iter()
            .flat_map(|n| n.to_be_bytes())
            .collect();
        let at = 8 + 2 + 3 * 12 + 4;
        exif(
            &[
                (282, 5, 1, [0, 0, 0, at]),
                (283, 5, 1, [0, 0, 0, at + 8]),
                (296, 3, 1, [high, low, 0, 0]),
            ],
            &data,
        )
    }

    fn photoshop(x: u16, y: u16) -> Vec<u8> {
        let mut resource =
            b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x01!\08BIM\x03\xED\0\0\0\0\0\x10".to_vec();
        for density in [x, y] {
            resource.extend(density.to_be_bytes());
            resource.extend([0, 0, 0, 1, 0, 1]);
        }
        segment(0xED, &resource)
    }

    fn stating(segments: &[Vec<u8>]) -> Vec<u8> {
        with(&without(&jpeg(Luma), &[APP0]), &segments.concat())
    }

    #[test]
    fn is_taken_from_jfif_then_exif_then_photoshop() {
        let exif = exif_density(2, [300, 1], [150, 1]);
        let all = [photoshop(200, 100), exif, jfif(1, 72, 144)];
        assert_eq!(densities(&stating(&all)), Some([72.0, 144.0]));
        assert_eq!(densities(&stating(&all[..2])), Some([300.0, 150.0]));
        assert_eq!(densities(&stating(&all[..1])), Some([200.0, 100.0]));
        assert_eq!(densities(&stating(&[])), None);
    }

    #[test]
    fn may_be_stated_per_centimeter() {
        assert_eq!(
            densities(&stating(&[jfif(2, 100, 50)])),
            Some([254.0, 127.0])
        );
        let exif = exif_density(3, [1000, 10], [50, 1]);
        assert_eq!(densities(&stating(&[exif])), Some([254.0, 127.0]));
    }

    #[test]
    fn is_ignored_if_unset_and_reported_if_implausible() {
        let none = [
            jfif(1, 0, 72),
            jfif(7, 300, 300),
            exif_density(1, [300, 1], [300, 1]),
            exif_density(2, [300, 0], [300, 0]),
        ];
        for none in none {
            let jpeg = stating(&[none]);
            assert_eq!((densities(&jpeg), notices(&jpeg)), (None, vec![]));
        }
        for odd in [
            jfif(1, 1, 1),
            jfif(1, 65535, 65535),
            exif_density(2, [9, 1], [300, 1]),
        ] {
            let jpeg = stating(&[odd]);
            assert_eq!(
                (densities(&jpeg), notices(&jpeg)),
                (None, vec![Notice::DensityImplausible])
            );
        }
    }

    #[test]
    fn that_is_implausible_falls_back_to_the_next_source() {
        let jpeg = stating(&[jfif(1, 1, 1), exif_density(2, [300, 1], [300, 1])]);
        assert_eq!(densities(&jpeg), Some([300.0; 2]));
        assert_eq!(notices(&jpeg), [Notice::DensityImplausible]);
    }
}

mod profiles {
    use super::*;

    #[test]
    fn are_assembled_in_the_order_of_their_chunk_numbers() {
        let rgb = profile(*b"RGB ");
        let chunks = [icc_chunk(2, 2, &rgb[50..]), icc_chunk(1, 2, &rgb[..50])].concat();
        assert_eq!(
            parse(&with(&jpeg(Ycbcr), &chunks)).icc_profile(),
            Some(&rgb[..])
        );
    }

    /// Returns a JPEG with a profile that is changed at one place.
    fn changed(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut profile = profile(*b"RGB ");
        profile[at..at + bytes.len()].copy_from_slice(bytes);
        with(&jpeg(Ycbcr), &icc_chunk(1, 1, &profile))
    }

    /// ISO 32000-1, 8.6.5.5: PDF 1.7 allows ICC.1:2004-10, which is version 4.2, and earlier versions.
    #[test]
    fn newer_than_pdf_allows_are_dropped() {
        for (version, is_kept) in [(2, true), (4, true), (5, false), (255, false)] {
            let jpeg = changed(8, &[version]);
            assert_eq!(parse(&jpeg).icc_profile().is_some(), is_kept, "{version}");
        }
    }

    /// ISO 32000-1, 8.6.5.5, names the allowed classes.
    #[test]
    fn of_devices_and_color_spaces_are_kept() {
        let kept = [b"scnr", b"mntr", b"prtr", b"spac"].map(|class| (class, true));
        for (class, is_kept) in kept.into_iter().chain([(b"abst", false), (b"nmcl", false)]) {
            let jpeg = changed(12, class);
            assert_eq!(parse(&jpeg).icc_profile().is_some(), is_kept, "{class:?}");
        }
    }

    #[test]
    fn that_are_invalid_or_do_not_match_the_image_are_dropped() {
        let rgb = profile(*b"RGB ");
        let [mut sized, mut unsigned, mut linked] = [rgb.clone(), rgb.clone(), rgb.clone()];
        sized[3] += 1;
        unsigned[36] = b'A';
        linked[12..16].copy_from_slice(b"link");
        let odd = [
            icc_chunk(1, 1, &profile(*b"CMYK")),
            icc_chunk(1, 1, &profile(*b"GRAY")),
            icc_chunk(1, 1, &sized),
            icc_chunk(1, 1, &unsigned),
            icc_chunk(1, 1, &linked),
            icc_chunk(1, 1, b"no profile"),
            icc_chunk(1, 2, &rgb),
            [icc_chunk(1, 2, &rgb[..50]), icc_chunk(1, 2, &rgb[50..])].concat(),
        ];
        for odd in odd {
            let jpeg = with(&jpeg(Ycbcr), &odd);
            assert_eq!(parse(&jpeg).icc_profile(), None);
            assert_eq!(notices(&jpeg), [Notice::IccDropped]);
        }
    }
}

mod repairs {
    use super::*;

    #[test]
    fn remove_bytes_before_soi_and_between_segments() {
        let sound = jpeg(Luma);
        let led = [b"\r\n", &sound[..]].concat();
        assert_eq!(
            (embedded(&led), notices(&led)),
            (sound.clone(), vec![Notice::LeadingBytesSkipped])
        );
        for stray in [b"junk\xFF\0".as_slice(), b"\xFF\xD8", b"\xFF\xD3"] {
            let jpeg = with(&sound, stray);
            assert_eq!(
                (embedded(&jpeg), notices(&jpeg)),
                (sound.clone(), vec![Notice::StrayBytesSkipped])
            );
        }
    }

    #[test]
    fn remove_fill_bytes_without_a_notice() {
        let filled = with(&jpeg(Luma), &[0xFF; 7]);
        assert_eq!((embedded(&filled), notices(&filled)), (jpeg(Luma), vec![]));
    }

    #[test]
    fn remove_comments_of_impossible_length() {
        let short = with(&jpeg(Luma), &[0xFF, COM, 0, 1]);
        assert_eq!(embedded(&short), jpeg(Luma));
        assert_eq!(notices(&short), [Notice::ShortSegmentSkipped]);
    }

    #[test]
    fn append_a_missing_eoi() {
        let sound = jpeg(Luma);
        let cut = &sound[..sound.len() - 2];
        assert_eq!(
            (embedded(cut), notices(cut)),
            (sound.clone(), vec![Notice::EoiAppended])
        );
    }

    #[test]
    fn put_in_missing_huffman_tables() {
        // jpeg-encoder uses the standard tables by default.
        let bare = without(&jpeg(Ycbcr), &[DHT]);
        assert_eq!(notices(&bare), [Notice::HuffmanTablesInserted]);
        let samples = |jpeg: &[u8]| jpeg_decoder::Decoder::new(jpeg).decode().unwrap();
        assert_eq!(samples(&embedded(&bare)), samples(&jpeg(Ycbcr)));
    }

    #[test]
    fn take_the_height_from_dnl() {
        let sound = jpeg(Luma);
        let frame = find(&sound, SOF0);
        let mut open = sound.clone();
        let lines = [open[frame + 5], open[frame + 6]];
        open[frame + 5..frame + 7].fill(0);
        let refused = error(&open);
        assert!(matches!(refused, Error::Format { .. }), "{refused}");
        let eoi = open.len() - 2;
        open.splice(eoi..eoi, segment(0xDC, &lines));
        assert_eq!(
            (embedded(&open), notices(&open)),
            (sound.clone(), vec![Notice::HeightResolved])
        );
        let without_eoi = &open[..open.len() - 2];
        assert_eq!(embedded(without_eoi), sound);
        let with_stray_byte = [without_eoi, &[0], b"\xFF\xD9"].concat();
        assert_eq!(embedded(&with_stray_byte), sound);
        let after_restart = [&open[..eoi], &[0xFF, 0xD0], &open[eoi..]].concat();
        assert_eq!(embedded(&after_restart), sound);
    }
}
