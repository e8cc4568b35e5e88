# The head of an app's answer: what the decision is told of it, and what becomes of it. Part of _asgi_answer.pyx.

cdef Field TYPE = field_of("type")
cdef Field STATUS = field_of("status")
cdef Field HEADERS = field_of("headers")
cdef Field BODY = field_of("body")
cdef Field MORE_BODY = field_of("more_body")

cdef Word A_BODY = word_of("http.response.body")
cdef Word A_START = word_of("http.response.start")
cdef Word A_PATH = word_of("http.response.pathsend")

cdef enum:
    HEAD = 1  # of an answer
    LAST = 2  # its last part


cdef inline int kind_of(dict message) except -1:
    """HEAD, LAST, or 0 for what is neither."""
    cdef PyObject *kind = value_of(message, &TYPE)
    if unlikely(kind == NULL):
        raise KeyError("type")
    if is_word(kind, &A_START):
        return HEAD
    if is_word(kind, &A_BODY):
        return 0 if has_more(message) else LAST
    return LAST if is_word(kind, &A_PATH) else 0


cdef inline bint has_more(dict message) except -1:
    cdef PyObject *more
    if PyDict_GET_SIZE(message) == 2 and value_of(message, &BODY) != NULL:  # to find that nothing is there takes longer
        return False
    more = value_of(message, &MORE_BODY)
    return more != NULL and <object> more


cdef inline dict head_of(Decision decision, dict message, bint edited, int *status):
    """The message to send; the decision has been told."""
    cdef PyObject *number = value_of(message, &STATUS)
    cdef PyObject *lines = value_of(message, &HEADERS)
    if unlikely(number == NULL):
        raise KeyError("status")
    given = <object> number  # nobody else may have it by when the lines have been read
    headers = () if lines == NULL else <object> lines
    if unlikely(not isinstance(headers, (list, tuple))):  # they may be there to be read once
        headers = list(headers)
        message = {**message, "headers": headers}
    tell(decision, given, headers)
    status[0] = given
    if not edited or stays(decision, headers):
        return message
    return {**message, "headers": decision.response_headers(headers, status=given)}
