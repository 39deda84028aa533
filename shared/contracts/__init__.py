"""What services say to each other: event classes, ids, topics and the shared vocabulary."""
