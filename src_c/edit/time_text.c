#include "edit/time_text.h"

#include "base/decimal.h"

typedef struct date {
  uint64_t year;
  unsigned month, day; /* from 1 on */
  unsigned of_year;    /* days since 1 January */
} date;

static bool is_leap(uint64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/* Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days, for days from 1970 on. */
static date date_of(uint64_t days) {
  const uint64_t shifted = days + 719468; /* from 1 March of the year 0 on */
  const uint64_t era = shifted / 146097, of_era = shifted % 146097;
  const uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const unsigned since_march = (unsigned)(of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
  const unsigned shifted_month = (5 * since_march + 2) / 153;
  date out = {.day = since_march - (153 * shifted_month + 2) / 5 + 1,
              .month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9};
  out.year = year_of_era + era * 400 + (out.month <= 2);
  out.of_year = shifted_month < 10 ? since_march + 59 + is_leap(out.year) : since_march - 306;
  return out;
}

/* The last digits of a number, with leading zeros, or blanks. */
static mc_slice digits_of(uint64_t number, size_t count, char filler, char *text) {
  for (size_t i = count; i-- > 0; number /= 10) text[i] = number || i + 1 == count || filler == '0' ? (char)('0' + number % 10) : filler;
  return mc_slice_of(text, count);
}

static mc_slice decimal(uint64_t number, char *text) {
  char digits[MC_DECIMAL_DIGITS];
  const mc_slice written = mc_decimal_write(number, digits);
  memcpy(text, written.data, written.size);
  return mc_slice_of(text, written.size);
}

mc_slice mc_time_part(char conversion, uint64_t unix_ns, char text[MC_TIME_TEXT]) {
  static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const uint64_t seconds = unix_ns / 1000000000;
  if (conversion >= '1' && conversion <= '9') {
    const size_t count = (size_t)(conversion - '0');
    return mc_slice_head(digits_of(unix_ns % 1000000000, 9, '0', text), count);
  }
  const date day = date_of(seconds / 86400);
  switch (conversion) {
    case 's':
      return decimal(seconds, text);
    case 'Y':
      return decimal(day.year, text);
    case 'y':
      return digits_of(day.year % 100, 2, '0', text);
    case 'm':
      return digits_of(day.month, 2, '0', text);
    case 'd':
      return digits_of(day.day, 2, '0', text);
    case 'e':
      return digits_of(day.day, 2, ' ', text);
    case 'j':
      return digits_of(day.of_year + 1, 3, '0', text);
    case 'H':
      return digits_of(seconds / 3600 % 24, 2, '0', text);
    case 'M':
      return digits_of(seconds / 60 % 60, 2, '0', text);
    case 'S':
      return digits_of(seconds % 60, 2, '0', text);
    case 'a':
      return mc_slice_of(days + seconds / 86400 % 7 * 3, 3);
    case 'b':
      return mc_slice_of(months + (day.month - 1) * 3, 3);
    default:
      return MC_ABSENT;
  }
}
