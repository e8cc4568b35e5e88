"""What cffi builds of the core's public header; see build.py."""

from typing import Any

ffi: Any
lib: Any
