license=(from-again)
