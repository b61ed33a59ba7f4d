"""What a picture is: formats, sizes, names, where it was found, and its thumbnail."""
