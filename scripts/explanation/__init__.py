"""What the leading model goes by: photos that are explained, and parts of them hidden."""
