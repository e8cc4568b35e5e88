#include "edit/bytes.h"

/* Sixteen characters a line, from 0x00; everything above 0x7f has no class. tests/c/test_view.c
 * checks the table against the words of the header file. */
const uint8_t mc_byte_classes[256] = {
    /* clang-format off */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 48, 2, 32, 48, 52, 48, 48, 16, 16, 48, 112, 16, 113, 113, 0,
    113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 16, 16, 2, 16, 2, 0,
    16, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113,
    113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 16, 8, 16, 34, 49,
    34, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113,
    113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 2, 34, 2, 49, 0,
    /* clang-format on */
};

bool mc_bytes_all(mc_slice text, unsigned class) {
  const unsigned char *p = (const unsigned char *)text.data;
  unsigned common = class;
  size_t i = 0;
  for (; i + 4 <= text.size; i += 4) {
    common &= mc_byte_classes[p[i]] & mc_byte_classes[p[i + 1]] & mc_byte_classes[p[i + 2]] & mc_byte_classes[p[i + 3]];
  }
  for (; i < text.size; i++) common &= mc_byte_classes[p[i]];
  return common != 0;
}

bool mc_bytes_value_ok(mc_slice value) {
  mc_scan scan = mc_scan_start();
  mc_scan_take(&scan, value.data, value.size);
  if (!mc_scan_doubtful(&scan)) return true;
  for (size_t i = 0; i < value.size; i++) { /* a tab, a byte above 127, or a fault */
    unsigned char c = (unsigned char)value.data[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}
