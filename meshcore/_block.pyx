"""The memory of decisions: blocks of a small pool, which hold the Python objects that they point into."""

from libc.stdlib cimport free, malloc

from meshcore._core cimport *
from meshcore._request cimport as_lines, as_tuples, pairs_as_bytes, take_pairs, take_plain_pairs

cdef Block *pool = NULL
cdef int pooled = 0


cdef Block *block_new() except NULL:
    global pool, pooled
    cdef Block *block = pool
    if block != NULL:
        pool = block.next
        pooled -= 1
    else:
        block = <Block *> malloc(sizeof(Block))
        if block == NULL:
            raise MemoryError
        block.decided = False
        block.held_count = 0
        block.lines = block.some
        block_clear(block)
    block.line_count = 0
    return block


cdef void block_free(Block *block) noexcept:
    global pool, pooled
    block_clear(block)
    if pooled < MC_POOLED:
        block.next = pool
        pool = block
        pooled += 1
    else:
        free(block)


cdef tuple block_take(Block *block, object headers):
    cdef tuple pairs = as_lines(headers), alive
    block_make_room(block, len(pairs))
    if take_plain_pairs(pairs, block.lines):
        alive = pairs
    else:
        pairs = as_tuples(pairs)
        alive = odd_taken(pairs, block.lines)
    hold(block, <PyObject *> alive)
    block.given = <PyObject *> headers
    hold(block, <PyObject *> headers)
    return pairs


cdef int block_make_room(Block *block, Py_ssize_t line_count) except -1:
    """For as many header lines."""
    cdef mc_header *room
    block.line_count = <uint32_t> line_count
    if line_count > LINES_INLINE:
        room = <mc_header *> malloc(<size_t> line_count * sizeof(mc_header))
        if room == NULL:
            raise MemoryError
        block.lines = room
    return 0


cdef tuple odd_taken(tuple pairs, mc_header *out):
    """Pairs of any texts into as many headers. What those point into."""
    try:
        take_pairs(pairs, out)
        return pairs
    except UnicodeEncodeError:
        pairs = pairs_as_bytes(pairs)
        take_pairs(pairs, out)
        return pairs
