#include <stdlib.h>

#include "base/arena.h"
#include "match/template.h"

enum { LITERAL_PART = -1 };

typedef struct part {
  mc_slice text; /* of LITERAL_PART */
  int32_t variable;
} part;

struct mc_template_rewrite {
  uint32_t count;
  char storage[MC_TEMPLATE_MAX_SIZE];
  part parts[];
};

static bool is_text(char c) { return c == '/' || mc_template_is_literal_char(c); }

static bool read_rewrite(const mc_template *path_template, mc_slice text, mc_template_rewrite *made,
                         mc_error *error) {
  if (text.size > MC_TEMPLATE_MAX_SIZE) {
    return mc_template_refuse(error, MC_TEMPLATE_MAX_SIZE, "longer than 256 bytes");
  }
  if (text.size == 0 || text.data[0] != '/') return mc_template_refuse(error, 0, "a rewrite begins with /");
  memcpy(made->storage, text.data, text.size);
  for (size_t at = 0; at < text.size;) {
    const size_t start = at;
    if (text.data[at] == '{') {
      const size_t length = mc_template_name_length(mc_slice_from(text, ++at));
      const mc_slice name = mc_slice_of(text.data + at, length);
      at += length;
      if (length == 0 || at == text.size || text.data[at] != '}') {
        return mc_template_refuse(error, start, "invalid variable: write {name}");
      }
      const uint32_t variable = mc_template_find(path_template, name);
      if (variable == mc_template_variable_count(path_template)) {
        return mc_template_refuse(error, start, "the path template has no variable of this name");
      }
      made->parts[made->count++] = (part){MC_ABSENT, (int32_t)variable};
      at++;
      continue;
    }
    while (at < text.size && is_text(text.data[at])) {
      if (at && text.data[at] == '/' && text.data[at - 1] == '/') {
        return mc_template_refuse(error, at, "// is not allowed in a rewrite");
      }
      at++;
    }
    if (at == start) {
      return mc_template_refuse(error, at, "unexpected character: text is of letters, digits and "
                                "/-._~%!$&'()+,;:=@, and variables are {name}");
    }
    made->parts[made->count++] = (part){mc_slice_of(made->storage + start, at - start), LITERAL_PART};
  }
  return true;
}

mc_template_rewrite *mc_template_rewrite_compile(const mc_template *path_template, mc_slice text,
                                                 mc_error *error) {
  mc_template_rewrite *made = calloc(1, sizeof *made + MC_TEMPLATE_MAX_SIZE * sizeof(part));
  if (!made) {
    *error = (mc_error){MC_NO_MEMORY, 0, "out of memory"};
    return NULL;
  }
  if (!read_rewrite(path_template, text, made, error)) {
    free(made);
    return NULL;
  }
  return made;
}

void mc_template_rewrite_free(mc_template_rewrite *rewrite) { free(rewrite); }

mc_code mc_template_rewrite_apply(const mc_template_rewrite *rewrite,
                                  const mc_slice values[MC_TEMPLATE_VARIABLES], mc_scratch *scratch,
                                  mc_slice *out) {
  size_t size = 0;
  for (uint32_t i = 0; i < rewrite->count; i++) {
    const part *p = &rewrite->parts[i];
    size += p->variable == LITERAL_PART ? p->text.size : values[p->variable].size;
  }
  char *data = mc_scratch_alloc(scratch, size);
  if (!data) return MC_NO_MEMORY;
  *out = mc_slice_of(data, size);
  for (uint32_t i = 0; i < rewrite->count; i++) {
    const part *p = &rewrite->parts[i];
    const mc_slice piece = p->variable == LITERAL_PART ? p->text : values[p->variable];
    if (piece.size) memcpy(data, piece.data, piece.size);
    data += piece.size;
  }
  return MC_OK;
}
