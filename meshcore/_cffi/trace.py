"""Trace contexts over cffi. The stub ../trace.pyi has the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from meshcore import _trace
from meshcore._cffi._core import ffi, lib
from meshcore._cffi.text import header_pairs, slice_of
from meshcore._hosts import checked_seed

__all__ = ["SpanContext", "request_id", "trace_counts"]

_MASK = 0xFFFFFFFFFFFFFFFF
_STEP = 0x9E3779B97F4A7C15  # of splitmix64
_TEXTS = ("tracestate", "baggage", "request_id", "datadog_origin", "datadog_tags", "xray")
_NUMBERS = ("trace_high", "trace_low", "span_id", "parent_id", "sampling", "flags", "short_id")

_ids = ffi.gc(lib.mc_id_source_new(), lib.mc_id_source_free)
_counts = ffi.gc(lib.mc_trace_counts_new(), lib.mc_trace_counts_free)
if _ids == ffi.NULL or _counts == ffi.NULL:
    raise MemoryError("no memory, or no random numbers, for ids of traces")


def _draw(seed: int | None, count: int) -> Any:
    out = ffi.new("uint64_t[]", count)
    if seed is None:
        if not lib.mc_id_source_take(_ids, out, count):
            raise OSError("the system has no random numbers to give")
        return out
    state = checked_seed(seed)
    for i in range(count):
        state = (state + _STEP) & _MASK
        out[i] = lib.mc_mix64(state)
    return out


def request_id(*, seed: int | None = None) -> str:
    out = ffi.new("char[]", lib.MC_UUID_TEXT)
    lib.mc_uuid_write(_draw(seed, 2), out)
    return bytes(ffi.buffer(out)).decode()


def trace_counts() -> dict[str, dict[str, int]]:
    malformed, truncated = {}, {}
    for i, name in enumerate(_trace.FORMATS):
        malformed[name] = int(lib.mc_trace_counts_malformed(_counts, i))
        if i in (lib.MC_TRACE_W3C, lib.MC_TRACE_BAGGAGE):
            truncated[name] = int(lib.mc_trace_counts_truncated(_counts, i))
    return {"malformed": malformed, "truncated": truncated}


def _formats(numbers: tuple[int, ...]) -> Any:
    out = ffi.new("mc_trace_formats *")
    out.count = len(numbers)
    for i, number in enumerate(numbers):
        out.order[i] = number
    return out


def _bytes(slice: Any) -> bytes:
    return bytes(ffi.buffer(slice.data, slice.size)) if slice.size else b""


def _text(slice: Any) -> str:
    return _bytes(slice).decode("utf-8", "surrogateescape")


class SpanContext:
    __slots__ = ("_alive", "_it")

    _it: Any
    _alive: list[Any]  # what the slices of _it point into

    def __init__(self) -> None:
        raise TypeError("a SpanContext is made by extract() or new()")

    @staticmethod
    def extract(headers: Any, formats: Iterable[str] | None = None) -> SpanContext | None:
        chosen = _formats(_trace.extract_default() if formats is None else _trace.formats_of(formats))
        pairs = header_pairs(headers)
        lines, alive = ffi.new("mc_header[]", len(pairs) or 1), []  # type: Any, list[Any]
        for line, (name, value) in zip(lines, pairs, strict=False):
            slice_of(ffi.addressof(line, "name"), name, alive)
            slice_of(ffi.addressof(line, "value"), value, alive)
        found, scratch = _blank(), ffi.new("mc_scratch *")
        lib.mc_scratch_init(scratch)
        try:
            code = lib.mc_trace_extract(lines, len(pairs), chosen, scratch, _counts, found._it)
            if code == lib.MC_NO_MEMORY:
                raise MemoryError
            if code != lib.MC_OK:
                return None
            found._keep([_bytes(getattr(found._it, name)) for name in _TEXTS])
            return found
        finally:
            lib.mc_scratch_reset(scratch)

    @staticmethod
    def new(
        *, sampled: bool | None = True, debug: bool = False, trace_id_bits: int = 128, seed: int | None = None
    ) -> SpanContext:
        if trace_id_bits not in (64, 128):
            raise ValueError(f"trace_id_bits is {trace_id_bits!r}; expected 64 or 128")
        out, sampling = _blank(), _trace.sampling_of(sampled, debug)
        lib.mc_span_context_new(_draw(seed, 3), trace_id_bits == 64, sampling, out._it)
        return out

    def child(self, *, seed: int | None = None) -> SpanContext:
        out = _blank()
        lib.mc_span_context_child(self._it, _draw(seed, 3), out._it)
        out._alive = self._alive
        return out

    def inject(self, headers: Any, formats: Iterable[str] | None = None) -> Any:
        chosen = _formats(_trace.inject_default() if formats is None else _trace.formats_of(formats))
        lines = self._lines(chosen)
        names = int(lib.mc_trace_names(chosen))
        if isinstance(headers, list):
            _edit_list(headers, lines, names)
            return headers
        if hasattr(headers, "__setitem__") and hasattr(headers, "keys"):
            _edit_mapping(headers, lines, names)
            return headers
        edited: list[Any] = header_pairs(headers)
        _edit_list(edited, lines, names)
        return tuple(edited) if isinstance(headers, tuple) else edited

    def _lines(self, formats: Any) -> list[tuple[int, bytes, bytes]]:
        """The number of the name, the name, and the value of each line."""
        lines, count, scratch = ffi.new("mc_trace_line **"), ffi.new("uint32_t *"), ffi.new("mc_scratch *")
        lib.mc_scratch_init(scratch)
        try:
            if lib.mc_trace_inject(self._it, formats, scratch, lines, count):
                raise MemoryError
            found = []
            for i in range(count[0]):
                line = lines[0][i]
                name = lib.mc_trace_name_text(line.id) if line.name.data == ffi.NULL else line.name
                found.append((int(line.id), _bytes(name), _bytes(line.value)))
            return found
        finally:
            lib.mc_scratch_reset(scratch)

    def _keep(self, texts: list[bytes]) -> None:
        self._alive = []
        for name, text in zip(_TEXTS, texts, strict=True):
            slice_of(ffi.addressof(self._it, name), text, self._alive)

    def _with(self, name: str, value: bytes) -> SpanContext:
        texts = self._texts()
        texts[_TEXTS.index(name)] = value
        return _restored(self._numbers(), texts, self._it.format)

    def with_baggage(self, baggage: Mapping[str, str]) -> SpanContext:
        return self._with("baggage", _trace.baggage_text(baggage).encode())

    def with_request_id(self, request_id: str) -> SpanContext:
        return self._with(
            "request_id", _trace.checked_text("request_id", request_id, lib.MC_REQUEST_ID_BYTES)
        )

    def with_ids_of(self, other: SpanContext) -> SpanContext:
        out = _blank()
        lib.mc_span_context_named(self._it, other._it, out._it)
        out._alive = self._alive
        return out

    def with_sampling(self, sampled: bool | None, *, debug: bool = False) -> SpanContext:
        out = _restored(self._numbers(), self._texts(), self._it.format)
        out._it.sampling = _trace.sampling_of(sampled, debug)
        return out

    @property
    def trace_id(self) -> str | None:
        high, low = int(self._it.trace_high), int(self._it.trace_low)
        if not high and not low:
            return None
        return f"{low:016x}" if self._it.short_id else f"{high:016x}{low:016x}"

    @property
    def span_id(self) -> str | None:
        return f"{int(self._it.span_id):016x}" if self._it.span_id else None

    @property
    def parent_id(self) -> str | None:
        return f"{int(self._it.parent_id):016x}" if self._it.parent_id else None

    @property
    def is_valid(self) -> bool:
        return bool(self._it.span_id)

    @property
    def sampled(self) -> bool | None:
        return _trace.SAMPLING[self._it.sampling][0]

    @property
    def debug(self) -> bool:
        return _trace.SAMPLING[self._it.sampling][1]

    @property
    def trace_flags(self) -> int:
        return int(self._it.flags & lib.MC_TRACE_FLAG_RANDOM) | bool(self.sampled)

    @property
    def source(self) -> str | None:
        return _trace.FORMATS[self._it.format] if self._it.format >= 0 else None

    @property
    def tracestate(self) -> str:
        return _text(self._it.tracestate)

    @property
    def baggage(self) -> dict[str, str]:
        return _trace.baggage_of(_text(self._it.baggage))

    @property
    def request_id(self) -> str | None:
        return _text(self._it.request_id) or None

    def _numbers(self) -> tuple[int, ...]:
        return tuple(int(getattr(self._it, name)) for name in _NUMBERS)

    def _texts(self) -> list[bytes]:
        return [_bytes(getattr(self._it, name)) for name in _TEXTS]

    def __reduce__(self) -> Any:
        return _restored, (self._numbers(), self._texts(), int(self._it.format))

    def __copy__(self) -> SpanContext:
        return self

    def __deepcopy__(self, memo: object) -> SpanContext:
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpanContext):
            return NotImplemented
        return self._numbers() == other._numbers() and self._texts() == other._texts()

    def __hash__(self) -> int:
        return hash(self._numbers()[:3])

    def __repr__(self) -> str:
        decision = _trace.DECISIONS[self._it.sampling]
        return f"<SpanContext trace_id={self.trace_id} span_id={self.span_id} {decision}>"


def _blank() -> SpanContext:
    out = SpanContext.__new__(SpanContext)
    out._it, out._alive = ffi.new("mc_span_context *"), []
    return out


def _restored(numbers: Iterable[int], texts: Iterable[bytes], format: int) -> SpanContext:
    out = _blank()
    for name, number in zip(_NUMBERS, numbers, strict=True):
        setattr(out._it, name, number)
    out._it.format = format
    out._keep(list(texts))
    return out


def _id_of(name: object) -> int:
    alive: list[Any] = []
    slice = ffi.new("mc_slice *")
    slice_of(slice, name, alive)
    return int(lib.mc_trace_name_of(slice[0]))


def _shaped(name: bytes, value: bytes, as_text: bool) -> tuple[Any, Any]:
    if not as_text:
        return name, value
    return name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")


def _edit_list(headers: list[Any], lines: list[tuple[int, bytes, bytes]], names: int) -> None:
    """New lines in the places of old ones of their names, and the others at the end."""
    as_text = bool(headers) and isinstance(headers[0][0], str)
    fresh = {id: (name, value) for id, name, value in lines if id != lib.MC_NAME_JAEGER_BAGGAGE}
    done, kept = set(), []
    for pair in headers:
        id = _id_of(pair[0])
        if not names >> id & 1:
            kept.append(pair)
        elif id in fresh and id not in done:
            done.add(id)
            line = _shaped(*fresh[id], as_text)
            kept.append(pair if pair[1] == line[1] else line)  # where it says so already, it stays
    kept += [_shaped(name, value, as_text) for id, name, value in lines if id not in done]
    headers[:] = kept


def _edit_mapping(headers: Any, lines: list[tuple[int, bytes, bytes]], names: int) -> None:
    keys = list(headers)
    as_text = not any(isinstance(key, bytes) for key in keys)
    for key in keys:
        if names >> _id_of(key) & 1 and key in headers:
            del headers[key]
    for _, name, value in lines:
        key, text = _shaped(name, value, as_text)
        headers[key] = text
