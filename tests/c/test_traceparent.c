/* Traceparents as W3C's recommendation has them, level 2. */
#include "trace_support.h"

#define IDS "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

static bool reads(const char *value, mc_span_context *out) {
  char text[256] = "traceparent:";
  traced it;
  strcat(text, value);
  extract_text(&it, text, one_format(MC_TRACE_W3C));
  *out = it.context;
  CHECK_INT(mc_trace_counts_malformed(it.counts, MC_TRACE_W3C), it.code != MC_OK);
  traced_free(&it);
  return it.code == MC_OK;
}

static void test_valid(void) {
  static const struct {
    const char *text;
    mc_sampling sampling;
    uint8_t flags;
  } cases[] = {
      {"00-" IDS "-00", MC_SAMPLING_DENY, 0},
      {"00-" IDS "-01", MC_SAMPLING_ACCEPT, 0},
      {"00-" IDS "-02", MC_SAMPLING_DENY, MC_TRACE_FLAG_RANDOM},
      {"00-" IDS "-03", MC_SAMPLING_ACCEPT, MC_TRACE_FLAG_RANDOM},
      {"00-" IDS "-ff", MC_SAMPLING_ACCEPT, MC_TRACE_FLAG_RANDOM},
      {"00-" IDS "-fc", MC_SAMPLING_DENY, 0},
      {" \t00-" IDS "-01\t ", MC_SAMPLING_ACCEPT, 0},
      /* versions to come */
      {"01-" IDS "-01", MC_SAMPLING_ACCEPT, 0},
      {"cc-" IDS "-01-what-the-future-will-be-like", MC_SAMPLING_ACCEPT, 0},
      {"fe-" IDS "-00-", MC_SAMPLING_DENY, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mc_span_context c;
    check_true(reads(cases[i].text, &c), cases[i].text, __FILE__, __LINE__);
    CHECK_INT(c.trace_high, 0x0af7651916cd43dd);
    CHECK_INT(c.trace_low, 0x8448eb211c80319c);
    CHECK_INT(c.span_id, 0xb7ad6b7169203331);
    CHECK_INT(c.sampling, cases[i].sampling);
    CHECK_INT(c.flags, cases[i].flags);
    CHECK(!c.short_id && c.parent_id == 0);
  }
}

static void test_invalid(void) {
  static const char *const cases[] = {
      "",
      "00",
      "00-" IDS,
      "00-" IDS "-0",
      "00-" IDS "-001",
      "00-" IDS "-01.",
      "00-" IDS "-01-",
      "00-" IDS "-01-what-the-future-will-be-like",
      "cc-" IDS "-01.what-the-future-will-be-like",
      "ff-" IDS "-01",
      "0-" IDS "-01",
      "000-" IDS "-01",
      ".0-" IDS "-01",
      "0.-" IDS "-01",
      "CC-" IDS "-01",
      "00-" IDS "-.1",
      "00-" IDS "-0G",
      "00-" IDS "-0A",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
      "00-.af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c0-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033311-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333.-01",
      "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mc_span_context c;
    check_true(!reads(cases[i], &c), cases[i], __FILE__, __LINE__);
    CHECK(c.trace_low == 0 && c.span_id == 0 && c.format == -1);
  }
}

static void test_repeated(void) {
  traced it;
  extract_text(&it, "traceparent:00-" IDS "-01\ntraceparent:00-" IDS "-00\n", all_formats());
  CHECK_INT(it.code, MC_INVALID);
  traced_free(&it);
  extract_text(&it, "traceparent:00-" IDS "-01\nTraceParent:00-" IDS "-01\n", all_formats());
  CHECK_INT(it.code, MC_OK);
  traced_free(&it);
}

int main(void) {
  test_valid();
  test_invalid();
  test_repeated();
  return check_finish();
}
