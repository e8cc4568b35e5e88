"""The way to the endpoints: pools of connections within their circuit breakers, and what goes wrong on it.

It needs httptools (extra ``proxy``).
"""
