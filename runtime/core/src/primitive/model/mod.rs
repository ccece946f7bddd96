//! What do the primitives do under loom?
