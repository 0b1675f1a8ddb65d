"""``python -m recsyn``."""

import sys

from recsyn.cli.main import main

sys.exit(main())
