"""Endpoints by DNS: names are looked up beside the traffic, and the engine serves what they resolve to."""

from meshcore.discovery.answer import Answer, LookupFailed, Question, Resolver
from meshcore.discovery.dnspython import DnspythonResolver
from meshcore.discovery.drivers import AsyncDiscovery, ThreadDiscovery
from meshcore.discovery.resolvers import DefaultResolver
from meshcore.discovery.system import SystemResolver

__all__ = [
    "Answer",
    "AsyncDiscovery",
    "DefaultResolver",
    "DnspythonResolver",
    "LookupFailed",
    "Question",
    "Resolver",
    "SystemResolver",
    "ThreadDiscovery",
]
