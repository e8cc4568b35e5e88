"""Feed broken documents to everything that reads them: a model or findings, never another exception.

Usage::

    python tests/fuzz/fuzz_documents.py --seconds 60         # our own mutations, reproducible by --seed
    python tests/fuzz/fuzz_documents.py --seconds 60 DIR     # with the files of DIR as further seeds

Where atheris is installed (``pip install atheris``), it mutates by coverage; ``--plain`` asks for our own
mutator all the same. An input that breaks the promise is printed, written to ``crash-documents`` and
raised again.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from meshcore import Engine
from meshcore.config import ConfigError, Node, load_text
from meshcore.config.documents import read_text
from meshcore.config.findings import Finding, Findings
from meshcore.config.istio import validate_documents

SEEDS = Path(__file__).with_name("documents.yaml")
#: Kinds that are validated and cannot be served.
IGNORED = (
    *("AuthorizationPolicy", "RequestAuthentication", "PeerAuthentication"),
    *("EnvoyFilter", "WasmPlugin", "TrafficExtension"),
)
NODES = (Node("n", {"app": "c"}), Node("n", gateway="n/g"), Node("n", gateway="n/gw"))
TOKENS = (
    *(
        "*",
        "~",
        ".",
        "",
        "/",
        "a/b",
        "1s",
        "-1s",
        "0s",
        "80",
        "*.a",
        "(",
        "%",
        "%%",
        "::1",
        "List",
        "null",
        "\0",
    ),
    *(
        "unix://",
        "unix:///a/",
        "outbound_.80_._.a",
        "@request.auth.claims.a",
        "{*}",
        "\\1",
        "\ud800",
        "é",
        "x" * 300,
    ),
    *(
        0,
        -1,
        1,
        2**31,
        2**63,
        -(2**63) - 1,
        1e308,
        float("inf"),
        float("nan"),
        0.5,
        True,
        False,
        None,
        [],
        {},
        [[]],
    ),
)
BYTES = (
    b"\n",
    b"---\n",
    b"- ",
    b": ",
    b"&a ",
    b"*a",
    b"<<: ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"'",
    b'"',
    b"|\n",
    b"\t",
    b"#",
    b"!!",
)


def consume(data: bytes) -> None:
    """One input: what is read is validated, and what is loaded decides a request."""
    text = data.decode("utf-8", "replace")
    findings = Findings()
    documents = read_text(text, findings, "input.yaml")
    validate_documents(documents, findings)
    _check((*findings.errors, *findings.warnings))
    for node in NODES:
        try:
            config = load_text(text, name="input.yaml", node=node, ignore_kinds=IGNORED)
        except ConfigError as error:
            _check(error.findings)
            continue
        with Engine(config).decide("GET", "a", "/x?q=a", {"x": "y"}, port=80):
            pass


def _check(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        # A Gateway to serve as that is not there is no fault of the file.
        assert finding.file in ("input.yaml", "<node>"), finding
        assert finding.message or finding.found or finding.expected, finding
        # Without a position are only findings about the file as a whole.
        assert finding.line > 0 or not finding.path, finding


def seeds(folder: Path | None = None) -> list[bytes]:
    files = [SEEDS, *(sorted(it for it in folder.iterdir() if it.is_file()) if folder else ())]
    return [file.read_bytes() for file in files]


class Mutator:
    """Makes broken documents of good ones, the same ones for the same seed."""

    def __init__(self, texts: list[bytes], seed: int = 0) -> None:
        self._texts = texts
        self._random = random.Random(seed)
        self._documents: list[Any] = []
        for text in texts:
            try:
                self._documents += [it for it in yaml.safe_load_all(text) if it]
            except (yaml.YAMLError, ValueError):
                continue  # a seed that is no YAML is mutated as bytes only
        self._parts = [part for document in self._documents for _, part in _places(document)]
        self._keys = sorted({str(key) for part in self._parts if isinstance(part, dict) for key in part})

    def reseed(self, seed: int) -> None:
        self._random.seed(seed)

    def next(self) -> bytes:
        data = self.structure() if self._random.random() < 0.7 else self._random.choice(self._texts)
        return self.broken(data) if self._random.random() < 0.5 else data

    def structure(self) -> bytes:
        """Good documents with something in the wrong place, as YAML that is well-formed."""
        count = self._random.randint(1, 3)
        documents = [copy.deepcopy(it) for it in self._random.sample(self._documents, count)]
        for _ in range(self._random.randint(1, 4)):
            self._change(self._random.choice(documents))
        return yaml.safe_dump_all(documents).encode("utf-8", "surrogatepass")

    def _change(self, document: Any) -> None:
        containers = [part for _, part in _places(document) if isinstance(part, dict | list) and part]
        if not containers:
            return
        place = self._random.choice(containers)
        key = self._random.choice(list(place) if isinstance(place, dict) else list(range(len(place))))
        action = self._random.randrange(5)
        if action == 0:
            place[key] = copy.deepcopy(self._random.choice(TOKENS))  # lists and mappings are changed later
        elif action == 1:
            place[key] = copy.deepcopy(self._random.choice(self._parts))
        elif action == 2:
            del place[key]
        elif action == 3 and isinstance(place, dict):
            place[self._random.choice(self._keys)] = copy.deepcopy(self._random.choice(self._parts))
        elif isinstance(place, list):
            place.insert(key, copy.deepcopy(place[key]))
        else:
            place[str(self._random.choice(TOKENS))] = place.pop(key)

    def broken(self, data: bytes) -> bytes:
        """Bytes that were cut, pasted and overwritten."""
        broken = bytearray(data)
        for _ in range(self._random.randint(1, 4)):
            start = self._random.randrange(len(broken) + 1)
            end = min(len(broken), start + self._random.choice((0, 1, 4, 40, 4000)))
            action = self._random.randrange(4)
            if action == 0:
                del broken[start:end]
            elif action == 1:
                broken[start:start] = self._random.choice(BYTES)
            elif action == 2:
                broken[start:end] = self._random.randbytes(self._random.randint(1, 4))
            else:
                del broken[start:]  # a file that is being written
        return bytes(broken)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every part of a document with its keys and indices."""
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from _places(value, (*path, key))


def run(mutator: Mutator, rounds: int | None = None, seconds: float | None = None) -> int:
    """Consume inputs until enough were, or the time is over; the number of them."""
    end = time.monotonic() + seconds if seconds is not None else None
    done = 0
    while (rounds is None or done < rounds) and (end is None or time.monotonic() < end):
        data = mutator.next()
        try:
            consume(data)
        except BaseException:
            Path("crash-documents").write_bytes(data)
            print(
                f"input {done} breaks the promise (written to crash-documents):", data[:4000], file=sys.stderr
            )
            raise
        done += 1
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plain", action="store_true", help="our own mutator even where atheris is installed"
    )
    parser.add_argument("folder", nargs="?", type=Path, help="further seeds")
    arguments = parser.parse_args()
    if not arguments.plain and _atheris(arguments.seconds, arguments.folder):
        return
    count = run(Mutator(seeds(arguments.folder), arguments.seed), seconds=arguments.seconds)
    print(f"{count} inputs in {arguments.seconds:g} s, each a model or findings")


def _atheris(seconds: float, folder: Path | None) -> bool:
    """Let atheris run, which does not return; False where it is not installed."""
    try:
        import atheris
    except ImportError:
        return False
    texts = seeds(folder)
    mutator = Mutator(texts)

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        if seed % 3 == 0:
            return bytes(atheris.Mutate(data, size))
        mutator.reseed(seed)
        return (mutator.structure() if seed % 3 == 1 else mutator.broken(data))[:size]

    atheris.instrument_all()
    with tempfile.TemporaryDirectory() as corpus:
        for index, text in enumerate(texts):
            Path(corpus, str(index)).write_bytes(text)
        options = [f"-max_total_time={int(seconds)}", "-max_len=20000", "-timeout=60", corpus]
        atheris.Setup([sys.argv[0], *options], consume, custom_mutator=mutate)
        atheris.Fuzz()
    return True


if __name__ == "__main__":
    main()
