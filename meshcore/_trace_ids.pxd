from libc.stdint cimport uint64_t

from meshcore._core cimport mc_id_source, mc_id_source_take, mc_id_source_take_alone
from meshcore._request cimport MC_LISTS_STAY

cdef mc_id_source *ids
cdef int no_ids() except -1
cdef int draw_seeded(object seed, uint64_t *out, int count) except -1


cdef inline int draw(object seed, uint64_t *out, int count) except -1:
    """So many numbers: of chance, which nobody can guess, or of a seed."""
    if seed is not None:
        return draw_seeded(seed, out, count)
    # The GIL, where there is one, keeps other threads out.
    if not (mc_id_source_take_alone if MC_LISTS_STAY else mc_id_source_take)(ids, out, <size_t> count):
        no_ids()
    return 0


cdef object hex_text(uint64_t number)
cdef object long_hex_text(uint64_t high, uint64_t low)
cdef object uuid_text(const uint64_t *random)
