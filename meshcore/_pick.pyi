"""What ``Engine.pick`` gives."""

from types import TracebackType
from typing import Literal, final

from meshcore._types import Headers

@final
class Pick:
    """An endpoint of a cluster, picked without a request. The endpoint and the cluster's circuit breakers
    count it as an active request until it is closed, or forgotten."""

    @property
    def cluster(self) -> str: ...
    @property
    def endpoint(self) -> str | None:
        """``address:port``; None: there is none to be had."""
    @property
    def priority(self) -> Literal["default"]: ...
    @property
    def flags(self) -> str:
        """Why there is no endpoint: "UH", nobody is healthy, or "UO", the cluster has as many requests as it
        may."""
    def report(
        self,
        *,
        status: int | None = None,
        headers: Headers | None = None,
        error: str | None = None,
        latency: float | None = None,
        now_ns: int | None = None,
    ) -> None:
        """Tell how it went, as ``Decision.report``."""
    def close(self) -> None:
        """Give the lease back; calls after the first do nothing."""
    def __enter__(self) -> Pick: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...
