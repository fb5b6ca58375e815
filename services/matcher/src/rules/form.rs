//! The whole of a tree as JSON, so that trees can be compared with those of another parser.

use std::fmt::Write;

use super::model::{Bound, Node, TextField};

/// Write a tree as nested arrays: the name of each node's class, then its parts in the order of
/// `presswatch/core/rules/model.py`.
pub fn json(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write(node: &Node, out: &mut String) {
    match node {
        Node::Phrase(phrase) => {
            out.push_str("[\"Phrase\",");
            list(&phrase.slots, out, |slot, out| {
                list(slot, out, |test, out| {
                    use super::model::Test::{Exact, Prefix, Wildcard};
                    let (class, text) = match test {
                        Exact(text) => ("Exact", text),
                        Prefix(text) => ("Prefix", text),
                        Wildcard(text) => ("Wildcard", text),
                    };
                    let _ = write!(out, "[\"{class}\",");
                    string(text, out);
                    out.push(']');
                });
            });
            out.push(',');
            string(&phrase.written, out);
            field(phrase.field, out);
            let _ = match phrase.slop {
                Some(slop) => write!(out, ",{slop}]"),
                None => write!(out, ",null]"),
            };
        }
        Node::Raw(raw) => {
            out.push_str("[\"Raw\",");
            string(&raw.literal, out);
            out.push(',');
            string(&raw.written, out);
            field(raw.field, out);
            out.push(']');
        }
        Node::Meta(meta) => {
            out.push_str("[\"Meta\",");
            string(&meta.name, out);
            out.push(',');
            string(&meta.value, out);
            let _ = write!(out, ",{},", meta.prefix);
            string(&meta.written, out);
            out.push(']');
        }
        Node::Range(range) => {
            out.push_str("[\"Range\",");
            string(&range.name, out);
            bound(range.lower, out);
            bound(range.upper, out);
            out.push(',');
            string(&range.written, out);
            out.push(']');
        }
        Node::And(clauses) => joined("And", clauses, out),
        Node::Or(clauses) => joined("Or", clauses, out),
        Node::Listed(name, terms) => {
            out.push_str("[\"Listed\",");
            string(name, out);
            out.push(',');
            list(terms, out, write);
            out.push(']');
        }
        Node::Not(clause) => joined("Not", std::slice::from_ref(clause.as_ref()), out),
        Node::Near(near) => {
            let _ = write!(out, "[\"Near\",{},{},", near.distance, near.ordered);
            write(&near.left, out);
            out.push(',');
            write(&near.right, out);
            out.push(']');
        }
        Node::AtLeast(number, clauses) => {
            let _ = write!(out, "[\"AtLeast\",{number},");
            list(clauses, out, write);
            out.push(']');
        }
        Node::Count(number, operand) => {
            let _ = write!(out, "[\"Count\",{number},");
            write(operand, out);
            out.push(']');
        }
    }
}

fn joined(class: &str, clauses: &[Node], out: &mut String) {
    let _ = write!(out, "[\"{class}\",");
    list(clauses, out, write);
    out.push(']');
}

fn list<T>(items: &[T], out: &mut String, mut each: impl FnMut(&T, &mut String)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(']');
}

fn field(field: Option<TextField>, out: &mut String) {
    let _ = match field {
        Some(field) => write!(out, ",\"{}\"", field.name()),
        None => write!(out, ",null"),
    };
}

fn bound(bound: Option<Bound>, out: &mut String) {
    let _ = match bound {
        Some(bound) => write!(out, ",[{:?},{}]", bound.value, bound.inclusive),
        None => write!(out, ",null"),
    };
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for ch in text.chars() {
        match ch {
            '"' | '\\' => out.extend(['\\', ch]),
            ch if ch < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(ch));
            }
            ch => out.push(ch),
        }
    }
    out.push('"');
}
