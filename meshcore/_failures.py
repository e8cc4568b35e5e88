"""How attempts fail, as programs report it: the texts, in the order of the core's mc_failure."""

from __future__ import annotations

__all__ = ["FAILURES", "failure_number"]

FAILURES = (
    "connect-failure",
    "connect-timeout",
    "reset-before-request",
    "reset",
    "refused-stream",
    "protocol-error",
    "per-try-timeout",
    "timeout",
    "remote-reset",
    "per-try-idle-timeout",
    "idle-timeout",
    "max-stream-duration",
    "upstream-max-stream-duration",
    "overflow",
)

_NUMBERS = {text: number for number, text in enumerate(FAILURES, start=1)}


def failure_number(error: str | None, status: object = None) -> int:
    """The core's number; 0 for None. ``status``: of an answer, which what fails has not.

    Raises:
        ValueError: for another text, or where there is a status, too.
    """
    if error is None:
        return 0
    number = _NUMBERS.get(error)
    if number is None:
        raise ValueError(f"an attempt does not fail by {error!r}, but by one of {', '.join(FAILURES)}")
    if status is not None:
        raise ValueError(f"an attempt ends by an answer or by an error, not by {status!r} and {error!r}")
    return number
