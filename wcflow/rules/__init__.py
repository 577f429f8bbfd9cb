"""What may be asked of a customer and done for them. Pure: data in, data out."""
