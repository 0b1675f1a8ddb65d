"""Processes that are started look for modules where this one does, and find there the work of these tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
