#include "edit/rewrite.h"

#include "base/refuse.h"

static mc_code compile_regex(const mc_substitution_spec *spec, mc_regex **regex, mc_substitution **substitution,
                             mc_error *error) {
  *regex = mc_regex_compile(spec->pattern, error);
  if (!*regex) return error->code;
  *substitution = mc_substitution_compile(spec->substitution);
  return *substitution ? MC_OK : mc_no_memory(error);
}

mc_code mc_path_rewrite_compile(mc_arena *arena, const mc_path_rewrite_spec *spec, mc_path_kind path_kind,
                                mc_slice path, mc_path_rewrite *out, mc_error *error) {
  bool ok = true;
  *out = (mc_path_rewrite){.kind = spec->kind, .matched_kind = path_kind, .matched_size = path.size};
  out->text = mc_arena_copy(arena, spec->text, &ok);
  if (!ok) return mc_no_memory(error);
  if (spec->kind == MC_REWRITE_FORMAT) {
    return mc_format_compile(arena, &spec->format, &out->format) ? mc_no_memory(error) : MC_OK;
  }
  out->text_has_query = spec->text.data && mc_slice_find(spec->text, 0, '?') < spec->text.size;
  if (spec->kind == MC_REWRITE_REGEX) {
    return compile_regex(&spec->regex, &out->regex, &out->substitution, error);
  }
  if (spec->kind == MC_REWRITE_TEMPLATE) {
    if (path_kind != MC_PATH_TEMPLATE) {
      *error = (mc_error){.code = MC_INVALID, .message = "a path template rewrite needs a path template match"};
      return MC_INVALID;
    }
    out->match = mc_template_compile(path, error);
    if (!out->match) return error->code;
    out->rewrite = mc_template_rewrite_compile(out->match, spec->text, error);
    if (!out->rewrite) return error->code;
  }
  return MC_OK;
}

mc_code mc_host_rewrite_compile(mc_arena *arena, const mc_host_rewrite_spec *spec, mc_host_rewrite *out,
                                mc_error *error) {
  bool ok = true;
  *out = (mc_host_rewrite){.kind = spec->kind, .append_x_forwarded_host = spec->append_x_forwarded_host};
  out->text = mc_arena_copy(arena, spec->text, &ok);
  if (!ok) return mc_no_memory(error);
  if (spec->kind == MC_HOST_FORMAT) {
    return mc_format_compile(arena, &spec->format, &out->format) ? mc_no_memory(error) : MC_OK;
  }
  if (spec->kind != MC_HOST_PATH_REGEX) return MC_OK;
  return compile_regex(&spec->regex, &out->regex, &out->substitution, error);
}

void mc_path_rewrite_clear(mc_path_rewrite *rewrite) {
  mc_regex_free(rewrite->regex);
  mc_substitution_free(rewrite->substitution);
  mc_template_rewrite_free(rewrite->rewrite);
  mc_template_free(rewrite->match);
  rewrite->regex = NULL;
  rewrite->substitution = NULL;
  rewrite->rewrite = NULL;
  rewrite->match = NULL;
}

void mc_host_rewrite_clear(mc_host_rewrite *rewrite) {
  mc_regex_free(rewrite->regex);
  mc_substitution_free(rewrite->substitution);
  rewrite->regex = NULL;
  rewrite->substitution = NULL;
}

/* head and tail as one. */
static mc_code concat(mc_slice head, mc_slice tail, mc_scratch *scratch, mc_slice *out) {
  if (tail.size == 0) {
    *out = head;
    return MC_OK;
  }
  char *text = mc_scratch_alloc(scratch, head.size + tail.size);
  if (!text) return MC_NO_MEMORY;
  if (head.size) memcpy(text, head.data, head.size);
  memcpy(text + head.size, tail.data, tail.size);
  *out = mc_slice_of(text, head.size + tail.size);
  return MC_OK;
}

/* What the path specifier matched of the path: its own text for prefixes, the whole path otherwise. */
static size_t matched_size(const mc_path_rewrite *rewrite, mc_slice path) {
  bool prefix = rewrite->matched_kind == MC_PATH_PREFIX || rewrite->matched_kind == MC_PATH_SEPARATED_PREFIX;
  return prefix && rewrite->matched_size < path.size ? rewrite->matched_size : path.size;
}

/* Characters that a rewritten target must not have: it would be another request, or none. Config and
 * path hold none of them, but both are checked in one place. */
static bool printable(mc_slice target) {
  for (size_t i = 0; i < target.size; i++) {
    unsigned char c = (unsigned char)target.data[i];
    if (c < 0x20 || c == 0x7f) return false;
  }
  return true;
}

mc_code mc_path_rewrite_apply(const mc_path_rewrite *rewrite, mc_slice target, mc_scratch *scratch,
                              mc_slice *out, bool *changed) {
  *out = target;
  *changed = false;
  const size_t path_size = mc_slice_find(target, 0, '?');
  const mc_slice path = mc_slice_head(target, path_size), query = mc_slice_from(target, path_size);
  mc_slice head, result;
  mc_code code = MC_OK;
  switch (rewrite->kind) {
    case MC_REWRITE_NONE:
    case MC_REWRITE_FORMAT:
      return MC_OK;
    case MC_REWRITE_PREFIX: {
      if (rewrite->text.size == 0) return MC_OK;
      code = concat(rewrite->text, mc_slice_from(target, matched_size(rewrite, path)), scratch, &result);
      break;
    }
    case MC_REWRITE_REGEX:
      code = mc_regex_replace_all(rewrite->regex, path, rewrite->substitution, scratch, &head);
      if (code || head.size == 0) return code; /* an empty path is no path: the rewrite is left out */
      code = concat(head, query, scratch, &result);
      break;
    case MC_REWRITE_TEMPLATE: {
      mc_slice values[MC_TEMPLATE_VARIABLES];
      if (!mc_template_match(rewrite->match, path, values)) return MC_OK;
      code = mc_template_rewrite_apply(rewrite->rewrite, values, scratch, &head);
      if (!code) code = concat(head, query, scratch, &result);
      break;
    }
    case MC_REWRITE_FULL:
      if (rewrite->text.size == 0) return MC_OK;
      code = concat(rewrite->text, rewrite->text_has_query ? MC_LITERAL("") : query, scratch, &result);
      break;
  }
  if (code || !printable(result)) return code;
  *out = result;
  *changed = true;
  return MC_OK;
}

mc_code mc_path_replace(mc_slice text, mc_slice target, mc_scratch *scratch, mc_slice *out, bool *changed) {
  mc_slice result = target;
  *changed = false;
  mc_code code = concat(text, mc_slice_from(target, mc_slice_find(target, 0, '?')), scratch, &result);
  *out = target;
  if (code || !text.size || !printable(result)) return code;
  *out = result;
  *changed = true;
  return MC_OK;
}

mc_code mc_host_rewrite_apply(const mc_host_rewrite *rewrite, mc_slice authority, mc_slice target,
                              mc_slice value, mc_slice hostname, mc_scratch *scratch, mc_slice *out, bool *changed) {
  mc_code code = MC_OK;
  *out = authority;
  *changed = false;
  switch (rewrite->kind) {
    case MC_HOST_KEEP:
      return MC_OK;
    case MC_HOST_LITERAL:
      value = rewrite->text;
      break;
    case MC_HOST_HEADER:
    case MC_HOST_FORMAT:
      break;
    case MC_HOST_PATH_REGEX:
      target.size = mc_slice_find(target, 0, '?');
      code = mc_regex_replace_all(rewrite->regex, target, rewrite->substitution, scratch, &value);
      break;
    case MC_HOST_AUTO:
      value = hostname;
      break;
  }
  if (code || value.size == 0 || !printable(value)) return code;
  *out = value;
  *changed = true;
  return MC_OK;
}
