"""What makes a resource of the Gateway API invalid beyond the types of its fields.

The rules are those of the published resource definitions (patterns, enumerations and CEL rules of
release 1.4), and those of Istio where it takes less than they allow.
"""
