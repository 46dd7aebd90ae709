"""The invented bank: a seeded city, its firms, its bank, and the files such a bank would hand over."""
