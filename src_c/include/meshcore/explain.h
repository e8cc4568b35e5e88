/* Explanations: why a request is decided as it is, found by the functions that decide, at the cost of a walk over
 * all routes of its virtual host. */
#ifndef MESHCORE_EXPLAIN_H
#define MESHCORE_EXPLAIN_H

#include "meshcore/decision.h"

/* Decides as mc_decide would now, and changes nothing: no lease is taken, no policy's turn moves on. It may find
 * its cluster stale as that does. */
mc_code mc_peek(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision);

typedef enum mc_condition_kind {
  MC_CONDITION_NONE,
  MC_CONDITION_PATH,
  MC_CONDITION_FRACTION,
  MC_CONDITION_GRPC,
  MC_CONDITION_HEADER,
  MC_CONDITION_QUERY,
  MC_CONDITION_COOKIE,
} mc_condition_kind;

/* One condition of a route, by its place among those of its kind in the route's spec. */
typedef struct mc_condition {
  mc_condition_kind kind;
  uint32_t index;
} mc_condition;

/* The conditions of a route that do not hold. */
typedef struct mc_failures {
  mc_condition first; /* in the order in which they are tested */
  uint32_t count;     /* 0: the route matches */
} mc_failures;

/* How a virtual host was found. */
typedef enum mc_domain_kind {
  MC_DOMAIN_NONE,
  MC_DOMAIN_EXACT,
  MC_DOMAIN_SUFFIX, /* "*suffix" */
  MC_DOMAIN_PREFIX, /* "prefix*" */
  MC_DOMAIN_ANY,    /* "*" */
} mc_domain_kind;

/* What chose among the clusters of a split. */
typedef enum mc_draw_kind {
  MC_DRAW_RANDOM,
  MC_DRAW_HEADER,
  MC_DRAW_HASH,
  MC_DRAW_STICKY, /* a key of the request */
  MC_DRAW_COOKIE, /* a key that the answer gives */
} mc_draw_kind;

typedef struct mc_explained mc_explained;

/* Lives inside its owner, where it must not be moved; what it points to lies in the request and the scratch. */
typedef struct mc_explanation {
  int32_t listener, virtual_host, route; /* -1: none */
  bool has_view;        /* false: refused before any route was looked up */
  mc_view view;         /* as the matchers see the request */
  mc_slice host;        /* what the virtual host was looked up by; data NULL: nothing */
  mc_domain_kind domain;
  size_t domain_size;   /* of the domain that matched, without its star */
  const mc_failures *failures; /* of each of the virtual host's routes, those behind the winner included */
  uint32_t route_count;
  int32_t first_route;  /* the number of the first of them */
  int32_t choice;       /* of the weighted clusters; -1: no split, and what follows is 0 */
  mc_draw_kind draw;
  uint64_t drawn, place, sum; /* place: drawn modulo the sum of the weights */
  mc_slice key;               /* of a sticky split: what was hashed; drawn is the hash */
  const double *scores;       /* of a sticky split, by destination: the highest wins; NULL: another split */
  uint32_t score_count;
  mc_explained *inner;
} mc_explanation;

/* MC_OK or MC_NO_MEMORY. */
mc_code mc_explain(const mc_snapshot *snapshot, const mc_request *request, mc_scratch *scratch,
                   mc_explanation *explanation);
/* The values of the request that a condition of a route compares; count 0: there is none. */
mc_code mc_explanation_values(const mc_explanation *explanation, int32_t route, mc_condition condition,
                              const mc_slice **values, uint32_t *count);

#endif
