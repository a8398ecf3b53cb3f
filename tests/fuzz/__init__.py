"""Damaged and hostile files for everything that reads files: ``make fuzz``."""
