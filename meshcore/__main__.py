"""``python -m meshcore`` is the same as ``meshcore``."""

from __future__ import annotations

import sys

from meshcore.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
