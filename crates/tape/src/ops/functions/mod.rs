//! The elementary and the special functions of numbers, element by element.

mod acos;
mod acosh;
mod asin;
mod asinh;
mod atan;
mod atan2;
mod atanh;
mod cos;
mod cosh;
mod digamma;
mod erf;
mod erfc;
mod erfinv;
mod exp;
mod exp2;
mod expm1;
mod formula;
mod lgamma;
mod ln;
mod log10;
mod log1p;
mod log2;
mod logit;
mod polygamma;
mod sin;
mod sinh;
mod tan;
mod tanh;
mod xlogy;

family! {
    // file    operations  compositions what users write
    acos:      [Acos]      [] [AcosExt]
    acosh:     [Acosh]     [] [AcoshExt]
    asin:      [Asin]      [] [AsinExt]
    asinh:     [Asinh]     [] [AsinhExt]
    atan:      [Atan]      [] [AtanExt]
    atan2:     [Atan2]     [] [Atan2Ext]
    atanh:     [Atanh]     [] [AtanhExt]
    cos:       [Cos]       [] [CosExt]
    cosh:      [Cosh]      [] [CoshExt]
    digamma:   [Digamma]   [] [DigammaExt]
    erf:       [Erf]       [] [ErfExt]
    erfc:      [Erfc]      [] [ErfcExt]
    erfinv:    [Erfinv]    [] [ErfinvExt]
    exp:       [Exp]       [] [ExpExt]
    exp2:      [Exp2]      [] [Exp2Ext]
    expm1:     [Expm1]     [] [Expm1Ext]
    lgamma:    [Lgamma]    [] [LgammaExt]
    ln:        [Ln]        [] [LnExt]
    log10:     [Log10]     [] [Log10Ext]
    log1p:     [Log1p]     [] [Log1pExt]
    log2:      [Log2]      [] [Log2Ext]
    logit:     [Logit]     [] [LogitExt]
    polygamma: [Polygamma] [] [PolygammaExt]
    sin:       [Sin]       [] [SinExt]
    sinh:      [Sinh]      [] [SinhExt]
    tan:       [Tan]       [] [TanExt]
    tanh:      [Tanh]      [] [TanhExt]
    xlogy:     [Xlogy]     [] [XlogyExt]
}
