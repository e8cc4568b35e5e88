/* Endpoints that change while other threads decide on the snapshots of before, and free them; and make further attempts
 * on those of after, which they free before the decisions. */
#include <pthread.h>
#include <stdatomic.h>

#include "engine_support.h"

enum { DECIDERS = 3 /* as many retries as a cluster allows */, CHANGES = 120, DECISIONS = 20, ATTEMPTS = 3 };

static const mc_endpoint_spec hosts[] = {{.address = {"a:1", 3}}, {.address = {"a:2", 3}}, {.address = {"a:3", 3}}};
static mc_runtime *runtime;
static mc_snapshot *current;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of current alone; a binding's reference does its work */
static atomic_int wrong, done, moved; /* moved: attempts at another cluster than the decision's own */

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

/* Puts a refreshed snapshot into the place of a stale one. */
static bool refreshed(mc_snapshot **s) {
  mc_snapshot *next;
  mc_error error;
  if (mc_snapshot_refresh(*s, 0, 0, 7, &next, &error)) return false;
  if (!next) return true;
  mc_snapshot_free(*s);
  *s = next;
  return true;
}

/* Decides, on a refreshed snapshot where the one given is stale. */
static bool decided(mc_snapshot **s, mc_decision *decision) {
  const mc_request request = request_of("a.com", "/x", NULL, NULL);
  mc_code code;
  while ((code = mc_decide(*s, &request, decision)) == MC_STALE) {
    mc_decision_release(decision);
    if (!refreshed(s)) return false;
  }
  return code == MC_OK;
}

/* Another attempt, on what is in force now. */
static bool attempted(mc_decision *decision, uint32_t round) {
  const mc_result result = {.status = 503, .grpc_status = -1};
  const mc_attempt *attempt;
  bool again;
  if (mc_decision_report(decision, 0, &result, true, 0, &again) || !again) return false;
  mc_snapshot *now = changed("other", 1, round);
  mc_code code = now ? MC_OK : MC_NO_MEMORY;
  if (now) {
    while ((code = mc_decision_attempt(decision, now, 0, &attempt)) == MC_STALE && refreshed(&now)) continue;
    mc_snapshot_free(now); /* what the attempt points to stays */
  }
  if (code || !attempt) return false;
  if (attempt->elsewhere) atomic_fetch_add(&moved, 1);
  return mc_cluster_address(attempt->cluster, attempt->endpoint).size == hosts[0].address.size;
}

static void *decide_many(void *unused) {
  for (uint32_t round = 0; !atomic_load(&done) || !atomic_load(&moved); round++) {
    mc_snapshot *mine = changed("other", 1, round);
    if (!mine) {
      atomic_fetch_add(&wrong, 1);
      continue;
    }
    for (int i = 0; i < DECISIONS; i++) {
      mc_decision decision;
      bool well = decided(&mine, &decision) && decision.outcome == MC_FORWARD;
      for (int n = 0; n < ATTEMPTS && i == 0 && well; n++) well = attempted(&decision, round);
      if (!well) atomic_fetch_add(&wrong, 1);
      mc_decision_release(&decision);
    }
    mc_snapshot_free(mine);
  }
  return unused;
}

static void *change_many(void *unused) {
  for (uint32_t round = 0; round < CHANGES || !atomic_load(&moved); round++) {
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
  const mc_retry_spec retry = {.on = MC_RETRY_ON_5XX, .retries = ATTEMPTS, .base_ns = 1, .max_ns = 1};
  mc_action_spec action = forward_to(0);
  small_config config;
  action.retry = &retry;
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
  CHECK_INT(mc_snapshot_usage(current, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 0);
  CHECK_INT(mc_snapshot_usage(current, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_RETRIES).used, 0);
  mc_snapshot_free(current);
  mc_runtime_free(runtime);
  return check_finish();
}
