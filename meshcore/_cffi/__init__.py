"""The components over cffi: the same core for PyPy, and for CPython where _backend.py is asked for it."""
