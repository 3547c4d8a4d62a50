//! Every method by its name: what PyTorch and JAX say of it, and which line an error, a graph and a report name. The tables
//! here are the only place beside an operation's own that must know it.

mod calls;
mod lines;
mod reference;
