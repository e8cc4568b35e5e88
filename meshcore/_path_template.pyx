"""Path templates. The stub _path_template.pyi has the documentation."""

from meshcore._called cimport name_mistakes
from meshcore._core cimport *
from meshcore._pattern_text cimport encoded_text, failure_of, slice_of, text_like

__all__ = ["PathTemplate", "PathTemplateError"]


class PathTemplateError(ValueError):
    __module__ = "meshcore.match"  # where people have it from

    def __init__(self, message, template, position):
        super().__init__(message, template, position)
        self.message = message
        self.template = template
        self.position = position

    def __str__(self):
        return f"{self.message} (at position {self.position} of {self.template!r})"


cdef class PathTemplate:
    cdef mc_template *_template
    cdef readonly object template
    cdef readonly tuple variables

    def __cinit__(self, str template not None):
        cdef mc_error error
        cdef bytes encoded = encoded_text(template)
        self._template = mc_template_compile(slice_of(encoded), &error)
        if self._template == NULL:
            raise failure_of(PathTemplateError, template, encoded, &error)
        self.template = template
        self.variables = tuple(
            [
                text_like(template, mc_template_variable_name(self._template, i))
                for i in range(mc_template_variable_count(self._template))
            ]
        )

    def __dealloc__(self):
        mc_template_free(self._template)

    def __repr__(self):
        return f"PathTemplate({self.template!r})"

    def __reduce__(self):
        return PathTemplate, (self.template,)

    @property
    def literal_prefix(self):
        return text_like(self.template, mc_template_literal_prefix(self._template))

    @property
    def is_literal(self):
        return bool(mc_template_is_literal(self._template))

    def match(self, path):
        cdef bytes encoded = encoded_text(path, "path")
        cdef mc_slice values[MC_TEMPLATE_VARIABLES]
        if not mc_template_match(self._template, slice_of(encoded), values):
            return None
        return {name: text_like(path, values[i]) for i, name in enumerate(self.variables)}

    def check_rewrite(self, str rewrite not None):
        mc_template_rewrite_free(self._compile_rewrite(rewrite))

    def rewrite(self, str rewrite not None, path):
        cdef bytes encoded = encoded_text(path, "path")
        cdef mc_slice values[MC_TEMPLATE_VARIABLES]
        cdef mc_slice out
        cdef mc_scratch scratch
        cdef mc_template_rewrite *compiled = self._compile_rewrite(rewrite)
        mc_scratch_init(&scratch)
        try:
            if not mc_template_match(self._template, slice_of(encoded), values):
                return None
            if mc_template_rewrite_apply(compiled, values, &scratch, &out) != MC_OK:
                raise MemoryError
            return text_like(path, out)
        finally:
            mc_scratch_reset(&scratch)
            mc_template_rewrite_free(compiled)

    cdef mc_template_rewrite *_compile_rewrite(self, str rewrite) except NULL:
        cdef mc_error error
        cdef bytes encoded = encoded_text(rewrite, "rewrite")
        cdef mc_template_rewrite *compiled = mc_template_rewrite_compile(self._template, slice_of(encoded), &error)
        if compiled == NULL:
            raise failure_of(PathTemplateError, rewrite, encoded, &error)
        return compiled


name_mistakes(PathTemplate)
