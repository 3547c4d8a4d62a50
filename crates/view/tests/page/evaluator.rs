//! The page's own evaluator against the engine, operation by operation.
