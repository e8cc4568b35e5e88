#include "check.h"

#include "upstream/addresses.h"

static const mc_locality LOCALITIES[] = {{.priority = 1}, {.priority = 0}};

/* Hosts by "address locality". */
static void check_find(const char *const *hosts, uint32_t count, const char *address, int32_t expected) {
  mc_arena *arena = mc_arena_new();
  mc_host made[8] = {{.weight = 0}};
  mc_addresses addresses;
  for (uint32_t i = 0; i < count; i++) {
    const size_t size = strlen(hosts[i]);
    made[i].address = mc_slice_of(hosts[i], size - 2);
    made[i].locality = (uint32_t)(hosts[i][size - 1] - '0');
  }
  CHECK_INT(mc_addresses_build(&addresses, made, count, LOCALITIES, arena), MC_OK);
  CHECK_INT(mc_addresses_find(&addresses, made, mc_slice_of(address, strlen(address))), expected);
  mc_arena_free(arena);
}

static void test_find(void) {
  static const char *const three[] = {"a:1 0", "b:1 0", "c:1 1"};
  check_find(three, 3, "a:1", 0);
  check_find(three, 3, "c:1", 2);
  check_find(three, 3, "d:1", -1);
  check_find(three, 3, "", -1);
  check_find(three, 0, "a:1", -1);
}

static void test_an_address_that_is_there_twice(void) {
  static const char *const alike[] = {"a:1 0", "a:1 0"};
  check_find(alike, 2, "a:1", 0);
  static const char *const first_priority_last[] = {"a:1 0", "a:1 1", "a:1 1", "a:1 0"};
  check_find(first_priority_last, 4, "a:1", 1);
}

static void test_many(void) {
  enum { MANY = 3000 };
  static char names[MANY][16];
  static mc_host hosts[MANY];
  mc_arena *arena = mc_arena_new();
  mc_addresses addresses;
  for (int i = 0; i < MANY; i++) {
    hosts[i].address = mc_slice_of(names[i], (size_t)snprintf(names[i], sizeof names[i], "10.0.0.1:%d", i));
  }
  CHECK_INT(mc_addresses_build(&addresses, hosts, MANY, LOCALITIES, arena), MC_OK);
  for (int i = 0; i < MANY; i++) CHECK_INT(mc_addresses_find(&addresses, hosts, hosts[i].address), i);
  CHECK_INT(mc_addresses_find(&addresses, hosts, (mc_slice){"10.0.0.1:3000", 13}), -1);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_find();
  test_an_address_that_is_there_twice();
  test_many();
  return check_finish();
}
