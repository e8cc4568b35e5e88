#include "base/slice.h"

#include "check.h"

static void test_equality(void) {
  CHECK(mc_slice_equal(MC_LITERAL("abc"), MC_LITERAL("abc")));
  CHECK(!mc_slice_equal(MC_LITERAL("abc"), MC_LITERAL("abC")));
  CHECK(!mc_slice_equal(MC_LITERAL("abc"), MC_LITERAL("ab")));
  CHECK(mc_slice_equal(MC_ABSENT, MC_LITERAL("")));
  CHECK(mc_slice_equal_fold(MC_LITERAL("aB-1["), MC_LITERAL("Ab-1[")));
  CHECK(!mc_slice_equal_fold(MC_LITERAL("["), MC_LITERAL("{")));
  CHECK(!mc_slice_equal_fold(MC_LITERAL("\xc3\x84"), MC_LITERAL("\xc3\xa4")));
}

static void test_ends(void) {
  CHECK(mc_slice_starts(MC_LITERAL("/reviews"), MC_LITERAL("/rev")));
  CHECK(mc_slice_starts(MC_LITERAL("x"), MC_LITERAL("")));
  CHECK(!mc_slice_starts(MC_LITERAL("/r"), MC_LITERAL("/reviews")));
  CHECK(mc_slice_ends(MC_LITERAL("a.local"), MC_LITERAL(".local")));
  CHECK(!mc_slice_ends(MC_LITERAL("local"), MC_LITERAL(".local")));
  CHECK(mc_slice_starts_fold(MC_LITERAL("/REVIEWS"), MC_LITERAL("/rev")));
  CHECK(mc_slice_ends_fold(MC_LITERAL("a.LOCAL"), MC_LITERAL(".local")));
  CHECK(!mc_slice_ends_fold(MC_LITERAL("cal"), MC_LITERAL("local")));
}

static void test_parts(void) {
  CHECK_SLICE(mc_slice_from(MC_LITERAL("abc"), 1), "bc");
  CHECK_SLICE(mc_slice_from(MC_LITERAL("abc"), 3), "");
  CHECK_SLICE(mc_slice_head(MC_LITERAL("abc"), 2), "ab");
  CHECK_INT(mc_slice_find(MC_LITERAL("a?b?c"), 0, '?'), 1);
  CHECK_INT(mc_slice_find(MC_LITERAL("a?b?c"), 2, '?'), 3);
  CHECK_INT(mc_slice_find(MC_LITERAL("abc"), 0, '?'), 3);
  CHECK_INT(mc_slice_find(MC_LITERAL("abc"), 7, 'a'), 3);
}

int main(void) {
  test_equality();
  test_ends();
  test_parts();
  return check_finish();
}
