//! Arithmetic, powers, roots and rounding of numbers, element by element.

mod abs;
mod add;
mod cbrt;
mod ceil;
mod chain;
mod clamp;
mod div;
mod floor;
mod fmod;
mod hypot;
mod lerp;
mod maximum;
mod minimum;
mod mul;
mod mul_add;
mod nan_to_num;
mod neg;
mod pow;
mod powf;
mod powi;
mod reciprocal;
mod remainder;
mod round;
mod rsqrt;
mod sign;
mod sqrt;
mod square;
mod stop_gradient;
mod sub;
mod trunc;

family! {
    // file        operations     compositions what users write
    abs:           [Abs]          [] [AbsExt]
    add:           [Add]          [] []
    cbrt:          [Cbrt]         [] [CbrtExt]
    ceil:          [Ceil]         [] [CeilExt]
    chain:         [Chain]        [] []
    clamp:         [Clamp]        [] [ClampExt]
    div:           [Div]          [] []
    floor:         [Floor]        [] [FloorExt]
    fmod:          [Fmod]         [] [FmodExt]
    hypot:         [Hypot]        [] [HypotExt]
    lerp:          [Lerp]         [] [LerpExt]
    maximum:       [Maximum]      [] [MaximumExt]
    minimum:       [Minimum]      [] [MinimumExt]
    mul:           [Mul]          [] []
    mul_add:       [MulAdd]       [] [MulAddExt]
    nan_to_num:    [NanToNum]     [] [NanToNumExt]
    neg:           [Neg]          [] []
    pow:           [Pow]          [] [PowExt]
    powf:          [Powf]         [] [PowfExt]
    powi:          [Powi]         [] [PowiExt]
    reciprocal:    [Reciprocal]   [] [ReciprocalExt]
    remainder:     [Remainder]    [] [RemainderExt]
    round:         [Round]        [] [RoundExt]
    rsqrt:         [Rsqrt]        [] [RsqrtExt]
    sign:          [Sign]         [] [SignExt]
    sqrt:          [Sqrt]         [] [SqrtExt]
    square:        [Square]       [] [SquareExt]
    stop_gradient: [StopGradient] [] [StopGradientExt]
    sub:           [Sub]          [] []
    trunc:         [Trunc]        [] [TruncExt]
}
