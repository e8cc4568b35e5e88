/* Functions that a hot and a cold caller share, where the cold one wants to know more: inlined into both,
 * so that what only the other asks for costs nothing. */
#ifndef MC_BASE_INLINED_H
#define MC_BASE_INLINED_H

#define MC_INLINED static inline __attribute__((always_inline))

/* What is seldom needed: that its callers need no room for what it does. */
#define MC_SELDOM static __attribute__((noinline, cold))

#endif
