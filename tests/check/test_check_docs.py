"""What docs/check.md shows is what comes."""

from __future__ import annotations

import re
from pathlib import Path

from meshcore.check import Checker, Setting, read_tests
from meshcore.check.seen import READERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "check.md").read_text()


def test_the_example_passes(tmp_path: Path) -> None:
    (tmp_path / "shop.routes.yaml").write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1])  # type: ignore[index]
    (file,) = read_tests(tmp_path / "shop.routes.yaml")
    bookinfo = ROOT / "examples" / "bookinfo"
    paths = tuple(str(bookinfo / Path(path).name) for path in file.setting.paths)
    results = list(Checker(Setting(paths)).run(file.cases))
    assert [result.passed for result in results] == [True, True]


def test_every_expectation_is_described() -> None:
    table = PAGE[PAGE.index("## What can be expected") : PAGE.index("## Coverage")]
    rows = re.findall(r"^\| (`.*?) \|", table, re.M)
    described = {name for row in rows for name in re.findall("`(.*?)`", row)}
    assert described == {*READERS, "request_headers", "response_headers", "split"}
