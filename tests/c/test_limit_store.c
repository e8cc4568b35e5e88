#include "edit_support.h"

#include "upstream/limit_store.h"

static void test_by_name_and_size(void) {
  mc_runtime *runtime = mc_runtime_new();
  mc_limit_store *a = mc_limit_store_of(runtime, MC_LITERAL("a"), 8, 8, NULL, NULL), *b = mc_limit_store_of(runtime, MC_LITERAL("b"), 8, 8, NULL, NULL);
  CHECK(a && b && a != b);
  CHECK(mc_limit_store_of(runtime, MC_LITERAL("a"), 8, 8, NULL, NULL) == a);
  mc_limit_store *wider = mc_limit_store_of(runtime, MC_LITERAL("a"), 4096, 128, NULL, NULL);
  CHECK(wider != a && (uintptr_t)wider->memory % 128 == 0);
  CHECK(((char *)wider->memory)[4095] == 0);
  *(uint64_t *)a->memory = 7;
  mc_limit_store_release(runtime, a);
  CHECK(mc_limit_store_of(runtime, MC_LITERAL("a"), 8, 8, NULL, NULL) == a && *(uint64_t *)a->memory == 7);
  mc_limit_store_release(runtime, a);
  mc_limit_store_release(runtime, a); /* the last */
  a = mc_limit_store_of(runtime, MC_LITERAL("a"), 8, 8, NULL, NULL);
  CHECK(*(uint64_t *)a->memory == 0);
  mc_limit_store_release(runtime, a);
  mc_limit_store_release(runtime, b);
  mc_limit_store_release(runtime, wider);
  mc_limit_store_release(runtime, NULL);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_many(void) {
  enum { COUNT = 1000 };
  static mc_limit_store *stores[COUNT];
  mc_runtime *runtime = mc_runtime_new();
  char name[16];
  for (int i = 0; i < COUNT; i++) {
    snprintf(name, sizeof name, "%d", i);
    stores[i] = mc_limit_store_of(runtime, text_of(name), 8, 8, NULL, NULL);
    *(uint64_t *)stores[i]->memory = (uint64_t)i;
  }
  for (int i = 0; i < COUNT; i++) {
    snprintf(name, sizeof name, "%d", i);
    mc_limit_store *again = mc_limit_store_of(runtime, text_of(name), 8, 8, NULL, NULL);
    CHECK(again == stores[i] && *(uint64_t *)again->memory == (uint64_t)i);
    mc_limit_store_release(runtime, again);
    mc_limit_store_release(runtime, again);
  }
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_memory(void) {
  mc_runtime *runtime = mc_runtime_new();
  for (int n = 0;; n++) {
    check_memory(n);
    mc_limit_store *store = mc_limit_store_of(runtime, MC_LITERAL("a"), 8, 8, NULL, NULL);
    check_memory(-1);
    if (!store) continue;
    mc_limit_store_release(runtime, store);
    break;
  }
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_by_name_and_size();
  test_many();
  test_memory();
  return check_finish();
}
