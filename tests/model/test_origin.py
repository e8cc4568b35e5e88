"""Places in documents, as they are printed."""

from __future__ import annotations

import pytest

from meshcore.model import Origin


@pytest.mark.parametrize(("line", "text"), [(3, "a.yaml:3:7"), (0, "a.yaml")])
def test_what_was_given_as_a_mapping_has_no_line(line: int, text: str) -> None:
    assert str(Origin("a.yaml", line, 7 if line else 0)) == text
