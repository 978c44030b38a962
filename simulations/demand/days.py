"""Which days can be generated."""

import datetime as dt

DEFAULT_DATE = dt.date(2026, 6, 3)  # a Wednesday
MAX_SEED = 2**63 - 1
