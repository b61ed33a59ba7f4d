"""What runs jobs, and the recipe for each kind."""
