"""`python -m benches`: see compare.py."""

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    # In the place of the folder that it is called in, where Python would find sources first.
    sys.path[0] = str(Path(__file__).parent)
    sys.exit(import_module("compare").main())
