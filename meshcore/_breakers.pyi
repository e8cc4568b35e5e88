"""What is counted against the circuit breakers of clusters."""

from types import TracebackType
from typing import final

@final
class Lease:
    """One of what a circuit breaker limits, held until it is closed, or forgotten: a connection
    (``Engine.connection``), or a request that waits for one (``Engine.pending``)."""

    def close(self) -> None:
        """Give it back; calls after the first do nothing."""

    def __enter__(self) -> Lease: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...
