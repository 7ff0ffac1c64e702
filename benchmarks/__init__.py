"""What a call costs: one command (`make bench`), raw JSON kept in `results/`, tables drawn from it, a budget enforced.

`load.py` is the load generator, `rig.py` starts what is measured, `machine.py` reads the machine's own accounts,
`scenarios/` has one file a question, `budget.py` the limits. One more scenario: one file, one line in
`scenarios/__init__.py`. One more rival: one file in `rivals/`.
"""
