cdef object sent_outside(object context, object send, object message)
