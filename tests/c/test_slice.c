#include "base/slice.h"

#include <stdlib.h>

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

/* Every byte against every other, at every place of a word and beside its end. */
/* Every size up to some words, and every place where two texts may differ. */
static void test_same(void) {
  char left[40], right[40];
  for (size_t size = 0; size <= sizeof left; size++) {
    memset(left, 'x', sizeof left);
    memset(right, 'x', sizeof right);
    CHECK(mc_slice_same(left, right, size));
    for (size_t at = 0; at < sizeof left; at++) {
      right[at] = 'y';
      CHECK_INT(mc_slice_same(left, right, size), at >= size);
      right[at] = 'x';
    }
  }
}

static void test_folds_letters_alone(void) {
  char a[] = "-----------", b[] = "-----------";
  size_t wrong = 0;
  for (size_t at = 0; at < 11; at++) {
    for (int x = 0; x < 256; x++) {
      for (int y = 0; y < 256; y++) {
        a[at] = (char)x;
        b[at] = (char)y;
        bool same = mc_lower((char)x) == mc_lower((char)y);
        wrong += mc_slice_equal_fold(mc_slice_of(a, 11), mc_slice_of(b, 11)) != same;
      }
    }
    a[at] = b[at] = '-';
  }
  CHECK_INT(wrong, 0);
}

static void test_lowers(void) {
  const char text[] = "AbZ[@`{\xC3\x89YzQ-Host.EXAMPLE";
  const char expected[] = "abz[@`{\xC3\x89yzq-host.example";
  char out[sizeof text];
  for (size_t size = 0; size < sizeof text; size++) {
    memset(out, '#', sizeof out);
    mc_slice_lower(mc_slice_of(text, size), out);
    CHECK(mc_slice_equal(mc_slice_of(out, size), mc_slice_of(expected, size)));
    CHECK(out[size] == '#');
  }
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

/* The definition, without any cleverness. */
static bool plain_contains(mc_slice text, mc_slice part) {
  for (size_t i = 0; i + part.size <= text.size; i++) {
    if (mc_slice_equal(mc_slice_head(mc_slice_from(text, i), part.size), part)) return true;
  }
  return false;
}

static void test_contains(void) {
  CHECK(mc_slice_contains(MC_LITERAL("a needle here"), MC_LITERAL("needle")));
  CHECK(mc_slice_contains(MC_LITERAL("x"), MC_LITERAL("")));
  CHECK(mc_slice_contains(MC_LITERAL(""), MC_LITERAL("")));
  CHECK(!mc_slice_contains(MC_LITERAL("need"), MC_LITERAL("needle")));
  CHECK(!mc_slice_contains(MC_LITERAL("a nEedle here"), MC_LITERAL("needle")));
  CHECK(mc_slice_contains_fold(MC_LITERAL("a nEedle here"), MC_LITERAL("Needle")));
  CHECK(mc_slice_contains(MC_LITERAL("\xff\x80\x7f"), MC_LITERAL("\x80\x7f")));
  CHECK(mc_slice_contains(mc_slice_of("a\0b", 3), mc_slice_of("\0b", 2)));
}

/* Every part of up to 6 letters in every text of up to 9, over two letters: all the periods. */
static void test_contains_exhaustively(void) {
  char text[9], part[6];
  size_t wrong = 0, wrong_fold = 0;
  for (size_t n = 0; n <= sizeof text; n++) {
    for (unsigned t = 0; t < 1u << n; t++) {
      for (size_t i = 0; i < n; i++) text[i] = (t >> i & 1) ? 'b' : 'a';
      for (size_t m = 1; m <= sizeof part; m++) {
        for (unsigned p = 0; p < 1u << m; p++) {
          for (size_t i = 0; i < m; i++) part[i] = (p >> i & 1) ? 'b' : 'a';
          bool expected = plain_contains(mc_slice_of(text, n), mc_slice_of(part, m));
          wrong += mc_slice_contains(mc_slice_of(text, n), mc_slice_of(part, m)) != expected;
          for (size_t i = 0; i < m; i += 2) part[i] = (char)(part[i] - 32);
          wrong_fold += mc_slice_contains_fold(mc_slice_of(text, n), mc_slice_of(part, m)) != expected;
        }
      }
    }
  }
  CHECK_INT(wrong, 0);
  CHECK_INT(wrong_fold, 0);
}

/* Quadratic searches need minutes for these. */
static void test_contains_is_linear(void) {
  enum { SIZE = 1 << 20 };
  char *text = malloc(SIZE), *part = malloc(SIZE / 2);
  memset(text, 'a', SIZE);
  memset(part, 'a', SIZE / 2);
  mc_slice whole = mc_slice_of(text, SIZE), half = mc_slice_of(part, SIZE / 2);
  CHECK(mc_slice_contains(whole, half));
  part[0] = 'b';
  CHECK(!mc_slice_contains(whole, half));
  part[0] = 'a';
  part[SIZE / 2 - 1] = 'b';
  CHECK(!mc_slice_contains_fold(whole, half));
  text[SIZE - 1] = 'B';
  CHECK(mc_slice_contains_fold(whole, half));
  part[SIZE / 2 - 1] = 'a';
  part[SIZE / 4] = 'b';
  CHECK(!mc_slice_contains(whole, half));
  free(text);
  free(part);
}

int main(void) {
  test_equality();
  test_same();
  test_folds_letters_alone();
  test_lowers();
  test_ends();
  test_parts();
  test_contains();
  test_contains_exhaustively();
  test_contains_is_linear();
  return check_finish();
}
