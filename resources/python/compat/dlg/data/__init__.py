"""Data drops."""
