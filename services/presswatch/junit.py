"""What became of examples as JUnit XML, which build servers show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from xml.etree import ElementTree as ET

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped (https://www.w3.org/TR/xml/#charsets)."""


class Case(NamedTuple):
    """One test: `kind` is None if it passed, else failure or error, with a message in one line and the details."""

    group: str
    name: str
    kind: str | None = None
    message: str = ""
    details: str = ""
    file: str = ""
    line: int = 0


def report(name: str, cases: Iterable[Case]) -> bytes:
    """Return a report of one suite, in UTF-8."""
    cases = list(cases)
    totals = {
        "tests": str(len(cases)),
        "failures": str(sum(case.kind == "failure" for case in cases)),
        "errors": str(sum(case.kind == "error" for case in cases)),
    }
    root = ET.Element("testsuites", totals)
    suite = ET.SubElement(root, "testsuite", {"name": name, **totals})
    for case in cases:
        where = {"file": _clean(case.file), "line": str(case.line)} if case.file else {}
        element = ET.SubElement(
            suite, "testcase", {"classname": _clean(case.group), "name": _clean(case.name), **where}
        )
        if case.kind:
            told = ET.SubElement(element, case.kind, {"message": _clean(case.message)})
            told.text = _clean(case.details)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
