/* Hash policies: what of a request picks its endpoint, or its weighted cluster. As Envoy 1.40 does it
 * (source/common/http/hash_policy): values are hashed by XXH64, the hashes of several policies combine by
 * rotation and exclusive or, a terminal policy ends the list once there is a hash, be it its own or not. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/refuse.h"
#include "base/rng.h"
#include "edit/view.h"
#include "engine/snapshot.h"

/* Any constant will do that no other draw from the seed uses. */
#define STREAM UINT64_C(0x63636f6f6b696521)

/* ------------------------------------------------------------------ building */

static mc_code build(mc_hash_policy *policy, const mc_hash_policy_spec *spec, mc_slots *slots, mc_arena *arena,
                     mc_error *error) {
  bool ok = true;
  policy->kind = spec->kind;
  policy->terminal = spec->terminal;
  policy->name = mc_arena_copy(arena, spec->name, &ok);
  if (!ok) return mc_no_memory(error);
  mc_code code = MC_OK;
  if (spec->kind == MC_HASH_HEADER) code = mc_header_source_of(spec->name, slots, &policy->source, &policy->slot);
  if (spec->kind == MC_HASH_COOKIE) code = mc_slots_add(slots, MC_LITERAL("cookie"), &policy->slot);
  if (code) return mc_slot_failed(error, code);
  if (spec->kind == MC_HASH_COOKIE && spec->cookie) {
    policy->cookie = mc_arena_alloc(arena, 1, sizeof *policy->cookie);
    if (!policy->cookie || mc_cookie_build(policy->cookie, spec->name, spec->cookie, arena)) {
      return mc_no_memory(error);
    }
  }
  if (!spec->regex.pattern.data) return MC_OK;
  policy->regex = mc_regex_compile(spec->regex.pattern, error);
  if (!policy->regex) return error->code;
  policy->substitution = mc_substitution_compile(spec->regex.substitution);
  return policy->substitution ? MC_OK : mc_no_memory(error);
}

mc_code mc_hash_policies_build(mc_hash_policies *policies, const mc_hash_policy_spec *specs, uint32_t count,
                               mc_slots *slots, mc_arena *arena, mc_error *error) {
  mc_code code = MC_OK;
  policies->at = mc_arena_alloc(arena, count, sizeof *policies->at);
  if (!policies->at) return mc_no_memory(error);
  for (uint32_t i = 0; i < count && !code; i++) {
    policies->count = i + 1;
    code = build(&policies->at[i], &specs[i], slots, arena, error);
  }
  const mc_hash_policy *first = policies->at;
  policies->one_header = count == 1 && first->kind == MC_HASH_HEADER && first->source == MC_SOURCE_LINES && !first->regex;
  return code;
}

void mc_hash_policies_clear(mc_hash_policies *policies) {
  for (uint32_t i = 0; i < policies->count; i++) {
    mc_regex_free(policies->at[i].regex);
    mc_substitution_free(policies->at[i].substitution);
  }
  policies->count = 0;
}

/* ------------------------------------------------------------------ hashing */

static uint64_t hash_of(mc_slice text, uint64_t seed) { return mc_xxh64(text.data, text.size, seed); }

static int compare(const void *left, const void *right) {
  const mc_slice *a = left, *b = right;
  size_t size = a->size < b->size ? a->size : b->size;
  int order = size ? memcmp(a->data, b->data, size) : 0;
  return order ? order : (a->size > b->size) - (a->size < b->size);
}

static mc_slice rewritten(const mc_hash_policy *policy, mc_slice value, mc_input *input) {
  if (!policy->regex) return value;
  mc_slice out;
  if (mc_regex_replace_all(policy->regex, value, policy->substitution, input->scratch, &out)) {
    input->no_memory = true;
    return value;
  }
  return out;
}

/* The lines of a repeated header are sorted, and the hash of each is the seed of the next. */
static bool hash_lines(const mc_hash_policy *policy, mc_input *input, uint64_t *hash) {
  uint32_t count = 0;
  uint16_t first = mc_found_first(&input->found, policy->slot);
  if (!first) return false;
  if (!input->found.next[first - 1]) { /* as almost always: there is nothing to sort */
    *hash = hash_of(rewritten(policy, mc_view_line(input->view, first - 1u)->value, input), 0);
    return true;
  }
  for (uint16_t line = first; line; line = input->found.next[line - 1]) count++;
  mc_slice *values = mc_scratch_alloc(input->scratch, count * sizeof *values);
  if (!values) {
    input->no_memory = true;
    return false;
  }
  uint32_t at = 0;
  for (uint16_t line = first; line; line = input->found.next[line - 1]) {
    values[at++] = rewritten(policy, mc_view_line(input->view, line - 1u)->value, input);
  }
  qsort(values, count, sizeof *values, compare);
  *hash = 0;
  for (uint32_t i = 0; i < count; i++) *hash = hash_of(values[i], *hash);
  return true;
}

static char *write_number(char *at, unsigned number) {
  if (number > 9) at = write_number(at, number / 10);
  *at = (char)('0' + number % 10);
  return at + 1;
}

/* An address as Envoy writes it: IPv6 in brackets. */
static char *write_address(char *at, mc_slice ip, uint16_t port) {
  bool six = mc_slice_find(ip, 0, ':') < ip.size;
  if (six) *at++ = '[';
  memcpy(at, ip.data, ip.size);
  at += ip.size;
  if (six) *at++ = ']';
  *at++ = ':';
  return write_number(at, port);
}

/* How cookies are given. */
typedef struct giving {
  mc_new_cookie **list; /* NULL: none is given */
  bool of_client;       /* they go by the trusted client, not by who opened the connection */
  const mc_cookie *known; /* has this number already; NULL: none has */
  uint64_t number;
} giving;

/* The number of the cookie that a client without one gets. Envoy hashes two addresses, the remote and the local one of
 * the connection, so that requests that run side by side get the same; where they are not known, it is drawn. A client
 * that x-forwarded-for tells of has port 0. */
static uint64_t cookie_number(const giving *giving, mc_input *input) {
  const mc_view *view = input->view;
  enum { ADDRESS_MOST = 64, AROUND = sizeof "[]:65535" };
  char text[2 * (ADDRESS_MOST + AROUND)];
  mc_slice remote = giving->of_client ? mc_view_client(view) : view->source;
  bool connected = remote.data == view->source.data;
  bool known = remote.data && (!connected || view->source_port) && view->local.data && remote.size <= ADDRESS_MOST &&
               view->local.size <= ADDRESS_MOST;
  if (!known) return mc_mix64(input->random ^ STREAM);
  char *end = write_address(text, remote, connected ? view->source_port : 0);
  end = write_address(end, view->local, view->port);
  return mc_xxh64(text, (size_t)(end - text), 0);
}

/* The value of a cookie that the client has not: that of a sticky split, where it is given already, or a new one. */
static mc_slice give_cookie(const mc_hash_policy *policy, mc_input *input, const giving *giving,
                            char digits[MC_COOKIE_DIGITS]) {
  if (giving->known && mc_slice_equal(giving->known->name, policy->name)) {
    return mc_cookie_value(giving->number, digits);
  }
  uint64_t number = cookie_number(giving, input);
  if (mc_cookies_add(giving->list, policy->cookie, number, input->scratch)) input->no_memory = true;
  return mc_cookie_value(number, digits);
}

static bool hash_one(const mc_hash_policy *policy, mc_input *input, const giving *giving, uint64_t *hash) {
  char digits[MC_COOKIE_DIGITS];
  mc_slice value = MC_ABSENT;
  switch (policy->kind) {
    case MC_HASH_HEADER:
      if (policy->source == MC_SOURCE_LINES && !mc_slots_joined(input->slots, policy->slot)) {
        return hash_lines(policy, input, hash);
      }
      value = mc_input_value(input, policy->source, policy->slot);
      if (value.data) value = rewritten(policy, value, input);
      break;
    case MC_HASH_COOKIE:
      if (mc_cookie_find(input, policy->slot, policy->name, &value) && value.size) break;
      if (!policy->cookie || !giving->list) return false;
      value = give_cookie(policy, input, giving, digits);
      break;
    case MC_HASH_SOURCE_IP:
      value = mc_view_client(input->view);
      break;
    case MC_HASH_QUERY:
      if (!mc_query_find(input->view->query, policy->name, &value)) return false;
      break;
  }
  if (!value.data) return false;
  *hash = hash_of(value, 0);
  return true;
}

static bool hash_all(const mc_hash_policies *policies, mc_input *input, const giving *giving, uint64_t *hash) {
  bool any = false;
  *hash = 0;
  for (uint32_t i = 0; i < policies->count; i++) {
    const mc_hash_policy *policy = &policies->at[i];
    uint64_t one;
    if (hash_one(policy, input, giving, &one)) {
      *hash = any ? mc_rotl64(*hash, 1) ^ one : one;
      any = true;
    }
    if (any && policy->terminal) break;
  }
  return any;
}

/* given: cookies so far, of which that of a sticky split is the first. */
static giving giving_to(mc_new_cookie **list, bool of_client, const mc_action *action, const mc_new_cookie *given) {
  bool sticky = action->sticky && given && given->cookie == action->sticky->cookie;
  return (giving){list, of_client, sticky ? given->cookie : NULL, sticky ? given->number : 0};
}

/* As most policies are: the value of a header, which has one line. False: it takes more than that. */
static bool hash_one_line(const mc_hash_policies *policies, const mc_input *input, uint64_t *hash) {
  if (!policies->one_header) return false;
  const uint16_t line = mc_found_first(&input->found, policies->at->slot);
  if (!line || input->found.next[line - 1]) return false;
  const mc_slice value = mc_view_line(input->view, line - 1u)->value;
  if (!value.data) return false;
  *hash = hash_of(value, 0);
  return true;
}

bool mc_action_hash(const mc_action *action, mc_input *input, mc_new_cookie **cookies, uint64_t *hash) {
  if (hash_one_line(&action->hash_policies, input, hash)) return true;
  const giving giving = giving_to(cookies, false, action, cookies ? *cookies : NULL);
  return hash_all(&action->hash_policies, input, &giving, hash);
}

bool mc_cluster_hash(const mc_hash_policies *policies, const mc_action *action, mc_input *input,
                     const mc_new_cookie *given, mc_new_cookie **cookie, uint64_t *hash) {
  mc_new_cookie *list = NULL;
  const giving giving = giving_to(&list, true, action, given);
  bool found = hash_all(policies, input, &giving, hash);
  while (list && list->next) list = list->next;
  *cookie = list;
  return found;
}
