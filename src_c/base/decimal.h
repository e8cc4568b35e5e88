/* Decimal numbers in texts. */
#ifndef MC_BASE_DECIMAL_H
#define MC_BASE_DECIMAL_H

#include "base/slice.h"

/* An unsigned number of up to 64 bits as absl::SimpleAtoi reads it: blanks around it, a plus sign, leading zeros. False
 * where the text is none; *out is then left alone. */
bool mc_decimal_parse(mc_slice text, uint64_t *out);

enum { MC_DECIMAL_DIGITS = 20 };

/* Writes a number at the end of the digits. */
mc_slice mc_decimal_write(uint64_t number, char digits[MC_DECIMAL_DIGITS]);

/* Cuts the next part, without the blanks around it, off a list that is parted by commas. Parts of nothing are passed
 * over; false where none is left. */
bool mc_list_next(mc_slice *list, mc_slice *part);

#endif
