"""Replay recorded cases of Envoy and Istio through the engine and compare what comes out."""

from meshcore.replay.recognise import Schema, UnknownSchema
from meshcore.replay.results import CaseResult, Failure, FileResult, Report
from meshcore.replay.run import replay, replay_file

__all__ = [
    "CaseResult",
    "Failure",
    "FileResult",
    "Report",
    "Schema",
    "UnknownSchema",
    "replay",
    "replay_file",
]
