"""Whether two versions of the product do the same: both play the same inputs, and what each left is compared row by row."""
