"""The stored bytes."""
