from typing import final

__all__ = ["LAYOUT", "Mapping"]

#: Of the shared state, as this build of the core has it.
LAYOUT: int

@final
class Mapping:
    """The memory of an open file, and this process's place in it; the descriptor is its own from then on.

    ValueError: what is wrong with the file, to be said behind its name.
    """

    def __init__(self, descriptor: int, size: int, workers: int, boot: bytes) -> None: ...
    @property
    def address(self) -> int:
        """Of the core's mc_shared."""

    def forked(self, descriptor: int) -> bool:
        """In the child: takes a place of its own, by the file opened anew. False: there is none."""

    def reclaim(self) -> int: ...
    def status(self) -> dict[str, int]: ...
    def processes(self) -> dict[int, int]:
        """Process ids, by place."""

    def slot(self) -> int:
        """This process's place; 0: none."""
