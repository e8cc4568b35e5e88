"""Trace contexts and request ids by themselves. The stub trace.pyi has the documentation."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from libc.stdint cimport uint64_t

from meshcore._core cimport *
from meshcore._fastcall cimport mc_fastcall, mc_replace_method
from meshcore._request cimport as_pairs, take_plain, text_of
from meshcore._trace_extract cimport counts, read_found, read_slowly
from meshcore._trace_formats cimport Formats, formats_of, to_extract, to_inject
from meshcore._trace_ids cimport draw, hex_text, long_hex_text, uuid_text
from meshcore._trace_inject cimport inject_into
from meshcore._trace_lines cimport Found, find_lines
from meshcore._trace_texts cimport TEXTS, kept_texts, slices_of

from meshcore import _trace

__all__ = ["SpanContext", "request_id", "trace_counts"]

cdef enum:
    REQUEST_ID_BYTES = 256


def request_id(*, seed=None):
    cdef uint64_t random[2]
    draw(seed, random, 2)
    return uuid_text(random)


def trace_counts():
    cdef int i
    malformed, truncated = {}, {}
    for i, name in enumerate(_trace.FORMATS):
        malformed[name] = mc_trace_counts_malformed(counts, <mc_trace_format> i)
        if i == MC_TRACE_W3C or i == MC_TRACE_BAGGAGE:
            truncated[name] = mc_trace_counts_truncated(counts, <mc_trace_format> i)
    return {"malformed": malformed, "truncated": truncated}


# ---------------------------------------------------------------------- contexts

@cython.final
@cython.freelist(64)
@cython.no_gc
cdef class SpanContext:
    cdef mc_span_context _it
    cdef bytes _texts  # what the slices of _it point into; None: they are absent
    # What the digits of _it lie in, which are of B3's ids as they came; or None.
    cdef object _trace_text
    cdef object _span_text

    def __init__(self, *given, **named):
        raise TypeError("a SpanContext is made by extract() or new()")

    @staticmethod
    def extract(headers, formats=None):
        return extracted(headers, to_extract() if formats is None else formats_of(formats))

    @staticmethod
    def new(*, sampled=True, debug=False, trace_id_bits=128, seed=None):
        cdef SpanContext out = SpanContext.__new__(SpanContext)
        cdef uint64_t random[3]
        cdef mc_sampling sampling = MC_SAMPLING_ACCEPT
        if trace_id_bits != 128 and trace_id_bits != 64:
            raise ValueError(f"trace_id_bits is {trace_id_bits!r}; expected 64 or 128")
        if sampled is not True or debug is not False:
            sampling = <mc_sampling> <int> _trace.sampling_of(sampled, debug)
        draw(seed, random, 3)
        mc_span_context_new(random, trace_id_bits == 64, sampling, &out._it)
        return out

    def child(self, *, seed=None):
        return child_of(self, seed)

    def inject(self, headers, formats=None):
        return injected(self, headers, to_inject() if formats is None else formats_of(formats))

    def with_baggage(self, baggage):
        cdef bytes text = _trace.baggage_text(baggage).encode()
        return with_text(self, 1, mc_slice(PyBytes_AS_STRING(text), <size_t> len(text)))

    def with_request_id(self, request_id):
        cdef bytes checked
        cdef mc_slice text
        if not isinstance(request_id, str) or not take_plain(<PyObject *> request_id, &text) or not fits_id(text):
            checked = _trace.checked_text("request_id", request_id, REQUEST_ID_BYTES)
            text = mc_slice(PyBytes_AS_STRING(checked), <size_t> len(checked))
        return with_text(self, 2, text)

    def with_ids_of(self, SpanContext other not None):
        cdef SpanContext out = SpanContext.__new__(SpanContext)
        mc_span_context_named(&self._it, &other._it, &out._it)
        out._texts = self._texts
        return out

    def with_sampling(self, sampled, *, debug=False):
        cdef SpanContext out = copied(self)
        out._it.sampling = <mc_sampling> <int> _trace.sampling_of(sampled, debug)
        return out

    @property
    def trace_id(self):
        if not self._it.trace_high | self._it.trace_low:
            return None
        if self._it.short_id:
            return hex_text(self._it.trace_low)
        return long_hex_text(self._it.trace_high, self._it.trace_low)

    @property
    def span_id(self):
        return hex_text(self._it.span_id) if self._it.span_id else None

    @property
    def parent_id(self):
        return hex_text(self._it.parent_id) if self._it.parent_id else None

    @property
    def is_valid(self):
        return self._it.span_id != 0

    @property
    def sampled(self):
        return _trace.SAMPLING[<int> self._it.sampling][0]

    @property
    def debug(self):
        return self._it.sampling == MC_SAMPLING_DEBUG

    @property
    def trace_flags(self):
        cdef bint accepted = self._it.sampling == MC_SAMPLING_ACCEPT or self._it.sampling == MC_SAMPLING_DEBUG
        return (self._it.flags & MC_TRACE_FLAG_RANDOM) | (MC_TRACE_FLAG_SAMPLED if accepted else 0)

    @property
    def source(self):
        return _trace.FORMATS[self._it.format] if self._it.format >= 0 else None

    @property
    def tracestate(self):
        return text_of(self._it.tracestate) if self._it.tracestate.size else ""

    @property
    def baggage(self):
        return _trace.baggage_of(text_of(self._it.baggage)) if self._it.baggage.size else {}

    @property
    def request_id(self):
        return text_of(self._it.request_id) if self._it.request_id.size else None

    def _state(self):
        cdef mc_slice *slices[TEXTS]
        cdef int i
        slices_of(&self._it, slices)
        texts = tuple([slices[i].data[: slices[i].size] for i in range(TEXTS)])
        numbers = (
            self._it.trace_high, self._it.trace_low, self._it.span_id, self._it.parent_id, <int> self._it.sampling,
            self._it.flags, self._it.short_id,
        )
        return numbers, texts

    def __reduce__(self):
        return restored, (*self._state(), self._it.format)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __eq__(self, other):
        if not isinstance(other, SpanContext):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self):
        return hash((self._it.trace_high, self._it.trace_low, self._it.span_id))

    def __repr__(self):
        decision = _trace.DECISIONS[<int> self._it.sampling]
        return f"<SpanContext trace_id={self.trace_id} span_id={self.span_id} {decision}>"


cdef inline object extracted(object headers, Formats formats):
    cdef Found found
    cdef PyObject *texts = NULL
    cdef bint seen
    cdef SpanContext context = SpanContext.__new__(SpanContext)
    # Nothing of Python's runs between finding the lines and keeping what lies in them.
    with cython.critical_section(headers):
        seen = find_lines(headers, &formats.asked, &found)
        if seen:
            if not read_found(&found.lines, formats, &context._it, &texts):
                return None
            if context._it.trace_digits != NULL or context._it.span_digits != NULL:
                context._trace_text = <object> found.values[<int> MC_NAME_B3_TRACE_ID]
                context._span_text = <object> found.values[<int> MC_NAME_B3_SPAN_ID]
    if not seen and not read_slowly(as_pairs(headers), formats, &context._it, &texts):
        return None
    if texts != NULL:
        context._texts = <bytes> texts
        Py_DECREF(<object> texts)
    return context


cdef inline SpanContext copied(SpanContext context):
    cdef SpanContext out = SpanContext.__new__(SpanContext)
    out._it = context._it
    out._texts = context._texts
    out._trace_text = context._trace_text
    out._span_text = context._span_text
    return out


cdef inline SpanContext child_of(SpanContext context, object seed):
    cdef uint64_t random[3]
    cdef SpanContext out = SpanContext.__new__(SpanContext)
    if seed is None and context._it.span_id:
        draw(None, &random[2], 1)  # the trace has its id
    else:
        draw(seed, random, 3)
    mc_span_context_child(&context._it, random, &out._it)
    if context._texts is not None:
        out._texts = context._texts
    out._trace_text = context._trace_text
    out._span_text = context._span_text
    return out


cdef inline object injected(SpanContext context, object headers, Formats formats):
    return inject_into(headers, &context._it, formats, <PyObject *> context._trace_text, <PyObject *> context._span_text)


cdef mc_fastcall extract_by_names, child_by_names, inject_by_names  # the methods as they stand above


cdef object extract_by_place(object nothing, PyObject *const *arguments, Py_ssize_t count, PyObject *names):
    """SpanContext.extract of headers alone."""
    if names == NULL and count == 1:
        return extracted(<object> arguments[0], to_extract())
    return extract_by_names(nothing, arguments, count, names)


cdef object child_by_place(object context, PyObject *const *arguments, Py_ssize_t count, PyObject *names):
    """SpanContext.child without a seed."""
    if names == NULL and count == 0:
        return child_of(<SpanContext> context, None)
    return child_by_names(context, arguments, count, names)


cdef object inject_by_place(object context, PyObject *const *arguments, Py_ssize_t count, PyObject *names):
    """SpanContext.inject, its formats not given by name."""
    if names == NULL and count == 1:
        return injected(<SpanContext> context, <object> arguments[0], to_inject())
    if names == NULL and count == 2 and <object> arguments[1] is not None:
        return injected(<SpanContext> context, <object> arguments[0], formats_of(<object> arguments[1]))
    return inject_by_names(context, arguments, count, names)


extract_by_names = mc_replace_method(SpanContext.extract, extract_by_place)
child_by_names = mc_replace_method(SpanContext.__dict__["child"], child_by_place)
inject_by_names = mc_replace_method(SpanContext.__dict__["inject"], inject_by_place)


cdef bint fits_id(mc_slice text) noexcept:
    """Whether it is a request id that needs no closer look: of visible characters alone, as nearly all are."""
    cdef size_t i
    for i in range(text.size):
        if not c"!" <= text.data[i] <= c"~":
            return False
    return 0 < text.size <= REQUEST_ID_BYTES


cdef SpanContext with_text(SpanContext context, int which, mc_slice text):
    """A copy with another text; an empty one: none."""
    cdef SpanContext out = copied(context)
    cdef mc_slice *slices[TEXTS]
    slices_of(&out._it, slices)
    slices[which].data = text.data if text.size else NULL
    slices[which].size = text.size
    out._texts = kept_texts(&out._it)
    return out


def restored(numbers, texts, format):
    """What pickle makes a context of."""
    cdef SpanContext out = SpanContext.__new__(SpanContext)
    cdef mc_slice *slices[TEXTS]
    cdef int i
    out._it.trace_high, out._it.trace_low, out._it.span_id, out._it.parent_id = numbers[:4]
    out._it.sampling = <mc_sampling> <int> (numbers[4] & 3)
    out._it.flags = numbers[5] & (MC_TRACE_FLAG_RANDOM | MC_TRACE_FLAG_USER_DENIED)
    out._it.short_id = numbers[6]
    out._it.format = format
    slices_of(&out._it, slices)
    kept = []
    for i in range(TEXTS):
        kept.append(bytes(texts[i]))
        slices[i].data = PyBytes_AS_STRING(kept[i]) if kept[i] else NULL
        slices[i].size = <size_t> len(kept[i])
    out._texts = kept_texts(&out._it)
    return out
