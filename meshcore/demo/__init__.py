"""``meshcore demo``: a small bookshop of real HTTP servers, routed by Istio YAML.

The YAML is that of examples/bookinfo/, which this package carries with it (``bookinfo/``).
"""
