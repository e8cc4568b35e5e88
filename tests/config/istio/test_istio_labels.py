"""meshcore.config.istio.labels: what a selector selects, without a scan of all."""

from __future__ import annotations

import pytest

from meshcore.config.istio import labels as module
from meshcore.config.istio.labels import LabelIndex


def test_all_wanted_labels_must_be_there_in_that_namespace() -> None:
    index: LabelIndex[str] = LabelIndex()
    index.add("default", {"app": "shop", "version": "v1"}, "a")
    index.add("default", {"app": "shop", "version": "v2"}, "b")
    index.add("other", {"app": "shop"}, "c")
    assert index.select("default", {"app": "shop"}) == ["a", "b"]
    assert index.select("default", {"version": "v2", "app": "shop"}) == ["b"]
    assert index.select("default", {"app": "shop", "zone": "x"}) == []
    assert index.select("other", {"app": "shop"}) == ["c"]
    assert index.select("default", {}) == []


def test_things_without_the_rarest_label_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    original = module.same_labels
    monkeypatch.setattr(
        module, "same_labels", lambda wanted, labels: compared.append(labels) or original(wanted, labels)
    )
    index: LabelIndex[int] = LabelIndex()
    for number in range(1000):
        index.add("default", {"app": f"app-{number % 500}", "tier": "web"}, number)
    assert index.select("default", {"tier": "web", "app": "app-7"}) == [7, 507]
    assert len(compared) == 2
