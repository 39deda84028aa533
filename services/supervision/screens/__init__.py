"""What the console's pages say: pure functions from rows to words. Nothing here reads, waits or knows HTTP."""
