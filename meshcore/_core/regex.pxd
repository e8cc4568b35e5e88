# Regexes, and what replaces their matches.

from libc.stdint cimport uint32_t

from meshcore._core.base cimport c_bool, mc_code, mc_error, mc_scratch, mc_slice


cdef extern from "meshcore/regex.h" nogil:
    ctypedef struct mc_regex:
        pass

    enum:
        MC_REGEX_GROUPS

    mc_regex *mc_regex_compile(mc_slice pattern, mc_error *error)
    void mc_regex_free(mc_regex *regex)
    uint32_t mc_regex_group_count(const mc_regex *regex)
    mc_slice mc_regex_literal_prefix(const mc_regex *regex)
    c_bool mc_regex_is_literal(const mc_regex *regex)
    c_bool mc_regex_full_match(const mc_regex *regex, mc_slice text, c_bool *no_memory)
    c_bool mc_regex_full_match_groups(const mc_regex *regex, mc_slice text, mc_slice *groups, c_bool *no_memory)

    ctypedef struct mc_substitution:
        pass

    mc_substitution *mc_substitution_compile(mc_slice substitution)
    void mc_substitution_free(mc_substitution *substitution)
    mc_code mc_regex_replace_all(const mc_regex *regex, mc_slice text, const mc_substitution *substitution,
                                 mc_scratch *scratch, mc_slice *out)
