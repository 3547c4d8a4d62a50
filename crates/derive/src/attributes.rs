//! What attributes and types say: what is skipped, the float type, where the crate is.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Error, Field, Fields, TypeParam, TypeParamBound};

/// What is said of the type.
pub(crate) struct Options {
    pub(crate) float: TokenStream,
    /// The path of `wengert_nn`.
    pub(crate) nn: TokenStream,
}

impl Options {
    pub(crate) fn of(input: &DeriveInput) -> Result<Self, Error> {
        let (mut float, mut nn) = (None, None);
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("parameters")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("float") {
                    float = Some(meta.value()?.parse::<syn::Type>()?.into_token_stream());
                    Ok(())
                } else if meta.path.is_ident("crate") {
                    nn = Some(meta.value()?.parse::<syn::Path>()?.into_token_stream());
                    Ok(())
                } else {
                    Err(meta
                        .error("parameters: of a type `float = ..` and `crate = ..` are known; `skip` is of a field"))
                }
            })?;
        }
        let float = match float {
            Some(float) => float,
            None => float_of(input)?,
        };
        Ok(Options { float, nn: nn.unwrap_or_else(path_of_nn) })
    }
}

/// Whether a field holds no parameters.
pub(crate) fn is_skipped(field: &Field) -> Result<bool, Error> {
    let mut skipped = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("parameters")) {
        attribute.parse_nested_meta(|meta| match meta.path.is_ident("skip") {
            true => {
                skipped = true;
                Ok(())
            }
            false => Err(meta.error("parameters: of a field `skip` is known")),
        })?;
    }
    Ok(skipped)
}

/// Whether a type parameter is a float type.
pub(crate) fn is_float(parameter: &TypeParam) -> bool {
    parameter.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| last.ident == "Float"),
        _ => false,
    })
}

/// The float type that the type's own parameters or fields name.
fn float_of(input: &DeriveInput) -> Result<TokenStream, Error> {
    if let Some(parameter) = input.generics.type_params().find(|parameter| is_float(parameter)) {
        return Ok(parameter.ident.to_token_stream());
    }
    let fields: Vec<&Fields> = match &input.data {
        Data::Struct(data) => vec![&data.fields],
        Data::Enum(data) => data.variants.iter().map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    for field in fields.into_iter().flatten() {
        if !is_skipped(field)? && names(&field.ty, "f64") {
            return Ok(quote!(f64));
        }
    }
    Ok(quote!(f32))
}

/// Whether a type has this name in it.
pub(crate) fn names(ty: &syn::Type, name: &str) -> bool {
    fn any(tokens: TokenStream, name: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => any(group.stream(), name),
            TokenTree::Ident(ident) => ident == name,
            _ => false,
        })
    }
    any(ty.to_token_stream(), name)
}

/// A package that has `wengert-nn` itself among its dependencies is of `wengert_nn`; any other has it in `wengert`.
fn path_of_nn() -> TokenStream {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .and_then(|folder| std::fs::read_to_string(Path::new(&folder).join("Cargo.toml")).ok());
    let direct = |line: &str| line.starts_with("wengert-nn") || line.contains("dependencies.wengert-nn]");
    let is_nn = std::env::var("CARGO_PKG_NAME").is_ok_and(|name| name == "wengert-nn");
    match is_nn || manifest.is_some_and(|text| text.lines().any(|line| direct(line.trim_start()))) {
        true => quote!(::wengert_nn),
        false => quote!(::wengert::nn),
    }
}
