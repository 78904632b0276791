"""The sandboxed reader of files."""
