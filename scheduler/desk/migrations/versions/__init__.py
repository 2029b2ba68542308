"""One file per form of the store, each naming the one before."""
