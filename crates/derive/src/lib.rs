//! `#[derive(Parameters)]`: the two walks over a model from its fields.

mod attributes;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, parse_macro_input};

use attributes::{Options, is_skipped};

/// Implements `Parameters` of `wengert`: every field is walked over, in order, under its own name; that of a tuple under its
/// position.
///
/// | attribute | of | meaning |
/// | --- | --- | --- |
/// | `#[parameters(skip)]` | a field | it holds no parameters |
/// | `#[parameters(float = f64)]` | the type | the float type of the model |
/// | `#[parameters(crate = path)]` | the type | where `wengert_nn` is, if it has another name |
///
/// Where the float type is not said it is the type parameter that is a `Float`, else `f64` if a field's type names that, else
/// `f32`. Of an enum the fields of the variant are walked over.
#[proc_macro_derive(Parameters, attributes(parameters))]
pub fn parameters(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let Options { float, nn } = Options::of(input)?;
    let variants: Vec<(TokenStream, &Fields)> = match &input.data {
        Data::Struct(data) => vec![(quote!(Self), &data.fields)],
        Data::Enum(data) if data.variants.is_empty() => {
            return Err(Error::new(input.span(), "parameters: an enum without variants has none"));
        }
        Data::Enum(data) => {
            let variant = |variant: &syn::Variant| {
                let name = &variant.ident;
                quote!(Self::#name)
            };
            data.variants.iter().map(|v| (variant(v), &v.fields)).collect()
        }
        Data::Union(_) => {
            let message =
                "parameters: which field of a union holds the parameters is not known; use a struct or an enum";
            return Err(Error::new(input.span(), message));
        }
    };
    let walks = variants.iter().map(|(path, fields)| Walk::of(path, fields)).collect::<Result<Vec<_>, _>>()?;
    let arms = walks.iter().map(|walk| walk.arm(&nn, &float, "visit"));
    let arms_mut = walks.iter().map(|walk| walk.arm(&nn, &float, "visit_mut"));
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    // What a parameter of type holds is walked over if it can be: `struct Twice<L> { first: L, second: L }`.
    let given = bounds.into_iter().flat_map(|bounds| &bounds.predicates);
    let mut bounds = quote!(where #(#given,)*);
    for parameter in input.generics.type_params().filter(|parameter| !attributes::is_float(parameter)) {
        let parameter = &parameter.ident;
        if walks.iter().any(|walk| walk.holds(parameter)) {
            bounds.extend(quote!(#parameter: #nn::Parameters<#float>,));
        }
    }
    Ok(quote! {
        #[automatically_derived]
        impl #generics #nn::Parameters<#float> for #name #arguments #bounds {
            fn visit<'wengert>(
                &'wengert self,
                at: #nn::Name<'_>,
                visit: &mut #nn::Visit<'_, 'wengert, #float>,
            ) {
                match self { #(#arms)* }
                let _ = (at, visit);
            }
            fn visit_mut<'wengert>(
                &'wengert mut self,
                at: #nn::Name<'_>,
                visit: &mut #nn::VisitMut<'_, 'wengert, #float>,
            ) {
                match self { #(#arms_mut)* }
                let _ = (at, visit);
            }
        }
    })
}

/// A struct, or a variant of an enum, and the fields that are walked over.
struct Walk<'a> {
    path: &'a TokenStream,
    fields: Vec<Field<'a>>,
}

struct Field<'a> {
    /// How a pattern binds it.
    member: syn::Member,
    bound: Ident,
    ty: &'a syn::Type,
}

impl<'a> Walk<'a> {
    fn of(path: &'a TokenStream, fields: &'a Fields) -> Result<Self, Error> {
        let mut walk = Walk { path, fields: Vec::new() };
        for (k, field) in fields.iter().enumerate() {
            if !is_skipped(field)? {
                let member = match &field.ident {
                    Some(name) => syn::Member::Named(name.clone()),
                    None => syn::Member::Unnamed(syn::Index { index: k as u32, span: field.span() }),
                };
                walk.fields.push(Field { member, bound: format_ident!("field_{k}"), ty: &field.ty });
            }
        }
        Ok(walk)
    }

    /// Whether a field is of this type parameter, or of something that has it inside.
    fn holds(&self, parameter: &Ident) -> bool {
        self.fields.iter().any(|field| attributes::names(field.ty, &parameter.to_string()))
    }

    /// The arm of the match that calls `method` on each field.
    fn arm(&self, nn: &TokenStream, float: &TokenStream, method: &str) -> TokenStream {
        let (path, method) = (self.path, Ident::new(method, Span::call_site()));
        let pattern = self.fields.iter().map(|Field { member, bound, .. }| quote!(#member: #bound));
        let calls = self.fields.iter().map(|Field { member, bound, ty }| {
            let at = match member {
                syn::Member::Named(name) => {
                    let name = name.to_string();
                    let name = name.trim_start_matches("r#");
                    quote!(at.field(#name))
                }
                syn::Member::Unnamed(index) => {
                    let position = index.index as usize;
                    quote!(at.position(#position))
                }
            };
            // At the field's type, so that the compiler's message points there.
            quote::quote_spanned!(ty.span()=> #nn::Parameters::<#float>::#method(#bound, #at, visit);)
        });
        quote!(#path { #(#pattern,)* .. } => { #(#calls)* })
    }
}
