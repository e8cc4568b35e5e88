/* Pieces of text as numbers: what those who build and those who ask a filter must agree on. */
#ifndef MC_MATCH_REGEX_PIECE_H
#define MC_MATCH_REGEX_PIECE_H

#include "match/regex_filter.h"

/* Bytes of different case are the same with this bit; some others are, too, and pass for candidates. No
 * byte of a piece is 0 then, so that pieces of different sizes are different numbers. */
#define MC_RX_PIECE_FOLD (UINT64_C(0x0101010101010101) * 0x20)

static inline uint64_t mc_rx_piece_hash(uint64_t piece) {
  piece ^= piece >> 32;
  return piece * UINT64_C(0x9E3779B97F4A7C15);
}

/* Little-endian, whatever the machine; compilers make one instruction of it. */
static inline uint64_t mc_rx_piece_load(const char *at) {
  const unsigned char *bytes = (const unsigned char *)at;
  return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24 |
         (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 | (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56;
}

/* The eight bytes at a place, without their case; blanks behind the end. */
static inline uint64_t mc_rx_piece_at(mc_slice text, size_t at) {
  const size_t left = text.size - at;
  if (left >= 8) return mc_rx_piece_load(text.data + at) | MC_RX_PIECE_FOLD;
  if (text.size >= 8) return mc_rx_piece_load(text.data + text.size - 8) >> 8 * (8 - left) | MC_RX_PIECE_FOLD;
  char bytes[8] = {0};
  memcpy(bytes, text.data + at, left);
  return mc_rx_piece_load(bytes) | MC_RX_PIECE_FOLD;
}

/* The piece's place in the table, or a free one. */
static inline mc_rx_piece *mc_rx_piece_find(const mc_rx_filter *filter, uint64_t piece) {
  uint32_t at = (uint32_t)(mc_rx_piece_hash(piece) >> filter->shift);
  while (filter->pieces[at].bytes && filter->pieces[at].bytes != piece) at = (at + 1) & (filter->piece_count - 1);
  return &filter->pieces[at];
}

#endif
