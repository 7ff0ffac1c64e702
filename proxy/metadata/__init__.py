"""What people set: organisations, keys, prompts, rules, alerts. SQLite on one machine, PostgreSQL on many.

May be imported by the control plane only; imports `core` only. It is empty until the first thing is set by people
rather than by files: its tables and migrations go here.
"""
