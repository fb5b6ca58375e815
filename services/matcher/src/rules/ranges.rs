//! Ranges over `published`, `words` and `score.<topic>`. The twin of `presswatch/core/rules/ranges.py`.

use compact_str::{CompactString, format_compact};

use super::Rejected;
use super::model::{Bound, Range};
use crate::text::fold_value;
use crate::text::unicode::is_space;

const DAY_MS: f64 = 86_400_000.0;

/// Whether this field is compared as a number or a day.
pub fn is_range_field(name: &str) -> bool {
    name == "published" || name == "words" || name.starts_with("score.")
}

/// The leaf for what stands after the colon.
pub fn read_range(name: &str, written: &str) -> Result<Range, Rejected> {
    let (lower, upper) = if written.starts_with(['[', '{']) && written.ends_with([']', '}']) && written.len() > 1 {
        bracketed(name, written)?
    } else if let Some((above, inclusive, text)) = comparison(written) {
        let bound = Some(bound(name, value(name, text)?, above, inclusive));
        if above { (bound, None) } else { (None, bound) }
    } else {
        let value = value(name, written)?;
        (Some(bound(name, value, true, true)), Some(bound(name, value, false, true)))
    };
    let folded: CompactString = match name.strip_prefix("score.") {
        Some(topic) => format_compact!("score.{}", fold_value(topic)),
        None => name.into(),
    };
    Ok(Range { name: folded, lower, upper, written: format_compact!("{name}:{written}") })
}

fn bracketed(name: &str, written: &str) -> Result<(Option<Bound>, Option<Bound>), Rejected> {
    let mut ends = written[1..written.len() - 1].split(is_space).filter(|part| !part.is_empty());
    let (Some(low), Some("TO"), Some(high), None) = (ends.next(), ends.next(), ends.next(), ends.next()) else {
        return Err(Rejected);
    };
    let read = |text: &str, lower: bool, inclusive: bool| -> Result<Option<Bound>, Rejected> {
        if text == "*" { Ok(None) } else { Ok(Some(bound(name, value(name, text)?, lower, inclusive))) }
    };
    let lower = read(low, true, written.starts_with('['))?;
    let upper = read(high, false, written.ends_with(']'))?;
    if let (Some(low), Some(high)) = (lower, upper)
        && !holds_anything(name, low, high)
    {
        return Err(Rejected);
    }
    Ok((lower, upper))
}

/// The sign and the value of `>=0.8`: whether it is a lower bound, whether inclusive, the text of the value.
fn comparison(written: &str) -> Option<(bool, bool, &str)> {
    let above = written.starts_with('>');
    if !above && !written.starts_with('<') {
        return None;
    }
    let (inclusive, rest) = match written[1..].strip_prefix('=') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, &written[1..]),
    };
    if rest.is_empty() { None } else { Some((above, inclusive, rest.trim_start_matches(is_space))) }
}

/// `[` and `>=` begin with the day, `]` and `<=` include it whole, `}` and `<` end before it, `{` and `>` begin after it.
fn bound(name: &str, value: f64, lower: bool, inclusive: bool) -> Bound {
    if name != "published" {
        return Bound { value, inclusive };
    }
    let begins_at_day = lower == inclusive;
    Bound { value: if begins_at_day { value } else { value + DAY_MS }, inclusive: lower }
}

#[expect(clippy::float_cmp, reason = "bounds are as written: equal or not")]
fn holds_anything(name: &str, lower: Bound, upper: Bound) -> bool {
    if name == "words" {
        let excluded = |bound: Bound| f64::from(u8::from(!bound.inclusive));
        return lower.value + excluded(lower) <= upper.value - excluded(upper);
    }
    lower.value < upper.value || (lower.value == upper.value && lower.inclusive && upper.inclusive)
}

fn value(name: &str, written: &str) -> Result<f64, Rejected> {
    let text = match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner,
        None => written,
    };
    match name {
        "published" => day_ms(text),
        "words" => {
            let whole = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
            if whole { text.parse().map_err(|_| Rejected) } else { Err(Rejected) }
        }
        _ => {
            let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
            let digits = |part: &str, most: usize| part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
            let shape = digits(whole, 3)
                && match decimals {
                    Some(part) => !part.is_empty() && digits(part, 15),
                    None => !whole.is_empty(),
                };
            let score: f64 = if shape { text.parse().map_err(|_| Rejected)? } else { return Err(Rejected) };
            if score <= 1.0 { Ok(score) } else { Err(Rejected) }
        }
    }
}

/// The first millisecond of a day in UTC, since 1970.
fn day_ms(text: &str) -> Result<f64, Rejected> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(
            |(at, byte)| {
                if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() }
            },
        );
    if !shape {
        return Err(Rejected);
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap_or(0);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => 0,
    };
    if year < 1 || day < 1 || day > length {
        return Err(Rejected);
    }
    // days from civil (Howard Hinnant): years begin with March, so the leap day is the last
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Ok(days as f64 * DAY_MS)
}
