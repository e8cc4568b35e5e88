#include "check.h"
#include "match/domains.h"

/* Not a constant, as C11 has it, so each test makes its own. */
static uint32_t domains_of(mc_domain_spec specs[16]) {
  const char *const names[] = {"a.com",  "*.a.com", "*.b.a.com", "a.*",    "A.b.*",
                               "*",      "*-x.com", "a.com:80",  "a.*.com"};
  const uint32_t count = sizeof names / sizeof *names;
  for (uint32_t i = 0; i < count; i++) specs[i] = (mc_domain_spec){mc_slice_of(names[i], strlen(names[i])), (int32_t)i};
  return count;
}

static mc_domain_hit hit(const mc_domains *domains, const char *host) {
  mc_scratch scratch;
  bool no_memory = false;
  mc_scratch_init(&scratch);
  const mc_slice text = mc_slice_of(host, strlen(host));
  mc_domain_hit hit = mc_domains_hit(domains, text, &scratch, &no_memory);
  CHECK_INT(mc_domains_find(domains, text, &scratch, &no_memory), hit.virtual_host);
  mc_scratch_reset(&scratch);
  CHECK(!no_memory);
  return hit;
}

static int32_t find(const mc_domains *domains, const char *host) { return hit(domains, host).virtual_host; }

static void test_precedence(void) {
  mc_arena *arena = mc_arena_new();
  mc_domains domains;
  mc_domain_spec specs[16];
  mc_error error;
  CHECK_INT(mc_domains_build(&domains, specs, domains_of(specs), arena, &error), MC_OK);
  CHECK_INT(find(&domains, "a.com"), 0);
  CHECK_INT(find(&domains, "A.COM"), 0);
  CHECK_INT(find(&domains, "x.a.com"), 1);
  CHECK_INT(find(&domains, "x.b.a.com"), 2);
  CHECK_INT(find(&domains, "b.a.com"), 1);
  CHECK_INT(find(&domains, ".a.com"), 5);
  CHECK_INT(find(&domains, "a.org"), 3);
  CHECK_INT(find(&domains, "a."), 5);
  CHECK_INT(find(&domains, "a.b.org"), 4);
  CHECK_INT(find(&domains, "y-x.com"), 6);
  CHECK_INT(find(&domains, "a.com:80"), 7);
  CHECK_INT(find(&domains, "a.com:81"), 3);
  CHECK_INT(find(&domains, "a.*.com"), 8); /* a star inside is a plain character */
  CHECK_INT(find(&domains, ""), 5);
  mc_arena_free(arena);
}

static void check_hit(mc_domain_hit hit, mc_domain_kind kind, size_t size) {
  CHECK_INT(hit.kind, kind);
  CHECK_INT(hit.size, size);
}

static void test_which_domain_it_was(void) {
  mc_arena *arena = mc_arena_new();
  mc_domains domains;
  mc_domain_spec specs[16];
  mc_error error;
  CHECK_INT(mc_domains_build(&domains, specs, domains_of(specs), arena, &error), MC_OK);
  check_hit(hit(&domains, "A.com:80"), MC_DOMAIN_EXACT, 8);
  check_hit(hit(&domains, "x.a.com"), MC_DOMAIN_SUFFIX, 6);
  check_hit(hit(&domains, "x.b.a.com"), MC_DOMAIN_SUFFIX, 8);
  check_hit(hit(&domains, "a.b.org"), MC_DOMAIN_PREFIX, 4);
  check_hit(hit(&domains, "b.org"), MC_DOMAIN_ANY, 0);
  const mc_domain_spec any = {MC_LITERAL("*"), 3};
  CHECK_INT(mc_domains_build(&domains, &any, 1, arena, &error), MC_OK);
  check_hit(hit(&domains, "b.org"), MC_DOMAIN_ANY, 0);
  const mc_domain_spec exact = {MC_LITERAL("a"), 3};
  CHECK_INT(mc_domains_build(&domains, &exact, 1, arena, &error), MC_OK);
  check_hit(hit(&domains, "b"), MC_DOMAIN_NONE, 0);
  mc_arena_free(arena);
}

/* One name and two are compared, more of them hashed. */
static void test_any_number_of_names(void) {
  const char *const names[] = {"shop.example", "SHOP.example:80", "cafe.example", "", "x"};
  for (uint32_t count = 1; count <= 5; count++) {
    mc_arena *arena = mc_arena_new();
    mc_domains domains;
    mc_domain_spec specs[5];
    mc_error error;
    for (uint32_t i = 0; i < count; i++) specs[i] = (mc_domain_spec){mc_slice_of(names[i], strlen(names[i])), (int32_t)i};
    CHECK_INT(mc_domains_build(&domains, specs, count, arena, &error), MC_OK);
    for (uint32_t i = 0; i < 5; i++) CHECK_INT(find(&domains, names[i]), i < count ? (int32_t)i : -1);
    CHECK_INT(find(&domains, "Shop.Example"), 0);
    CHECK_INT(find(&domains, "sh0p.example"), -1);
    CHECK_INT(find(&domains, "shop.example."), -1);
    mc_arena_free(arena);
  }
}

static void test_none(void) {
  mc_arena *arena = mc_arena_new();
  mc_domains domains;
  mc_error error;
  CHECK_INT(mc_domains_build(&domains, NULL, 0, arena, &error), MC_OK);
  CHECK_INT(find(&domains, "a.com"), -1);
  CHECK_INT(hit(&domains, "a.com").kind, MC_DOMAIN_NONE);
  mc_arena_free(arena);
}

static void test_twice(void) {
  const char *names[] = {"a.com", "*.a.com", "a.*", "*"};
  for (int i = 0; i < 4; i++) {
    mc_slice name = mc_slice_of(names[i], strlen(names[i]));
    mc_domain_spec specs[] = {{name, 0}, {MC_LITERAL("other"), 0}, {name, 1}};
    mc_arena *arena = mc_arena_new();
    mc_domains domains;
    mc_error error;
    CHECK_INT(mc_domains_build(&domains, specs, 3, arena, &error), MC_INVALID);
    CHECK(strstr(error.message, "given twice") != NULL);
    mc_arena_free(arena);
  }
}

static void test_out_of_memory(void) {
  for (int n = 0;; n++) {
    mc_arena *arena = mc_arena_new();
    mc_domains domains;
    mc_domain_spec specs[16];
    uint32_t count = domains_of(specs);
    mc_error error;
    check_memory(n);
    mc_code code = mc_domains_build(&domains, specs, count, arena, &error);
    check_memory(-1);
    mc_arena_free(arena);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_precedence();
  test_which_domain_it_was();
  test_any_number_of_names();
  test_none();
  test_twice();
  test_out_of_memory();
  return check_finish();
}
