"""Every code is explained, and the examples show what they say they show."""

from __future__ import annotations

import pytest

from meshcore.analysis import analyze
from meshcore.analysis.explain import explanation
from meshcore.analysis.explanations import EXPLANATIONS
from meshcore.config.codes import CODES


def codes(text: str) -> set[str]:
    report = analyze(texts={"example.yaml": text}, pedantic=True)
    return {finding.code for finding in report.findings}


def test_every_code_is_explained() -> None:
    assert set(EXPLANATIONS) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_examples_are_what_they_are_said_to_be(code: str) -> None:
    text = explanation(code)
    assert text.why.endswith((".", ")"))
    assert code in codes(text.bad)
    assert code not in codes(text.good)
    invalid = {"IST0106", "MC1001", "MC1002"}
    assert not codes(text.good) & invalid
    if code != "IST0165":  # the name of such a Gateway is no name to refer to anyway
        assert not codes(text.bad) & (invalid - {code})


def test_an_unknown_code_is_refused_with_a_hint() -> None:
    with pytest.raises(ValueError, match="did you mean 'IST0101'"):
        explanation("IST101")
    assert explanation("ist0101").code.code == "IST0101"
