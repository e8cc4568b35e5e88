"""Runtime keys as ``router_check_tool`` has them: all are off, but for the one that a test names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from meshcore.config.documents import read_path
from meshcore.config.findings import Findings
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, TreeNode

__all__ = ["runtime_for"]


def runtime_for(paths: Iterable[str], active: str) -> dict[str, object]:
    """A runtime in which only the key ``active`` has the default that its document gives it."""
    findings = Findings()
    documents = [document for path in paths for document in read_path(path, findings)]
    keys = {key for document in documents for key in _keys(document.root)}
    return {key: 0 for key in sorted(keys) if key != active}


def _keys(node: TreeNode) -> Iterator[str]:
    """The runtime keys of fractions; the depth of documents is bounded."""
    if isinstance(node, SequenceNode):
        for item in node.items:
            yield from _keys(item)
    elif isinstance(node, MappingNode):
        for name, value in node.entries.items():
            if name in ("runtime_key", "runtimeKey") and isinstance(value, ScalarNode):
                yield str(value.value)
            else:
                yield from _keys(value)
