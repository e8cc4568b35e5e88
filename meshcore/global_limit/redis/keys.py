"""What the buckets are called in the server."""

from __future__ import annotations

import hashlib

from meshcore import _options as option

__all__ = ["LONGEST", "Names"]

#: A key of more bytes goes by its digest: keys come from requests, and may be of any length.
LONGEST = 96


class Names:
    """``PREFIX:LIMIT:{KEY}``, or ``PREFIX:LIMIT:#{DIGEST}`` of a long key (BLAKE2b, 128 bits).

    The braces are Redis Cluster's hash tag: what is of one key is on one node. The limit's parameters are
    part of the name, so that several limits of the same keys do not share their buckets.
    """

    def __init__(self, prefix: str, max_tokens: int, tokens_per_fill: int, interval_ns: int) -> None:
        """
        Raises:
            TypeError: the prefix is no text.
            ValueError: it has a brace, which would be taken for the hash tag's.
        """
        option.instance("prefix", prefix, str, "a text that names of keys begin with")
        if "{" in prefix or "}" in prefix:
            raise ValueError(
                f"prefix is {prefix!r}; expected no braces, which mark the hash tag of a cluster"
            )
        seconds = f"{interval_ns / 1e9:.9f}".rstrip("0").rstrip(".")
        self._head = f"{prefix}:{max_tokens}-{tokens_per_fill}-{seconds}s:".encode()

    def of(self, key: str | bytes) -> bytes:
        """The name of a key's bucket; a str and its UTF-8 are the same key.

        Raises:
            TypeError: it is neither str nor bytes.
        """
        if isinstance(key, str):
            key = _bytes_of(key)
        elif not isinstance(key, bytes):
            raise TypeError(f"a key is {type(key).__name__}; expected str or bytes")
        if len(key) > LONGEST:
            return b"%b#{%b}" % (self._head, hashlib.blake2b(key, digest_size=16).hexdigest().encode())
        return b"%b{%b}" % (self._head, key)


def _bytes_of(key: str) -> bytes:
    """As local limiters have it: the surrogates of undecodable bytes become the bytes again."""
    try:
        return key.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")
