/* Path and host rewrites. Compiled ones are immutable; results lie in the scratch or in place. */
#ifndef MC_EDIT_REWRITE_H
#define MC_EDIT_REWRITE_H

#include "base/arena.h"
#include "edit/format.h"

typedef struct mc_path_rewrite {
  mc_path_rewrite_kind kind;
  mc_path_kind matched_kind; /* of the route's path specifier */
  size_t matched_size;       /* its size */
  mc_slice text;
  bool text_has_query;
  mc_regex *regex; /* REGEX */
  mc_substitution *substitution;
  mc_template *match; /* TEMPLATE: the route's path template */
  mc_template_rewrite *rewrite;
  mc_format format; /* FORMAT */
} mc_path_rewrite;

typedef struct mc_host_rewrite {
  mc_host_rewrite_kind kind;
  bool append_x_forwarded_host;
  mc_slice text;
  mc_regex *regex; /* PATH_REGEX */
  mc_substitution *substitution;
  mc_format format; /* FORMAT */
} mc_host_rewrite;

/* path_kind and path are those of the route's match. MC_INVALID fills error. */
mc_code mc_path_rewrite_compile(mc_arena *arena, const mc_path_rewrite_spec *spec, mc_path_kind path_kind,
                                mc_slice path, mc_path_rewrite *out, mc_error *error);
mc_code mc_host_rewrite_compile(mc_arena *arena, const mc_host_rewrite_spec *spec, mc_host_rewrite *out,
                                mc_error *error);

/* Gives back what lies outside the arena (regexes and templates); also after a failed compile, and for
 * one that is all zeros. */
void mc_path_rewrite_clear(mc_path_rewrite *rewrite);
void mc_host_rewrite_clear(mc_host_rewrite *rewrite);

/* text in the place of the whole path; nothing changes where it is empty. */
mc_code mc_path_replace(mc_slice text, mc_slice target, mc_scratch *scratch, mc_slice *out, bool *changed);

/* The target (path and query) after the rewrite, of any kind but FORMAT. *changed is false, and *out the target itself,
 * where the rewrite does not apply: then no x-envoy-original-path is due either. It is true, and
 * the header due, also where the result is the same text. */
mc_code mc_path_rewrite_apply(const mc_path_rewrite *rewrite, mc_slice target, mc_scratch *scratch,
                              mc_slice *out, bool *changed);

/* The authority after the rewrite. target is the path and query before the path rewrite;
 * value that of the header named by text, or what the format gives, hostname the endpoint's, for the kinds that need
 * them. */
mc_code mc_host_rewrite_apply(const mc_host_rewrite *rewrite, mc_slice authority, mc_slice target,
                              mc_slice value, mc_slice hostname, mc_scratch *scratch, mc_slice *out,
                              bool *changed);

#endif
