"""Driving an exchange: the attempts of a decision, with their timeouts, backoffs and hedges.

An integration gives one function, ``send``, that makes one attempt, and gets the head of the answer that the
client is to have. ``run()`` is for threads, ``arun()`` for asyncio. What follows an attempt is the decision's
alone to say, so that both do the same.
"""

from meshcore.exchange.common import AttemptError, Reply, nobody_asks
from meshcore.exchange.tasks import arun
from meshcore.exchange.threads import run

__all__ = ["AttemptError", "Reply", "arun", "nobody_asks", "run"]
