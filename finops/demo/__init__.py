"""The demonstration: real captures laid over three weeks of hours, as a company would have left them."""
