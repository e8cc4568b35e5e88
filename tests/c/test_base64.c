#include "check.h"

#include "base/base64.h"

static void check_decode(mc_slice text, mc_slice expected) {
  mc_scratch scratch;
  mc_slice out;
  mc_scratch_init(&scratch);
  CHECK_INT(mc_base64_decode(text, &scratch, &out), MC_OK);
  CHECK(out.data && mc_slice_equal(out, expected));
  mc_scratch_reset(&scratch);
}

#define DECODES(text, expected) check_decode(MC_LITERAL(text), MC_LITERAL(expected))

static void test_decode(void) {
  DECODES("TWFu", "Man");
  DECODES("TWE=", "Ma");
  DECODES("TQ==", "M");
  DECODES("MTI3LjAuMC4xOjgw", "127.0.0.1:80");
  DECODES("/+8A", "\xff\xef\0");
}

static void test_what_is_not_base64_is_empty(void) {
  DECODES("", "");
  DECODES("TWE", "");     /* padding is not optional */
  DECODES("TWFuT", "");
  DECODES("TQ=A", "");
  DECODES("T===", "");
  DECODES("====", "");
  DECODES("TW F", "");
  DECODES("TW\0F", "");
  DECODES("TW-_", "");    /* the alphabet of URLs is another */
  DECODES("TR==", "");    /* bits left over */
  DECODES("TWF=", "");
  DECODES("TQ==TWFu", "");
}

static void test_encode(void) {
  static const char *const texts[][2] = {{"", ""}, {"M", "TQ=="}, {"Ma", "TWE="}, {"Man", "TWFu"}, {"Many", "TWFueQ=="}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char out[16];
    const mc_slice text = mc_slice_of(texts[i][0], strlen(texts[i][0]));
    const mc_slice made = mc_slice_of(out, (size_t)(mc_base64_encode(text, out) - out));
    CHECK(mc_slice_equal(made, mc_slice_of(texts[i][1], strlen(texts[i][1]))));
    CHECK_INT(made.size, mc_base64_size(text.size));
  }
}

/* Every byte in every place. */
static void test_there_and_back(void) {
  for (int byte = 0; byte < 256; byte++) {
    for (size_t size = 1; size < 8; size++) {
      char text[8], out[16];
      for (size_t i = 0; i < size; i++) text[i] = (char)(byte + (int)i * 37);
      char *end = mc_base64_encode(mc_slice_of(text, size), out);
      check_decode(mc_slice_of(out, (size_t)(end - out)), mc_slice_of(text, size));
    }
  }
}

static void test_out_of_memory(void) {
  static char text[MC_SCRATCH_INLINE * 2 / 4 * 4];
  memset(text, 'A', sizeof text);
  mc_scratch scratch;
  mc_slice out;
  mc_scratch_init(&scratch);
  check_memory(0);
  CHECK_INT(mc_base64_decode(mc_slice_of(text, sizeof text), &scratch, &out), MC_NO_MEMORY);
  check_memory(-1);
  mc_scratch_reset(&scratch);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_decode();
  test_what_is_not_base64_is_empty();
  test_encode();
  test_there_and_back();
  test_out_of_memory();
  return check_finish();
}
