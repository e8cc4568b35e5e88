#include "policy/cors.h"

mc_code mc_cors_build(mc_cors **out, const mc_cors_spec *spec, mc_arena *arena, mc_error *error) {
  *out = NULL;
  if (!spec) return MC_OK;
  bool ok = true;
  mc_cors *cors = mc_arena_alloc(arena, 1, sizeof *cors);
  mc_string_match *origins = mc_arena_alloc(arena, spec->origin_count, sizeof *origins);
  if (!cors || !origins) ok = false;
  if (ok) {
    *out = cors; /* from here on mc_cors_clear knows of it */
    cors->origins = origins;
    cors->allow_methods = mc_arena_copy(arena, spec->allow_methods, &ok);
    cors->allow_headers = mc_arena_copy(arena, spec->allow_headers, &ok);
    cors->expose_headers = mc_arena_copy(arena, spec->expose_headers, &ok);
    cors->max_age = mc_arena_copy(arena, spec->max_age, &ok);
    cors->allow_credentials = spec->allow_credentials;
    cors->allow_private_network_access = spec->allow_private_network_access;
    cors->forward_not_matching_preflights = spec->forward_not_matching_preflights;
    cors->numerator = spec->numerator;
    cors->denominator = spec->denominator;
  }
  if (!ok) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  bool no_memory = false;
  for (uint32_t i = 0; i < spec->origin_count; i++) {
    mc_code code = mc_string_match_build(&origins[i], &spec->origins[i], arena, error);
    if (code) return code;
    cors->origin_count = i + 1;
    cors->any_origin |= mc_string_match_test(&origins[i], MC_LITERAL("*"), &no_memory);
  }
  return no_memory ? MC_NO_MEMORY : MC_OK;
}

void mc_cors_clear(mc_cors *cors) {
  if (!cors) return;
  for (uint32_t i = 0; i < cors->origin_count; i++) mc_string_match_clear(&cors->origins[i]);
  cors->origin_count = 0;
}

/* ------------------------------------------------------------------ what the levels say together */

static mc_slice text_of(const mc_cors_chain *chain, size_t field) {
  for (uint32_t i = 0; i < chain->count; i++) {
    mc_slice said = *(const mc_slice *)(const void *)((const char *)chain->levels[i] + field);
    if (said.size) return said;
  }
  return MC_ABSENT;
}

static bool answer_of(const mc_cors_chain *chain, size_t field, bool otherwise) {
  for (uint32_t i = 0; i < chain->count; i++) {
    mc_said said = *(const mc_said *)(const void *)((const char *)chain->levels[i] + field);
    if (said != MC_UNSAID) return said == MC_SAID_YES;
  }
  return otherwise;
}

#define TEXT(chain, field) text_of(chain, offsetof(mc_cors, field))
#define ANSWER(chain, field, otherwise) answer_of(chain, offsetof(mc_cors, field), otherwise)

/* The first level with a list decides, also where it takes fewer origins than those behind it. */
static bool origin_allowed(const mc_cors_chain *chain, mc_slice origin, bool *no_memory) {
  for (uint32_t i = 0; i < chain->count; i++) {
    const mc_cors *cors = chain->levels[i];
    if (!cors->origin_count) continue;
    if (cors->any_origin) return true;
    for (uint32_t k = 0; k < cors->origin_count; k++) {
      if (mc_string_match_test(&cors->origins[k], origin, no_memory)) return true;
    }
    return false;
  }
  return false;
}

mc_cors_verdict mc_cors_judge(const mc_cors_chain *chain, const mc_cors_request *request, uint64_t random,
                              bool *no_memory) {
  if (!chain->count || !request->origin.size) return MC_CORS_NONE;
  const mc_cors *first = chain->levels[0];
  if (first->denominator && random % first->denominator >= first->numerator) return MC_CORS_NONE;
  bool allowed = origin_allowed(chain, request->origin, no_memory);
  if (!mc_slice_equal(request->method, MC_LITERAL("OPTIONS")) || !request->request_method.size) {
    return allowed ? MC_CORS_ALLOWED : MC_CORS_NONE;
  }
  if (allowed) return MC_CORS_PREFLIGHT;
  return ANSWER(chain, forward_not_matching_preflights, true) ? MC_CORS_NONE : MC_CORS_PREFLIGHT_DENIED;
}

/* ------------------------------------------------------------------ the lines of an answer */

static void set(mc_header *lines, uint32_t *count, mc_slice name, mc_slice value) {
  lines[(*count)++] = (mc_header){name, value.data ? value : MC_LITERAL("")};
}

/* "*" stands for what the request asks for. */
static void set_asked(mc_header *lines, uint32_t *count, mc_slice name, mc_slice said, mc_slice asked) {
  if (said.size) set(lines, count, name, mc_slice_equal(said, MC_LITERAL("*")) ? asked : said);
}

uint32_t mc_cors_lines(const mc_cors_chain *chain, mc_cors_verdict verdict, const mc_cors_request *request,
                       mc_header lines[MC_CORS_LINES]) {
  uint32_t count = 0;
  if (verdict == MC_CORS_NONE) return 0;
  bool allowed = verdict != MC_CORS_PREFLIGHT_DENIED;
  if (allowed) set(lines, &count, MC_LITERAL("access-control-allow-origin"), request->origin);
  if (ANSWER(chain, allow_credentials, false)) {
    set(lines, &count, MC_LITERAL("access-control-allow-credentials"), MC_LITERAL("true"));
  }
  if (verdict != MC_CORS_ALLOWED) {
    set_asked(lines, &count, MC_LITERAL("access-control-allow-methods"), TEXT(chain, allow_methods),
              request->request_method);
    set_asked(lines, &count, MC_LITERAL("access-control-allow-headers"), TEXT(chain, allow_headers),
              request->request_headers);
    mc_slice max_age = TEXT(chain, max_age);
    if (max_age.size) set(lines, &count, MC_LITERAL("access-control-max-age"), max_age);
    if (ANSWER(chain, allow_private_network_access, false) &&
        mc_slice_equal(request->request_private_network, MC_LITERAL("true"))) {
      set(lines, &count, MC_LITERAL("access-control-allow-private-network"), MC_LITERAL("true"));
    }
  }
  /* The filter sees its own answer pass, too, and exposes headers of it. */
  mc_slice expose = TEXT(chain, expose_headers);
  if (allowed && expose.size) set(lines, &count, MC_LITERAL("access-control-expose-headers"), expose);
  return count;
}
