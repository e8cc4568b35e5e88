"""The documents of Istio's networking API, as typed records."""
