"""Figures of the dashboard in a headless Chromium."""
