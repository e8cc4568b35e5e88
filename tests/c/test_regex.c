/* What matches, what is refused, and how much work it takes. Whether it is what RE2 says is for
 * tests/test_match_regex.py to compare. */
#include <stdlib.h>

#include "base/arena.h"
#include "check.h"
#include "match/regex_run.h"

static mc_slice text_of(const char *text) { return mc_slice_of(text, strlen(text)); }

static mc_regex *compile(const char *pattern) {
  mc_error error;
  mc_regex *regex = mc_regex_compile(text_of(pattern), &error);
  if (!regex) printf("%s: %s\n", pattern, error.message);
  return regex;
}

static bool matches(const char *pattern, const char *text) {
  bool no_memory = false;
  mc_regex *regex = compile(pattern);
  const bool matched = regex && mc_regex_full_match(regex, text_of(text), &no_memory);
  mc_slice groups[MC_REGEX_GROUPS];
  /* The table and the machine agree. */
  CHECK(regex && mc_regex_full_match_groups(regex, text_of(text), groups, &no_memory) == matched);
  CHECK(!no_memory);
  mc_regex_free(regex);
  return matched;
}

static void test_matches(void) {
  CHECK(matches("/api/v[0-9]+/.*", "/api/v12/x"));
  CHECK(!matches("/api/v[0-9]+/.*", "/api/v/x"));
  CHECK(matches("/a|/b", "/b"));
  CHECK(!matches("/a|/b", "/ab"));
  CHECK(matches("", ""));
  CHECK(!matches("", "a"));
  CHECK(matches("^/a$", "/a"));
  CHECK(!matches("a^b", "ab"));
  CHECK(!matches(".*", "a\nb"));
  CHECK(matches("(?s).*", "a\nb"));
  CHECK(matches("(?m)a$\n^b", "a\nb"));
  CHECK(matches("(?i)\xC3\xA9K", "\xC3\x89\xE2\x84\xAA")); /* e acute, and the Kelvin sign */
  CHECK(matches("caf.", "caf\xC3\xA9"));
  CHECK(!matches("caf..", "caf\xC3\xA9"));
  CHECK(!matches(".*", "\xFF"));
  CHECK(matches("a\\b-.*", "a-b"));
  CHECK(matches("[[:alpha:]\\d-]+", "a-1"));
  CHECK(!matches("[^[:alpha:]\\d-]+", "a-1"));
  CHECK(matches("x{2,3}", "xxx"));
  CHECK(!matches("x{2,3}", "xxxx"));
  CHECK(matches("\\Q.*\\E", ".*"));
}

static void test_groups(void) {
  bool no_memory = false;
  mc_slice groups[MC_REGEX_GROUPS];
  mc_regex *regex = compile("/(\\w+)/(?:(x)|(?P<rest>.*))");
  CHECK_INT(mc_regex_group_count(regex), 3);
  CHECK(mc_regex_full_match_groups(regex, text_of("/svc/yz"), groups, &no_memory));
  CHECK_SLICE(groups[0], "/svc/yz");
  CHECK_SLICE(groups[1], "svc");
  CHECK(!groups[2].data);
  CHECK_SLICE(groups[3], "yz");
  CHECK(!groups[4].data);
  mc_regex_free(regex);

  regex = compile("(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)");
  CHECK_INT(mc_regex_group_count(regex), 11);
  CHECK(mc_regex_full_match_groups(regex, text_of("abcdefghijk"), groups, &no_memory));
  CHECK_SLICE(groups[9], "i");
  mc_regex_free(regex);
}

static void check_prefix(const char *pattern, const char *prefix, bool literal) {
  mc_regex *regex = compile(pattern);
  const mc_slice found = mc_regex_literal_prefix(regex);
  CHECK(found.data != NULL);
  CHECK(mc_slice_equal(found, text_of(prefix)));
  CHECK(mc_regex_is_literal(regex) == literal);
  mc_regex_free(regex);
}

static void test_prefix(void) {
  check_prefix("/api/v[0-9]+/.*", "/api/v", false);
  check_prefix("^/exact$", "/exact", true);
  check_prefix("/a/x|/a/y", "/a/", false);
  check_prefix("/a|/a", "/a", true);
  check_prefix("(/a)+", "/a", false);
  check_prefix(".*", "", false);
  check_prefix("(?i)/a", "/", false);
  check_prefix("\xC3\xA9.", "\xC3\xA9", false);
  check_prefix("a\\bb", "ab", false); /* nothing matches */
  check_prefix("", "", true);
}

static void check_refused(const char *pattern, mc_code code, size_t position) {
  mc_error error = {0};
  mc_regex *regex = mc_regex_compile(text_of(pattern), &error);
  CHECK(regex == NULL);
  CHECK_INT(error.code, code);
  CHECK_INT(error.position, position);
  CHECK(error.message[0] != '\0');
  mc_regex_free(regex);
}

static void test_refused(void) {
  check_refused("a(b", MC_INVALID, 1);
  check_refused("ab)", MC_INVALID, 2);
  check_refused("a[b", MC_INVALID, 1);
  check_refused("*a", MC_INVALID, 0);
  check_refused("a**", MC_INVALID, 1);
  check_refused("a\\", MC_INVALID, 1);
  check_refused("a{1001}", MC_INVALID, 1);
  check_refused("(?=a)", MC_INVALID, 0);
  check_refused("ab\\1", MC_INVALID, 2);
  check_refused("ab\\pL", MC_INVALID, 2);
  check_refused("a\xFF", MC_INVALID, 1);
  check_refused("(?:(?:a{10}){10}){11}", MC_INVALID, 17);
  check_refused("(?:a.b.c.d.e.f.){1000}", MC_LIMIT, 22);

  char deep[2 * MC_REGEX_MAX_NESTING + 3];
  for (int extra = 0; extra < 2; extra++) {
    const size_t depth = (size_t)MC_REGEX_MAX_NESTING + (size_t)extra;
    memset(deep, '(', depth);
    memset(deep + depth, ')', depth);
    mc_error error;
    mc_regex *regex = mc_regex_compile(mc_slice_of(deep, 2 * depth), &error);
    CHECK((regex != NULL) == (extra == 0));
    mc_regex_free(regex);
  }
}

static void check_replaced(const char *pattern, const char *substitution, const char *text,
                           const char *expected) {
  mc_scratch scratch;
  mc_slice out = MC_ABSENT;
  mc_scratch_init(&scratch);
  mc_regex *regex = compile(pattern);
  mc_substitution *compiled = mc_substitution_compile(text_of(substitution));
  CHECK_INT(mc_regex_replace_all(regex, text_of(text), compiled, &scratch, &out), MC_OK);
  if (!mc_slice_equal(out, text_of(expected))) printf("%s in %s: %.*s\n", pattern, text, (int)out.size, out.data);
  CHECK(mc_slice_equal(out, text_of(expected)));
  mc_substitution_free(compiled);
  mc_regex_free(regex);
  mc_scratch_reset(&scratch);
}

static void test_replaces(void) {
  check_replaced("^/svc/([^/]+)(/.*)$", "\\2/inst/\\1", "/svc/foo/v1/api", "/v1/api/inst/foo");
  check_replaced("one", "two", "/one/one", "/two/two");
  check_replaced("[a-z]+", "<\\0>", "/ref0", "/<ref>0");
  check_replaced("(a)|(b)", "[\\1\\2]", "cab", "c[a][b]");
  check_replaced("z*", "-", "/ezz", "-/-e-");
  check_replaced("x*", "-", "\xC3\xA9", "-\xC3\xA9-");
  check_replaced("/del", "", "/del", "");
  check_replaced("x", "\\\\", "/x", "/\\");
  check_replaced("(a)", "\\2", "a", "a");     /* no such group: unchanged */
  check_replaced("a", "<\\q>", "bab", "b<b"); /* a bad escape ends what is written */
  check_replaced("a|ab", "-", "ab", "-b");    /* the first alternative, not the longest */
  check_replaced("q", "-", "abc", "abc");
}

/* ---------------------------------------------------------------- work */

static uint64_t steps_of(const mc_regex *regex, mc_slice text) {
  mc_rx_run *run = malloc(sizeof *run);
  CHECK(run && mc_rx_run_open(run, regex, 0));
  (void)mc_rx_run_full(run, text, NULL);
  const uint64_t steps = run->steps;
  mc_rx_run_close(run);
  free(run);
  return steps;
}

static void test_is_linear(void) {
  static const char *const patterns[] = {"(a*)*b",   "(a|a)*b",      "(a|aa)+b",     "(?:a?){50}a{50}",
                                         "(.*)*x.*", "((a*)*)*[bc]", "(?:a{0,20}){20}b"};
  enum { SIZE = 2000 };
  char text[2 * SIZE];
  memset(text, 'a', sizeof text);
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    mc_regex *regex = compile(patterns[i]);
    const uint64_t once = steps_of(regex, mc_slice_of(text, SIZE));
    const uint64_t twice = steps_of(regex, mc_slice_of(text, sizeof text));
    CHECK(once <= (uint64_t)(SIZE + 1) * regex->size);
    CHECK(twice <= 2 * once + regex->size);
    mc_regex_free(regex);
  }
}

/* Every search looks at the whole rest of the text for an x that never comes. */
static void test_replacing_is_linear(void) {
  enum { SIZE = 4000 };
  char text[SIZE];
  memset(text, 'a', sizeof text);
  mc_regex *regex = compile("a(?:.*x)?");
  mc_rx_run *run = malloc(sizeof *run);
  CHECK(run && mc_rx_run_open(run, regex, 1) && mc_rx_run_remember(run, SIZE));
  size_t slots[2], at = 0;
  while (at < SIZE && mc_rx_run_search(run, mc_slice_of(text, SIZE), at, slots)) {
    CHECK(slots[0] == at && slots[1] == at + 1);
    at = slots[1];
  }
  CHECK_INT(at, SIZE);
  CHECK(run->steps <= (uint64_t)4 * SIZE * regex->size);
  mc_rx_run_close(run);
  free(run);
  mc_regex_free(regex);
}

/* ---------------------------------------------------------------- memory */

static void test_memory_runs_out(void) {
  const char *pattern = "(?i)/(a|[^bc]x{3,40})*(?P<n>\\w+?)|\\Qq\\E{2}(?:[[:alpha:]]{250})?";
  const int before = check_blocks();
  for (int n = 0;; n++) {
    mc_error error = {0};
    check_memory(n);
    mc_regex *regex = mc_regex_compile(text_of(pattern), &error);
    check_memory(-1);
    if (!regex) {
      CHECK_INT(error.code, MC_NO_MEMORY);
      CHECK_INT(check_blocks(), before);
      continue;
    }
    bool no_memory = false;
    mc_slice groups[MC_REGEX_GROUPS];
    check_memory(0);
    CHECK(!mc_regex_full_match_groups(regex, text_of("/\xC3\xA9"), groups, &no_memory));
    check_memory(-1);
    CHECK(no_memory); /* too large a program for the stack */
    mc_regex_free(regex);
    break;
  }
  CHECK_INT(check_blocks(), before);

  for (int n = 0; n < 2; n++) {
    check_memory(n);
    mc_substitution *substitution = mc_substitution_compile(text_of("a\\1"));
    check_memory(-1);
    CHECK(substitution == NULL);
  }
  CHECK_INT(check_blocks(), before);
}

int main(void) {
  test_matches();
  test_groups();
  test_prefix();
  test_refused();
  test_replaces();
  test_is_linear();
  test_replacing_is_linear();
  test_memory_runs_out();
  return check_finish();
}
