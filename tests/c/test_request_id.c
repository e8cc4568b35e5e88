/* Request ids and the decision to trace, by what the connection manager is told. */
#include "engine/tracing.h"

#include "engine_support.h"

#define UUID "0e4a7ee1-2b49-4f1e-8e5f-6a3c0a1b2c3d"

static const mc_fraction none = {0, 100}, all = {100, 100};

static const mc_endpoint_spec endpoint = {.address = {"127.0.0.1:1", 11}};

typedef struct world {
  small_config config;
  mc_route_spec route;
  mc_action_spec action;
  mc_cluster_spec cluster;
  mc_tracing_spec tracing;
  mc_runtime *runtime;
  mc_snapshot *snapshot;
  mc_header headers[16];
} world;

static void world_init(world *w) {
  memset(w, 0, sizeof *w);
  w->route = prefix_route(MC_LITERAL("/"));
  w->action = forward_to(0);
  w->cluster = (mc_cluster_spec){.name = MC_LITERAL("c"), .endpoints = &endpoint, .endpoint_count = 1, .keep = -1};
  small_init(&w->config, &w->route, &w->action, 1, &w->cluster, 1);
  w->tracing.shares = (mc_sampling_shares){all, none, all};
  w->config.listener.options.generate_request_id = true;
}

static void world_build(world *w) {
  w->runtime = mc_runtime_new();
  w->snapshot = snapshot_of(&w->config.spec, w->runtime);
}

static void world_free(world *w) {
  mc_snapshot_free(w->snapshot);
  mc_runtime_free(w->runtime);
}

/* What x-request-id becomes; the decision is released. */
static void decide(world *w, const char *const *rows, const uint64_t *ids, char out[64], mc_trace_reason *traced) {
  mc_request request = request_of("a", "/", w->headers, rows);
  mc_decision d;
  mc_scratch scratch;
  const mc_header_line *lines;
  uint32_t count;
  request.seed = 7;
  request.ids = ids;
  CHECK_INT(mc_decide(w->snapshot, &request, &d), MC_OK);
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_request_headers(&d, &scratch, &lines, &count), MC_OK);
  const mc_slice id = value_of(lines, count, "x-request-id");
  CHECK(mc_slice_equal(id, mc_decision_request_id(&d)));
  memcpy(out, id.data ? id.data : "", id.size);
  out[id.size] = 0;
  if (traced) *traced = d.traced;
  mc_scratch_reset(&scratch);
  mc_decision_release(&d);
}

static bool is_uuid(const char *text, char reason) { return strlen(text) == 36 && text[14] == reason; }

static void test_made(void) {
  static const char *const nothing[] = {NULL}, *const own[] = {"x-request-id: own", NULL},
                    *const empty[] = {"x-request-id: ", NULL};
  const uint64_t ids[MC_REQUEST_IDS] = {UINT64_MAX, UINT64_MAX, 1, 2, 3};
  char id[64], again[64];
  world w;
  world_init(&w);
  world_build(&w);
  CHECK_INT(mc_snapshot_makes_ids(w.snapshot), 2);
  decide(&w, nothing, ids, id, NULL);
  CHECK(strcmp(id, "ffffffff-ffff-4fff-bfff-ffffffffffff") == 0);
  decide(&w, nothing, NULL, id, NULL); /* of the seed */
  decide(&w, nothing, NULL, again, NULL);
  CHECK(is_uuid(id, '4') && strcmp(id, again) == 0);
  decide(&w, empty, NULL, id, NULL);
  CHECK(is_uuid(id, '4'));
  decide(&w, own, NULL, id, NULL);
  CHECK(strcmp(id, "own") == 0);
  world_free(&w);
  /* of a client outside, who cannot choose */
  w.config.listener.options.use_remote_address = true;
  world_build(&w);
  decide(&w, own, NULL, id, NULL);
  CHECK(is_uuid(id, '4'));
  world_free(&w);
  w.config.listener.options.preserve_external_request_id = true;
  world_build(&w);
  decide(&w, own, NULL, id, NULL);
  CHECK(strcmp(id, "own") == 0);
  world_free(&w);
  /* of nobody who minds */
  w.config.listener.options.generate_request_id = false;
  world_build(&w);
  CHECK(!mc_snapshot_makes_ids(w.snapshot));
  decide(&w, nothing, NULL, id, NULL);
  CHECK(strcmp(id, "") == 0);
  decide(&w, own, NULL, id, NULL);
  CHECK(strcmp(id, "own") == 0);
  world_free(&w);
}

static void test_sampling(void) {
  /* 0x0e4a7ee1 % 10000 is 3169 */
  static const char *const uuid[] = {"x-request-id: " UUID, NULL},
                    *const sampled[] = {"x-request-id: 0e4a7ee1-2b49-9f1e-8e5f-6a3c0a1b2c3d", NULL},
                    *const forced[] = {"x-request-id: " UUID, "x-envoy-force-trace: ", NULL},
                    *const client[] = {"x-request-id: " UUID, "x-client-trace-id: ", NULL},
                    *const other[] = {"x-request-id: 0e4a7ee1", NULL}, *const small[] = {"x-request-id: 0e4a7e", NULL};
  char id[64];
  mc_trace_reason traced;
  world w;
  world_init(&w);
  w.config.listener.options.tracing = &w.tracing;
  world_build(&w);
  CHECK_INT(mc_snapshot_makes_ids(w.snapshot), 2); /* there is no tracer, whose spans need more */
  decide(&w, uuid, NULL, id, &traced);
  CHECK(is_uuid(id, '4') && traced == MC_NOT_TRACED);
  decide(&w, sampled, NULL, id, &traced);
  CHECK(is_uuid(id, '9') && traced == MC_TRACED_BY_SAMPLING);
  decide(&w, forced, NULL, id, &traced); /* of strangers that header is taken away */
  CHECK(is_uuid(id, '4') && traced == MC_NOT_TRACED);
  decide(&w, client, NULL, id, &traced);
  CHECK(is_uuid(id, 'b') && traced == MC_TRACED_BY_CLIENT);
  decide(&w, small, NULL, id, &traced);
  CHECK(strcmp(id, "0e4a7e") == 0 && traced == MC_NOT_TRACED);
  world_free(&w);
  w.tracing.shares.random = (mc_fraction){3170, 10000};
  world_build(&w);
  decide(&w, uuid, NULL, id, &traced);
  CHECK(is_uuid(id, '9') && traced == MC_TRACED_BY_SAMPLING);
  decide(&w, other, NULL, id, &traced);
  CHECK(strcmp(id, "0e4a7ee1") == 0 && traced == MC_TRACED_BY_SAMPLING);
  world_free(&w);
  w.tracing.shares.random = (mc_fraction){3169, 10000};
  w.config.listener.options.has_internal_cidrs = true;
  w.config.listener.options.use_remote_address = true;
  world_build(&w);
  decide(&w, uuid, NULL, id, &traced);
  CHECK(traced == MC_NOT_TRACED);
  world_free(&w);
  /* what a route says counts for it */
  const mc_sampling_shares shares = {none, all, all};
  w.action.sampling = &shares;
  w.config.listener.options.preserve_external_request_id = true;
  world_build(&w);
  decide(&w, uuid, NULL, id, &traced);
  CHECK(is_uuid(id, '9') && traced == MC_TRACED_BY_SAMPLING);
  world_free(&w);
  /* the overall share takes away even what was decided before */
  const mc_sampling_shares nobody = {all, all, none};
  w.action.sampling = &nobody;
  world_build(&w);
  decide(&w, sampled, NULL, id, &traced);
  CHECK(is_uuid(id, '4') && traced == MC_NOT_TRACED);
  world_free(&w);
  w.action.sampling = NULL;
  w.config.listener.options.keep_trace_reason = true;
  w.tracing.shares.random = all;
  world_build(&w);
  decide(&w, uuid, NULL, id, &traced);
  CHECK(is_uuid(id, '4') && traced == MC_TRACED_BY_SAMPLING);
  world_free(&w);
  w.tracing.any_id = true;
  world_build(&w);
  decide(&w, small, NULL, id, &traced);
  CHECK(traced == MC_TRACED_BY_SAMPLING);
  world_free(&w);
  CHECK(strcmp(mc_trace_reason_name(MC_TRACED_BY_CLIENT), "client forced") == 0);
}

static void test_answers(void) {
  static const char *const own[] = {"x-request-id: own", NULL};
  mc_scratch scratch;
  const mc_header_line *lines;
  uint32_t count;
  uint16_t status;
  mc_slice body;
  world w;
  world_init(&w);
  w.config.listener.options.always_set_request_id_in_response = true;
  world_build(&w);
  mc_header theirs = {MC_LITERAL("X-Request-Id"), MC_LITERAL("theirs")};
  const mc_request request = request_of("a", "/", w.headers, own);
  mc_decision d;
  CHECK_INT(mc_decide(w.snapshot, &request, &d), MC_OK);
  mc_scratch_init(&scratch);
  const mc_response response = {.status = 200, .headers = &theirs, .header_count = 1};
  CHECK_INT(mc_decision_response_headers(&d, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  CHECK_INT(count, 1);
  CHECK_SLICE(value_of(lines, count, "x-request-id"), "own");
  mc_scratch_reset(&scratch);
  mc_decision_release(&d);
  world_free(&w);
}

int main(void) {
  test_made();
  test_sampling();
  test_answers();
  return check_finish();
}
