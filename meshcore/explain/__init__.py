"""Why a request is decided as it is: the structure that ``Engine.explain`` returns, and its text.

What failed and what won comes from the core, which decides by the same functions; here it only gets the
names and the places of the model.
"""

from meshcore.explain.build import Decided, explained
from meshcore.explain.facts import Facts, Failure
from meshcore.explain.structure import (
    Condition,
    CorsJudged,
    EndpointChosen,
    Explain,
    HeaderChange,
    LimitAsked,
    LimitTried,
    ListenerChosen,
    MirrorTried,
    Overflow,
    RouteTried,
    SeenRequest,
    SessionTried,
    Share,
    Split,
    SubsetTried,
    VirtualHostChosen,
)
from meshcore.explain.text import render

__all__ = [
    "Condition",
    "CorsJudged",
    "Decided",
    "EndpointChosen",
    "Explain",
    "Facts",
    "Failure",
    "HeaderChange",
    "LimitAsked",
    "LimitTried",
    "ListenerChosen",
    "MirrorTried",
    "Overflow",
    "RouteTried",
    "SeenRequest",
    "SessionTried",
    "Share",
    "Split",
    "SubsetTried",
    "VirtualHostChosen",
    "explained",
    "render",
]
