"""Plain data that every layer speaks: no driver, no framework, no input or output."""
