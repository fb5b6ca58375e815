"""docs/metrics.md, made of the catalogue by `make schemas`; a test fails when what is committed differs."""

from __future__ import annotations

from collections.abc import Iterator

from presswatch.metrics import CATALOGUE, Label, Metric


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield "Made from the catalogue in services/presswatch/metrics.py by `make schemas`. Every process serves them at `/metrics`; what to"
    yield "watch, and which alerts rest on them, stands in [operations](operations/README.md)."
    yield ""
    yield "Counters are queried by `rate(...)`, histograms by `NAME_bucket`, `NAME_sum` and `NAME_count`. A label takes only words that the"
    yield "code, a library or the desk's own files fix, so the number of series is bounded: the last column says how many one process can have."
    yield ""
    yield "| metric | type | unit | labels | meaning | series |"
    yield "|---|---|---|---|---|---|"
    for metric in CATALOGUE.values():
        yield _row(metric)
    yield ""
    yield "`*`: there is no sample until something goes wrong."
    yield ""
    yield "## Labels"
    for name, labels in _labels().items():
        for label in labels:
            words = (
                f": {', '.join(f'`{value}`' for value in label.values)}" if label.values else f", at most {label.bound}"
            )
            yield f"- `{name}`: {label.meaning}{words}"


def _row(metric: Metric) -> str:
    star = " `*`" if metric.on_trouble else ""
    labels = ", ".join(f"`{label.name}`" for label in metric.labels)
    return (
        f"| `{metric.name}`{star} | {metric.kind} | {metric.unit} | {labels} | {metric.meaning} | {metric.series:,} |"
    )


def _labels() -> dict[str, list[Label]]:
    found: dict[str, list[Label]] = {}
    for metric in CATALOGUE.values():
        for label in metric.labels:
            if label not in found.setdefault(label.name, []):
                found[label.name].append(label)
    return found
