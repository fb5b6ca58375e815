"""JUnit XML that any reader takes, whatever stands in the examples."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from presswatch.junit import Case, report

TEXT = st.text(st.characters(codec=None, categories=None))


def test_counts_and_places() -> None:
    cases = [
        Case("a", "1"),
        Case("a", "2", "failure", "no & <no>", "why", "a.yaml", 3),
        Case("b", "1", "error", "broken"),
    ]
    (suite,) = ET.fromstring(report("rules", cases))
    assert suite.attrib == {"name": "rules", "tests": "3", "failures": "1", "errors": "1"}
    assert [(case.attrib["classname"], case.attrib["name"]) for case in suite] == [("a", "1"), ("a", "2"), ("b", "1")]
    assert suite[1].attrib["line"] == "3"
    assert suite[1][0].attrib["message"] == "no & <no>"
    assert (suite[1][0].tag, suite[2][0].tag) == ("failure", "error")


@given(st.lists(TEXT, min_size=5, max_size=5))
def test_any_text_gives_xml(texts: list[str]) -> None:
    group, name, message, details, file = texts
    (suite,) = ET.fromstring(report("rules", [Case(group, name, "failure", message, details, file, 1)]))
    kept = all(" " <= ch < "\ud800" for ch in message)
    assert not kept or suite[0][0].attrib["message"] == message
