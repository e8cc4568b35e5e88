/* Endpoints that change while other threads decide on the snapshots of before, and free them. */
#include <pthread.h>
#include <stdatomic.h>

#include "engine_support.h"

enum { DECIDERS = 3, CHANGES = 120, DECISIONS = 20 };

static const mc_endpoint_spec hosts[] = {{.address = {"a:1", 3}}, {.address = {"a:2", 3}}, {.address = {"a:3", 3}}};
static mc_runtime *runtime;
static mc_snapshot *current;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of current alone; a binding's reference does its work */
static atomic_int wrong, done;

static mc_cluster_spec cluster_of(const char *name, uint32_t start, uint32_t count) {
  return (mc_cluster_spec){.name = text_of(name), .balance = {.panic_percent = 50, .overprovisioning_percent = 140},
                           .endpoints = hosts + start, .endpoint_count = count, .keep = -1};
}

/* A snapshot of the caller's own, one change away from the one in force: changes and frees race. */
static mc_snapshot *changed(const char *name, int32_t number, uint32_t round) {
  const mc_cluster_spec spec = cluster_of(name, round % 2, 1 + round % 2);
  mc_error error;
  pthread_mutex_lock(&lock);
  mc_snapshot *s = mc_snapshot_with_cluster(current, number, &spec, round, &error);
  pthread_mutex_unlock(&lock);
  return s;
}

/* Decides, on a refreshed snapshot where the one given is stale: it takes that one's place. */
static bool decided(mc_snapshot **s, mc_decision *decision) {
  const mc_request request = request_of("a.com", "/x", NULL, NULL);
  for (;;) {
    mc_code code = mc_decide(*s, &request, decision);
    if (code != MC_STALE) return code == MC_OK;
    mc_snapshot *next;
    mc_error error;
    mc_decision_release(decision);
    if (mc_snapshot_refresh(*s, 0, 0, 7, &next, &error)) return false;
    if (!next) continue;
    mc_snapshot_free(*s);
    *s = next;
  }
}

static void *decide_many(void *unused) {
  for (uint32_t round = 0; !atomic_load(&done); round++) {
    mc_snapshot *mine = changed("other", 1, round);
    if (!mine) {
      atomic_fetch_add(&wrong, 1);
      continue;
    }
    for (int i = 0; i < DECISIONS; i++) {
      mc_decision decision;
      if (!decided(&mine, &decision) || decision.outcome != MC_FORWARD) atomic_fetch_add(&wrong, 1);
      mc_decision_release(&decision);
    }
    mc_snapshot_free(mine);
  }
  return unused;
}

static void *change_many(void *unused) {
  for (uint32_t round = 0; round < CHANGES; round++) {
    mc_snapshot *next = changed("c", 0, round);
    mc_snapshot_set_health(current, 0, 0, round % 3);
    pthread_mutex_lock(&lock);
    mc_snapshot *old = current;
    current = next;
    pthread_mutex_unlock(&lock);
    mc_snapshot_free(old);
  }
  atomic_store(&done, 1);
  return unused;
}

int main(void) {
  const mc_cluster_spec clusters[] = {cluster_of("c", 0, 3), cluster_of("other", 0, 1)};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec action = forward_to(0);
  small_config config;
  small_init(&config, &route, &action, 1, clusters, 2);
  runtime = mc_runtime_new();
  current = snapshot_of(&config.spec, runtime);
  pthread_t threads[DECIDERS + 1];
  for (int i = 0; i <= DECIDERS; i++) {
    CHECK(pthread_create(&threads[i], NULL, i ? decide_many : change_many, NULL) == 0);
  }
  for (int i = 0; i <= DECIDERS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(atomic_load(&wrong), 0);
  for (int32_t i = 0; i < 2; i++) CHECK_INT((int)mc_snapshot_active(current, 0, i), 0);
  mc_snapshot_free(current);
  mc_runtime_free(runtime);
  return check_finish();
}
