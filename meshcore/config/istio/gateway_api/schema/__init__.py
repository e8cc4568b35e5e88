"""The fields of the Gateway API (gateway.networking.k8s.io), versions v1, v1beta1 and v1alpha2."""
