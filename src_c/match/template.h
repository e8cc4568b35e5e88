/* Path templates as Envoy's uri_template extension has them; the functions are in meshcore/template.h.
 *
 * A template is a list of parts: literal text, globs, and the borders of variables. At most one glob
 * takes several segments, and no glob follows it; so the text behind it has one place, the path's end,
 * and all that stands before is read once from left to right, with no way back. */
#ifndef MC_MATCH_TEMPLATE_H
#define MC_MATCH_TEMPLATE_H

#include "base/slice.h"

enum { MC_TEMPLATE_MAX_SIZE = 256, MC_TEMPLATE_MAX_NAME = 16 };

typedef enum mc_template_op {
  MC_TEMPLATE_TEXT,
  MC_TEMPLATE_GLOB,      /* *: one or more characters of one segment */
  MC_TEMPLATE_GLOB_ALL,  /* **: any number of characters, slashes too */
  MC_TEMPLATE_OPEN,      /* the next variable begins */
  MC_TEMPLATE_CLOSE,
} mc_template_op;

typedef struct mc_template_part {
  mc_template_op op;
  mc_slice text; /* of MC_TEMPLATE_TEXT, in the template's own storage */
} mc_template_part;

struct mc_template {
  uint32_t count;
  uint32_t turn; /* the part behind the last glob: from here on, texts stand at the path's end */
  size_t size;   /* of the texts, which are one behind the other in storage */
  mc_slice prefix, tail; /* the texts before the first glob, and those from turn on */
  uint32_t variable_count;
  mc_slice names[MC_TEMPLATE_VARIABLES];
  char storage[MC_TEMPLATE_MAX_SIZE];      /* texts */
  char name_storage[MC_TEMPLATE_MAX_SIZE]; /* names */
  mc_template_part parts[];
};

/* Characters that a path segment may hold, as far as templates go: no '=', '*', '/' or quotes. */
bool mc_template_is_literal_char(char c);
/* The length of the variable name at the start of text; 0 where there is none. */
size_t mc_template_name_length(mc_slice text);
/* The variable's index; variable_count where there is none. */
uint32_t mc_template_find(const mc_template *path_template, mc_slice name);
/* Sets the error, and is false. */
bool mc_template_refuse(mc_error *error, size_t position, const char *message);

#endif
