/* An editable list of header lines. Lines that came in keep their index in the source, so that a
 * binding can hand back the objects it was given; a list lives in a scratch. */
#ifndef MC_EDIT_HEADER_LIST_H
#define MC_EDIT_HEADER_LIST_H

#include "base/arena.h"
#include "base/slice.h"

typedef struct mc_header_list {
  mc_header_line *lines;
  uint32_t count, capacity;
  bool response; /* of a response: other headers are kept joined than in a request */
  mc_scratch *scratch;
} mc_header_list;

/* An empty list with room for some lines. MC_OK or MC_NO_MEMORY, as all that add. */
mc_code mc_header_list_init(mc_header_list *list, mc_scratch *scratch, uint32_t capacity);
/* The lines that a view shows. */
mc_code mc_header_list_from_view(mc_header_list *list, mc_scratch *scratch, const mc_view *view);
/* Names are compared without case; the names asked for are lower-case. */
const mc_header_line *mc_header_list_find(const mc_header_list *list, mc_slice name);
mc_code mc_header_list_add(mc_header_list *list, mc_slice name, mc_slice value);
/* Adds to the one line of a header that Envoy keeps joined (x-forwarded-for and the like), or adds
 * a line. */
mc_code mc_header_list_append(mc_header_list *list, mc_slice name, mc_slice value);
/* The same for a line that came in, with its index. */
mc_code mc_header_list_take(mc_header_list *list, mc_slice name, mc_slice value, int32_t source);
void mc_header_list_remove(mc_header_list *list, mc_slice name);
/* Removes all lines of the name and adds one at the end. */
mc_code mc_header_list_set(mc_header_list *list, mc_slice name, mc_slice value);
/* Sets the value of a header that Envoy keeps joined, in the place where it is, or adds a line. */
mc_code mc_header_list_replace(mc_header_list *list, mc_slice name, mc_slice value);

#endif
