/* Snapshots that are built, decided by and freed in several threads at once, over one runtime. */
#include <pthread.h>
#include <stdatomic.h>

#include "engine_support.h"

enum { BUILDERS = 3, DECIDERS = 2, BUILDS = 60, DECISIONS = 400 };

static mc_runtime *runtime;
static mc_snapshot *shared;
static atomic_int wrong;

/* Two clusters that all snapshots know, and one of its own for each builder. */
static mc_snapshot *build(const char *own) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:2")}};
  const mc_cluster_spec clusters[] = {{.name = MC_LITERAL("one"), .endpoints = endpoints, .endpoint_count = 2},
                                      {.name = MC_LITERAL("two"), .endpoints = endpoints, .endpoint_count = 1},
                                      {.name = text_of(own), .endpoints = endpoints, .endpoint_count = 2}};
  const mc_route_spec routes[] = {prefix_route(MC_LITERAL("/own")), prefix_route(MC_LITERAL("/"))};
  const mc_action_spec actions[] = {forward_to(2), forward_to(0)};
  small_config config;
  small_init(&config, routes, actions, 2, clusters, 3);
  mc_error error;
  return mc_snapshot_build(&config.spec, runtime, &error);
}

static void decide_on(const mc_snapshot *snapshot, const char *target, int32_t cluster) {
  mc_header headers[1];
  const char *const none[] = {NULL};
  const mc_request request = request_of("a.com", target, headers, none);
  mc_decision decision;
  if (mc_decide(snapshot, &request, &decision) || decision.cluster != cluster) atomic_fetch_add(&wrong, 1);
  mc_decision_close(&decision);
  mc_decision_release(&decision);
}

static void *build_many(void *own) {
  for (int i = 0; i < BUILDS; i++) {
    mc_snapshot *mine = build(own);
    if (!mine) {
      atomic_fetch_add(&wrong, 1);
      continue;
    }
    decide_on(mine, "/own/x", 2);
    decide_on(mine, "/x", 0);
    mc_snapshot_free(mine);
  }
  return NULL;
}

static void *decide_many(void *unused) {
  for (int i = 0; i < DECISIONS; i++) decide_on(shared, "/x", 0);
  return unused;
}

int main(void) {
  static char names[BUILDERS][16]; /* more than any "own%d" needs */
  pthread_t threads[BUILDERS + DECIDERS];
  runtime = mc_runtime_new();
  shared = build("shared");
  CHECK(shared != NULL);
  for (int i = 0; i < BUILDERS + DECIDERS; i++) {
    if (i < BUILDERS) snprintf(names[i], sizeof names[i], "own%d", i);
    CHECK(pthread_create(&threads[i], NULL, i < BUILDERS ? build_many : decide_many,
                         i < BUILDERS ? names[i] : NULL) == 0);
  }
  for (int i = 0; i < BUILDERS + DECIDERS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(atomic_load(&wrong), 0);
  for (int32_t i = 0; i < 2; i++) CHECK_INT((int)mc_snapshot_active(shared, 0, i), 0);
  mc_snapshot_free(shared);
  mc_runtime_free(runtime);
  return check_finish();
}
