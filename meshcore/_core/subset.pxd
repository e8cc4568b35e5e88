# Subsets of a cluster's hosts, by their labels.

from libc.stdint cimport uint32_t

from meshcore._core.base cimport mc_labels, mc_names


cdef extern from "meshcore/subset.h" nogil:
    ctypedef struct mc_criteria_spec:
        mc_labels labels
        const mc_labels *alternatives
        uint32_t alternative_count

    ctypedef enum mc_subset_fallback:
        MC_FALLBACK_UNDEFINED
        MC_FALLBACK_NONE
        MC_FALLBACK_ANY
        MC_FALLBACK_DEFAULT
        MC_FALLBACK_KEYS

    ctypedef struct mc_subset_selector:
        mc_names keys
        bint single_host
        mc_subset_fallback fallback
        mc_names fallback_keys

    ctypedef struct mc_subsets_spec:
        const mc_subset_selector *selectors
        uint32_t selector_count
        mc_subset_fallback fallback
        mc_labels default_labels
        bint locality_weight_aware
        bint scale_locality_weight
        bint panic_mode_any
        bint allow_redundant_keys
        bint fallback_list

    ctypedef enum mc_subset_reason:
        pass
