#include "policy/session_message.h"

#include "match/utf8.h"

typedef enum wire_type { VARINT, EIGHT_BYTES, SIZED, GROUP, GROUP_END, FOUR_BYTES } wire_type;

enum { ADDRESS = 1, EXPIRES = 2, DEPTH = 100 /* of groups in groups, as protobuf has it */ };

/* A number of at most `most` bytes, seven bits in each; what goes beyond 64 bits is lost. */
static bool read_varint(mc_slice *rest, size_t most, uint64_t *out) {
  *out = 0;
  for (size_t i = 0; i < most && i < rest->size; i++) {
    unsigned char byte = (unsigned char)rest->data[i];
    *out |= (uint64_t)(byte & 0x7f) << (7 * i);
    if (byte & 0x80) continue;
    *rest = mc_slice_from(*rest, i + 1);
    return true;
  }
  return false;
}

static bool read_tag(mc_slice *rest, uint32_t *number, wire_type *type) {
  uint64_t tag;
  if (!read_varint(rest, 5, &tag)) return false;
  *number = (uint32_t)tag >> 3;
  *type = (wire_type)(tag & 7);
  return *number != 0;
}

static bool take(mc_slice *rest, uint64_t size, mc_slice *out) {
  if (size > rest->size) return false;
  *out = mc_slice_head(*rest, (size_t)size);
  *rest = mc_slice_from(*rest, (size_t)size);
  return true;
}

static bool take_sized(mc_slice *rest, mc_slice *out) {
  uint64_t size;
  return read_varint(rest, 5, &size) && take(rest, size, out);
}

/* What protobuf takes for text: no surrogates. */
static bool is_text(mc_slice bytes) {
  for (size_t at = 0; at < bytes.size;) {
    mc_rune rune = mc_rune_at(bytes, at);
    if (rune.value > MC_RUNE_MAX || (rune.value >= 0xD800 && rune.value < 0xE000)) return false;
    at += rune.width;
  }
  return true;
}

/* A field that means nothing here: passed over. */
static bool skip(mc_slice *rest, wire_type type) {
  uint64_t number;
  mc_slice bytes;
  switch (type) {
    case VARINT:
      return read_varint(rest, 10, &number);
    case EIGHT_BYTES:
      return take(rest, 8, &bytes);
    case SIZED:
      return take_sized(rest, &bytes);
    case FOUR_BYTES:
      return take(rest, 4, &bytes);
    default:
      return false;
  }
}

/* A group, to its end: fields and further groups. */
static bool skip_group(mc_slice *rest, uint32_t number) {
  uint32_t open[DEPTH];
  uint32_t depth = 0;
  open[depth++] = number;
  while (depth) {
    wire_type type;
    if (!read_tag(rest, &number, &type)) return false;
    if (type == GROUP) {
      if (depth == DEPTH) return false;
      open[depth++] = number;
    } else if (type == GROUP_END) {
      if (open[--depth] != number) return false;
    } else if (!skip(rest, type)) {
      return false;
    }
  }
  return true;
}

bool mc_session_message_read(mc_slice rest, mc_session_message *out) {
  *out = (mc_session_message){.address = MC_LITERAL("")};
  while (rest.size) {
    uint32_t number;
    wire_type type;
    if (!read_tag(&rest, &number, &type)) return false;
    if (number == ADDRESS && type == SIZED) {
      if (!take_sized(&rest, &out->address) || !is_text(out->address)) return false;
    } else if (number == EXPIRES && type == VARINT) {
      if (!read_varint(&rest, 10, &out->expires)) return false;
    } else if (type == GROUP ? !skip_group(&rest, number) : !skip(&rest, type)) {
      return false;
    }
  }
  return true;
}

static char *write_varint(char *at, uint64_t number) {
  for (; number >= 0x80; number >>= 7) *at++ = (char)(unsigned char)(number | 0x80);
  *at++ = (char)number;
  return at;
}

char *mc_session_message_write(const mc_session_message *message, char *at) {
  if (message->address.size) {
    at = write_varint(at, ADDRESS << 3 | SIZED);
    at = write_varint(at, message->address.size);
    memcpy(at, message->address.data, message->address.size);
    at += message->address.size;
  }
  if (message->expires) at = write_varint(write_varint(at, EXPIRES << 3 | VARINT), message->expires);
  return at;
}
