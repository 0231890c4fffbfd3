"""The study ``inference_share``: when labs spend more on serving models than on training them."""
