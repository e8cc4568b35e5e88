/* IP addresses as text and as bytes, strict as inet_pton is: no blanks, no leading zeros, no ports. */
#ifndef MC_EDIT_ADDRESS_H
#define MC_EDIT_ADDRESS_H

#include "base/slice.h"

typedef struct mc_address {
  uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
  bool v4;
} mc_address;

bool mc_address_parse(mc_slice text, mc_address *out);
/* IPv4 within IPv6, "::ffff:192.0.2.7", is IPv4 from here on. */
void mc_address_unmap(mc_address *address);
/* Whether the text is an address of IPv4. */
bool mc_address_is_v4(mc_slice text);
/* The canonical text (RFC 5952); returns its size. */
size_t mc_address_write(const mc_address *address, char out[MC_ADDRESS_TEXT]);
bool mc_address_in(const mc_address *address, const mc_cidr *range);
/* 127.0.0.1 or ::1, and no other loopback address. */
bool mc_address_is_loopback(const mc_address *address);
/* Envoy's default notion of internal: RFC 1918, fd00::/8 and the loopback address. */
bool mc_address_is_private(const mc_address *address);

#endif
