"""The rule language: conditions, attributes, triggers, steps and workflows. Pure functions of data."""
