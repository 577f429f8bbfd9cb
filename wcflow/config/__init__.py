"""From INI files to a configuration, or to every problem in them."""
