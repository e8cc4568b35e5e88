"""The Gateway API (gateway.networking.k8s.io): routes and Gateways, read as Istio reads them.

``derive`` turns HTTPRoutes, GRPCRoutes and Gateways into VirtualServices and Gateways of Istio's
own, which then go the way of all others. Every record keeps the position of what it was made from.
The rules follow Istio's ``pilot/pkg/config/kube/gateway`` and the specification
(https://gateway-api.sigs.k8s.io/reference/spec/).
"""
