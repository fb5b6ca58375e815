//! Moments written in the plainest form of ISO 8601; all other forms are left to Python's `datetime`.

/// Whole milliseconds since 1970 in UTC of `2026-11-24T08:30:00`, with a fraction of 3 or 6 digits or none, and `Z`, an offset
/// of hours and minutes, or no zone, which is UTC. None for any other form.
pub fn millis(written: &str) -> Option<f64> {
    let (moment, mut rest) = written.as_bytes().split_at_checked(19)?;
    if [moment[4], moment[7], moment[10], moment[13], moment[16]] != *b"--T::" {
        return None;
    }
    let (year, month, day) = (digits(&moment[..4])?, digits(&moment[5..7])?, digits(&moment[8..10])?);
    let (hour, minute, second) = (digits(&moment[11..13])?, digits(&moment[14..16])?, digits(&moment[17..19])?);
    if year < 1 || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut fraction = 0; // milliseconds, rounded down
    if let [b'.', others @ ..] = rest {
        let length = others.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length != 3 && length != 6 {
            return None;
        }
        fraction = digits(&others[..3])?;
        rest = &others[length..];
    }
    let offset = match rest {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if *sign == b'-' { -60 } else { 60 }
        }
        _ => return None,
    };
    let seconds = ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset;
    Some((seconds * 1000 + fraction) as f64)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970 to a day of the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let past = year - 1;
    let leap_days = past / 4 - past / 100 + past / 400;
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    past * 365 + leap_days + months + day - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn the_usual_forms() {
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0.0));
        assert_eq!(millis("2026-11-24T08:30:00.123456+05:30"), Some(1_795_489_200_123.0));
        assert_eq!(millis("2024-02-29T23:59:59"), Some(1_709_251_199_000.0));
        assert_eq!(millis("1969-12-31T23:59:59.999Z"), Some(-1.0));
    }

    #[test]
    fn other_forms_are_left_to_python() {
        for written in
            ["2026-11-24", "2026-02-29T00:00:00", "2026-11-24T24:00:00", "2026-11-24T08:30:00z", " 2026-11-24T08:30:00"]
        {
            assert_eq!(millis(written), None, "{written}");
        }
    }
}
