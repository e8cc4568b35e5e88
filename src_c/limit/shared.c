/* Limiters and buckets in state that processes share: regions by name and parameters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit/bucket.h"
#include "limit/table.h"
#include "shared/regions.h"

/* Whatever decides what the numbers in the memory mean. */
typedef struct parameters {
  uint64_t max_tokens, token, burst, scale, capacity;
} parameters;

typedef struct birth {
  uint64_t capacity;
  const mc_limit *limit;
  const uint8_t *secret;
} birth;

static void init_limiter(void *data, const void *argument) {
  const birth *of = argument;
  mc_limiter_init(data, of->capacity, of->limit, of->secret);
}

static const mc_shared_form limiter_form = {
    .kind = MC_SHARED_LIMITER, .lock = MC_NOWHERE, .version = MC_NOWHERE, .init = init_limiter};
static const mc_shared_form bucket_form = {.kind = MC_SHARED_BUCKET, .lock = MC_NOWHERE, .version = MC_NOWHERE};

static void *refuse(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  snprintf(error->message, sizeof error->message, "%s", message);
  return NULL;
}

static void *find(mc_shared *shared, const mc_shared_form *form, mc_slice name, const birth *of, uint64_t size,
                  mc_error *error) {
  const parameters all = {of->limit->max_tokens, of->limit->token, of->limit->burst, of->limit->scale, of->capacity};
  char *text = malloc(sizeof all + name.size);
  if (!text) return refuse(error, MC_NO_MEMORY, "out of memory");
  memcpy(text, &all, sizeof all);
  if (name.size) memcpy(text + sizeof all, name.data, name.size);
  void *data = mc_region_find(shared, form, (mc_slice){text, sizeof all + name.size}, size, of, error);
  free(text);
  return data;
}

mc_limiter *mc_shared_limiter(mc_shared *shared, mc_slice name, uint64_t capacity, const mc_limit *limit,
                              const uint8_t *secret, mc_error *error) {
  const birth of = {capacity, limit, secret};
  size_t bytes = mc_limiter_bytes(capacity);
  if (!bytes) return refuse(error, MC_LIMIT, "has no room for as many keys");
  mc_limiter *limiter = malloc(sizeof *limiter);
  if (!limiter) return refuse(error, MC_NO_MEMORY, "out of memory");
  void *table = find(shared, &limiter_form, name, &of, bytes, error);
  if (table && mc_limiter_open(limiter, table, capacity, limit)) return limiter;
  free(limiter);
  if (!table) return NULL;
  mc_region_release(shared, table);
  return refuse(error, MC_INVALID, "is damaged: a limiter");
}

mc_bucket *mc_shared_bucket(mc_shared *shared, mc_slice name, const mc_limit *limit, mc_error *error) {
  const birth of = {.limit = limit};
  return find(shared, &bucket_form, name, &of, sizeof(mc_bucket), error);
}

void mc_shared_release_limiter(mc_shared *shared, mc_limiter *limiter) {
  if (!limiter) return;
  mc_region_release(shared, limiter->table);
  mc_limiter_free(limiter);
}

void mc_shared_release_bucket(mc_shared *shared, const mc_bucket *bucket) { mc_region_release(shared, bucket); }
