//! Activation functions of networks, and dropout. They act element by element.

mod celu;
mod dropout;
mod elu;
mod gelu;
mod gelu_tanh;
mod hardsigmoid;
mod hardtanh;
mod leaky_relu;
mod log_sigmoid;
mod mish;
mod relu;
mod selu;
mod sigmoid;
mod silu;
mod softplus;
mod softsign;

family! {
    // file      operations    compositions what users write
    celu:        [Celu]        [] [CeluExt]
    dropout:     [Dropout]     [] [DropoutExt]
    elu:         [Elu]         [] [EluExt]
    gelu:        [Gelu]        [] [GeluExt]
    gelu_tanh:   [GeluTanh]    [] [GeluTanhExt]
    hardsigmoid: [HardSigmoid] [] [HardSigmoidExt]
    hardtanh:    [HardTanh]    [] [HardTanhExt]
    leaky_relu:  [LeakyRelu]   [] [LeakyReluExt]
    log_sigmoid: [LogSigmoid]  [] [LogSigmoidExt]
    mish:        [Mish]        [] [MishExt]
    relu:        [Relu]        [] [ReluExt]
    selu:        [Selu]        [] [SeluExt]
    sigmoid:     [Sigmoid]     [] [SigmoidExt]
    silu:        [Silu]        [] [SiluExt]
    softplus:    [Softplus ScaledSoftplus] [SoftplusWith] [SoftplusExt]
    softsign:    [Softsign]    [] [SoftsignExt]
}
