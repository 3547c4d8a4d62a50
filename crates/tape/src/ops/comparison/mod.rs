//! Comparisons, what is done with their outcomes, and the choice between two values by one.

mod any_over;
mod compare;
mod logical;
mod select;

family! {
    // file   operations compositions what users write
    any_over: [AnyOver] [] [AnyOverExt]
    compare:  [Compare] [] [CompareExt]
    logical:  [Logical] [] [LogicalExt]
    select:   [Select]  [] [select]
}
