"""The table of codes: well formed, and in step with what istioctl calls them."""

from __future__ import annotations

import re

from meshcore.config import Severity
from meshcore.config.codes import CODES, severity_of


def test_codes_are_well_formed_and_in_order() -> None:
    assert list(CODES) == sorted(CODES)
    for code, entry in CODES.items():
        assert re.fullmatch(r"IST0\d{3}|MC1\d{3}", code)
        assert entry.code == code
        assert re.fullmatch(r"([A-Z][A-Za-z0-9]*)+", entry.name)
        assert entry.summary.endswith(".")
    names = [entry.name for entry in CODES.values()]
    assert len(names) == len(set(names))


def test_severities_are_istioctls() -> None:
    assert severity_of("IST0101") is Severity.ERROR
    assert severity_of("IST0118") is Severity.INFO
    assert severity_of("IST0132") is Severity.WARNING
