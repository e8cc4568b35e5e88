#include "edit/trust.h"

#include "edit/address.h"
#include "edit/view.h"

static mc_slice trim(mc_slice text) {
  while (text.size && (text.data[0] == ' ' || text.data[0] == '\t')) text = mc_slice_from(text, 1);
  while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) text.size--;
  return text;
}

/* Cuts the last entry and its comma off; false where there is no comma. */
static bool cut_last(mc_slice *list, mc_slice *last) {
  size_t comma = list->size;
  while (comma > 0 && list->data[comma - 1] != ',') comma--;
  *last = mc_slice_from(*list, comma);
  if (comma == 0) return false;
  list->size = comma - 1;
  return true;
}

/* The address that comes before the last `skip` entries; single: it is the only one. */
static bool forwarded_address(mc_slice list, uint32_t skip, mc_address *out, mc_slice *text, bool *single) {
  mc_slice entry;
  for (uint32_t i = 0; i < skip; i++) {
    if (!cut_last(&list, &entry)) return false;
  }
  bool more = cut_last(&list, &entry);
  *text = trim(entry);
  *single = !more && skip == 0;
  return mc_address_parse(*text, out);
}

static bool is_internal(const mc_address *address, const mc_http_options *options) {
  if (!options->has_internal_cidrs) return false;
  if (options->internal_cidr_count == 0) return mc_address_is_private(address);
  for (uint32_t i = 0; i < options->internal_cidr_count; i++) {
    if (mc_address_in(address, &options->internal_cidrs[i])) return true;
  }
  return false;
}

mc_code mc_trust_weigh(const mc_request *request, mc_slice forwarded_for, const mc_http_options *options,
                       mc_scratch *scratch, mc_view *out) {
  out->client = request->source;
  out->internal = false;
  const bool remote = options->use_remote_address;
  const uint32_t hops = options->xff_num_trusted_hops;
  mc_address address;
  mc_slice text;
  bool single = false;
  if (forwarded_for.data && (!remote || hops > 0) &&
      forwarded_address(forwarded_for, remote ? hops - 1 : hops, &address, &text, &single)) {
    if (!address.v4) { /* an address of IPv4 can be written in one way only */
      char *canonical = mc_scratch_alloc(scratch, MC_ADDRESS_TEXT);
      if (!canonical) return MC_NO_MEMORY;
      text = mc_slice_of(canonical, mc_address_write(&address, canonical));
    }
    out->client = text;
    out->internal = !remote && single && is_internal(&address, options);
    return MC_OK;
  }
  if (remote && !forwarded_for.data && options->has_internal_cidrs &&
      mc_address_parse(request->source, &address)) {
    out->internal = is_internal(&address, options);
  }
  return MC_OK;
}

mc_slice mc_view_client_told(mc_view *view) {
  mc_address address;
  mc_slice text;
  bool single;
  if (forwarded_address(view->told, 0, &address, &text, &single)) {
    /* An address of IPv4 can be written in one way only. */
    view->client = address.v4 ? text : mc_slice_of(view->client_text, mc_address_write(&address, view->client_text));
  }
  view->told = MC_ABSENT;
  return view->client;
}
