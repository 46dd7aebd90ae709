"""Near maturity (临期): how a loan note that falls due will end. The unit is the loan note, the answer a probability an end."""
