# Path templates, and rewrites by them.

from libc.stdint cimport uint32_t

from meshcore._core.base cimport c_bool, mc_code, mc_error, mc_scratch, mc_slice


cdef extern from "meshcore/template.h" nogil:
    ctypedef struct mc_template:
        pass

    ctypedef struct mc_template_rewrite:
        pass

    enum:
        MC_TEMPLATE_VARIABLES

    mc_template *mc_template_compile(mc_slice text, mc_error *error)
    void mc_template_free(mc_template *path_template)
    mc_slice mc_template_literal_prefix(const mc_template *path_template)
    c_bool mc_template_is_literal(const mc_template *path_template)
    uint32_t mc_template_variable_count(const mc_template *path_template)
    mc_slice mc_template_variable_name(const mc_template *path_template, uint32_t index)
    c_bool mc_template_match(const mc_template *path_template, mc_slice path, mc_slice *values)
    mc_template_rewrite *mc_template_rewrite_compile(const mc_template *path_template, mc_slice text,
                                                     mc_error *error)
    void mc_template_rewrite_free(mc_template_rewrite *rewrite)
    mc_code mc_template_rewrite_apply(const mc_template_rewrite *rewrite, const mc_slice *values,
                                      mc_scratch *scratch, mc_slice *out)
