#include "edit_support.h"

#include "policy/mirror.h"

static mc_slice shadow(mc_mirror mirror, const char *authority, mc_scratch *scratch) {
  mc_slice out = MC_ABSENT;
  CHECK_INT(mc_mirror_authority(&mirror, text_of(authority), scratch, &out), MC_OK);
  return out;
}

static void test_authority(void) {
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  const mc_mirror suffix = {.append_shadow_suffix = true}, plain = {.cluster = 0};
  CHECK_SLICE(shadow(suffix, "a.com", &scratch), "a.com-shadow");
  CHECK_SLICE(shadow(suffix, "a.com:80", &scratch), "a.com-shadow:80");
  CHECK_SLICE(shadow(suffix, "[::1]:80", &scratch), "[::1]-shadow:80");
  CHECK_SLICE(shadow(suffix, "[::1]", &scratch), "[::1]-shadow");
  CHECK_SLICE(shadow(suffix, ":80", &scratch), "-shadow:80");
  CHECK_SLICE(shadow(suffix, "", &scratch), "-shadow");
  CHECK_SLICE(shadow(plain, "a.com:80", &scratch), "a.com:80");
  const mc_mirror named = {.append_shadow_suffix = true, .host_rewrite = MC_LITERAL("m.com:9")};
  CHECK_SLICE(shadow(named, "a.com", &scratch), "m.com:9");
  mc_scratch_reset(&scratch);
}

enum { DRAWS = 20000 };

/* Of 20,000 draws with the chance p, the standard deviation is at most 71. */
static void check_share(int found, double share) {
  CHECK(found > share * DRAWS - 350 && found < share * DRAWS + 350);
}

static void test_policies_draw_by_themselves(void) {
  const mc_mirror policies[] = {{.denominator = 0}, {.numerator = 0, .denominator = 100}, {.numerator = 100, .denominator = 100},
                                {.numerator = 50, .denominator = 100}, {.numerator = 2500, .denominator = 10000}};
  const mc_mirrors mirrors = {policies, 5};
  int half = 0, quarter = 0, both = 0, of_even_seeds = 0;
  for (uint64_t seed = 0; seed < DRAWS; seed++) {
    CHECK(mc_mirrors_draw(&mirrors, 0, seed) && !mc_mirrors_draw(&mirrors, 1, seed) && mc_mirrors_draw(&mirrors, 2, seed));
    bool first = mc_mirrors_draw(&mirrors, 3, seed), second = mc_mirrors_draw(&mirrors, 4, seed);
    half += first;
    quarter += second;
    both += first && second;
    of_even_seeds += first && seed % 2 == 0; /* as a split of two equal weights takes the seed */
  }
  check_share(half, 0.5);
  check_share(quarter, 0.25);
  check_share(both, 0.125);
  check_share(of_even_seeds, 0.25);
}

static void test_build(void) {
  char name[] = "x-cluster";
  const mc_slice gone = MC_LITERAL("x-gone");
  const mc_edits_spec edits = {.request_remove = &gone, .request_remove_count = 1};
  const mc_mirror_spec specs[] = {{.cluster = 3, .numerator = 1, .denominator = 2},
                                  {.cluster = -1, .cluster_header = {name, 9}, .append_shadow_suffix = true, .edits = &edits, .edit_count = 1}};
  mc_mirrors mirrors;
  for (int n = 0;; n++) {
    check_memory(n);
    mc_arena *arena = mc_arena_new();
    mc_code code = arena ? mc_mirrors_build(&mirrors, specs, 2, arena) : MC_NO_MEMORY;
    check_memory(-1);
    if (code == MC_OK) {
      name[0] = '?';
      CHECK_INT(mirrors.count, 2);
      CHECK_INT(mirrors.policies[0].cluster, 3);
      CHECK(mirrors.policies[0].cluster_header.data == NULL && mirrors.policies[0].host_rewrite.data == NULL);
      CHECK_SLICE(mirrors.policies[1].cluster_header, "x-cluster");
      CHECK_SLICE(mirrors.policies[1].edits[0].remove[0], "x-gone");
      CHECK_INT(mirrors.policies[1].edit_count, 1);
    }
    mc_arena_free(arena);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_authority();
  test_policies_draw_by_themselves();
  test_build();
  return check_finish();
}
