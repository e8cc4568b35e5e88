from meshcore.decision cimport Decision


cpdef dict edited_scope(Decision decision, object scope)
cpdef bytes target_of(object scope)
