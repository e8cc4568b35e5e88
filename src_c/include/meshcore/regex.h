/* Regexes, and what replaces their matches. */
#ifndef MESHCORE_REGEX_H
#define MESHCORE_REGEX_H

#include "meshcore/base.h"

/* RE2 syntax over UTF-8, without unicode classes; docs/regex.md has the subset. Matching takes time
 * linear in the text times the size of the pattern, whatever either of them says. A compiled regex is
 * immutable and may be used by many threads at once. */
typedef struct mc_regex mc_regex;

enum {
  MC_REGEX_GROUPS = 10,          /* \0 to \9: what a substitution can name */
  MC_REGEX_MAX_PROGRAM = 10000,  /* instructions; counted repetitions are written out */
  MC_REGEX_MAX_NESTING = 1000,   /* of groups */
};

/* NULL where the pattern is refused: MC_INVALID (the error has message and position), MC_LIMIT (too
 * large) or MC_NO_MEMORY. */
mc_regex *mc_regex_compile(mc_slice pattern, mc_error *error);
void mc_regex_free(mc_regex *regex);
/* Groups in the pattern, the whole match (group 0) not counted. */
uint32_t mc_regex_group_count(const mc_regex *regex);
/* What every text that matches as a whole begins with; often empty, never absent. Valid as long as the regex. */
mc_slice mc_regex_literal_prefix(const mc_regex *regex);
/* The literal prefix is the one text that matches. */
bool mc_regex_is_literal(const mc_regex *regex);
/* Whether the whole text matches. no_memory is set where memory ran out, and is left alone otherwise;
 * only regexes of more than about 200 instructions that have no table ever need memory. */
bool mc_regex_full_match(const mc_regex *regex, mc_slice text, bool *no_memory);
/* The same, and what each group matched: groups[0] is the text, a group that took no part is absent. */
bool mc_regex_full_match_groups(const mc_regex *regex, mc_slice text, mc_slice groups[MC_REGEX_GROUPS],
                                bool *no_memory);

/* What replaces a match: text with \0 to \9 and \\. As with RE2, any text compiles: a reference to a
 * group that the regex has not leaves texts unchanged, and any other escape ends the substitution. */
typedef struct mc_substitution mc_substitution;

/* NULL where memory is out. */
mc_substitution *mc_substitution_compile(mc_slice substitution);
void mc_substitution_free(mc_substitution *substitution);
/* Replaces all matches as RE2's GlobalReplace does: leftmost, preferring earlier alternatives, not
 * overlapping. out is the text itself where nothing matches, and in scratch otherwise.
 * MC_OK or MC_NO_MEMORY. */
mc_code mc_regex_replace_all(const mc_regex *regex, mc_slice text, const mc_substitution *substitution,
                             mc_scratch *scratch, mc_slice *out);

#endif
