#include "check.h"
#include "edit/time_text.h"

/* "Y-m-d H:M:S y j e a b s" of a time. */
static const char *written(uint64_t unix_ns) {
  static const char format[] = "Y-m-d H:M:S y j e a b s";
  static char out[96];
  size_t size = 0;
  for (const char *at = format; *at; at++) {
    char text[MC_TIME_TEXT];
    mc_slice part = mc_time_part(*at, unix_ns, text);
    if (!part.data) part = mc_slice_of(at, 1);
    memcpy(out + size, part.data, part.size);
    size += part.size;
  }
  out[size] = '\0';
  return out;
}

#define CHECK_TIME(seconds, text) CHECK(strcmp(written((seconds) * UINT64_C(1000000000)), text) == 0)

/* As date -u --date=@SECONDS tells them. */
static void test_dates(void) {
  CHECK_TIME(0, "1970-01-01 00:00:00 70 001  1 Thu Jan 0");
  CHECK_TIME(951782399, "2000-02-28 23:59:59 00 059 28 Mon Feb 951782399");
  CHECK_TIME(951868800, "2000-03-01 00:00:00 00 061  1 Wed Mar 951868800");
  CHECK_TIME(1704067199, "2023-12-31 23:59:59 23 365 31 Sun Dec 1704067199");
  CHECK_TIME(1735603200, "2024-12-31 00:00:00 24 366 31 Tue Dec 1735603200");
  CHECK_TIME(4107542400, "2100-03-01 00:00:00 00 060  1 Mon Mar 4107542400");
}

static void test_fractions(void) {
  char text[MC_TIME_TEXT];
  CHECK_SLICE(mc_time_part('3', UINT64_C(5012345678), text), "012");
  CHECK_SLICE(mc_time_part('9', UINT64_C(5012345678), text), "012345678");
  CHECK_SLICE(mc_time_part('1', UINT64_MAX, text), "7");
  CHECK(!mc_time_part('0', 0, text).data);
  CHECK(!mc_time_part('Q', 0, text).data);
}

int main(void) {
  test_dates();
  test_fractions();
  return check_finish();
}
