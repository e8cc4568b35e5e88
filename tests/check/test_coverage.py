"""Coverage counts what people wrote, each once."""

from __future__ import annotations

from pathlib import Path

from check_support import MESH, TABLE

from meshcore.check import Case, Checker, Coverage, Request, Setting
from meshcore.model import Origin

HERE = Origin("tests.yaml", 1, 1)


def coverage(folder: Path, config: str, *urls: tuple[str, str]) -> Coverage:
    (folder / "config.yaml").write_text(config)
    checker = Checker(Setting((str(folder / "config.yaml"),)))
    for authority, path in urls:
        checker.check(Case("it", HERE, (Request(path, authority),)))
    return checker.coverage()


def test_default_routes_of_services_do_not_count(tmp_path: Path) -> None:
    found = coverage(tmp_path, MESH, ("reviews", "/api/x"))
    assert (found.covered, found.total) == (1, 3)
    assert [route.name for route in found.missed()] == ["old", "split"]


def test_a_rule_in_several_tables_counts_once(tmp_path: Path) -> None:
    ports = MESH.replace("[{name: http, port: 9080}]", "[{name: http, port: 9080}, {name: http-b, port: 80}]")
    found = coverage(tmp_path, ports, ("reviews:80", "/api/x"), ("reviews:9080", "/old"))
    assert (found.covered, found.total) == (2, 3)


def test_all_routes_of_a_table_count(tmp_path: Path) -> None:
    found = coverage(tmp_path, TABLE, ("shop.example", "/ping"), ("shop.example", "/ping"))
    assert (found.covered, found.total, found.percent) == (1, 5, 20.0)


def test_without_routes_all_is_covered() -> None:
    assert Coverage().percent == 100.0


def test_configurations_are_added_up(tmp_path: Path) -> None:
    both = coverage(tmp_path, MESH, ("reviews", "/old"))
    (tmp_path / "b").mkdir()
    both.merge(coverage(tmp_path / "b", TABLE, ("shop.example", "/")))
    assert (both.covered, both.total) == (2, 8)
