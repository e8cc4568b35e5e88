"""What is not to be reported: by the caller's rules, by annotations, and in Kubernetes' own namespaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from meshcore.analysis.inventory import Inventory
from meshcore.config.codes import CODES
from meshcore.config.findings import Finding, did_you_mean

__all__ = ["Ignore", "ignored_by_documents"]

#: Codes that are not wanted about a resource, as istioctl reads it: "IST0101,IST0118" or "*".
SUPPRESS = "galley.istio.io/analyze-suppress"
#: Namespaces of Kubernetes' own, which users do not write documents for.
SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})


@dataclass(frozen=True, slots=True)
class Ignore:
    """One rule: a code, everywhere or about resources of a kind and name (``*`` and ``?`` in it)."""

    code: str
    kind: str = ""
    name: str = ""

    @staticmethod
    def parse(text: str) -> Ignore:
        """From ``CODE`` or ``CODE=Kind namespace/name``, as istioctl's --suppress has it.

        Raises:
            ValueError: where the text is no such rule, or the code is unknown.
        """
        code, equals, resource = (part.strip() for part in text.partition("="))
        if code not in CODES:
            raise ValueError(f"there is no code {code!r}{did_you_mean(code, CODES)}")
        kind, _, name = resource.partition(" ")
        if equals and not (kind and name.strip()):
            raise ValueError(f"{text!r} names no resource; write {code}='Kind namespace/name'")
        return Ignore(code, kind, name.strip())

    def covers(self, finding: Finding) -> bool:
        if finding.code != self.code:
            return False
        return not self.kind or (finding.kind == self.kind and fnmatchcase(finding.name, self.name))


def ignored_by_documents(inventory: Inventory, findings: Iterable[Finding]) -> set[Finding]:
    """The findings that documents ask to be spared, by annotation, and those about system namespaces."""
    suppressed: dict[tuple[str, str], set[str]] = {}
    for item in inventory:
        text = item.annotations.get(SUPPRESS)
        if text:
            suppressed[(item.kind, item.full_name)] = {part.strip() for part in text.split(",")}
    ignored = set()
    for finding in findings:
        codes = suppressed.get((finding.kind, finding.name), ())
        if "*" in codes or finding.code in codes or finding.name.partition("/")[0] in SYSTEM:
            ignored.add(finding)
    return ignored
