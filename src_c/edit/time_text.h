/* Parts of a time of day as text: what formats of times are made of. */
#ifndef MC_EDIT_TIME_TEXT_H
#define MC_EDIT_TIME_TEXT_H

#include "base/slice.h"

enum { MC_TIME_TEXT = 24 }; /* room for any part */

/* One conversion of strftime, in UTC: Y m d H M S y j e a b; s for the seconds since 1970, and 1 to 9 for so many
 * digits of the second's fraction. Absent for any other. */
mc_slice mc_time_part(char conversion, uint64_t unix_ns, char text[MC_TIME_TEXT]);

#endif
