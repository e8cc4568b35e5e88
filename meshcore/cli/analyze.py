"""``meshcore analyze``: find what is wrong in documents before a request does."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from meshcore._version import __version__
from meshcore.cli.progress import Progress

if TYPE_CHECKING:
    from meshcore.analysis import Ignore, Report

__all__ = ["register"]

STDIN = "<stdin>"
NEVER = "never"


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "analyze",
        help="find mistakes in your documents",
        description="Validate documents of Istio, Kubernetes or Envoy, and find what is valid and yet wrong: "
        "references to nothing, rules that never match, subsets without workloads, and more. "
        "Codes that begin with IST are istioctl's.",
        epilog="Exit code: 0 if nothing was found that fails the run (see --fail-on), 1 if something was.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="YAML or JSON files, folders of them, or -")
    parser.add_argument(
        "-n", "--namespace", default="default", help="where documents are that name no namespace (default)"
    )
    parser.add_argument("--endpoints", metavar="FILE", help="addresses and labels of services")
    parser.add_argument("--mesh-config", metavar="FILE", help="the mesh configuration, or its ConfigMap")
    parser.add_argument(
        "--ignore",
        metavar="CODE[,CODE=Kind NS/NAME]",
        type=_ignore,
        action="extend",
        default=[],
        help="findings not to report, everywhere or about a resource (* and ? in its name); may be repeated",
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", NEVER),
        default="error",
        help="the mildest finding that makes the exit code 1 (default: %(default)s)",
    )
    parser.add_argument("--pedantic", action="store_true", help="report what is as often meant as not, too")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object")
    output.add_argument("--sarif", action="store_true", help="print SARIF 2.1.0, for code review tools")
    output.add_argument("--list", action="store_true", help="list all codes, and do nothing else")
    output.add_argument("--explain", metavar="CODE", help="explain a code, and do nothing else")
    parser.set_defaults(func=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Analyze what the command line names."""
    if args.list:
        return _list()
    if args.explain is not None:
        return _explain(args.explain)
    if not args.paths:
        args.parser.error("which documents? give files, folders, or - for standard input")
    from meshcore.analysis import analyze

    texts = {STDIN: sys.stdin.read()} if "-" in args.paths else {}
    with _Stages() as stages:
        report = analyze(
            [path for path in args.paths if path != "-"],
            texts=texts,
            namespace=args.namespace,
            endpoints=args.endpoints,
            mesh_config=args.mesh_config,
            ignore=args.ignore,
            pedantic=args.pedantic,
            progress=stages,
        )
    if args.json:
        print(json.dumps(report.to_json(), indent=2))
    elif args.sarif:
        from meshcore.analysis.sarif import to_sarif

        print(json.dumps(to_sarif(report, __version__), indent=2))
    else:
        _show(report)
    return 1 if args.fail_on != NEVER and _fails(report, args.fail_on) else 0


class _Stages:
    """Progress of one stage after another."""

    def __init__(self) -> None:
        self._stage = ""
        self._shown: Progress | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self.__exit__()
            self._stage, self._shown = stage, Progress(stage, total)
        if self._shown is not None:
            self._shown(done)

    def __enter__(self) -> _Stages:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._shown is not None:
            self._shown.__exit__(None, None, None)


def _fails(report: Report, fail_on: str) -> bool:
    from meshcore.config import Severity

    return report.fails(Severity(fail_on))


def _show(report: Report) -> None:
    from meshcore.cli.findings import FindingsView
    from meshcore.config import Severity

    view = FindingsView(sys.stdout, report.texts)
    for finding in report.findings:
        view.show(finding)
    parts = []
    for severity in Severity:
        count = report.count(severity)
        if count:
            plural = severity.value if count == 1 or severity is Severity.INFO else f"{severity.value}s"
            parts.append(view.paint(severity, f"{count} {plural}"))
    ignored = f", {report.ignored} ignored" if report.ignored else ""
    documents = f"{report.documents} document{'' if report.documents == 1 else 's'}"
    print(f"{', '.join(parts) or 'nothing found'}{ignored} in {documents}")


def _list() -> int:
    from meshcore.config.codes import CODES

    width = max(len(code.name) for code in CODES.values())
    for code in CODES.values():
        print(f"{code.code:<7}  {code.severity.value:<7}  {code.name:<{width}}  {code.summary}")
    return 0


def _explain(code: str) -> int:
    from meshcore.analysis.explain import explanation

    try:
        print(explanation(code).text(), end="")
    except ValueError as error:
        print(f"meshcore: error: {error}", file=sys.stderr)
        return 2
    return 0


def _ignore(text: str) -> list[Ignore]:
    from meshcore.analysis import Ignore

    try:
        return [Ignore.parse(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
