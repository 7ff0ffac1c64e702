"""Budgets on the control plane: what is spent of each (`reader`), what it will be at the period's end (`forecast`), and
what people are told (`messages`). `jobs/watch_budgets.py` looks at them each minute."""
