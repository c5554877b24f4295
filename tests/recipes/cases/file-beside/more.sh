depends=(from-more)
