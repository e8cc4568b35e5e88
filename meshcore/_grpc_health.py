"""The messages of ``grpc.health.v1.Health/Check``."""

from __future__ import annotations

from meshcore._protobuf import Field, Kind, Message

__all__ = ["NOT_SERVING", "REQUEST", "RESPONSE", "SERVICE", "SERVING"]

SERVICE = "grpc.health.v1.Health"
SERVING, NOT_SERVING = 1, 2

#: HealthCheckRequest: the name of a service.
REQUEST: Message[str] = Message(
    lambda service="": service, {1: Field("service", Kind.STRING)}, lambda name: (name,)
)
#: HealthCheckResponse: a ServingStatus.
RESPONSE: Message[int] = Message(
    lambda status=0: status, {1: Field("status", Kind.INT32)}, lambda status: (status,)
)
