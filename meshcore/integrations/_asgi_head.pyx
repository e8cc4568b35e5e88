"""The head of an app's answer: what the decision is told of it, and what becomes of it."""

from meshcore.decision cimport Decision
from meshcore.integrations._fields cimport Field, PyObject, Word, field_of, is_word, value_of, word_of
from meshcore.integrations._head cimport stays, tell

cdef Field *TYPE = field_of("type")
cdef Field *STATUS = field_of("status")
cdef Field *HEADERS = field_of("headers")
cdef Field *MORE_BODY = field_of("more_body")

cdef Word *A_BODY = word_of("http.response.body")
cdef Word *A_START = word_of("http.response.start")
cdef Word *A_PATH = word_of("http.response.pathsend")


cdef int kind_of(dict message) except -1:
    """HEAD, LAST, or 0 for what is neither."""
    cdef PyObject *kind = value_of(message, TYPE)
    cdef PyObject *more
    if kind == NULL:
        raise KeyError("type")
    if is_word(kind, A_BODY):
        more = value_of(message, MORE_BODY)
        return 0 if more != NULL and <object> more else LAST
    if is_word(kind, A_START):
        return HEAD
    return LAST if is_word(kind, A_PATH) else 0


cdef dict head_of(Decision decision, dict message, bint edited, int *status):
    """The message to send; the decision has been told."""
    cdef PyObject *number = value_of(message, STATUS)
    cdef PyObject *lines = value_of(message, HEADERS)
    if number == NULL:
        raise KeyError("status")
    given = <object> number  # nobody else may have it by when the lines have been read
    headers = () if lines == NULL else <object> lines
    if not isinstance(headers, (list, tuple)):  # they may be there to be read once
        headers = list(headers)
        message = {**message, "headers": headers}
    tell(decision, given, headers)
    status[0] = given
    if not edited or stays(decision, headers):
        return message
    return {**message, "headers": decision.response_headers(headers, status=given)}
