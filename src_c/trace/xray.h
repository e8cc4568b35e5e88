/* The fields of AWS X-Ray's line: "Root=..;Parent=..;Sampled=..", in any order and among others. */
#ifndef MC_TRACE_XRAY_H
#define MC_TRACE_XRAY_H

#include "base/slice.h"

/* Of a longer line the other fields are not passed on. */
enum { MC_XRAY_BYTES = 512 };

/* MC_XRAY_SELF is a balancer's, of its own hop; MC_XRAY_OTHER stay, such as Lineage and an application's. */
typedef enum mc_xray_field { MC_XRAY_ROOT, MC_XRAY_PARENT, MC_XRAY_SAMPLED, MC_XRAY_SELF, MC_XRAY_OTHER } mc_xray_field;

/* Cuts the next field off, without blanks around it; false where none is left. */
bool mc_xray_next(mc_slice *rest, mc_slice *field, mc_xray_field *kind, mc_slice *value);

#endif
