"""What is kept about people, and that it goes when they ask."""
