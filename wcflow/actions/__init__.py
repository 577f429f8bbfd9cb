"""What workflow steps can do: one module per action. ``registry`` lists them."""
