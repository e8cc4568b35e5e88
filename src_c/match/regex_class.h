/* Reading what a pattern says of single characters: escapes and [classes]. */
#ifndef MC_MATCH_REGEX_CLASS_H
#define MC_MATCH_REGEX_CLASS_H

#include "match/regex_ranges.h"

/* Where the reader is in a pattern, which is valid UTF-8 throughout. */
typedef struct mc_rx_reader {
  mc_slice pattern;
  size_t at;
  mc_error *error;
} mc_rx_reader;

static inline bool mc_rx_more(const mc_rx_reader *reader) { return reader->at < reader->pattern.size; }
/* The byte `ahead` bytes on; 0 past the end. */
static inline char mc_rx_peek(const mc_rx_reader *reader, size_t ahead) {
  return reader->pattern.size - reader->at > ahead ? reader->pattern.data[reader->at + ahead] : '\0';
}
static inline bool mc_rx_looks_at(const mc_rx_reader *reader, mc_slice text) {
  return mc_slice_starts(mc_slice_from(reader->pattern, reader->at), text);
}
uint32_t mc_rx_next_rune(mc_rx_reader *reader);

/* Refuses the pattern: sets the error, with printf's format, and is false. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
bool mc_rx_refuse(mc_rx_reader *reader, size_t position, const char *format, ...);

/* At a backslash that begins the escape of one character. */
bool mc_rx_read_escape(mc_rx_reader *reader, uint32_t *rune);
/* At a backslash: whether a class such as \d or \W follows. If so, it is read and added. */
bool mc_rx_read_perl_class(mc_rx_reader *reader, bool fold, mc_rx_ranges *out);
/* At the [ of a class. The ranges are tidy in the end, unless this is false or memory is out. */
bool mc_rx_read_class(mc_rx_reader *reader, bool fold, mc_rx_ranges *out);

#endif
