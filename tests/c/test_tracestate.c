/* Tracestates as W3C's recommendation has them, level 2. */
#include "trace_support.h"

#define PARENT "traceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\n"

static char text[16384];

/* The tracestate that comes of these lines, which follow a traceparent; "" where there is none. */
static const char *state_of(const char *lines, uint64_t malformed, uint64_t truncated) {
  static char input[16384];
  traced it;
  strcpy(input, PARENT);
  strcat(input, lines);
  extract_text(&it, input, all_formats());
  CHECK_INT(it.code, MC_OK);
  CHECK_INT(mc_trace_counts_malformed(it.counts, MC_TRACE_W3C), malformed);
  CHECK_INT(mc_trace_counts_truncated(it.counts, MC_TRACE_W3C), truncated);
  memcpy(text, it.context.tracestate.data ? it.context.tracestate.data : "", it.context.tracestate.size);
  text[it.context.tracestate.size] = 0;
  traced_free(&it);
  return text;
}

#define STATE(lines, expected) CHECK(strcmp(state_of(lines, 0, 0), expected) == 0)
#define NO_STATE(lines) CHECK(strcmp(state_of(lines, 1, 0), "") == 0)

static void test_lists(void) {
  STATE("", "");
  STATE("tracestate:\n", "");
  STATE("tracestate:a=1\n", "a=1");
  STATE("tracestate:foo=1 \t , \t bar=2,\t baz=3\n", "foo=1,bar=2,baz=3");
  STATE("tracestate:foo=1,\n", "foo=1");
  STATE("tracestate:,,foo=1,,bar=2\n", "foo=1,bar=2");
  STATE("tracestate:\ntracestate:foo=1\n", "foo=1");
  STATE("tracestate:foo=1,bar=2\ntracestate:rojo=1\nTraceState:baz=3\n", "foo=1,bar=2,rojo=1,baz=3");
  STATE("tracestate:foo=1,foo=2\n", "foo=1,foo=2"); /* who made it so may keep it */
  STATE("tracestate:1@b=a b  c\n", "1@b=a b  c");
  STATE("tracestate:foo@=1,foo@@bar=2,a_-*/@=3\n", "foo@=1,foo@@bar=2,a_-*/@=3");
  STATE("tracestate:a= !\"#$%&'()*+-./0:;<>?@A[\\]^_`a{|}~\n", "a= !\"#$%&'()*+-./0:;<>?@A[\\]^_`a{|}~");
}

static void test_malformed(void) {
  NO_STATE("tracestate:a\n");
  NO_STATE("tracestate:=1\n");
  NO_STATE("tracestate:foo=\n");
  NO_STATE("tracestate:foo=,bar=3\n");
  NO_STATE("tracestate:foo=bar=baz\n");
  NO_STATE("tracestate:foo =1\n");
  NO_STATE("tracestate:FOO=1\n");
  NO_STATE("tracestate:foo.bar=1\n");
  NO_STATE("tracestate:@foo=1,bar=2\n");
  NO_STATE("tracestate:-foo=1\n");
  NO_STATE("tracestate:foo=\x7f\n");
  NO_STATE("tracestate:foo=\xc3\xa4\n");
  NO_STATE("tracestate:foo=1\ntracestate:bar\n");
}

/* "k01=1,..." of so many members. */
static void members(char *out, int count) {
  strcpy(out, "tracestate:");
  for (int i = 0; i < count; i++) sprintf(out + strlen(out), "%sk%02d=1", i ? "," : "", i);
  strcat(out, "\n");
}

static void test_bounds(void) {
  static char lines[8192];
  char key[260];
  members(lines, MC_TRACESTATE_MEMBERS);
  CHECK_INT(strlen(state_of(lines, 0, 0)), MC_TRACESTATE_MEMBERS * 6 - 1);
  members(lines, MC_TRACESTATE_MEMBERS + 1);
  NO_STATE(lines);
  memset(key, 'z', 257);
  sprintf(lines, "tracestate:foo=1\ntracestate:%.256s=1\n", key);
  CHECK_INT(strlen(state_of(lines, 0, 0)), 6 + 258);
  sprintf(lines, "tracestate:foo=1\ntracestate:%.257s=1\n", key);
  NO_STATE(lines);
  sprintf(lines, "tracestate:k=%.256s\n", key);
  CHECK_INT(strlen(state_of(lines, 0, 0)), 258);
  sprintf(lines, "tracestate:k=%.257s\n", key);
  NO_STATE(lines);
  /* Members of more than 128 bytes go first, from the end, as many as it takes; then the last ones. */
  sprintf(lines, "tracestate:a=%.200s,b=1,c=%.200s,d=2,e=%.200s\n", key, key, key);
  const char *state = state_of(lines, 0, 1);
  CHECK_INT(strlen(state), 202 + 1 + 3 + 1 + 202 + 1 + 3);
  CHECK(strstr(state, ",d=2") && !strstr(state, "e="));
  sprintf(lines, "tracestate:a=%.120s,b=%.120s,c=%.120s,d=%.120s,e=%.120s,f=1\n", key, key, key, key, key);
  state = state_of(lines, 0, 1);
  CHECK_INT(strlen(state), 4 * 122 + 3);
  CHECK(strstr(state, "d=z") && !strstr(state, "e="));
  sprintf(lines, "tracestate:%.256s=%.256s\n", key, key);
  CHECK_INT(strlen(state_of(lines, 0, 1)), 0);
}

int main(void) {
  test_lists();
  test_malformed();
  test_bounds();
  return check_finish();
}
