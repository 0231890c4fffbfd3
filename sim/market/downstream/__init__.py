"""Firms that buy tokens and sell software: how they get tokens, what they ask, and who of their customers stays."""
