"""What people may ask for: to be erased, to have everything handed out; and how long things are kept."""
