"""How the names of a cluster's endpoints are looked up (Envoy v3 ``DnsCluster``)."""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass

__all__ = ["DnsSettings", "LookupFamily"]


class LookupFamily(Enum):
    """Which addresses of a name count."""

    AUTO = "AUTO"  #: IPv6 where there is any, else IPv4
    V4_ONLY = "V4_ONLY"
    V6_ONLY = "V6_ONLY"
    V4_PREFERRED = "V4_PREFERRED"  #: IPv4 where there is any, else IPv6
    ALL = "ALL"  #: both, IPv6 first


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """When to look up, and whom to ask. Times are seconds."""

    family: LookupFamily = LookupFamily.AUTO
    refresh_rate: float = 5.0
    #: After a failure: at random up to ``failure_base``, doubled with each further failure up to
    #: ``failure_max`` (None: ten times the base). None: ``refresh_rate``, always the same.
    failure_base: float | None = None
    failure_max: float | None = None
    jitter: float = 0.0  #: at random up to so much is added to each time
    respect_ttl: bool = False  #: an answer is kept for as long as it says, rather than ``refresh_rate``
    wait_for_warm: bool = True  #: whether serving waits for the first answer
    servers: tuple[str, ...] = ()  #: name servers as ``address:port``; none: those of the system
    use_tcp: bool = False
    search: bool = True  #: short names are completed by the system's search domains
