/* Header edits of one level (weighted cluster, route, virtual host, route configuration) and their
 * application. Within a level: removals, then overwrites, then additions; all formats are evaluated
 * after the removals and before anything is written. An empty value is dropped unless keep_empty;
 * a value that holds NUL, CR or LF is dropped always. */
#ifndef MC_EDIT_HEADERS_H
#define MC_EDIT_HEADERS_H

#include "edit/format.h"
#include "edit/header_list.h"

typedef struct mc_header_value {
  mc_slice name;
  mc_format value;
  mc_append_action action;
  bool keep_empty;
} mc_header_value;

/* One level, one direction. */
typedef struct mc_edits {
  const mc_header_value *add;
  const mc_slice *remove;
  uint32_t add_count, remove_count;
  bool reads_request; /* some value has a %REQ()% */
  bool names_id;      /* x-request-id, or what has an answer tell it */
} mc_edits;

typedef struct mc_edit_pair {
  mc_edits request, response;
} mc_edit_pair;

/* The levels that apply to a route, in the order of application; empty ones are left out. */
enum { MC_EDIT_LEVELS = 3 };
typedef struct mc_edit_chain {
  const mc_edits *levels[MC_EDIT_LEVELS];
  uint32_t count;
} mc_edit_chain;

/* What a filter does to a request before the router: edits, or lines to add. */
typedef struct mc_filter_edit {
  const mc_edits *edits; /* NULL: none */
  const mc_header *lines;
  uint32_t line_count;
  struct mc_filter_edit *next;
} mc_filter_edit;

mc_code mc_edit_pair_compile(mc_arena *arena, const mc_edits_spec *spec, mc_edit_pair *out);

/* The levels of a route in Envoy's order: route, virtual host, route configuration (the outermost
 * overwrite wins), or the reverse under most_specific_header_mutations_wins. Those of the weighted
 * cluster come before the chain in any case and are applied apart. The pairs must outlive the
 * chains; any may be NULL. */
void mc_edit_chain_make(const mc_edit_pair *route, const mc_edit_pair *virtual_host,
                        const mc_edit_pair *route_configuration, bool most_specific_wins,
                        mc_edit_chain *request, mc_edit_chain *response);

static inline bool mc_edits_empty(const mc_edits *edits) {
  return !edits || (edits->add_count == 0 && edits->remove_count == 0);
}

/* context->request (or ->response) should be the list itself, so that formats see what stands.
 * MC_OK or MC_NO_MEMORY; the list is then unusable. */
mc_code mc_edits_apply(const mc_edits *edits, const mc_format_context *context, mc_header_list *list);
/* Of several filters, in order. */
mc_code mc_filter_edits_apply(const mc_filter_edit *edits, const mc_format_context *context, mc_header_list *list);
mc_code mc_edit_chain_apply(const mc_edit_chain *chain, const mc_format_context *context,
                            mc_header_list *list);

#endif
