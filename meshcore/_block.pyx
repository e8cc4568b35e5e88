"""The memory of decisions: blocks of a small pool, which hold the Python objects that they point into."""

from libc.stdlib cimport free, malloc

from meshcore._core cimport *
from meshcore._request cimport pairs_as_bytes, take_pairs, take_plain_pairs

cdef Block *pool = NULL
cdef int pooled = 0


cdef Block *block_new(Py_ssize_t line_count) except NULL:
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
    if block_make_room(block, line_count):
        block_free(block)
        raise MemoryError
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


cdef tuple taken(tuple pairs, Block *block):
    """Have the block's lines point to these; what they point into, which has to be kept."""
    if take_plain_pairs(pairs, block.lines):
        return pairs
    try:
        take_pairs(pairs, block.lines)
        return pairs
    except UnicodeEncodeError:
        pairs = pairs_as_bytes(pairs)
        take_pairs(pairs, block.lines)
        return pairs
