"""How one check ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Failure", "Verdict"]


class Failure(Enum):
    """Envoy's ``HealthCheckFailureType``, with its names."""

    ACTIVE = "ACTIVE"  #: the endpoint answered, and not as it should
    PASSIVE = "PASSIVE"  #: an answer to a request said that the endpoint fails
    NETWORK = "NETWORK"  #: no connection, or it broke
    NETWORK_TIMEOUT = "NETWORK_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one check ended: well (``failure`` None) or not. ``reason`` says it in words."""

    failure: Failure | None = None
    reason: str = ""
    degraded: bool = False  #: it works, and asks for less
    retriable: bool = False  #: the failure counts towards the threshold, as those of the network do
    excluded: bool = False  #: it asks not to be counted among the hosts any more
    status: int = 0  #: of the answer, where there was one over HTTP

    @property
    def passed(self) -> bool:
        return self.failure is None
