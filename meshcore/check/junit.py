"""Results as JUnit XML, the form that build servers read.

After the schema that Jenkins and GitLab publish: ``testsuites/testsuite/testcase[/failure]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from meshcore.check.run import Result

__all__ = ["to_junit"]

#: What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(suites: Mapping[str, Iterable[tuple[Result, float]]]) -> str:
    """The results by file, each with the seconds that it took, as one XML document."""
    root = ElementTree.Element("testsuites", name="meshcore check")
    sums = [0, 0, 0.0]
    for file, timed in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", name=_text(file))
        count, failed, total = 0, 0, 0.0
        for result, seconds in timed:
            count, failed, total = count + 1, failed + (not result.passed), total + seconds
            _case(suite, file, result, seconds)
        _attributes(suite, count, failed, total)
        sums = [sums[0] + count, sums[1] + failed, sums[2] + total]
    _attributes(root, int(sums[0]), int(sums[1]), sums[2])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, file: str, result: Result, seconds: float) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=_text(result.case.name),
        classname=_text(file),
        file=_text(file),
        line=str(result.case.origin.line),
        time=f"{seconds:.6f}",
    )
    if not result.passed:
        lines = [line for failure in result.failures for line in failure.lines()]
        first = result.failures[0].differences[0]
        failure = ElementTree.SubElement(case, "failure", message=_text(first), type="difference")
        failure.text = _text("\n".join(lines))


def _attributes(element: ElementTree.Element, count: int, failed: int, seconds: float) -> None:
    element.set("tests", str(count))
    element.set("failures", str(failed))
    element.set("errors", "0")
    element.set("time", f"{seconds:.6f}")


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
