"""What is logged of outlier detection: an endpoint that it ejects, and one that it lets back."""

from __future__ import annotations

import logging

from meshcore._outlier import EjectionStatus

__all__ = ["tell_ejections"]

_log = logging.getLogger("meshcore.outlier")


def tell_ejections(cluster: str, ejected: list[EjectionStatus], back: list[str]) -> None:
    """``ejected``: those that were not, at the last look; ``back``: those that were, and are no more."""
    for status in ejected:
        _log.warning(
            "endpoint %s of cluster %s is ejected for %.3g s (%s, ejection %d)",
            status.host,
            cluster,
            status.time_left,
            status.reason,
            status.ejections,
        )
    for address in back:
        _log.info("endpoint %s of cluster %s is back: its ejection is over", address, cluster)
