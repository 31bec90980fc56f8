"""What is done to unlabeled images: erasing parts of them, mixing pairs of them."""
