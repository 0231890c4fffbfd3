"""The study ``deepseek_day``: a published day of a real provider, from first principles and stepped through."""
