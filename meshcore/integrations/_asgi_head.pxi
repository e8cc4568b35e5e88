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


cdef inline int kind_of(object message) except -1:
    """HEAD, LAST, or 0 for what is neither."""
    cdef PyObject *kind = value_of(message, &TYPE)
    if unlikely(kind == NULL):
        raise KeyError("type")
    if likely(kind == A_BODY.latest):
        return 0 if has_more(message) else LAST
    if likely(is_word(kind, &A_START)):
        return HEAD
    if is_word(kind, &A_BODY):
        return 0 if has_more(message) else LAST
    return LAST if is_word(kind, &A_PATH) else 0


cdef inline bint has_more(object message) except -1:
    cdef PyObject *more
    # To find that nothing is there takes longer.
    if likely(PyDict_GET_SIZE(message) == 2) and likely(value_of(message, &BODY) != NULL):
        return False
    more = value_of(message, &MORE_BODY)
    return more != NULL and <object> more


cdef inline object head_of(Answer answer, object message):
    """The message to send; the decision has been told."""
    # Borrowed: nothing runs here that could let go of them, unless there is more to tell.
    cdef PyObject *status = value_of(message, &STATUS)
    cdef PyObject *lines = value_of(message, &HEADERS)
    if unlikely(status == NULL) or unlikely(lines == NULL) or unlikely(not PyList_CheckExact(<object> lines)):
        return answer._odd_head(message)
    if unlikely(not told_plainly(answer._decision, <object> status, &answer._status)):
        return answer._odd_head(message)
    if likely(answer._edited) and unlikely(not stays(answer._decision, <object> lines)):
        return answer._edited_head(message, <object> lines)
    return message
