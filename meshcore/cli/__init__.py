"""The ``meshcore`` command: one module for each subcommand.

A subcommand's module offers ``register(subparsers)``, which adds its parser and sets ``func``, a
function that takes the parsed arguments and returns the exit code. It imports what it needs inside
``func``, so that ``meshcore --help`` stays quick and asks for no extra.
"""
