"""Analysis: what is valid and yet wrong in documents, found before a request does.

``analyze()`` validates documents of Istio, Kubernetes and Envoy, and runs the analyzers of
:data:`ANALYZERS` over them. It reads documents as they are written, so that one mistake does not hide
another. Codes are istioctl's (IST...), or our own (MC...); see :data:`meshcore.config.codes.CODES`.
"""

from meshcore.analysis.ignoring import Ignore
from meshcore.analysis.registry import ANALYZERS, Analyzer
from meshcore.analysis.report import Report
from meshcore.analysis.run import Progress, analyze

__all__ = ["ANALYZERS", "Analyzer", "Ignore", "Progress", "Report", "analyze"]
