/* The request target: origin form ("/path?query"), absolute form ("http://host/path"), authority form
 * (of CONNECT) and "*". */
#ifndef MC_EDIT_TARGET_H
#define MC_EDIT_TARGET_H

#include "edit/bytes.h"

typedef struct mc_target {
  mc_slice target;    /* "/path?query", or "*", or absent for CONNECT */
  size_t path_size;   /* of the part before "?" */
  mc_slice authority; /* of an absolute or authority form; otherwise absent */
  mc_slice scheme;    /* of an absolute form, "http" or "https"; otherwise absent */
} mc_target;

#ifdef __SSE2__
/* Whether a target of 16 bytes and more has a byte that cannot stand in one, or a fragment. *question: where the first '?'
 * is, or the end. */
static inline bool mc_target_doubtful(mc_slice raw, size_t *question) {
  const size_t last = raw.size - 16; /* where the last vector begins, which overlaps the one before */
  __m128i most = _mm_setzero_si128(), hashes = most;
  *question = raw.size;
  for (size_t at = 0;; at = at + 16 < last ? at + 16 : last) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(raw.data + at));
    most = _mm_max_epu8(most, _mm_sub_epi8(bytes, _mm_set1_epi8(0x21))); /* bytes below wrap around */
    hashes = _mm_or_si128(hashes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#')));
    const int marks = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('?')));
    if (marks && *question == raw.size) *question = at + (size_t)__builtin_ctz((unsigned)marks);
    if (at == last) break;
  }
  const __m128i doubts = _mm_or_si128(_mm_subs_epu8(most, _mm_set1_epi8(0x7e - 0x21)), hashes);
  return _mm_movemask_epi8(_mm_cmpeq_epi8(doubts, _mm_setzero_si128())) != 0xffff;
}
#endif

/* MC_DETAILS_NONE, or why the target is refused. */
mc_details mc_target_parse_any(mc_slice method, mc_slice raw, mc_target *out);
/* The same, without a call for a path of some length, as most targets are. The method is not empty. */
static inline mc_details mc_target_parse(mc_slice method, mc_slice raw, mc_target *out) {
#ifdef __SSE2__
  if (raw.size >= 16 && raw.data[0] == '/' && method.data[0] != 'C' && !mc_target_doubtful(raw, &out->path_size)) {
    out->target = raw;
    out->authority = out->scheme = MC_ABSENT;
    return MC_DETAILS_NONE;
  }
#endif
  return mc_target_parse_any(method, raw, out);
}

/* Whether the bytes may stand in an authority. */
static inline bool mc_authority_ok(mc_slice authority) {
  return mc_bytes_plain(authority) || mc_bytes_all(authority, MC_BYTE_AUTHORITY);
}

/* The authority without what the options strip: a trailing dot, a port, which lies *port_size bytes long behind it. *ok
 * becomes false where memory is out. */
mc_slice mc_authority_stripped(mc_slice authority, const mc_http_options *options, uint16_t local_port,
                               mc_scratch *scratch, uint16_t *port_size, bool *ok);
/* The same; most options strip nothing. */
static inline mc_slice mc_authority_strip(mc_slice authority, const mc_http_options *options, uint16_t local_port,
                                          mc_scratch *scratch, uint16_t *port_size, bool *ok) {
  const bool strips =
      options->strip_trailing_host_dot || options->strip_any_host_port || options->strip_matching_host_port;
  *port_size = 0;
  return strips ? mc_authority_stripped(authority, options, local_port, scratch, port_size, ok) : authority;
}

#endif
