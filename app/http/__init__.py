"""What all requests share, whichever view answers them."""
