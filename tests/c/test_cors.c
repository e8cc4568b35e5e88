#include "edit_support.h"

#include "policy/cors.h"

static mc_arena *arena;

static mc_cors *build(mc_cors_spec spec) {
  mc_cors *cors;
  mc_error error;
  CHECK_INT(mc_cors_build(&cors, &spec, arena, &error), MC_OK);
  return cors;
}

static const mc_string_spec OK_ORIGIN = {.kind = MC_STRING_EXACT, .value = {"http://ok", 9}};

static mc_cors_request asking(const char *method, const char *origin, const char *request_method) {
  return (mc_cors_request){.method = text_of(method), .origin = text_of(origin), .request_method = text_of(request_method)};
}

static mc_cors_verdict judge(const mc_cors_chain *chain, mc_cors_request request, uint64_t random) {
  bool no_memory = false;
  mc_cors_verdict verdict = mc_cors_judge(chain, &request, random, &no_memory);
  CHECK(!no_memory);
  return verdict;
}

/* "name: value|..." of the lines, without what all names begin with. */
static mc_slice lines_of(const mc_cors_chain *chain, mc_cors_verdict verdict, mc_cors_request request, char *out) {
  static mc_header_line copy[MC_CORS_LINES];
  mc_header lines[MC_CORS_LINES];
  const size_t prefix = sizeof "access-control-" - 1;
  mc_header_list list = {.lines = copy, .count = mc_cors_lines(chain, verdict, &request, lines)};
  for (uint32_t i = 0; i < list.count; i++) {
    CHECK(mc_slice_starts(lines[i].name, MC_LITERAL("access-control-")));
    copy[i] = (mc_header_line){mc_slice_from(lines[i].name, prefix), lines[i].value, -1};
  }
  return list_text(&list, out);
}

static void test_what_is_a_preflight(void) {
  arena = mc_arena_new();
  mc_cors_chain chain = {.count = 0};
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://ok", "PUT"), 0), MC_CORS_NONE);
  mc_cors_chain_add(&chain, NULL);
  CHECK_INT(chain.count, 0);
  mc_cors_chain_add(&chain, build((mc_cors_spec){.origins = &OK_ORIGIN, .origin_count = 1}));
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://ok", "PUT"), 0), MC_CORS_PREFLIGHT);
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://ok", NULL), 0), MC_CORS_ALLOWED);
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://ok", ""), 0), MC_CORS_ALLOWED);
  CHECK_INT(judge(&chain, asking("options", "http://ok", "PUT"), 0), MC_CORS_ALLOWED);
  CHECK_INT(judge(&chain, asking("GET", "http://ok", "PUT"), 0), MC_CORS_ALLOWED);
  CHECK_INT(judge(&chain, asking("OPTIONS", "", "PUT"), 0), MC_CORS_NONE);
  CHECK_INT(judge(&chain, asking("OPTIONS", NULL, "PUT"), 0), MC_CORS_NONE);
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://OK", "PUT"), 0), MC_CORS_NONE); /* forwarded, if nothing is said */
  CHECK_INT(judge(&chain, asking("GET", "http://bad", NULL), 0), MC_CORS_NONE);
  mc_arena_free(arena);
}

static void test_preflights_of_other_origins(void) {
  arena = mc_arena_new();
  mc_cors_chain chain = {.count = 0};
  mc_cors_chain_add(&chain, build((mc_cors_spec){.forward_not_matching_preflights = MC_SAID_NO, .allow_methods = MC_LITERAL("GET"),
                                                 .expose_headers = MC_LITERAL("x")}));
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://bad", "PUT"), 0), MC_CORS_PREFLIGHT_DENIED);
  CHECK_INT(judge(&chain, asking("GET", "http://bad", "PUT"), 0), MC_CORS_NONE);
  char out[256];
  CHECK_SLICE(lines_of(&chain, MC_CORS_PREFLIGHT_DENIED, asking("OPTIONS", "http://bad", "PUT"), out), "allow-methods: GET");
  CHECK_SLICE(lines_of(&chain, MC_CORS_NONE, asking("GET", "http://bad", "PUT"), out), "");
  mc_arena_free(arena);
}

static void test_origins(void) {
  const mc_string_spec specs[] = {{.kind = MC_STRING_SUFFIX, .ignore_case = true, .value = MC_LITERAL(".OK")},
                                  {.kind = MC_STRING_REGEX, .value = MC_LITERAL("https?://[a-z]+")}};
  const mc_string_spec any[] = {{.kind = MC_STRING_EXACT, .value = MC_LITERAL("*")},
                                {.kind = MC_STRING_REGEX, .value = MC_LITERAL(".*")},
                                {.kind = MC_STRING_REGEX, .value = MC_LITERAL("[*]")}}; /* takes "*", so all */
  arena = mc_arena_new();
  mc_cors *cors = build((mc_cors_spec){.origins = specs, .origin_count = 2});
  mc_cors_chain chain = {.levels = {cors}, .count = 1};
  CHECK_INT(judge(&chain, asking("GET", "http://a.ok", NULL), 0), MC_CORS_ALLOWED);
  CHECK_INT(judge(&chain, asking("GET", "https://abc", NULL), 0), MC_CORS_ALLOWED);
  CHECK_INT(judge(&chain, asking("GET", "https://abc.d", NULL), 0), MC_CORS_NONE);
  CHECK_INT(judge(&chain, asking("GET", "*", NULL), 0), MC_CORS_NONE);
  mc_cors_clear(cors);
  for (int i = 0; i < 3; i++) {
    cors = build((mc_cors_spec){.origins = &any[i], .origin_count = 1});
    chain.levels[0] = cors;
    CHECK_INT(judge(&chain, asking("GET", "any thing", NULL), 0), MC_CORS_ALLOWED);
    mc_cors_clear(cors);
  }
  mc_cors_clear(NULL);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static void test_all_lines(void) {
  arena = mc_arena_new();
  mc_cors_chain chain = {.count = 1};
  chain.levels[0] = build((mc_cors_spec){.origins = &OK_ORIGIN, .origin_count = 1, .allow_methods = MC_LITERAL("*"),
                                         .allow_headers = MC_LITERAL("*"), .expose_headers = MC_LITERAL("*"), .max_age = MC_LITERAL("60"),
                                         .allow_credentials = MC_SAID_YES, .allow_private_network_access = MC_SAID_YES});
  mc_cors_request request = asking("OPTIONS", "http://ok", "PUT");
  char out[512];
  CHECK_SLICE(lines_of(&chain, MC_CORS_PREFLIGHT, request, out),
              "allow-origin: http://ok|allow-credentials: true|allow-methods: PUT|allow-headers: |max-age: 60|expose-headers: *");
  request.request_headers = MC_LITERAL("x-a, x-b");
  request.request_private_network = MC_LITERAL("true");
  CHECK_SLICE(lines_of(&chain, MC_CORS_PREFLIGHT, request, out),
              "allow-origin: http://ok|allow-credentials: true|allow-methods: PUT|allow-headers: x-a, x-b|max-age: 60|"
              "allow-private-network: true|expose-headers: *");
  request.request_private_network = MC_LITERAL("True");
  CHECK_SLICE(lines_of(&chain, MC_CORS_ALLOWED, request, out), "allow-origin: http://ok|allow-credentials: true|expose-headers: *");
  mc_arena_free(arena);
}

static void test_levels_complete_each_other(void) {
  const mc_string_spec other = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("http://other")};
  arena = mc_arena_new();
  mc_cors_chain chain = {.count = 0};
  mc_cors_chain_add(&chain, build((mc_cors_spec){.allow_credentials = MC_SAID_NO}));
  mc_cors_chain_add(&chain, build((mc_cors_spec){.origins = &OK_ORIGIN, .origin_count = 1, .allow_methods = MC_LITERAL("GET")}));
  mc_cors_chain_add(&chain, build((mc_cors_spec){.origins = &other, .origin_count = 1, .allow_methods = MC_LITERAL("PUT"),
                                                 .allow_credentials = MC_SAID_YES, .max_age = MC_LITERAL("5"), .denominator = 100}));
  char out[512];
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://other", "PUT"), 0), MC_CORS_NONE);
  CHECK_INT(judge(&chain, asking("OPTIONS", "http://ok", "PUT"), 0), MC_CORS_PREFLIGHT); /* the outermost enables nothing */
  CHECK_SLICE(lines_of(&chain, MC_CORS_PREFLIGHT, asking("OPTIONS", "http://ok", "PUT"), out),
              "allow-origin: http://ok|allow-methods: GET|max-age: 5");
  mc_arena_free(arena);
}

static void test_fractions(void) {
  arena = mc_arena_new();
  mc_cors_chain chain = {.count = 1};
  chain.levels[0] = build((mc_cors_spec){.origins = &OK_ORIGIN, .origin_count = 1, .numerator = 30, .denominator = 100});
  int allowed = 0;
  for (uint64_t random = 0; random < 1000; random++) allowed += judge(&chain, asking("GET", "http://ok", NULL), random) == MC_CORS_ALLOWED;
  CHECK_INT(allowed, 300);
  mc_arena_free(arena);
}

static void test_out_of_memory(void) {
  const mc_string_spec origins[] = {OK_ORIGIN, {.kind = MC_STRING_REGEX, .value = MC_LITERAL("(a|b)*")}};
  const mc_cors_spec spec = {.origins = origins, .origin_count = 2, .allow_methods = MC_LITERAL("GET")};
  mc_cors *cors;
  mc_error error;
  for (int n = 0;; n++) {
    check_memory(n);
    mc_code code = MC_NO_MEMORY;
    arena = mc_arena_new();
    if (arena) {
      code = mc_cors_build(&cors, &spec, arena, &error);
      mc_cors_clear(cors);
      mc_arena_free(arena);
    }
    check_memory(-1);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  arena = mc_arena_new();
  const mc_string_spec bad[] = {origins[1], {.kind = MC_STRING_REGEX, .value = MC_LITERAL("(")}};
  CHECK_INT(mc_cors_build(&cors, &(mc_cors_spec){.origins = bad, .origin_count = 2}, arena, &error), MC_INVALID);
  mc_cors_clear(cors);
  CHECK_INT(mc_cors_build(&cors, NULL, arena, &error), MC_OK);
  CHECK(cors == NULL);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_what_is_a_preflight();
  test_preflights_of_other_origins();
  test_origins();
  test_all_lines();
  test_levels_complete_each_other();
  test_fractions();
  test_out_of_memory();
  return check_finish();
}
