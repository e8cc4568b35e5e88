/* Substitution format strings: "%REQ(x-a?x-b):3%" compiled once, written for each request. */
#ifndef MC_EDIT_FORMAT_H
#define MC_EDIT_FORMAT_H

#include "base/arena.h"
#include "edit/header_list.h"

/* What the commands speak of. Slices that are absent give the empty text (or "-", as Envoy does). */
typedef struct mc_format_context {
  const mc_view *view;
  const mc_header_list *request; /* the header lines as they stand; NULL: those of the view */
  mc_slice target;               /* :path as it stands; data NULL: the view's */
  mc_slice authority;            /* likewise */
  const mc_header_list *response; /* NULL: no response yet */
  uint16_t status;                /* of the response; 0: none yet */
  uint16_t answered;              /* what :status says; 0: no response yet */
  mc_slice details;
  mc_slice flags;
  uint32_t flag_bits;            /* the same */
  char flags_text[MC_FLAGS_TEXT]; /* where flags may lie */
  mc_slice route_name;
  mc_slice cluster;
  mc_slice endpoint; /* address:port */
  mc_slice endpoint_hostname;
  uint32_t attempts; /* 0: none was made */
  bool dashes;       /* what is absent shows as "-", as in a body, and not as nothing, as in a header */
} mc_format_context;

/* Compiled: a plain text costs nothing to write. */
typedef struct mc_format {
  const mc_format_segment *segments;
  uint32_t count;
  mc_slice constant; /* the whole text where no segment is a command; data NULL otherwise */
} mc_format;

mc_code mc_format_compile(mc_arena *arena, const mc_format_spec *spec, mc_format *out);

/* The text, in the scratch or in place. MC_OK or MC_NO_MEMORY. */
mc_code mc_format_write(const mc_format *format, const mc_format_context *context, mc_scratch *scratch,
                        mc_slice *out);

#endif
