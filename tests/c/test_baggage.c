/* W3C's baggage, and Jaeger's. */
#include "trace_support.h"

static char text[MC_BAGGAGE_BYTES + 1];

static const char *baggage_of(const char *lines, mc_trace_formats formats, uint64_t malformed, uint64_t truncated) {
  traced it;
  extract_text(&it, lines, formats);
  CHECK_INT(mc_trace_counts_malformed(it.counts, MC_TRACE_BAGGAGE), malformed);
  CHECK_INT(mc_trace_counts_truncated(it.counts, MC_TRACE_BAGGAGE), truncated);
  CHECK_INT(it.code, it.context.baggage.data ? MC_OK : MC_INVALID);
  memcpy(text, it.context.baggage.data ? it.context.baggage.data : "", it.context.baggage.size);
  text[it.context.baggage.size] = 0;
  traced_free(&it);
  return text;
}

#define BAGGAGE(lines, malformed, expected) CHECK(strcmp(baggage_of(lines, all_formats(), malformed, 0), expected) == 0)

static void test_members(void) {
  BAGGAGE("baggage:a=1\n", 0, "a=1");
  BAGGAGE("baggage:a=1, b = 2 ;p;q=3 ,c=\n", 0, "a=1,b = 2 ;p;q=3,c=");
  BAGGAGE("baggage:a=1\nbaggage:b=2\nBaggage:a=3\n", 0, "a=1,b=2,a=3");
  BAGGAGE("baggage:a=%20%C3%A4\n", 0, "a=%20%C3%A4");
  BAGGAGE("baggage:a=b=c\n", 0, "a=b=c");
  BAGGAGE("baggage:,,\n", 0, "");
  /* What is none is left out alone. */
  BAGGAGE("baggage:a,b=2\n", 1, "b=2");
  BAGGAGE("baggage:=1,b=2,c=\"x\",d=\\,e=f g\n", 4, "b=2");
  BAGGAGE("baggage:a b=1,c(=1,d=\xc3\xa4\n", 3, "");
  BAGGAGE("baggage:a=1;,b=1;=2,c=1;p q\n", 3, "");
}

static void test_jaeger(void) {
  BAGGAGE("uberctx-User:me\nuberctx-other:a%20b c,d;\xc3\xa4\n", 0, "user=me,other=a%20b%20c%2Cd%3B%C3%A4");
  BAGGAGE("uberctx-a:1\nbaggage:A=2\n", 0, "A=2");
  BAGGAGE("uberctx-a:1\nuberctx-a:2\n", 0, "a=1");
  BAGGAGE("uberctx-a b:1\n", 1, "");
  CHECK(strcmp(baggage_of("uberctx-a:1\nbaggage:b=2\n", one_format(MC_TRACE_BAGGAGE), 0, 0), "b=2") == 0);
  CHECK(strcmp(baggage_of("uberctx-a:1\nbaggage:b=2\n", one_format(MC_TRACE_JAEGER), 0, 0), "a=1") == 0);
}

static void test_bounds(void) {
  static char lines[3 * MC_BAGGAGE_BYTES];
  strcpy(lines, "baggage:");
  for (int i = 0; i < 70; i++) sprintf(lines + strlen(lines), "k%02d=1,", i);
  const char *found = baggage_of(lines, all_formats(), 0, 1);
  CHECK_INT(strlen(found), MC_BAGGAGE_MEMBERS * 6 - 1);
  CHECK(strstr(found, "k63=1") && !strstr(found, "k64"));
  strcpy(lines, "baggage:a=");
  memset(lines + strlen(lines), 'x', MC_BAGGAGE_BYTES - 2);
  CHECK_INT(strlen(baggage_of(lines, all_formats(), 0, 0)), MC_BAGGAGE_BYTES);
  lines[strlen(lines)] = 'x';
  CHECK_INT(strlen(baggage_of(lines, all_formats(), 0, 1)), 0);
  memset(lines, 0, sizeof lines);
  for (int i = 0; i < 70; i++) sprintf(lines + strlen(lines), "uberctx-k%02d:1\n", i);
  CHECK_INT(strlen(baggage_of(lines, all_formats(), 0, 1)), MC_BAGGAGE_MEMBERS * 6 - 1);
}

int main(void) {
  test_members();
  test_jaeger();
  test_bounds();
  return check_finish();
}
