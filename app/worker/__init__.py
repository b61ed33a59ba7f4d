"""What runs jobs, and the handler of each kind."""
