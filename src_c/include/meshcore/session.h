/* What keeps a client where it is: hash policies at an endpoint, sessions likewise, sticky splits at a weighted
 * cluster; and the cookies that they give. */
#ifndef MESHCORE_SESSION_H
#define MESHCORE_SESSION_H

#include "meshcore/rewrite.h"

typedef enum mc_hash_kind { MC_HASH_HEADER, MC_HASH_COOKIE, MC_HASH_SOURCE_IP, MC_HASH_QUERY } mc_hash_kind;

typedef struct mc_cookie_attribute {
  mc_slice name, value; /* value of size 0: the name alone */
} mc_cookie_attribute;

/* How a cookie is given to a client that has none. */
typedef struct mc_cookie_spec {
  uint64_t max_age; /* seconds; 0: until the client's session ends */
  mc_slice path;    /* size 0: not said */
  const mc_cookie_attribute *attributes;
  uint32_t attribute_count;
} mc_cookie_spec;

typedef enum mc_session_kind { MC_SESSION_OFF, MC_SESSION_COOKIE, MC_SESSION_HEADER } mc_session_kind;

/* Envoy's StatefulSession: requests go to the endpoint that they name, by an address in base64. */
typedef struct mc_session_spec {
  mc_session_kind kind;    /* MC_SESSION_OFF: requests at this level have no session */
  mc_slice name;           /* of the cookie, or of the header (lower-case) */
  mc_cookie_spec cookie;   /* MC_SESSION_COOKIE; only requests below its path have a session */
  bool strict;             /* nothing else will do than what a request asks for */
  uint16_t missing_status; /* of the answer then, where there is no such endpoint */
} mc_session_spec;

typedef struct mc_hash_policy_spec {
  mc_hash_kind kind;
  bool terminal;
  mc_slice name;
  mc_substitution_spec regex;   /* pattern.data NULL: none */
  const mc_cookie_spec *cookie; /* MC_HASH_COOKIE: NULL: none is given */
} mc_hash_policy_spec;

typedef struct mc_hash_policies_spec {
  const mc_hash_policy_spec *at;
  uint32_t count;
} mc_hash_policies_spec;

/* What keeps a request at its weighted cluster. Without a value the choice is random. */
typedef struct mc_sticky_spec {
  mc_hash_kind kind;
  mc_slice name;
  const mc_cookie_spec *cookie; /* MC_HASH_COOKIE: NULL: none is given */
} mc_sticky_spec;

/* A cookie that a decision gives to a client, and the next one. */
typedef struct mc_new_cookie mc_new_cookie;

/* What keeps a client at an endpoint. */
typedef struct mc_session mc_session;

/* What a session did to the choice of an endpoint. */
typedef enum mc_session_reason {
  MC_SESSION_NEW,     /* nothing: the request asks for none, or its cookie is over */
  MC_SESSION_KEPT,    /* the endpoint is the one that the request asks for */
  MC_SESSION_UNKNOWN, /* the cluster has none of that address */
  MC_SESSION_UNFIT,   /* it has, but of a health that sessions may not use */
} mc_session_reason;

#endif
