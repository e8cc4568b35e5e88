/* What stands in a session's cookie since Envoy 1.28: the protobuf message
 *
 *   message Cookie { string address = 1; uint64 expires = 2; }
 *
 * read as protobuf's C++ reads it, of which Envoy makes use to tell it from the bare address that stood there before.
 * Clients send the bytes: reading takes one pass, without recursion. */
#ifndef MC_POLICY_SESSION_MESSAGE_H
#define MC_POLICY_SESSION_MESSAGE_H

#include "base/slice.h"

typedef struct mc_session_message {
  mc_slice address; /* size 0: none */
  uint64_t expires; /* seconds since 1970; 0: never */
} mc_session_message;

/* False where the bytes are no such message. The address lies in the bytes. */
bool mc_session_message_read(mc_slice bytes, mc_session_message *out);

/* The most bytes that writing takes. */
static inline size_t mc_session_message_most(const mc_session_message *message) { return message->address.size + 22; }
/* Writes the message; returns its end. */
char *mc_session_message_write(const mc_session_message *message, char *at);

#endif
