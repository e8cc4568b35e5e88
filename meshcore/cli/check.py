"""``meshcore check``: run route tests on a configuration."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshcore.cli.options import add_config_arguments, config_source
from meshcore.model.printable import printable

if TYPE_CHECKING:
    from meshcore.check import Coverage, Result, Setting, TestFile

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "check",
        help="run route tests on your configuration",
        description="Run tests of routes: which request takes which route, and what becomes of it. "
        "No server is needed. Files of Envoy's router_check_tool and of istio-config-validator are read too.",
        epilog="Exit code: 0 if every test passed, 1 if one failed or too few routes are covered.",
    )
    parser.add_argument("tests", nargs="+", metavar="TESTS", help="a file of tests, or a folder of them")
    add_config_arguments(parser, required=False)
    parser.add_argument("-v", "--verbose", action="store_true", help="name the tests that passed, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML")
    parser.add_argument(
        "--coverage",
        action="store_true",
        help="print how many of the routes the tests reach, and list the rest",
    )
    parser.add_argument(
        "--fail-under",
        metavar="PERCENT",
        type=_percent,
        help="fail if the tests reach a smaller share of the routes",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run the tests of the command line."""
    from meshcore.check import Checker, Coverage, read_tests

    checkers: dict[Setting, Checker] = {}
    suites: dict[str, list[tuple[Result, float]]] = {}
    for file in (file for path in args.tests for file in read_tests(path)):
        setting = _setting(args, file)
        if not setting.paths:
            name = file.path
            print(f"meshcore: error: which configuration? give -c, or config: in {name}", file=sys.stderr)
            return 2
        if setting not in checkers:
            checkers[setting] = Checker(setting)
        timed = suites.setdefault(file.path, [])
        for case in file.cases:
            began = time.perf_counter()
            result = checkers[setting].check(case)
            timed.append((result, time.perf_counter() - began))
    coverage = Coverage()
    for checker in checkers.values():
        coverage.merge(checker.coverage())
    if args.junit:
        from meshcore.check.junit import to_junit

        Path(args.junit).write_text(to_junit(suites), encoding="utf-8")
    results = [result for timed in suites.values() for result, _ in timed]
    if not all(result.passed for result in results):
        for warning in dict.fromkeys(str(it) for checker in checkers.values() for it in checker.warnings):
            print(warning, file=sys.stderr)
    short = args.fail_under is not None and coverage.percent < args.fail_under
    if args.json:
        json.dump(_json(results, coverage), sys.stdout, indent=2)
        print()
    else:
        _print(results, verbose=args.verbose)
        if args.coverage or args.fail_under is not None:
            _print_coverage(coverage, args.fail_under, listed=args.coverage or short)
    return 1 if short or not all(result.passed for result in results) else 0


def _setting(args: argparse.Namespace, file: TestFile) -> Setting:
    """What the file says, unless the command line names another configuration."""
    from meshcore.check import Setting

    if not args.paths:
        return file.setting
    source = config_source(args)
    return Setting(
        source.paths,
        source.node.namespace,
        tuple(source.node.labels.items()),
        source.node.gateway,
        source.endpoints,
        source.mesh_config,
        source.ignore_kinds,
    )


def _print(results: list[Result], *, verbose: bool) -> None:
    for result in results:
        place = f"{result.case.origin.file}:{result.case.origin.line}"
        if not result.passed:
            print(printable(f"FAILED {place}: {result.case.name}"))
            for failure in result.failures:
                print("\n".join(f"  {line}" for line in failure.lines()))
        elif verbose:
            print(printable(f"ok     {place}: {result.case.name}"))
    failed = sum(not result.passed for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")


def _print_coverage(coverage: Coverage, least: float | None, *, listed: bool) -> None:
    wanted = "" if least is None else f", at least {least:g} % wanted"
    print(f"{coverage.covered} of {coverage.total} routes covered: {coverage.percent:.1f} %{wanted}")
    for route in coverage.missed() if listed else ():
        name = f"{route.name}, " if route.name else ""
        print(printable(f"  not covered: {name}{route.origin or 'a route without a place'}"))


def _json(results: list[Result], coverage: Coverage) -> dict[str, Any]:
    failed = [result for result in results if not result.passed]
    return {
        "passed": len(results) - len(failed),
        "failed": len(failed),
        "tests": [
            {
                "name": result.case.name,
                "file": result.case.origin.file,
                "line": result.case.origin.line,
                "passed": result.passed,
                "failures": [
                    {
                        "request": str(failure.request),
                        "differences": list(failure.differences),
                        "route": failure.route,
                        "rule": str(failure.rule) if failure.rule else None,
                    }
                    for failure in result.failures
                ],
            }
            for result in results
        ],
        "coverage": {
            "routes": coverage.total,
            "covered": coverage.covered,
            "percent": round(coverage.percent, 2),
            "missed": [{"route": it.name, "place": str(it.origin)} for it in coverage.missed()],
        },
    }


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage; write a number from 0 to 100")
    return value
