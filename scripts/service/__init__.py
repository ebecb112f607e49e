"""The service: photos in over HTTP, grades out."""
