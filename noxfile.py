"""Sessions: ``nox`` runs the tests on every interpreter that is present, lint and the C checks.

nox -s tests-3.12      the tests on one interpreter
nox -s c               the C unit tests, plain and under sanitizers
nox -s bench           the benches, with their peers
"""

import shutil

import nox

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]

nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests", "lint", "c"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """pytest on an installed wheel."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff and mypy --strict."""
    session.install("-e", ".[lint,test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(venv_backend="none")
def c(session: nox.Session) -> None:
    """The C unit tests and fuzz targets; they need make and a C compiler alone."""
    for sanitizers in ("", "address,undefined", "thread"):
        session.run("make", "-C", "src_c", "check", f"SAN={sanitizers}", external=True)
    session.run("make", "-C", "src_c", "fuzz", external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """The benches; see benches/README.md for how to read them."""
    session.install(".[bench]")
    session.run("python", "-m", "benches", *session.posargs)
    if shutil.which("valgrind"):
        session.run("python", "benches/callgrind_decide.py")
        session.run("python", "benches/callgrind_exchange.py")
