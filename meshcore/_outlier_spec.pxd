from meshcore._core cimport mc_outlier_spec
from meshcore._spec cimport Specs

cdef const mc_outlier_spec *outlier_spec(Specs specs, object detection) except? NULL
