#include "base/base64.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a character stands for, or -1. */
static int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

mc_code mc_base64_decode(mc_slice text, mc_scratch *scratch, mc_slice *out) {
  *out = MC_LITERAL("");
  if (!text.size || text.size % 4) return MC_OK;
  size_t count = text.size;
  for (int i = 0; i < 2 && text.data[count - 1] == '='; i++) count--;
  char *bytes = mc_scratch_alloc(scratch, text.size / 4 * 3);
  if (!bytes) return MC_NO_MEMORY;
  size_t size = 0;
  uint32_t bits = 0; /* the last ones, those not yet written at the end */
  for (size_t i = 0; i < count; i++) {
    int value = value_of(text.data[i]);
    if (value < 0) return MC_OK;
    bits = bits << 6 | (uint32_t)value;
    if (i % 4) bytes[size++] = (char)(unsigned char)(bits >> (6 - i % 4 * 2));
  }
  uint32_t left = count % 4 == 2 ? bits & 15 : count % 4 == 3 ? bits & 3 : 0;
  if (!left) *out = mc_slice_of(bytes, size);
  return MC_OK;
}

char *mc_base64_encode(mc_slice text, char *at) {
  for (size_t i = 0; i < text.size; i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; k++) bits = bits << 8 | (i + k < text.size ? (unsigned char)text.data[i + k] : 0u);
    for (size_t k = 0; k < 4; k++) *at++ = i + k > text.size ? '=' : ALPHABET[bits >> (18 - 6 * k) & 63];
  }
  return at;
}
