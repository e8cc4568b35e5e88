/* What everything else is made of: texts and answers of calls, header lines, labels, numbers that may be left out,
 * memory for the time of a request. */
#ifndef MESHCORE_BASE_H
#define MESHCORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mc_slice {
  const char *data; /* NULL: absent, which is not the same as empty */
  size_t size;
} mc_slice;

typedef enum mc_code {
  MC_OK = 0,
  MC_NO_MEMORY,
  MC_INVALID,
  MC_LIMIT,
  MC_STALE, /* of mc_decide: the cluster has news, see mc_snapshot_refresh */
} mc_code;

typedef struct mc_error {
  mc_code code;
  size_t position;   /* of regexes and path templates: where in the text; 0 elsewhere */
  char message[256]; /* what is wrong and, where it helps, what would be right */
} mc_error;

typedef struct mc_header {
  mc_slice name; /* any case */
  mc_slice value;
} mc_header;

/* A key and its value: of subsets, of rate limits. */
typedef struct mc_label {
  mc_slice key, value;
} mc_label;

/* Labels are what subsets are made of. A value of another type than text is given in its JSON form behind a NUL. An
 * endpoint of whose list each value counts has the label once for each; data NULL: of a list without values.
 *
 * Of routes and subsets: sorted by key as bytes, each key once. */
typedef struct mc_labels {
  const mc_label *at;
  uint32_t count;
} mc_labels;

typedef struct mc_names {
  const mc_slice *at;
  uint32_t count;
} mc_names;

/* A boolean that may be left out. */
typedef enum mc_said { MC_UNSAID, MC_SAID_NO, MC_SAID_YES } mc_said;

/* A share of the requests; more than all counts as all. denominator 0: not said. */
typedef struct mc_fraction {
  uint32_t numerator, denominator;
} mc_fraction;

typedef struct mc_number {
  bool said;
  uint64_t value;
} mc_number;

/* A bump allocator that never moves what it gave out. Lives inside its owner. */
#define MC_SCRATCH_INLINE 448
typedef struct mc_scratch {
  char *at;
  char *end;
  void *chunks;
  char block[MC_SCRATCH_INLINE];
} mc_scratch;

/* A scratch lives inside its owner; reset gives everything back. */
void mc_scratch_init(mc_scratch *scratch);
void mc_scratch_reset(mc_scratch *scratch);

#endif
