"""Named sets as their makers publish them: a reader of each form, and the one verified folder that is made of them."""
