"""Regexes. The stub _regex.pyi has the documentation."""

from meshcore._called cimport name_mistakes
from meshcore._core cimport *
from meshcore._pattern_text cimport encoded_text, failure_of, slice_of, text_like

__all__ = ["Regex", "RegexError"]


class RegexError(ValueError):
    __module__ = "meshcore.match"  # where people have it from

    def __init__(self, message, pattern, position):
        super().__init__(message, pattern, position)
        self.message = message
        self.pattern = pattern
        self.position = position

    def __str__(self):
        return f"{self.message} (at position {self.position} of {self.pattern!r})"


cdef class Regex:
    cdef mc_regex *_regex
    cdef readonly object pattern

    def __cinit__(self, pattern):
        cdef mc_error error
        cdef bytes encoded = encoded_text(pattern, "pattern")
        self._regex = mc_regex_compile(slice_of(encoded), &error)
        if self._regex == NULL:
            raise failure_of(RegexError, pattern, encoded, &error)
        self.pattern = pattern

    def __dealloc__(self):
        mc_regex_free(self._regex)

    def __repr__(self):
        return f"Regex({self.pattern!r})"

    def __reduce__(self):
        return Regex, (self.pattern,)

    @property
    def groups(self):
        return mc_regex_group_count(self._regex)

    @property
    def literal_prefix(self):
        return text_like(self.pattern, mc_regex_literal_prefix(self._regex))

    @property
    def is_literal(self):
        return bool(mc_regex_is_literal(self._regex))

    def full_match(self, text):
        cdef bytes encoded = encoded_text(text)
        cdef c_bool no_memory = False
        cdef bint matched = mc_regex_full_match(self._regex, slice_of(encoded), &no_memory)
        if no_memory:
            raise MemoryError
        return matched

    def full_match_groups(self, text):
        cdef bytes encoded = encoded_text(text)
        cdef mc_slice groups[MC_REGEX_GROUPS]
        cdef c_bool no_memory = False
        cdef bint matched = mc_regex_full_match_groups(self._regex, slice_of(encoded), groups, &no_memory)
        if no_memory:
            raise MemoryError
        if not matched:
            return None
        cdef int count = min(<int> mc_regex_group_count(self._regex) + 1, MC_REGEX_GROUPS)
        return tuple([text_like(text, groups[i]) for i in range(count)])

    def replace_all(self, substitution, text):
        cdef bytes encoded = encoded_text(text), template = encoded_text(substitution, "substitution")
        cdef mc_substitution *compiled = mc_substitution_compile(slice_of(template))
        if compiled == NULL:
            raise MemoryError
        cdef mc_scratch scratch
        cdef mc_slice out
        mc_scratch_init(&scratch)
        try:
            if mc_regex_replace_all(self._regex, slice_of(encoded), compiled, &scratch, &out) != MC_OK:
                raise MemoryError
            return text_like(text, out)
        finally:
            mc_scratch_reset(&scratch)
            mc_substitution_free(compiled)


name_mistakes(Regex)
