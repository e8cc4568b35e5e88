#include "check.h"
#include "edit/bytes.h"

static void test_classes(void) {
  const char token[] = "!#$%&'*+-.^_`|~", unreserved[] = "-._~";
  for (int c = 0; c < 256; c++) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
    unsigned class = mc_byte_class((unsigned char)c);
    CHECK_INT(!!(class & MC_BYTE_TOKEN), letter || digit || (c && strchr(token, c)));
    CHECK_INT(!!(class & MC_BYTE_UNRESERVED), letter || digit || (c && strchr(unreserved, c)));
    CHECK_INT(!!(class & MC_BYTE_SCHEME), letter || digit || c == '+' || c == '-' || c == '.');
    CHECK_INT(!!(class & MC_BYTE_PERCENT), c == '%');
    CHECK_INT(!!(class & MC_BYTE_BACKSLASH), c == '\\');
  }
}

/* Every byte at every place of texts of every size up to some words: the quick tests agree with the slow. */
static void test_values_byte_by_byte(void) {
  char text[36];
  for (size_t size = 0; size <= sizeof text; size++) {
    memset(text, 'a', sizeof text);
    CHECK(mc_bytes_value_ok(mc_slice_of(text, size)));
    CHECK(mc_bytes_all(mc_slice_of(text, size), MC_BYTE_TOKEN));
    for (size_t at = 0; at < size; at++) {
      int wrong = 0;
      for (int c = 0; c < 256; c++) {
        text[at] = (char)c;
        bool fine = c == '\t' || (c >= ' ' && c != 0x7f);
        wrong += mc_bytes_value_ok(mc_slice_of(text, size)) != fine;
#ifdef __SSE2__
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        wrong += mc_bytes_plain(mc_slice_of(text, size)) != plain;
#endif
        wrong += mc_bytes_all(mc_slice_of(text, size), MC_BYTE_TOKEN) != !!(mc_byte_class((unsigned char)c) & MC_BYTE_TOKEN);
      }
      text[at] = 'a';
      CHECK_INT(wrong, 0);
    }
  }
}

static void test_words(void) {
  CHECK(mc_word_below(mc_word_at("abcdefg\x1f"), 0x20) != 0);
  CHECK(mc_word_below(mc_word_at("abcdefg\x80"), 0x20) != 0);
  CHECK(mc_word_below(mc_word_at("abcdefg "), 0x20) == 0);
  CHECK(mc_word_equal(mc_word_at("abc%efgh"), '%') != 0);
  CHECK(mc_word_equal(mc_word_at("abcdefgh"), '%') == 0);
  for (size_t size = 1; size < 8; size++) {
    for (size_t at = 0; at < size; at++) {
      char text[8] = "aaaaaaa";
      text[at] = '%';
      CHECK(mc_word_equal(mc_word_of(text, size), '%') != 0);
    }
    CHECK(mc_word_equal(mc_word_of("aaaaaaa%", size), '%') == 0);
  }
  CHECK(mc_word_below(mc_word_of("", 0), 0x20) == 0);
}

/* Blanks at the edges of a text of any size, and nowhere else; of several texts one is enough. */
static void test_edges(void) {
  char text[48];
  for (size_t size = 1; size < sizeof text; size++) {
    for (size_t at = 0; at < size; at++) {
      memset(text, 'a', sizeof text);
      text[at] = at % 2 ? ' ' : '\t';
      mc_scan scan = mc_scan_start();
      mc_scan_take(&scan, "a b", 3);
      mc_scan_take(&scan, text, size);
      mc_scan_take(&scan, "", 0);
      CHECK_INT(mc_scan_doubtful_edges(&scan), at == 0 || at == size - 1);
      CHECK_INT(mc_scan_doubtful(&scan), at % 2 == 0);
    }
  }
}

int main(void) {
  test_edges();
  test_classes();
  test_values_byte_by_byte();
  test_words();
  return check_finish();
}
