"""The way to the endpoints: pools of connections within their circuit breakers, and what goes wrong on it.

It needs aiohttp (extra ``proxy``).
"""
