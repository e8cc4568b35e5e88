/* The literals that a regex needs, as "jpg png; /img": choices, each of one or more. */
#include <stdlib.h>

#include "check.h"
#include "match/regex_literals.h"

static mc_regex *compile(const char *pattern) {
  mc_error error;
  mc_regex *regex = mc_regex_compile(mc_slice_of(pattern, strlen(pattern)), &error);
  if (!regex) printf("%s: %s\n", pattern, error.message);
  return regex;
}

static void check_needs(const char *pattern, const char *expected) {
  static mc_rx_choice choices[MC_RX_LITERAL_CHOICES];
  char found[1024] = "";
  uint32_t count;
  mc_regex *regex = compile(pattern);
  CHECK_INT(mc_rx_literals_find(regex, choices, &count), MC_OK);
  for (uint32_t i = 0; i < count; i++) {
    if (i) strcat(found, "; ");
    for (uint32_t k = 0; k < choices[i].count; k++) {
      if (k) strcat(found, " ");
      strncat(found, choices[i].literals[k].text, choices[i].literals[k].size);
    }
  }
  if (strcmp(found, expected) != 0) printf("%s: %s\n", pattern, found);
  CHECK(strcmp(found, expected) == 0);
  mc_regex_free(regex);
}

static void test_needs(void) {
  check_needs("/api/v[0-9]+/users/[^/]+", "/api/v; /users/");
  check_needs(".*\\.(?:jpg|png)", ".jpg .png");
  check_needs("(?:one|two)/[^/]*", "one/ two/");
  check_needs(".*", "");
  check_needs("[a-z]+/x", ""); /* two characters tell too little */
  check_needs("(?:abc)?d", ""); /* may be left out */
}

static void test_needs_in_any_case(void) {
  check_needs("(?i)/Abc", "/abc");
  /* The long s and the Kelvin sign are cases of s and k; they end a literal. */
  check_needs("(?i)/Task/", "/task/ /tas\xE2\x84\xAA /ta\xC5\xBF");
  check_needs("\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9");
}

static void test_needs_are_bounded(void) {
  mc_rx_choice *choices = malloc(MC_RX_LITERAL_CHOICES * sizeof *choices);
  uint32_t count;
  static const char *const patterns[] = {
      "(?:abc)*def",
      "(?:a|b|c){200}xyz",
      "(?:[abc]{1,30}){1,30}",
      "a{1000}",
      "(?:abc[0-9]){100}",
      "(?i)s{300}",
  };
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    mc_regex *regex = compile(patterns[i]);
    CHECK_INT(mc_rx_literals_find(regex, choices, &count), MC_OK);
    CHECK(count <= MC_RX_LITERAL_CHOICES);
    for (uint32_t c = 0; c < count; c++) {
      CHECK(choices[c].count >= 1 && choices[c].count <= MC_RX_LITERALS);
      for (uint32_t k = 0; k < choices[c].count; k++) {
        CHECK(choices[c].literals[k].size >= MC_RX_LITERAL_LEAST && choices[c].literals[k].size <= MC_RX_LITERAL_MOST);
      }
    }
    mc_regex_free(regex);
  }
  mc_regex *regex = compile("/abc");
  check_memory(0);
  CHECK_INT(mc_rx_literals_find(regex, choices, &count), MC_NO_MEMORY);
  check_memory(-1);
  mc_regex_free(regex);
  free(choices);
}

int main(void) {
  test_needs();
  test_needs_in_any_case();
  test_needs_are_bounded();
  return check_finish();
}
