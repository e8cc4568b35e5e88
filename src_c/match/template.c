#include "match/template.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct reader {
  mc_template *made;
  mc_slice text;
  size_t at, end; /* end: of the template, or of the variable that is read */
  size_t names_size;
  bool seen_glob_all;
  mc_error *error;
} reader;

bool mc_template_refuse(mc_error *error, size_t position, const char *message) {
  error->code = MC_INVALID;
  error->position = position;
  (void)snprintf(error->message, sizeof error->message, "%s", message);
  return false;
}

bool mc_template_is_literal_char(char c) {
  const char lower = mc_lower(c);
  if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9')) return true;
  switch (c) {
    case '-':
    case '.':
    case '_':
    case '~':
    case '%':
    case '!':
    case '$':
    case '&':
    case '\'':
    case '(':
    case ')':
    case '+':
    case ',':
    case ';':
    case ':':
    case '=':
    case '@':
      return true;
    default:
      return false;
  }
}

size_t mc_template_name_length(mc_slice text) {
  size_t length = 0;
  for (; length < text.size; length++) {
    const char c = text.data[length], lower = mc_lower(c);
    const bool letter = lower >= 'a' && lower <= 'z';
    if (!letter && (length == 0 || !((c >= '0' && c <= '9') || c == '_'))) break;
  }
  return length;
}

uint32_t mc_template_find(const mc_template *path_template, mc_slice name) {
  uint32_t i = 0;
  while (i < path_template->variable_count && !mc_slice_equal(path_template->names[i], name)) i++;
  return i;
}

/* ---------------------------------------------------------------- parsing */

static bool refuse(reader *r, size_t position, const char *message) {
  return mc_template_refuse(r->error, position, message);
}

static bool at_char(const reader *r, char c) { return r->at < r->end && r->text.data[r->at] == c; }

static void add_part(reader *r, mc_template_op op, mc_slice text) {
  r->made->parts[r->made->count++] = (mc_template_part){op, text};
}

static void add_text(reader *r, size_t from, size_t to) {
  char *copy = r->made->storage + r->made->size;
  memcpy(copy, r->text.data + from, to - from);
  r->made->size += to - from;
  add_part(r, MC_TEMPLATE_TEXT, mc_slice_of(copy, to - from));
}

static bool read_slash(reader *r) {
  add_text(r, r->at, r->at + 1);
  r->at++;
  return true;
}

static bool read_literal(reader *r) {
  const size_t start = r->at;
  while (r->at < r->end && mc_template_is_literal_char(r->text.data[r->at])) r->at++;
  if (r->at < r->end && r->text.data[r->at] != '/') {
    return refuse(r, r->at, "unexpected character: * and {variable} stand at the start of a segment, and "
                  "other text is of letters, digits and -._~%!$&'()+,;:=@");
  }
  if (r->at == start) return refuse(r, start, "empty segment; // is not allowed in a template");
  add_text(r, start, r->at);
  return true;
}

/* At a *. */
static bool read_glob(reader *r) {
  const size_t start = r->at++;
  if (r->seen_glob_all) return refuse(r, start, "no * and no {variable} without = may follow **");
  if (at_char(r, '*')) {
    r->at++;
    r->seen_glob_all = true;
    add_part(r, MC_TEMPLATE_GLOB_ALL, MC_ABSENT);
  } else {
    add_part(r, MC_TEMPLATE_GLOB, MC_ABSENT);
  }
  return true;
}

static bool add_name(reader *r, size_t length) {
  mc_template *made = r->made;
  const mc_slice name = mc_slice_of(r->text.data + r->at, length);
  if (length == 0 || length > MC_TEMPLATE_MAX_NAME) {
    return refuse(r, r->at, "a variable's name is a letter and up to 15 letters, digits or _");
  }
  if (made->variable_count == MC_TEMPLATE_VARIABLES) return refuse(r, r->at, "more than 5 variables");
  if (mc_template_find(made, name) < made->variable_count) {
    return refuse(r, r->at, "this name is taken already");
  }
  char *copy = made->name_storage + r->names_size;
  memcpy(copy, name.data, length);
  made->names[made->variable_count++] = mc_slice_of(copy, length);
  r->names_size += length;
  r->at += length;
  return true;
}

/* After the = of a variable: segments, as in a template of its own. */
static bool read_variable_pattern(reader *r) {
  for (;;) {
    if (!(at_char(r, '*') ? read_glob(r) : read_literal(r))) return false;
    if (r->at == r->end) return true;
    if (!at_char(r, '/')) return refuse(r, r->at, "* and ** are a segment of their own inside { }");
    read_slash(r);
  }
}

/* At a {. */
static bool read_variable(reader *r) {
  const size_t start = r->at++;
  const size_t close = mc_slice_find(r->text, start, '}');
  if (close == r->text.size) return refuse(r, start, "missing } for this {");
  if (!add_name(r, mc_template_name_length(mc_slice_of(r->text.data + r->at, close - r->at)))) return false;
  add_part(r, MC_TEMPLATE_OPEN, MC_ABSENT);
  const size_t end = r->end;
  r->end = close;
  if (r->at == close) {
    if (r->seen_glob_all) return refuse(r, start, "no * and no {variable} without = may follow **");
    add_part(r, MC_TEMPLATE_GLOB, MC_ABSENT);
  } else if (!at_char(r, '=')) {
    return refuse(r, r->at, "unexpected character in a variable: write {name} or {name=pattern}");
  } else {
    r->at++;
    if (!read_variable_pattern(r)) return false;
  }
  r->end = end;
  r->at = close + 1;
  add_part(r, MC_TEMPLATE_CLOSE, MC_ABSENT);
  return true;
}

static bool read_template(reader *r) {
  const mc_slice text = r->text;
  if (text.size > MC_TEMPLATE_MAX_SIZE) return refuse(r, MC_TEMPLATE_MAX_SIZE, "longer than 256 bytes");
  if (!at_char(r, '/')) return refuse(r, 0, "a template begins with /");
  read_slash(r);
  while (r->at < r->end) {
    const bool read = at_char(r, '*') ? read_glob(r) : at_char(r, '{') ? read_variable(r) : read_literal(r);
    if (!read) return false;
    if (r->at == r->end) return true;
    if (!at_char(r, '/')) {
      /* Text right behind a glob or a variable: only at the template's end. */
      if (!read_literal(r)) return false;
      if (r->at < r->end) return refuse(r, r->at, "text behind * or } ends the template");
      return true;
    }
    read_slash(r);
  }
  return true;
}

/* Finds the ends that do not move. */
static void measure(mc_template *made) {
  size_t before = made->size, after = 0;
  made->turn = 0;
  size_t texts = 0;
  for (uint32_t i = 0; i < made->count; i++) {
    const mc_template_op op = made->parts[i].op;
    if (op == MC_TEMPLATE_TEXT) texts += made->parts[i].text.size;
    if (op == MC_TEMPLATE_GLOB || op == MC_TEMPLATE_GLOB_ALL) {
      if (made->turn == 0) before = texts;
      made->turn = i + 1;
      after = texts;
    }
  }
  made->prefix = mc_slice_of(made->storage, before);
  made->tail = mc_slice_of(made->storage + after, made->size - after);
}

mc_template *mc_template_compile(mc_slice text, mc_error *error) {
  /* Each byte makes at most one part, and {x} exactly three. */
  mc_template *made = calloc(1, sizeof *made + (MC_TEMPLATE_MAX_SIZE + 1) * sizeof(mc_template_part));
  if (!made) {
    *error = (mc_error){MC_NO_MEMORY, 0, "out of memory"};
    return NULL;
  }
  reader r = {.made = made, .text = text, .end = text.size, .error = error};
  if (!read_template(&r)) {
    free(made);
    return NULL;
  }
  measure(made);
  return made;
}

void mc_template_free(mc_template *path_template) { free(path_template); }

mc_slice mc_template_literal_prefix(const mc_template *path_template) { return path_template->prefix; }

bool mc_template_is_literal(const mc_template *path_template) { return path_template->turn == 0; }

uint32_t mc_template_variable_count(const mc_template *path_template) {
  return path_template->variable_count;
}

mc_slice mc_template_variable_name(const mc_template *path_template, uint32_t index) {
  return path_template->names[index];
}

/* ---------------------------------------------------------------- matching */

/* What a glob takes: also a *, which means something in a template itself. */
static bool is_glob_char(char c, bool slashes) {
  return mc_template_is_literal_char(c) || c == '*' || (slashes && c == '/');
}

/* Where a glob that begins at `at` and may go up to end stops. */
static size_t glob_end(mc_slice path, size_t at, size_t end, bool slashes) {
  while (at < end && is_glob_char(path.data[at], slashes)) at++;
  return at;
}

bool mc_template_match(const mc_template *path_template, mc_slice path,
                       mc_slice values[MC_TEMPLATE_VARIABLES]) {
  const mc_slice tail = path_template->tail;
  if (!mc_slice_ends(path, tail)) return false;
  if (path_template->turn == 0 && path.size != tail.size) return false;
  const size_t end = path.size - tail.size; /* of what the last glob takes */
  size_t at = 0, opened = 0;
  uint32_t variable = 0;
  for (uint32_t i = 0; i < path_template->count; i++) {
    const mc_template_part *part = &path_template->parts[i];
    const size_t start = at;
    switch (part->op) {
      case MC_TEMPLATE_TEXT:
        /* The tail is compared already. */
        if (i < path_template->turn &&
            (end - at < part->text.size || memcmp(path.data + at, part->text.data, part->text.size) != 0)) {
          return false;
        }
        at += part->text.size;
        break;
      case MC_TEMPLATE_GLOB:
      case MC_TEMPLATE_GLOB_ALL:
        at = glob_end(path, at, end, part->op == MC_TEMPLATE_GLOB_ALL);
        if (part->op == MC_TEMPLATE_GLOB && at == start) return false;
        if (i + 1 == path_template->turn && at != end) return false;
        break;
      case MC_TEMPLATE_OPEN:
        opened = at;
        break;
      case MC_TEMPLATE_CLOSE:
        if (values) values[variable] = mc_slice_of(path.data + opened, at - opened);
        variable++;
        break;
    }
  }
  return true;
}
