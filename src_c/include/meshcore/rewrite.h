/* Rewrites of path and host, and redirects. */
#ifndef MESHCORE_REWRITE_H
#define MESHCORE_REWRITE_H

#include "meshcore/edit.h"

typedef struct mc_substitution_spec {
  mc_slice pattern;      /* RE2 */
  mc_slice substitution; /* with \0 to \9 */
} mc_substitution_spec;

typedef enum mc_path_rewrite_kind {
  MC_REWRITE_NONE,
  MC_REWRITE_PREFIX,   /* what the route's path specifier matched becomes text */
  MC_REWRITE_REGEX,    /* every match in the path (without query) is replaced */
  MC_REWRITE_TEMPLATE, /* text is a path template rewrite over the route's path template */
  MC_REWRITE_FULL,     /* the whole path becomes text; the query is kept unless text has one */
  MC_REWRITE_FORMAT,   /* the whole path becomes what format gives, unless that is empty; the query is kept */
} mc_path_rewrite_kind;

typedef struct mc_path_rewrite_spec {
  mc_path_rewrite_kind kind;
  mc_slice text;
  mc_substitution_spec regex;
  mc_format_spec format;
} mc_path_rewrite_spec;

typedef enum mc_host_rewrite_kind {
  MC_HOST_KEEP,
  MC_HOST_LITERAL,
  MC_HOST_HEADER,
  MC_HOST_PATH_REGEX,
  MC_HOST_AUTO, /* the endpoint's hostname, where it has one */
  MC_HOST_FORMAT,
} mc_host_rewrite_kind;

typedef struct mc_host_rewrite_spec {
  mc_host_rewrite_kind kind;
  mc_slice text; /* the literal, or the header's lower-case name */
  mc_substitution_spec regex;
  mc_format_spec format;
  bool append_x_forwarded_host;
} mc_host_rewrite_spec;

typedef struct mc_redirect_spec {
  uint16_t status;
  bool https;
  bool strip_query;
  int32_t port; /* -1: as it is */
  mc_slice scheme;
  mc_slice host;
  mc_path_rewrite_spec path;
} mc_redirect_spec;

#endif
