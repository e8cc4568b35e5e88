def untrack(root: object) -> None:
    """Take dataclasses and containers, and what they hold, away from the collector of cycles.

    For immutable graphs without cycles, such as a model: counting references frees them as before, and
    a collection no longer takes longer because they are there (it stops all threads meanwhile).
    """

def hide(items: list[object]) -> None:
    """Take a list away from the collector of cycles, for one that is long and part of no cycle."""
