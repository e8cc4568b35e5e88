"""Requests to try a configuration with: from logs, or made from its routes."""

from meshcore.sampling.generate import requests_for
from meshcore.sampling.logs import Log, read_log
from meshcore.sampling.pattern import example_of

__all__ = ["Log", "example_of", "read_log", "requests_for"]
