"""What makes a resource of the Gateway API invalid beyond the types of its fields.

The rules are those of the published resource definitions (patterns, enumerations and CEL rules of
release 1.4), and those of Istio where it takes less than they allow.
"""

from __future__ import annotations

from meshcore.config.findings import Findings
from meshcore.config.istio.gateway_api.schema import gateway, routes
from meshcore.config.istio.gateway_api.validation.gateway import check_gateway, check_grant
from meshcore.config.istio.gateway_api.validation.routes import check_route
from meshcore.config.istio.reading import Resources

__all__ = ["validate"]


def validate(resources: Resources, findings: Findings) -> None:
    """Check every resource of the Gateway API by itself."""
    for resource in resources.of("Gateway", gateway.Gateway):
        check_gateway(resource.spec, findings)
    for grant in resources.of("ReferenceGrant", gateway.ReferenceGrant):
        check_grant(grant.spec, findings)
    for route in resources.of("HTTPRoute", routes.HTTPRoute):
        check_route(route.spec, findings)
    for grpc in resources.of("GRPCRoute", routes.GRPCRoute):
        check_route(grpc.spec, findings)
