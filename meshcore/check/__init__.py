"""Tests of routes: what a user expects of a configuration, checked without a server.

:func:`read_tests` reads a file of tests in any of three formats (our own, that of Envoy's
``router_check_tool``, that of ``istio-config-validator``), and a :class:`Checker` runs them.
"""

from meshcore.check.case import Case
from meshcore.check.coverage import Coverage
from meshcore.check.exchange import Request
from meshcore.check.reading import TestFile, read_tests
from meshcore.check.run import Checker, Result
from meshcore.check.setting import Setting

__all__ = ["Case", "Checker", "Coverage", "Request", "Result", "Setting", "TestFile", "read_tests"]
