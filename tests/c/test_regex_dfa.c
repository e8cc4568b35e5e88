/* Tables agree with the machine that runs threads, on every short text over a few telling characters; and
 * they keep their bound. */
#include <stdlib.h>

#include "check.h"
#include "match/regex_dfa.h"
#include "match/regex_run.h"

static mc_regex *compile(const char *pattern) {
  mc_error error;
  mc_regex *regex = mc_regex_compile(mc_slice_of(pattern, strlen(pattern)), &error);
  if (!regex) printf("%s: %s\n", pattern, error.message);
  return regex;
}

static bool run_matches(const mc_regex *regex, mc_slice text) {
  mc_rx_run run;
  CHECK(mc_rx_run_open(&run, regex, 0));
  const bool matched = mc_rx_run_full(&run, text, NULL);
  mc_rx_run_close(&run);
  return matched;
}

/* e acute; a Greek letter; a surrogate; overlong; beyond U+10FFFF; and stray bytes. */
static const char *const PIECES[] = {"a", "B", "/", "\n", "_", "\xC3\xA9", "\xCE\xBB", "\xED\xA0\x80",
                                     "\xE0\x80\x80", "\xF4\x90\x80\x80", "\xFF", "\xC3"};
enum { PIECE_COUNT = sizeof PIECES / sizeof *PIECES, LONGEST = 3 };

static void test_agrees_with_the_machine(void) {
  static const char *const patterns[] = {
      "a*",       "a.B",          ".*",           "(?s).*",        "[^a]*",       "[^\xC3\xA9]+",
      "\xC3\xA9+", "(?i)a\xC3\x89/", "[\xC3\xA9-\xCE\xBB]*", "^a$|^$", "$^",         "a$B*|^B",
      "(?m)a$\n^B", "(?m)^$\n*",   "(?m)(^a$|\n|/)*", "\\ba\\b.*",  ".*\\b/\\B.*",  "a\\b_*",
      "\\B",      "\\b",          "(a|/)*?B?",    "(?:a|B)*a(?:a|B){2}", "a\\bB",  "[[:^ascii:]]*",
      "(?m)a(?:$|B)\n?\\b.*", "(a|ab)(c|bcd)*", "\\W*\\b\\w+\\b\\W*",
  };
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    mc_regex *regex = compile(patterns[i]);
    CHECK(regex->dfa || regex->literal);
    /* A number to the base of PIECE_COUNT + 1, where the digit 0 is nothing. */
    for (uint32_t number = 0; number < (PIECE_COUNT + 1) * (PIECE_COUNT + 1) * (PIECE_COUNT + 1); number++) {
      char text[LONGEST * 4 + 1] = "";
      for (uint32_t rest = number; rest; rest /= PIECE_COUNT + 1) {
        if (rest % (PIECE_COUNT + 1)) strcat(text, PIECES[rest % (PIECE_COUNT + 1) - 1]);
      }
      const mc_slice slice = mc_slice_of(text, strlen(text));
      bool no_memory = false;
      const bool matched = mc_regex_full_match(regex, slice, &no_memory);
      if (matched != run_matches(regex, slice)) printf("%s: %s\n", patterns[i], text);
      CHECK(matched == run_matches(regex, slice));
    }
    mc_regex_free(regex);
  }
}

/* Texts that are passed eight bytes at once, with what ends the pass at every place. */
static void test_passes(void) {
  mc_regex *line = compile("/.*"), *segment = compile("/[^/]*"), *extension = compile(".*\\.a");
  bool no_memory = false;
  char text[40];
  for (size_t at = 1; at < sizeof text; at++) {
    memset(text, 'x', sizeof text);
    text[0] = '/';
    const mc_slice whole = mc_slice_of(text, sizeof text);
    CHECK(mc_regex_full_match(line, whole, &no_memory) && mc_regex_full_match(segment, whole, &no_memory));
    text[at] = '\n';
    CHECK(!mc_regex_full_match(line, whole, &no_memory) && mc_regex_full_match(segment, whole, &no_memory));
    text[at] = '/';
    CHECK(mc_regex_full_match(line, whole, &no_memory) && !mc_regex_full_match(segment, whole, &no_memory));
    text[at] = '\xFF';
    CHECK(!mc_regex_full_match(line, whole, &no_memory) && !mc_regex_full_match(segment, whole, &no_memory));
    text[at] = '.';
    CHECK(!mc_regex_full_match(extension, whole, &no_memory));
    if (at + 1 == sizeof text) continue;
    text[at + 1] = 'a';
    CHECK(mc_regex_full_match(extension, mc_slice_head(whole, at + 2), &no_memory));
    CHECK(at + 2 == sizeof text || !mc_regex_full_match(extension, whole, &no_memory));
  }
  mc_regex_free(line);
  mc_regex_free(segment);
  mc_regex_free(extension);
}

static void test_bound(void) {
  static const struct {
    const char *pattern;
    bool fits;
  } cases[] = {
      {"/api/v[0-9]+/users/[^/]+", true}, {"/[^/]{1,255}", true},           {"(a*)*b", true},
      {"(?:a|b)*a(?:a|b){6}", true},      {"(?:a|b)*a(?:a|b){14}", false},  {".*a.{500}", false},
      {"(?:[ab]{0,9}){0,9}", true}, {"(?:(?:[ab]{0,9}){0,9}){0,9}", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mc_regex *regex = compile(cases[i].pattern);
    if ((regex->dfa != NULL) != cases[i].fits) printf("%s\n", cases[i].pattern);
    CHECK((regex->dfa != NULL) == cases[i].fits);
    if (regex->dfa) {
      CHECK(regex->dfa->state_count * (regex->dfa->alphabet.class_count + 2) <= mc_rx_dfa_bound(regex->size));
    }
    mc_regex_free(regex);
  }
}

static void test_out_of_memory(void) {
  const char *pattern = "(?m)/(a|[^b\xC3\xA9]x{3,5})*\\b(?:[[:alpha:]]{5})?$";
  mc_regex *regex = compile(pattern);
  const int before = check_blocks();
  for (int n = 0;; n++) {
    mc_rx_dfa *dfa;
    check_memory(n);
    const mc_code code = mc_rx_dfa_build(regex, &dfa);
    check_memory(-1);
    if (code == MC_OK) {
      CHECK(n > 5 && dfa);
      mc_rx_dfa_free(dfa);
      break;
    }
    CHECK_INT(code, MC_NO_MEMORY);
    CHECK(!dfa);
    CHECK_INT(check_blocks(), before);
  }
  CHECK_INT(check_blocks(), before);
  mc_regex_free(regex);
}

int main(void) {
  test_agrees_with_the_machine();
  test_passes();
  test_bound();
  test_out_of_memory();
  return check_finish();
}
