"""An image downloader as a service: the images of a page in one zip, an image as a stored copy."""
