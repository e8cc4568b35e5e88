"""Who may use whom, in C and in Python, and what the core must not contain."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "src_c"
PACKAGE = ROOT / "meshcore"

#: Every folder of the core may include itself, base and the public headers; these may include more.
C_ALLOWED = {
    "balance": {"upstream"},
    "upstream": {"circuit", "concurrency", "shared"},
    "limit": {"shared"},
    "outlier": {"upstream"},
    "edit": {"match"},
    "policy": {"match", "edit"},
    "engine": {
        "match",
        "edit",
        "upstream",
        "balance",
        "outlier",
        "circuit",
        "concurrency",
        "limit",
        "shared",
        "trace",
        "policy",
    },
}

#: What each part of the package may import of the others. Every part may import itself.
BINDINGS = {"match", "balance", "split", "circuit", "concurrency", "outlier", "limit", "trace"}
#: State that processes share, for whoever takes it.
SHARING = {"shared", "_mapping"}
#: What the bindings share: the C declarations, specs made of the model, requests made of Python objects.
SHARED = {
    "_action_spec",
    "_block",
    "_breakers",
    "_called",
    "_core",
    "_circuit",
    "_clock",
    "_cluster_spec",
    "_concurrency",
    "_concurrency_spec",
    "_concurrency_status",
    "_edit_spec",
    "_ejections",
    "_exchange_spec",
    "_fault_spec",
    "_failures",
    "_fastcall",
    "_given",
    "_hosts",
    "_http_spec",
    "_limit",
    "_match_spec",
    "_near",
    "_options",
    "_outlier",
    "_outlier_spec",
    "_outlier_status",
    "_pattern_text",
    "_policy_spec",
    "_rate_limit_spec",
    "_report",
    "_spec",
    "_request",
    "_sealed",
    "_serving",
    "_shape",
    "_snapshot",
    "_standing",
    "_status",
    "_timeouts",
    "_trace",
    "_trace_extract",
    "_trace_formats",
    "_trace_ids",
    "_trace_inject",
    "_trace_lines",
    "_trace_texts",
    "_types",
}
#: What keeps large object graphs from holding up other threads: it knows nothing of what they are.
MEMORY = {"_memory", "_disposal", "_breathe"}
#: How messages look on the wire: it knows nothing of what they say.
WIRE = {"_protobuf", "_grpc_health"}
SERVING = {
    "model",
    "certificates",
    "config",
    "decision",
    "engine",
    "exchange",
    "explain",
    "health",
    "ink",
    "membership",
    "rate_limits",
    "runtime",
    "shared",
    "_near",
    "_options",
    "_tracers",
    "_version",
} | BINDINGS
PYTHON_ALLOWED: dict[str, set[str]] = {
    "_docstrings": set(),  # of the build
    "_version": set(),
    "_options": set(),
    "model": set(),
    **dict.fromkeys(MEMORY, MEMORY),
    "_protobuf": set(),
    "_grpc_health": {"_protobuf"},
    **{name: {"model"} | SHARED | MEMORY | SHARING for name in (BINDINGS | SHARED) - {"_near", "_options"}},
    "_near": set(),
    "_mapping": SHARED,
    "shared": {"_mapping", "_options", "_backend"},
    "_serving": {"model", "membership"} | SHARED,
    **dict.fromkeys(["_path_template", "_regex"], SHARED),
    # RouteTable takes a document as well as the model.
    "match": {"_path_template", "_regex", "model", "config"} | SHARED,
    "config": {"_near", "_options", "model", "match"} | MEMORY,
    "ink": {"model"},
    "_route_tests": set(),
    "orca": set(),
    "explain": {"model", "config", "ink", "match"},
    "exchange": {"_per_loop", "decision"} | SHARED,
    "decision": {"explain", "_explain", "_limited", "_mirror", "model", "rate_limits"} | SHARED,
    "_explain": {"explain", "decision", "_limited"} | SHARED,
    "_sampled": {"decision"} | SHARED,
    "_limited": {"decision", "rate_limits"} | SHARED,
    "rate_limits": {"model"},
    "membership": {"model"},
    "_report": {"orca"} | SHARED,
    "_mirror": {"decision"} | SHARED,
    "_pick": SHARED,
    "engine": {"model", "config", "decision", "explain", "_explain", "_mirror", "_pick", "membership"}
    | BINDINGS
    | SHARED
    | SHARING,
    "runtime": {"model", "engine"} | BINDINGS,
    "discovery": {"_options", "model", "engine"},
    "certificates": {"model"},
    "watching": {"_turns", "config", "model"},
    "context": {"decision", "trace", "_opentelemetry", "_options", "_trace", "_tracers", "_types"},
    "_opentelemetry": {"trace"},
    "_tracers": {"model", "trace", "_trace", "_types"},
    "mesh": SERVING | {"_aside", "_per_loop", "context", "discovery", "telemetry", "upstream", "watching"},
    "upstream": {
        "_tracers",
        "model",
        "engine",
        "certificates",
        "decision",
        "global_limit",
        "rate_limits",
    }
    | MEMORY,
    "health": {"_near", "_options", "model", "engine", "match", "certificates", "upstream"} | WIRE,
    "listening": set(),
    "global_limit": {"_options", "_version", "model", "config", "limit", "_limit", "listening"}
    | {"shared", "telemetry"}
    | WIRE,
    "_backend": set(),
    "_cffi": {"model", "config", "_circuit", "_concurrency", "_failures", "_hosts", "_options"}
    | {"_limit", "_outlier", "shared", "_trace"},
    "__init__": SERVING | {"_backend", "_circuit", "_concurrency", "context", "mesh"},
    "integrations": SERVING
    | {"_aside", "_core", "_per_loop", "_request", "_sampled", "_sealed", "_trace", "_tracers"}
    | {"_block", "_clock", "_fastcall", "_opentelemetry"}
    | {"_serving", "_snapshot", "_trace_extract", "_trace_formats"}
    | {"context", "discovery", "mesh", "telemetry", "upstream"},
    "telemetry": SERVING,
    "analysis": {"model", "config", "match"},
    "replay": SERVING | {"analysis"},
    "check": SERVING | {"_route_tests"},
    "pytest_plugin": SERVING | {"_route_tests", "check"},
    "sampling": SERVING | {"check"},
    "diff": SERVING | {"check"},
    "proxy": SERVING | {"discovery", "listening", "telemetry", "upstream", "watching"},
    "demo": SERVING | {"proxy", "telemetry"},
    "reloading": {"model", "watching"},
    "_aside": {"_per_loop"},
    "_per_loop": set(),
    "_turns": set(),
    "cli": SERVING
    | {"analysis", "check", "demo", "diff", "discovery", "global_limit", "listening", "proxy", "reloading"}
    | {"replay", "sampling", "telemetry", "upstream", "watching"},
    "__main__": {"cli"},
}

C_FILES = sorted(path for path in CORE.rglob("*.[ch]") if "build" not in path.relative_to(CORE).parts)
PYTHON_FILES = sorted(
    path for pattern in ("*.py", "*.pyx", "*.pxd", "*.pyi") for path in PACKAGE.rglob(pattern)
)


def is_platform(path: Path) -> bool:
    """platform.c and what stands beside it: what the machine gives."""
    return path.parent == CORE and path.stem.startswith("platform")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def without_comments(code: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", code, flags=re.S)


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', without_comments(path.read_text()), flags=re.M)


@pytest.mark.parametrize("path", C_FILES, ids=relative)
def test_c_includes_keep_their_direction(path: Path) -> None:
    folder = path.relative_to(CORE).parts[0] if path.parent != CORE else ""
    allowed = {"base", folder} | C_ALLOWED.get(folder, set())
    for name in includes(path):
        assert name != "Python.h", "the core knows nothing of Python"
        if name.startswith("platform"):
            assert is_platform(path), "the bindings read the clock, the core is told"
        elif "/" in name and (CORE / name).exists():
            assert name.split("/")[0] in allowed, f"{folder} may not include {name}"


#: Clock, entropy, environment, threads, files: for platform.c and the callers of the core alone.
IMPURE_HEADERS = re.compile(
    r"(time|pthread|threads|unistd|fcntl|signal|locale|poll|sys/.*|netinet/.*|arpa/.*)\.h"
)
IMPURE_CALLS = re.compile(
    r"\b(getenv|setenv|time|clock|clock_gettime|gettimeofday|rand|srand|random|getrandom|getentropy|"
    r"fopen|open|printf|puts|exit|abort|signal|setlocale|fork|pthread_\w+|thrd_\w+)\s*\("
)


@pytest.mark.parametrize("path", [path for path in C_FILES if not is_platform(path)], ids=relative)
def test_core_is_a_function_of_its_arguments(path: Path) -> None:
    assert [name for name in includes(path) if IMPURE_HEADERS.fullmatch(name)] == []
    code = re.sub(r'"(\\.|[^"\\])*"', '""', without_comments(path.read_text()))
    assert IMPURE_CALLS.findall(code) == []


PUBLIC = sorted(CORE.glob("include/**/*.h"))


@pytest.mark.parametrize("path", PUBLIC, ids=relative)
def test_public_headers_include_one_another_alone(path: Path) -> None:
    public = {str(header.relative_to(CORE / "include")) for header in PUBLIC}
    assert set(includes(path)) - public - {"stdbool.h", "stddef.h", "stdint.h"} == set()


def test_public_headers_compile_by_themselves() -> None:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler):
        pytest.skip(f"needs {compiler}")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{CORE / 'include'}"]
    subprocess.run([compiler, *flags, "-fsyntax-only", "-x", "c", *map(str, PUBLIC)], check=True)


def test_core_has_no_mutable_state_of_its_own(tmp_path: Path) -> None:
    """Each extension links a copy of the core; state in a file's scope would exist once for each."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler) or not shutil.which("nm"):
        pytest.skip(f"needs {compiler} and nm")
    sources = [path for path in C_FILES if path.suffix == ".c"]
    # Without position independence, constant tables of pointers are read-only data from the start.
    flags = ["-std=c11", "-O1", "-fno-pic", "-fno-pie", f"-I{CORE}", f"-I{CORE / 'include'}"]
    subprocess.run([compiler, *flags, "-c", *map(str, sources)], cwd=tmp_path, check=True)
    listing = subprocess.run(
        ["nm", "-A", *sorted(path.name for path in tmp_path.glob("*.o"))],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    mutable = [line for line in listing.splitlines() if re.search(r" [bBcCdDgGsS] ", line)]
    assert mutable == []


def imported_by_python(path: Path) -> set[str]:
    """Parts of meshcore that the file imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def with_includes(path: Path) -> str:
    """The text of a Cython module, and of what it includes."""
    text = path.read_text()
    parts = re.findall(r'^include "([^"]+)"', text, flags=re.M)
    return "\n".join([text, *((ROOT / part).read_text() for part in parts)])


def imported_by_cython(path: Path) -> set[str]:
    text = with_includes(path)
    names: set[str] = set()
    for module, rest in re.findall(r"^\s*from\s+([\w.]+)\s+c?import\s+\(?([^()\n]*)", text, flags=re.M):
        names.add(module)
        names.update(f"{module}.{name.split()[0]}" for name in rest.split(",") if name.strip())
    for modules in re.findall(r"^\s*c?import\s+([\w., ]+)", text, flags=re.M):
        names.update(name.split()[0] for name in modules.split(",") if name.strip())
    return names


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_python_imports_keep_their_direction(path: Path) -> None:
    parts = path.relative_to(PACKAGE).parts
    own = parts[0] if len(parts) > 1 else path.stem
    assert own in PYTHON_ALLOWED, f"say in {Path(__file__).name} what {own} may import"
    names = imported_by_python(path) if path.suffix == ".py" else imported_by_cython(path)
    known = {entry.stem for entry in PACKAGE.iterdir()}
    used = {name.split(".")[1] for name in names if name.startswith("meshcore.")} & known
    assert used - PYTHON_ALLOWED[own] - {own} == set()
