/* Base64 (RFC 4648, 4), read as strictly as Envoy reads it (source/common/common/base64.cc). */
#ifndef MC_BASE_BASE64_H
#define MC_BASE_BASE64_H

#include "base/arena.h"
#include "base/slice.h"

/* Whole groups of four, '=' at the end alone, and no bits left over that are set: anything else gives a text of size
 * 0, as the empty text does. In scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_base64_decode(mc_slice text, mc_scratch *scratch, mc_slice *out);

/* How many characters a text of the size takes. */
static inline size_t mc_base64_size(size_t size) { return (size + 2) / 3 * 4; }
/* Writes them; returns where they end. */
char *mc_base64_encode(mc_slice text, char *at);

#endif
