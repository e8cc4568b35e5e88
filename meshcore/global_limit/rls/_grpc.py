"""grpcio, where it is installed."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["grpc_library"]


def grpc_library(name: str = "grpc") -> Any:
    """The module ``grpc``, or one below it.

    Raises:
        ImportError: it is not there.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = "Envoy's rate limit service needs grpcio; pip install 'meshcore-engine[rls]'"
        raise ModuleNotFoundError(message, name="grpc") from error
