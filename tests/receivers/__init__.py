"""The receivers of docs/guides/feeds.md as they stand there, to be run with the reference libraries."""
