//! Syntax trees: from the classes of `presswatch.core.rules.model` to `rules::model`.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use unicode_normalization::UnicodeNormalization;

use super::text::read;
use crate::rules::model::{Bound as RangeBound, Meta, Near, Node, Phrase, Range, Raw, Slot, Test, TextField};
use crate::text::fold_value;

/// Read a tree.
///
/// # Errors
///
/// `TypeError`: it holds something that is no node.
pub fn node(tree: &Bound<'_, PyAny>) -> PyResult<Node> {
    let class = tree.get_type().name()?;
    Ok(match class.to_str()? {
        "Phrase" => {
            let slots = tree.getattr("slots")?.cast_into::<PyTuple>()?;
            Node::Phrase(Phrase {
                slots: slots.iter().map(|tests| slot(&tests)).collect::<PyResult<_>>()?,
                written: string(tree, "written")?.into(),
                field: field(tree)?,
                slop: tree.getattr("slop")?.extract()?,
            })
        }
        "Raw" => Node::Raw(Raw {
            literal: string(tree, "literal")?.nfc().collect(),
            written: string(tree, "written")?.into(),
            field: field(tree)?,
        }),
        "Meta" => Node::Meta(Meta {
            name: string(tree, "name")?.into(),
            value: string(tree, "value")?.into(),
            prefix: tree.getattr("prefix")?.extract()?,
            written: string(tree, "written")?.into(),
        }),
        "Range" => Node::Range(Range {
            name: number_name(&string(tree, "name")?).into(),
            lower: bound(&tree.getattr("lower")?)?,
            upper: bound(&tree.getattr("upper")?)?,
            written: string(tree, "written")?.into(),
        }),
        "And" => Node::And(clauses(tree)?),
        "Or" => match tree.getattr("listed")?.extract::<Option<String>>()? {
            None => Node::Or(clauses(tree)?),
            Some(name) => Node::Listed(name.into(), clauses(tree)?.into()),
        },
        "Not" => Node::Not(Box::new(node(&tree.getattr("clause")?)?)),
        "Near" => Node::Near(Box::new(Near {
            left: node(&tree.getattr("left")?)?,
            right: node(&tree.getattr("right")?)?,
            distance: tree.getattr("distance")?.extract()?,
            ordered: tree.getattr("ordered")?.extract()?,
        })),
        "AtLeast" => Node::AtLeast(tree.getattr("number")?.extract()?, clauses(tree)?),
        "Count" => Node::Count(tree.getattr("number")?.extract()?, Box::new(node(&tree.getattr("operand")?)?)),
        other => return Err(PyTypeError::new_err(format!("{other} is no node of a rule"))),
    })
}

/// The name of a number, a topic in it folded.
fn number_name(name: &str) -> String {
    name.strip_prefix("score.").map_or_else(|| name.to_owned(), |topic| format!("score.{}", fold_value(topic)))
}

fn clauses(tree: &Bound<'_, PyAny>) -> PyResult<Vec<Node>> {
    tree.getattr("clauses")?.cast_into::<PyTuple>()?.iter().map(|clause| node(&clause)).collect()
}

fn slot(tests: &Bound<'_, PyAny>) -> PyResult<Slot> {
    tests.cast::<PyTuple>()?.iter().map(|test| self::test(&test)).collect()
}

fn test(test: &Bound<'_, PyAny>) -> PyResult<Test> {
    let class = test.get_type().name()?;
    Ok(match class.to_str()? {
        "Exact" => Test::Exact(string(test, "token")?.into()),
        "Prefix" => Test::Prefix(string(test, "prefix")?.into()),
        "Wildcard" => Test::Wildcard(string(test, "pattern")?.into()),
        other => return Err(PyTypeError::new_err(format!("{other} is no test of a token"))),
    })
}

fn field(leaf: &Bound<'_, PyAny>) -> PyResult<Option<TextField>> {
    Ok(leaf.getattr("field")?.extract::<Option<String>>()?.map(|name| match name.as_str() {
        "title" => TextField::Title,
        _ => TextField::Text,
    }))
}

fn bound(bound: &Bound<'_, PyAny>) -> PyResult<Option<RangeBound>> {
    if bound.is_none() {
        return Ok(None);
    }
    Ok(Some(RangeBound {
        value: bound.getattr("value")?.extract()?,
        inclusive: bound.getattr("inclusive")?.extract()?,
    }))
}

fn string(object: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    Ok(read(&object.getattr(name)?.cast_into::<PyString>()?)?.into_owned())
}
