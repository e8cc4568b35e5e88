#include "edit/address.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* One number of at most 255 without leading zeros; its size, 0 where there is none. */
static inline size_t parse_part(const char *p, uint8_t *out) {
  unsigned value = (unsigned)(unsigned char)p[0] - '0', next;
  if (value > 9) return 0;
  size_t size = 1;
  if (value && (next = (unsigned)(unsigned char)p[1] - '0') <= 9) {
    value = value * 10 + next;
    size = 2;
    if ((next = (unsigned)(unsigned char)p[2] - '0') <= 9) {
      value = value * 10 + next;
      size = 3;
    }
  }
  *out = (uint8_t)value;
  return value > 255 ? 0 : size;
}

static bool parse_v4(mc_slice text, uint8_t out[4]) {
  enum { SHORTEST = 7, LONGEST = 15 };
  char padded[LONGEST + 3] = {0}; /* what follows the text ends every number */
  const size_t size = text.size;
  if (size < SHORTEST || size > LONGEST) return false;
  if (size > SHORTEST) { /* two halves that overlap: copied without a call */
    memcpy(padded, text.data, 8);
    memcpy(padded + size - 8, text.data + size - 8, 8);
  } else {
    memcpy(padded, text.data, 4);
    memcpy(padded + size - 4, text.data + size - 4, 4);
  }
  const char *p = padded;
  for (int part = 0; part < 4; part++) {
    if (part > 0 && *p++ != '.') return false;
    const size_t digits = parse_part(p, &out[part]);
    if (digits == 0) return false;
    p += digits;
  }
  return (size_t)(p - padded) == size;
}

bool mc_address_is_v4(mc_slice text) {
  uint8_t bytes[4];
  return parse_v4(text, bytes);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = mc_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Groups before and after "::" are collected into one row; the gap is opened at the end. */
static bool parse_v6(mc_slice text, uint8_t out[16]) {
  uint8_t row[16] = {0};
  size_t filled = 0, gap = SIZE_MAX, at = 0;
  if (text.size >= 2 && text.data[0] == ':') {
    if (text.data[1] != ':') return false;
    gap = 0;
    at = 2;
  }
  while (at < text.size) {
    if (filled == 16) return false;
    size_t start = at;
    unsigned value = 0;
    while (at < text.size && at - start < 4 && hex_digit(text.data[at]) >= 0) {
      value = value << 4 | (unsigned)hex_digit(text.data[at++]);
    }
    if (at < text.size && text.data[at] == '.') { /* the last 32 bits may be written as IPv4 */
      if (filled > 12 || !parse_v4(mc_slice_from(text, start), row + filled)) return false;
      filled += 4;
      at = text.size;
      break;
    }
    if (at == start) return false;
    row[filled++] = (uint8_t)(value >> 8);
    row[filled++] = (uint8_t)value;
    if (at == text.size) break;
    if (text.data[at++] != ':' || at == text.size) return false;
    if (text.data[at] == ':') {
      if (gap != SIZE_MAX) return false;
      gap = filled;
      at++;
    }
  }
  if (gap == SIZE_MAX) {
    if (filled != 16) return false;
    memcpy(out, row, 16);
    return true;
  }
  if (filled >= 16) return false;
  memset(out, 0, 16);
  memcpy(out, row, gap);
  memcpy(out + 16 - (filled - gap), row + gap, filled - gap);
  return true;
}

bool mc_address_parse(mc_slice text, mc_address *out) {
  if (text.size == 0 || text.size >= MC_ADDRESS_TEXT) return false;
  if (mc_slice_find(text, 0, ':') < text.size) {
    out->v4 = false;
    return parse_v6(text, out->bytes);
  }
  memcpy(out->bytes, mapped, sizeof mapped);
  out->v4 = true;
  return parse_v4(text, out->bytes + 12);
}

void mc_address_unmap(mc_address *address) {
  address->v4 = address->v4 || !memcmp(address->bytes, mapped, sizeof mapped);
}

mc_slice mc_peer_address(mc_slice text) {
  enum { PREFIX = sizeof "::ffff:" - 1 };
  if (text.size <= PREFIX || !mc_slice_equal_fold(mc_slice_of(text.data, PREFIX), MC_LITERAL("::ffff:"))) return text;
  const mc_slice rest = mc_slice_from(text, PREFIX);
  return mc_address_is_v4(rest) ? rest : text;
}

static size_t write_v4(const uint8_t bytes[4], char *out) {
  char *at = out;
  for (int i = 0; i < 4; i++) {
    if (i) *at++ = '.';
    if (bytes[i] >= 100) *at++ = (char)('0' + bytes[i] / 100);
    if (bytes[i] >= 10) *at++ = (char)('0' + bytes[i] / 10 % 10);
    *at++ = (char)('0' + bytes[i] % 10);
  }
  return (size_t)(at - out);
}

size_t mc_address_write(const mc_address *address, char out[MC_ADDRESS_TEXT]) {
  static const char digits[] = "0123456789abcdef";
  const uint8_t *bytes = address->bytes;
  if (address->v4) return write_v4(bytes + 12, out);
  int best = -1, best_size = 1; /* the longest run of zero groups, if of two or more */
  for (int i = 0; i < 8;) {
    int run = 0;
    while (i + run < 8 && bytes[2 * (i + run)] == 0 && bytes[2 * (i + run) + 1] == 0) run++;
    if (run > best_size) {
      best = i;
      best_size = run;
    }
    i += run ? run : 1;
  }
  char *at = out;
  for (int i = 0; i < 8;) {
    if (i == best) {
      *at++ = ':';
      *at++ = ':';
      i += best_size;
      continue;
    }
    if (i && i != best + best_size) *at++ = ':';
    /* the forms that embed an address of IPv4, mapped and compatible, show it as such */
    if (i == 6 && best == 0 && (best_size == 6 || (best_size == 5 && bytes[10] == 0xff && bytes[11] == 0xff))) {
      return (size_t)(at - out) + write_v4(bytes + 12, at);
    }
    unsigned group = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    int shift = 12;
    while (shift && !(group >> shift)) shift -= 4;
    for (; shift >= 0; shift -= 4) *at++ = digits[group >> shift & 15];
    i++;
  }
  return (size_t)(at - out);
}

bool mc_address_in(const mc_address *address, const mc_cidr *range) {
  /* A mapped address is still one of IPv6: no range of IPv4 holds it. */
  if (address->v4 != (range->bits >= 96 && memcmp(range->address, mapped, sizeof mapped) == 0)) return false;
  size_t whole = range->bits / 8, rest = range->bits % 8;
  if (memcmp(address->bytes, range->address, whole) != 0) return false;
  if (rest == 0) return true;
  uint8_t mask = (uint8_t)(0xff << (8 - rest));
  return ((address->bytes[whole] ^ range->address[whole]) & mask) == 0;
}

bool mc_address_is_loopback(const mc_address *address) {
  static const uint8_t v6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static const uint8_t v4[4] = {127, 0, 0, 1};
  return address->v4 ? memcmp(address->bytes + 12, v4, 4) == 0 : memcmp(address->bytes, v6, 16) == 0;
}

bool mc_address_is_private(const mc_address *address) {
  if (mc_address_is_loopback(address)) return true;
  if (!address->v4) return address->bytes[0] == 0xfd;
  const uint8_t *b = address->bytes + 12;
  return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168);
}
