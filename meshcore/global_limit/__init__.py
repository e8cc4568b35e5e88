"""Rate limits that hold across machines: the limiters ask a service that all of them share."""

from meshcore.global_limit.guard import Failure, Guard, GuardStats, Unanswered

__all__ = ["Failure", "Guard", "GuardStats", "Unanswered"]
