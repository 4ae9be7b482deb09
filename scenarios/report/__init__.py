"""A run told in words and drawn: account, pictures, report.html."""
