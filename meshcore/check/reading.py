"""Files of tests: which format a file has, and its tests."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from meshcore._route_tests import PATTERNS
from meshcore.check.case import Case
from meshcore.check.formats.config_validator import read_config_validator
from meshcore.check.formats.native import read_native
from meshcore.check.formats.router_check import read_router_check
from meshcore.check.setting import Setting
from meshcore.config.documents import files_of, read_path
from meshcore.config.findings import Findings
from meshcore.config.tree import Document, MappingNode, SequenceNode, describe

__all__ = ["TestFile", "read_tests"]


@dataclass(frozen=True, slots=True)
class TestFile:
    """The tests of one file, and what it says of the configuration (only our own format says anything)."""

    __test__ = False  # pytest: no class of tests

    path: str
    cases: tuple[Case, ...]
    setting: Setting


def read_tests(path: str | os.PathLike[str]) -> list[TestFile]:
    """The tests of a file (one entry for each of its documents), or of the files of a folder.

    Where files of a folder are named as those of tests are (``*.routes.yaml``), others are left alone.

    Raises:
        meshcore.config.ConfigError: with all that is wrong in them, by position.
    """
    findings = Findings()
    documents = [document for file in _files(Path(path), findings) for document in read_path(file, findings)]
    read = (_read(document, findings) for document in documents)
    files = [file for file in read if file is not None]
    findings.raise_errors()
    if not files:
        findings.error(str(path), "", "there is no test in it")
        findings.raise_errors()
    return files


def _files(path: Path, findings: Findings) -> list[Path]:
    files = list(files_of(path, findings))
    named = [file for file in files if any(fnmatch(file.name, pattern) for pattern in PATTERNS)]
    return named if named and path.is_dir() else files


def _read(document: Document, findings: Findings) -> TestFile | None:
    root = document.root
    if not isinstance(root, MappingNode):
        findings.error(root, "", found=describe(root), expected="a mapping with tests")
        return None
    if "testCases" in root.entries or "test_cases" in root.entries:
        cases, setting = read_config_validator(root, findings), Setting()
    elif _is_router_check(root):
        cases, setting = read_router_check(root, findings), Setting()
    elif "tests" in root.entries:
        native = read_native(root, findings)
        setting, cases = native if native is not None else (Setting(), None)
    else:
        expected = "tests (ours, or router_check_tool's) or testCases (istio-config-validator's)"
        findings.error(
            root, "", found=f"a mapping of {', '.join(root.entries) or 'nothing'}", expected=expected
        )
        return None
    return None if cases is None else TestFile(document.file, tuple(cases), setting)


def _is_router_check(root: MappingNode) -> bool:
    """Its tests have names of their own for everything."""
    tests = root.get("tests")
    if not isinstance(tests, SequenceNode):
        return False
    keys = {key for test in tests if isinstance(test, MappingNode) for key in test.entries}
    return bool(keys & {"test_name", "testName", "input", "validate"})
