/* Replacing all matches, with RE2's GlobalReplace as the measure. */
#include <stdlib.h>

#include "base/arena.h"
#include "match/regex_run.h"
#include "match/utf8.h"

enum { LITERAL_PART = -1 };

typedef struct part {
  mc_slice text; /* of LITERAL_PART */
  int32_t group;
} part;

struct mc_substitution {
  uint32_t count;
  int32_t last_group; /* the largest that is named, even behind a bad escape; 0 where none is */
  char *text;
  part parts[];
};

mc_substitution *mc_substitution_compile(mc_slice text) {
  mc_substitution *made = calloc(1, sizeof *made + (text.size + 1) * sizeof(part));
  char *copy = malloc(text.size + 1);
  if (!made || !copy) {
    free(made);
    free(copy);
    return NULL;
  }
  if (text.size) memcpy(copy, text.data, text.size);
  made->text = copy;
  bool good = true; /* a bad escape ends what is written, not what counts as named */
  for (size_t at = 0, begin = 0; at < text.size; begin = at) {
    if (copy[at] != '\\') {
      at = mc_slice_find(mc_slice_of(copy, text.size), at, '\\');
      if (good) made->parts[made->count++] = (part){mc_slice_of(copy + begin, at - begin), LITERAL_PART};
      continue;
    }
    const char escaped = at + 1 < text.size ? copy[at + 1] : '\0';
    at += at + 1 < text.size ? 2 : 1;
    if (escaped >= '0' && escaped <= '9') {
      const int32_t group = escaped - '0';
      if (group > made->last_group) made->last_group = group;
      if (good) made->parts[made->count++] = (part){MC_ABSENT, group};
    } else if (escaped == '\\') {
      if (good) made->parts[made->count++] = (part){mc_slice_of(copy + begin, 1), LITERAL_PART};
    } else {
      good = false;
    }
  }
  return made;
}

void mc_substitution_free(mc_substitution *substitution) {
  if (!substitution) return;
  free(substitution->text);
  free(substitution);
}

/* What has been written: in scratch, in a block that is replaced by one of twice the size when full. */
typedef struct output {
  mc_scratch *scratch;
  char *data;
  size_t size, room;
} output;

static bool write(output *out, const char *data, size_t size) {
  if (out->room - out->size < size) {
    size_t room = out->room + size;
    if (room > SIZE_MAX / 4) return false;
    room = 2 * room + 32;
    char *grown = mc_scratch_alloc(out->scratch, room);
    if (!grown) return false;
    if (out->size) memcpy(grown, out->data, out->size);
    out->data = grown;
    out->room = room;
  }
  if (size) memcpy(out->data + out->size, data, size);
  out->size += size;
  return true;
}

static bool write_substitution(output *out, const mc_substitution *substitution, mc_slice text,
                               const size_t *slots) {
  for (uint32_t i = 0; i < substitution->count; i++) {
    const part *p = &substitution->parts[i];
    if (p->group == LITERAL_PART) {
      if (!write(out, p->text.data, p->text.size)) return false;
    } else if (slots[2 * p->group + 1] != MC_RX_UNSET) {
      const size_t from = slots[2 * p->group];
      if (!write(out, text.data + from, slots[2 * p->group + 1] - from)) return false;
    }
  }
  return true;
}

/* The width of the character at `at`; a stray byte counts as one. */
static size_t width_at(mc_slice text, size_t at) {
  const mc_rune rune = mc_rune_at(text, at);
  return rune.value > MC_RUNE_MAX ? 1 : rune.width;
}

static mc_code replace(mc_rx_run *run, mc_slice text, const mc_substitution *substitution, output *out,
                       bool *replaced) {
  size_t slots[2 * MC_REGEX_GROUPS];
  size_t at = 0, last_end = SIZE_MAX;
  /* Searches that seldom look far behind their match stay below this. */
  const uint64_t usual = 2 * ((uint64_t)text.size + 1) * run->regex->size;
  bool room = true;
  while (room && at <= text.size && mc_rx_run_search(run, text, at, slots)) {
    if (!run->dead && run->steps > usual && !mc_rx_run_remember(run, text.size)) return MC_NO_MEMORY;
    const size_t from = slots[0], to = slots[1];
    room = write(out, text.data + at, from - at);
    if (from == last_end && to == from) {
      /* An empty match right behind the match before does not count: go on by one character. */
      const size_t width = from < text.size ? width_at(text, from) : 1;
      if (room && from < text.size) room = write(out, text.data + from, width);
      at = from + width;
      continue;
    }
    room = room && write_substitution(out, substitution, text, slots);
    at = last_end = to;
    *replaced = true;
  }
  if (room && *replaced && at < text.size) room = write(out, text.data + at, text.size - at);
  return room ? MC_OK : MC_NO_MEMORY;
}

mc_code mc_regex_replace_all(const mc_regex *regex, mc_slice text, const mc_substitution *substitution,
                             mc_scratch *scratch, mc_slice *out) {
  *out = text;
  if ((uint32_t)substitution->last_group > regex->group_count) return MC_OK;
  mc_rx_run run;
  if (!mc_rx_run_open(&run, regex, (uint32_t)substitution->last_group + 1)) return MC_NO_MEMORY;
  output written = {scratch, NULL, 0, 0};
  bool replaced = false;
  const mc_code code = replace(&run, text, substitution, &written, &replaced);
  mc_rx_run_close(&run);
  if (code == MC_OK && replaced) *out = mc_slice_of(written.data ? written.data : "", written.size);
  return code;
}
