//! The dates of documents.

use std::fmt;
use std::str::FromStr;

use crate::value::ValueError;

/// A date and time of day in UTC, to the second, in the years 0 to 9999.
///
/// Its text form follows RFC 3339 and ISO 8601: `2026-03-01`, `2026-03-01T12:30`, `2026-03-01 12:30:15` or
/// `2026-03-01T12:30:15+02:00`. Without an offset, it is in UTC. `@` and a number is a number of seconds since 1970.
///
/// ```
/// use pdfmagic_core::Date;
///
/// let date: Date = "2026-03-01T00:30+02:00".parse()?;
/// assert_eq!(date.to_string(), "2026-02-28T22:30:00Z");
/// # Ok::<(), pdfmagic_core::ValueError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = String, example = "2026-03-01T12:30:00Z")
)]
pub struct Date(i64);

const DAY: i64 = 86_400;

impl Date {
    /// Converts a number of seconds since 1970-01-01T00:00:00Z. Returns `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let date = Self(seconds);
        (days(0, 1, 1)..days(10_000, 1, 1))
            .contains(&seconds.div_euclid(DAY))
            .then_some(date)
    }

    /// Returns year, month, day, hour, minute and second.
    #[must_use]
    pub fn parts(self) -> [i64; 6] {
        // Here the year begins in March, so that the leap day is its last day (Howard Hinnant, "chrono-compatible
        // low-level date algorithms").
        let day = self.0.div_euclid(DAY) + 719_468;
        let era = day.div_euclid(146_097);
        let day = day.rem_euclid(146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day_of_month = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        let second = self.0.rem_euclid(DAY);
        [
            year,
            month,
            day_of_month,
            second / 3600,
            second / 60 % 60,
            second % 60,
        ]
    }
}

/// Returns the number of days from 1970-01-01 to a date, by the same algorithm.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = if month > 2 { month - 3 } else { month + 9 };
    let era = year.div_euclid(400);
    let year = year.rem_euclid(400);
    let day = (153 * month + 2) / 5 + day - 1 + year * 365 + year / 4 - year / 100;
    era * 146_097 + day - 719_468
}

impl FromStr for Date {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let seconds = match text.strip_prefix('@') {
            Some(seconds) => seconds.parse().ok(),
            None => Reader(text.as_bytes()).date(),
        };
        seconds
            .and_then(Self::from_unix)
            .ok_or(ValueError::expected(
                "a date such as 2026-03-01 or 2026-03-01T12:30:00Z",
            ))
    }
}

/// The rest of a text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Parses a complete text as a date, in seconds since 1970.
    fn date(mut self) -> Option<i64> {
        let year = self.digits(4)?;
        let month = self
            .after(b"-")?
            .digits(2)
            .filter(|n| (1..=12).contains(n))?;
        let day = self.after(b"-")?.digits(2)?;
        let seconds = days(year, month, day) * DAY;
        // February 30 would become a day in March.
        let is_sound = Date(seconds).parts()[..3] == [year, month, day];
        let time = if self.after(b"Tt ").is_some() {
            self.time()?
        } else {
            0
        };
        (is_sound && self.0.is_empty()).then_some(seconds + time)
    }

    /// Parses a time of day with an offset, in seconds.
    fn time(&mut self) -> Option<i64> {
        let hour = self.digits(2).filter(|&n| n < 24)?;
        let minute = self.after(b":")?.digits(2).filter(|&n| n < 60)?;
        let mut second = 0;
        if self.after(b":").is_some() {
            // A leap second counts as the first second of the next minute.
            second = self.digits(2).filter(|&n| n <= 60)?;
            if self.after(b".").is_some() {
                while self.digits(1).is_some() {}
            }
        }
        let offset = if self.after(b"+").is_some() {
            self.offset()?
        } else if self.after(b"-").is_some() {
            -self.offset()?
        } else {
            self.after(b"Zz");
            0
        };
        Some(hour * 3600 + minute * 60 + second - offset)
    }

    fn offset(&mut self) -> Option<i64> {
        let hours = self.digits(2)?;
        self.after(b":");
        Some(hours * 3600 + self.digits(2).unwrap_or(0) * 60)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut number = 0;
        for digit in digits {
            number = number * 10 + i64::from(char::from(*digit).to_digit(10)?);
        }
        self.0 = rest;
        Some(number)
    }

    /// Skips the next byte, if it is one of these.
    fn after(&mut self, bytes: &[u8]) -> Option<&mut Self> {
        let (first, rest) = self.0.split_first()?;
        if !bytes.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(self)
    }
}

/// Writes the form of RFC 3339, which is also that of XMP.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.parts();
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_parsed_and_written_as_rfc_3339() {
        for (text, written) in [
            ("1970-01-01", "1970-01-01T00:00:00Z"),
            ("2026-03-01T12:30", "2026-03-01T12:30:00Z"),
            ("2026-03-01 12:30:15.250", "2026-03-01T12:30:15Z"),
            ("2024-02-29t23:59:60z", "2024-03-01T00:00:00Z"),
            ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
            ("2026-01-01T00:30:00-0130", "2026-01-01T02:00:00Z"),
            ("0000-01-01", "0000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            ("@1700000000", "2023-11-14T22:13:20Z"),
            ("@-1", "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), written, "{text}");
        }
    }

    #[test]
    fn invalid_dates_are_rejected() {
        for text in [
            "",
            "2026",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-01T",
            "2026-01-01T24:00",
            "2026-01-01T12:30:15Zulu",
            "9999-12-31T23:59:59-01:00",
            "@99999999999999",
            "next week",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_since_the_epoch_become_dates() {
        let mut date = days(0, 1, 1);
        for year in 0..10_000 {
            for month in 1..=12 {
                let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                let length = match month {
                    2 => 28 + i64::from(is_leap),
                    4 | 6 | 9 | 11 => 30,
                    _ => 31,
                };
                for day in [1, length] {
                    let seconds = (date + day - 1) * DAY;
                    assert_eq!(Date(seconds).parts()[..3], [year, month, day]);
                }
                date += length;
            }
        }
    }
}
