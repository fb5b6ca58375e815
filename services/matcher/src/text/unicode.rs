//! Character properties as Python's `str` methods know them.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// `str.isalpha`: a letter by its general category.
pub fn is_alpha(ch: char) -> bool {
    if ch.is_ascii() { ch.is_ascii_alphabetic() } else { ch.general_category_group() == GeneralCategoryGroup::Letter }
}

/// `str.isalnum`: a letter or a number of any kind.
pub fn is_alnum(ch: char) -> bool {
    if ch.is_ascii() {
        return ch.is_ascii_alphanumeric();
    }
    matches!(ch.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

/// A combining mark: general category M.
pub fn is_mark(ch: char) -> bool {
    ch >= '\u{300}' && ch.general_category_group() == GeneralCategoryGroup::Mark
}

/// `str.isspace`.
pub fn is_space(ch: char) -> bool {
    ch.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&ch)
}

/// The general category, such as [`GeneralCategory::UppercaseLetter`].
pub fn category(ch: char) -> GeneralCategory {
    ch.general_category()
}
