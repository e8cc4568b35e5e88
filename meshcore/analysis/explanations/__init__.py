"""The long texts of codes: why a finding matters, an example of it, and the same done right.

The examples are documents that are run in the tests: what is wrong in them is found, and what is right is
not.
"""

from __future__ import annotations

from meshcore.analysis.explanations import (
    documents,
    gateway_api,
    gateway_rules,
    gateways,
    policies,
    rules,
    services,
    virtual_services,
)

__all__ = ["EXPLANATIONS"]

#: Code -> why, a bad example, a good one.
EXPLANATIONS: dict[str, tuple[str, str, str]] = {
    code: (" ".join(why.split()), bad.strip("\n"), good.strip("\n"))
    for texts in (
        documents,
        virtual_services,
        gateway_rules,
        gateways,
        services,
        policies,
        rules,
        gateway_api,
    )
    for code, (why, bad, good) in texts.TEXTS.items()
}
