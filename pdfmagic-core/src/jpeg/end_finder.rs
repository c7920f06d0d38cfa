//! Finds the end of a JPEG without decoding: byte stuffing makes markers unambiguous (T.81 B.1.1.5).

use memchr::memchr;

use super::segment::Marker;

/// Follows the markers from a scan header on, in data that arrives in chunks.
#[derive(Debug, Clone)]
pub(crate) struct EndFinder {
    state: State,
    /// The number of bytes seen so far.
    at: u64,
    /// The end of the entropy-coded data of the last scan, before any trailing restart markers.
    data_end: u64,
    /// The start and the end of the most recent run of restart markers.
    restarts: (u64, u64),
    /// Whether reserved markers were seen in entropy-coded data, or bytes outside any segment.
    has_strays: bool,
    /// The number of scan headers seen so far.
    scans: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The position is between segments, where a marker must begin.
    Segment,
    /// The position is after 0xFF between segments.
    Marker,
    /// The position is in the length that follows the marker at `offset`. Its first byte may have been read, as `high`.
    Length {
        marker: Marker,
        offset: u64,
        high: Option<u8>,
    },
    /// The position is in a segment with `left` bytes remaining.
    Payload {
        marker: Marker,
        offset: u64,
        left: u64,
    },
    /// The position is in entropy-coded data.
    Data,
    /// The position is after 0xFF in entropy-coded data.
    DataMarker,
    End(End),
}

/// How a JPEG ends. Offsets count from where the search began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The image ends with an EOI, whose two bytes end at `end`. The entropy-coded data ends at `data_end`.
    Eoi { data_end: u64, end: u64 },
    /// A marker that cannot be in an image was found; the image extends to `at` at most.
    Foreign { at: u64 },
    /// The input ends without an EOI; the image extends to `at` at most, which excludes a truncated segment.
    Missing { at: u64 },
}

impl EndFinder {
    /// Starts at the marker of a scan header.
    pub(crate) fn new() -> Self {
        Self {
            state: State::Segment,
            at: 0,
            data_end: 0,
            restarts: (0, 0),
            has_strays: false,
            scans: 0,
        }
    }

    /// Whether anything was skipped that no encoder writes, though decoders may tolerate it.
    pub(crate) fn has_strays(&self) -> bool {
        self.has_strays
    }

    /// The number of scan headers so far.
    pub(crate) fn scans(&self) -> u64 {
        self.scans
    }

    /// Consumes the next bytes. Once this returns an end, it returns the same end on every later call.
    pub(crate) fn feed(&mut self, chunk: &[u8]) -> Option<End> {
        let mut rest = chunk;
        while let Some(&byte) = rest.first() {
            let taken = match self.state {
                State::End(_) => break,
                State::Data => self.data(rest),
                State::Payload {
                    marker,
                    offset,
                    left,
                } => {
                    let taken = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.state = match left - taken as u64 {
                        0 if marker == Marker::SOS => State::Data,
                        0 => State::Segment,
                        left => State::Payload {
                            marker,
                            offset,
                            left,
                        },
                    };
                    taken
                }
                _ => {
                    self.state = self.next(byte);
                    1
                }
            };
            self.at += taken as u64;
            rest = &rest[taken..];
        }
        match self.state {
            State::End(end) => Some(end),
            _ => None,
        }
    }

    /// Returns how the JPEG ends, after all of the input has been fed.
    pub(crate) fn finish(&self) -> End {
        match self.state {
            State::End(end) => end,
            // A segment that is truncated by the end of the input does not count.
            State::Length { offset, .. } | State::Payload { offset, .. } => {
                End::Missing { at: offset }
            }
            State::Segment | State::Marker => End::Missing { at: self.data_end },
            State::Data => End::Missing { at: self.at },
            State::DataMarker => End::Missing { at: self.at - 1 },
        }
    }

    /// Skips entropy-coded data up to the byte after the next 0xFF. Returns the number of bytes skipped.
    fn data(&mut self, rest: &[u8]) -> usize {
        match memchr(0xFF, rest) {
            Some(at) => {
                self.state = State::DataMarker;
                at + 1
            }
            None => rest.len(),
        }
    }

    /// Returns the state after one byte.
    fn next(&mut self, byte: u8) -> State {
        let marker = Marker(byte);
        match self.state {
            // Bytes between segments are skipped, as in libjpeg.
            State::Segment if byte == 0xFF => State::Marker,
            State::Segment => {
                self.has_strays = true;
                State::Segment
            }
            State::DataMarker if byte == 0 => State::Data,
            State::DataMarker if marker.is_restart() => {
                if self.restarts.1 + 1 != self.at {
                    self.restarts.0 = self.at - 1;
                }
                self.restarts.1 = self.at + 1;
                State::Data
            }
            State::DataMarker if byte == 0xFF => State::DataMarker,
            // No decoder ends the image at these markers, though some end the scan.
            State::DataMarker if byte < Marker::SOF0.0 => {
                self.has_strays = true;
                State::Data
            }
            State::DataMarker => {
                let at = self.at - 1;
                self.data_end = if self.restarts.1 == at {
                    self.restarts.0
                } else {
                    at
                };
                self.marker(marker)
            }
            State::Marker => match byte {
                0xFF => State::Marker,
                0 => State::Segment,
                _ if marker.is_restart() => State::Segment,
                _ => self.marker(marker),
            },
            State::Length {
                marker,
                offset,
                high: None,
            } => State::Length {
                marker,
                offset,
                high: Some(byte),
            },
            State::Length {
                marker,
                offset,
                high: Some(high),
            } => match u64::from(u16::from_be_bytes([high, byte])) {
                0 | 1 => State::End(End::Foreign { at: offset }),
                2 if marker == Marker::SOS => State::Data,
                2 => State::Segment,
                length => State::Payload {
                    marker,
                    offset,
                    left: length - 2,
                },
            },
            state => state,
        }
    }

    /// Returns the state after a marker, whose second byte is the current one.
    fn marker(&mut self, marker: Marker) -> State {
        let offset = self.at - 1;
        self.scans += u64::from(marker == Marker::SOS);
        if marker == Marker::EOI {
            return State::End(End::Eoi {
                data_end: self.data_end,
                end: self.at + 1,
            });
        }
        if marker.is_between_scans() {
            return State::Length {
                marker,
                offset,
                high: None,
            };
        }
        State::End(End::Foreign { at: offset })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCAN: &[u8] = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0data\xFF\0\xFF\xD0more";

    fn end(rest: &[u8]) -> End {
        let mut finder = EndFinder::new();
        finder.feed(&[SCAN, rest].concat());
        finder.finish()
    }

    fn eoi(data: usize, all: usize) -> End {
        End::Eoi {
            data_end: (SCAN.len() + data) as u64,
            end: (SCAN.len() + all) as u64,
        }
    }

    fn has_strays(rest: &[u8]) -> bool {
        let mut finder = EndFinder::new();
        finder.feed(&[SCAN, rest, b"\xFF\xD9"].concat());
        finder.has_strays()
    }

    #[test]
    fn the_first_eoi_ends_the_image() {
        let mut finder = EndFinder::new();
        assert_eq!(finder.feed(SCAN), None);
        assert_eq!(finder.feed(b"\xFF\xD9"), Some(eoi(0, 2)));
        assert_eq!(finder.feed(b"\xFF\xD9"), Some(eoi(0, 2)));
        assert_eq!(end(b"\xFF\xD9"), eoi(0, 2));
        assert_eq!(end(b"\xFF\xD9 and \xFF\xD9"), eoi(0, 2));
    }

    #[test]
    fn restart_markers_and_segments_after_the_data_are_not_data() {
        assert_eq!(end(b"\xFF\xD1\xFF\xD2\xFF\xD9"), eoi(0, 6));
        assert_eq!(end(b"\xFF\xD1\xFF\xDC\0\x04\0\x10\xFF\xD9"), eoi(0, 10));
        assert_eq!(end(b"\xFF\xD1x\xFF\xD9"), eoi(3, 5));
    }

    #[test]
    fn an_eoi_inside_a_segment_is_ignored() {
        assert_eq!(end(b"\xFF\xFE\0\x06\xFF\xD9xx\xFF\xD9"), eoi(0, 10));
        assert_eq!(end(b"\xFF\xFE\0\x0Cxxxxxxxx\xFF\xD9\xFF\xD9"), eoi(0, 16));
    }

    #[test]
    fn what_decoders_tolerate_does_not_end_the_image() {
        // This is fill before a marker, and a reserved marker in the data.
        assert_eq!(end(b"\xFF\xFF\xD9"), eoi(1, 3));
        assert_eq!(end(b"\xFF\x01x\xFF\xD9"), eoi(3, 5));
        for between_segments in [&b"\xFF"[..], b"x\xD9", b"\xFF\0", b"\xFF\xD0"] {
            let rest = [b"\xFF\xFE\0\x02", between_segments, b"\xFF\xD9"].concat();
            assert_eq!(end(&rest), eoi(0, rest.len()), "{between_segments:?}");
        }
    }

    #[test]
    fn strays_are_reserved_markers_in_data_and_bytes_between_segments() {
        for sound in [
            &b"\xFF\0\xFF\xD0\xFF"[..],
            b"\xFF\xFE\0\x02",
            b"\xFF\xFE\0\x03x",
            b"\xFF\xDA\0\x02data",
            SCAN,
        ] {
            assert!(!has_strays(sound), "{sound:?}");
        }
        for odd in [&b"\xFF\x01"[..], b"\xFF\xBF", b"\xFF\xFE\0\x02x"] {
            assert!(has_strays(odd), "{odd:?}");
        }
    }

    #[test]
    fn a_foreign_marker_ends_the_image() {
        let foreign = End::Foreign {
            at: SCAN.len() as u64,
        };
        for marker in [0xC0, 0xD8, 0xDF, 0xF0] {
            assert_eq!(end(&[0xFF, marker, 0, 4, 0, 0, 0xFF, 0xD9]), foreign);
        }
        assert_eq!(end(b"\xFF\xFE\0\x01\xFF\xD9"), foreign);
    }

    #[test]
    fn without_eoi_a_truncated_segment_is_dropped() {
        let missing = |at: usize| End::Missing {
            at: (SCAN.len() + at) as u64,
        };
        assert_eq!(end(b""), missing(0));
        assert_eq!(end(b"xy"), missing(2));
        assert_eq!(end(b"xy\xFF"), missing(2));
        assert_eq!(end(b"xy\xFF\xFE"), missing(2));
        assert_eq!(end(b"xy\xFF\xFE\0\x20abc"), missing(2));
    }

    proptest! {
        #[test]
        fn chunks_of_any_size_give_the_same_end(
            bytes in prop::collection::vec(prop_oneof![Just(0xFFu8), Just(0xD9), Just(0), any::<u8>()], 0..200),
            sizes in prop::collection::vec(1usize..9, 1..100),
        ) {
            let all = [SCAN, &bytes].concat();
            let mut whole = EndFinder::new();
            whole.feed(&all);
            let mut parts = EndFinder::new();
            let mut rest = &all[..];
            for size in sizes.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, after) = rest.split_at(size.min(rest.len()));
                parts.feed(chunk);
                rest = after;
            }
            prop_assert_eq!(parts.finish(), whole.finish());
        }
    }
}
