"""The fuzzer of documents, for a moment, and the seeds that it begins with."""

from __future__ import annotations

import yaml
from fuzz_documents import IGNORED, NODES, SEEDS, Mutator, run, seeds

from meshcore.config import load_text
from meshcore.config.istio.kinds import KINDS


def test_the_seeds_are_good_and_of_every_kind() -> None:
    text = SEEDS.read_text()
    for node in NODES:
        load_text(text, node=node, ignore_kinds=IGNORED)
    documents = list(yaml.safe_load_all(text))
    documents += [item for it in documents for item in it.get("items", ())]
    here = {(it["apiVersion"].rpartition("/")[0], it["kind"]) for it in documents}
    read = {which for which, kind in KINDS.items() if kind.schema is not None}
    assert read <= here


def test_a_moment_of_fuzzing() -> None:
    assert run(Mutator(seeds(), seed=1), rounds=150) == 150


def test_one_seed_makes_the_same_inputs() -> None:
    one, other = Mutator(seeds(), seed=2), Mutator(seeds(), seed=2)
    assert [one.next() for _ in range(20)] == [other.next() for _ in range(20)]
