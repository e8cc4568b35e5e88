/* Path normalisation: escaped slashes, dot segments and needless escapes, repeated slashes. */
#ifndef MC_EDIT_PATH_H
#define MC_EDIT_PATH_H

#include "base/arena.h"
#include "base/slice.h"

typedef enum mc_path_result {
  MC_PATH_CLEAN,    /* the target stays as it is */
  MC_PATH_CHANGED,  /* *out is the new target */
  MC_PATH_REDIRECT, /* *out is where to redirect to: escaped slashes were found */
  MC_PATH_REFUSED,  /* escaped slashes that must be rejected, or an escaped NUL */
  MC_PATH_NO_MEMORY,
} mc_path_result;

/* target is path and query, begins with "/", and holds no control characters; path_size is the size
 * of its path. What is done, in this order, each as the options say:
 *   1. %2F and %5C become "/" and "\" (or the request is refused; or redirected, at the end);
 *   2. "." and ".." segments are resolved (also written with %2E, or with parameters as in "..;x"),
 *      escapes of unreserved characters are decoded, "\" becomes "/", unsafe characters are escaped;
 *   3. runs of slashes become one, but a path of nothing else becomes "//", as in Envoy.
 * The query is never touched. */
mc_path_result mc_path_normalise(mc_slice target, size_t path_size, const mc_http_options *options,
                                 mc_scratch *scratch, mc_slice *out, size_t *out_path_size);

#endif
