/* Path templates, and rewrites by them. */
#ifndef MESHCORE_TEMPLATE_H
#define MESHCORE_TEMPLATE_H

#include "meshcore/base.h"

/* Envoy's uri_template: "/bar/{country}/{rest=**}", with * for one segment and ** for any number. */
typedef struct mc_template mc_template;
/* "/x/{rest}/y", over the variables of one template. */
typedef struct mc_template_rewrite mc_template_rewrite;

enum { MC_TEMPLATE_VARIABLES = 5 };

/* NULL where the template is refused; the error has message and position. */
mc_template *mc_template_compile(mc_slice text, mc_error *error);
void mc_template_free(mc_template *path_template);
/* What every path that matches begins with; at least "/". Valid as long as the template. */
mc_slice mc_template_literal_prefix(const mc_template *path_template);
/* The literal prefix is the one path that matches. */
bool mc_template_is_literal(const mc_template *path_template);
uint32_t mc_template_variable_count(const mc_template *path_template);
mc_slice mc_template_variable_name(const mc_template *path_template, uint32_t index);
/* Whether the path (without query) matches; values, unless NULL, gets what each variable matched. */
bool mc_template_match(const mc_template *path_template, mc_slice path, mc_slice values[MC_TEMPLATE_VARIABLES]);

/* NULL where the rewrite is refused, or names a variable that the template has not. */
mc_template_rewrite *mc_template_rewrite_compile(const mc_template *path_template, mc_slice text,
                                                 mc_error *error);
void mc_template_rewrite_free(mc_template_rewrite *rewrite);
/* The path made of the values that mc_template_match gave; in scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_template_rewrite_apply(const mc_template_rewrite *rewrite,
                                  const mc_slice values[MC_TEMPLATE_VARIABLES], mc_scratch *scratch,
                                  mc_slice *out);

#endif
