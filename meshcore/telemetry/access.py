"""The access log: one record a request, written as one line of text or JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

import msgspec

__all__ = ["AccessRecord", "escape"]

_UNSAFE = re.compile(r'[\x00-\x1f"\\\x7f-\x9f\u2028\u2029\ud800-\udfff]')
#: JSON leaves these as they are, and some readers take them for the end of a line.
_LINE_ENDS = re.compile("[\x7f-\x9f\u2028\u2029]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def escape(value: str) -> str:
    """``value`` with everything escaped that could end a line or a quoted field (CVE-2024-45808)."""
    return _UNSAFE.sub(lambda found: _SHORT.get(found[0]) or _numbered(found[0]), value)


def _numbered(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte that is no UTF-8
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


@dataclass(slots=True)
class AccessRecord:
    """What happened to one request, in Envoy's terms.

    ``status`` is 0 where the client went away before an answer; ``flags`` and ``details`` are Envoy's
    response flags and response code details.
    """

    start: float  #: seconds since the epoch
    method: str = ""
    path: str = ""
    protocol: str = "HTTP/1.1"
    authority: str = ""
    source: str = ""
    user_agent: str = ""
    request_id: str = ""  #: as the upstream sees it, with the reason of its trace
    trace_id: str = ""  #: of the trace that the request belongs to, or begins here
    forwarded_for: str = ""
    status: int = 0
    flags: str = ""
    details: str = ""
    bytes_received: int = 0
    bytes_sent: int = 0
    duration: float = 0.0  #: seconds until the last byte
    upstream_duration: float | None = None  #: seconds until the upstream's headers
    listener: str = ""
    virtual_host: str = ""
    route: str = ""
    cluster: str = ""
    endpoint: str = ""
    attempts: int = 0  #: made of it; 0 where nothing was forwarded

    def text(self) -> str:
        """The line in the manner of Envoy's default format, everything foreign escaped."""
        time = datetime.fromtimestamp(self.start, timezone.utc)
        upstream = "-" if self.upstream_duration is None else f"{self.upstream_duration * 1000:.0f}"
        return (
            f"[{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z] "
            f"{_quoted(f'{self.method} {self.path} {self.protocol}' if self.method else '')} "
            f"{self.status} {self.flags or '-'} {_word(self.details)} "
            f"{self.bytes_received} {self.bytes_sent} {self.duration * 1000:.0f} {upstream} "
            f"{_quoted(self.forwarded_for or self.source)} {_quoted(self.user_agent)} "
            f"{_quoted(self.request_id)} {_quoted(self.authority)} "
            f"{_quoted(self.endpoint)} {_word(self.cluster)} {_word(self.route)} {self.attempts}"
        )

    def json(self) -> str:
        """The record as one JSON object on one line."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name, value in fields.items():
            if isinstance(value, str):
                # Bytes that are no UTF-8 are kept as surrogates, which JSON cannot hold.
                fields[name] = value.encode("utf-8", "backslashreplace").decode()
        line = msgspec.json.encode(fields).decode()
        return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _quoted(value: str) -> str:
    return f'"{escape(value) or "-"}"'


def _word(value: str) -> str:
    return escape(value).replace(" ", "_") or "-"
