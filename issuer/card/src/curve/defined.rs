//! Curves of RFC 5639 and FIPS 186 that have no released crate of this generation: their parameters,
//! over the field and point arithmetic of `primefield` and `primeorder`, which the other curves use
//! as well. No arithmetic is written here.

/// Defines one curve in a module of its own. Numbers are hexadecimal, as wide as `uint`.
macro_rules! curve {
    (
        $name:ident, $module:ident, $doc:literal, uint: $uint:ident, octets: $octets:ident,
        p: $p:literal, non_residue_p: $gp:literal, n: $n:literal, non_residue_n: $gn:literal,
        a: $a:literal, b: $b:literal, x: $x:literal, y: $y:literal
    ) => {
        mod $module {
            mod field {
                use elliptic_curve::bigint::$uint;
                use elliptic_curve::ff::PrimeField;
                use elliptic_curve::subtle::{Choice, ConstantTimeEq, CtOption};

                primefield::monty_field_params! {
                    name: FieldParams,
                    modulus: $p,
                    uint: $uint,
                    byte_order: primefield::ByteOrder::BigEndian,
                    multiplicative_generator: $gp,
                    doc: "Montgomery parameters of the field"
                }
                primefield::monty_field_element! {
                    name: FieldElement,
                    params: FieldParams,
                    uint: $uint,
                    doc: "Element of the field"
                }
                primefield::monty_field_arithmetic! {
                    name: FieldElement,
                    params: FieldParams,
                    uint: $uint
                }
                impl elliptic_curve::ops::BatchInvert for FieldElement {}
            }

            mod scalar {
                use super::$name;
                use elliptic_curve::bigint::$uint;
                use elliptic_curve::ff::PrimeField;
                use elliptic_curve::scalar::{FromUintUnchecked, IsHigh};
                use elliptic_curve::subtle::{
                    Choice, ConstantTimeEq, ConstantTimeGreater, CtOption,
                };

                primefield::monty_field_params! {
                    name: ScalarParams,
                    modulus: $n,
                    uint: $uint,
                    byte_order: primefield::ByteOrder::BigEndian,
                    multiplicative_generator: $gn,
                    doc: "Montgomery parameters of the scalars"
                }
                primefield::monty_field_element! {
                    name: Scalar,
                    params: ScalarParams,
                    uint: $uint,
                    doc: "Scalar modulo the group order"
                }
                primefield::monty_field_arithmetic! {
                    name: Scalar,
                    params: ScalarParams,
                    uint: $uint
                }
                impl elliptic_curve::ops::Reduce<$uint> for Scalar {
                    fn reduce(wide: &$uint) -> Self {
                        // Conversion into Montgomery form reduces.
                        Self::from_uint_unchecked(*wide)
                    }
                }
                impl elliptic_curve::ops::Reduce<elliptic_curve::FieldBytes<$name>> for Scalar {
                    fn reduce(octets: &elliptic_curve::FieldBytes<$name>) -> Self {
                        Self::reduce(&<$uint>::from_be_slice_truncated(octets, Self::NUM_BITS))
                    }
                }
                elliptic_curve::scalar_impls!($name, Scalar);
                primeorder::wnaf::impl_wnaf_size_for_scalar!(Scalar);

                impl AsRef<Scalar> for Scalar {
                    fn as_ref(&self) -> &Scalar {
                        self
                    }
                }

                impl FromUintUnchecked for Scalar {
                    type Uint = $uint;
                    fn from_uint_unchecked(uint: Self::Uint) -> Self {
                        Self::from_uint_unchecked(uint)
                    }
                }

                impl IsHigh for Scalar {
                    fn is_high(&self) -> Choice {
                        const HALF: $uint = super::ORDER.as_ref().shr_vartime(1);
                        self.to_canonical().ct_gt(&HALF)
                    }
                }
            }

            use elliptic_curve::bigint::{Odd, $uint};
            use field::FieldElement;
            use primeorder::{PrimeCurveParams, mul_backend, point_arithmetic};
            use scalar::Scalar;

            const ORDER: Odd<$uint> = Odd::<$uint>::from_be_hex($n);

            #[doc = $doc]
            #[derive(Copy, Clone, Debug, Default, Eq, PartialEq, PartialOrd, Ord)]
            pub struct $name;

            impl elliptic_curve::Curve for $name {
                type FieldBytesSize = elliptic_curve::consts::$octets;
                type Uint = $uint;
                const ORDER: Odd<$uint> = ORDER;
            }
            impl elliptic_curve::PrimeCurve for $name {}
            impl elliptic_curve::point::PointCompression for $name {
                const COMPRESS_POINTS: bool = false;
            }
            impl elliptic_curve::CurveArithmetic for $name {
                type AffinePoint = primeorder::AffinePoint<Self>;
                type ProjectivePoint = primeorder::ProjectivePoint<Self>;
                type Scalar = Scalar;
            }
            impl elliptic_curve::hazmat::FieldArithmetic for $name {
                type FieldElement = FieldElement;
            }
            impl elliptic_curve::PrimeCurveArithmetic for $name {
                type CurveGroup = primeorder::ProjectivePoint<Self>;
            }
            impl PrimeCurveParams for $name {
                type PointArithmetic = point_arithmetic::EquationAIsGeneric;
                type Backend = mul_backend::VariableOnly;
                const EQUATION_A: FieldElement =
                    FieldElement::from_uint_unchecked(<$uint>::from_be_hex($a));
                const EQUATION_B: FieldElement =
                    FieldElement::from_uint_unchecked(<$uint>::from_be_hex($b));
                const GENERATOR: (FieldElement, FieldElement) = (
                    FieldElement::from_uint_unchecked(<$uint>::from_be_hex($x)),
                    FieldElement::from_uint_unchecked(<$uint>::from_be_hex($y)),
                );
            }
            impl ecdsa::EcdsaCurve for $name {
                const NORMALIZE_S: bool = false;
            }
        }
        pub(crate) use $module::$name;
    };
}

curve! {
    P224, p224, "secp224r1 (FIPS 186-4 D.1.2.2).", uint: U256, octets: U28,
    p: "00000000ffffffffffffffffffffffffffffffff000000000000000000000001", non_residue_p: 11,
    n: "00000000ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d", non_residue_n: 2,
    a: "00000000fffffffffffffffffffffffffffffffefffffffffffffffffffffffe",
    b: "00000000b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
    x: "00000000b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
    y: "00000000bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34"
}

curve! {
    Brainpool224, brainpool224, "brainpoolP224r1 (RFC 5639 §3.3).", uint: U256, octets: U28,
    p: "00000000d7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0ff", non_residue_p: 3,
    n: "00000000d7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f", non_residue_n: 3,
    a: "0000000068a5e62ca9ce6c1c299803a6c1530b514e182ad8b0042a59cad29f43",
    b: "000000002580f63ccfe44138870713b1a92369e33e2135d266dbb372386c400b",
    x: "000000000d9029ad2c7e5cf4340823b2a87dc68c9e4ce3174c1e6efdee12c07d",
    y: "0000000058aa56f772c0726f24c6b89e4ecdac24354b9e99caa3f6d3761402cd"
}

curve! {
    Brainpool320, brainpool320, "brainpoolP320r1 (RFC 5639 §3.5).", uint: U384, octets: U40,
    p: "0000000000000000d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27", non_residue_p: 5,
    n: "0000000000000000d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311", non_residue_n: 3,
    a: "00000000000000003ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4",
    b: "0000000000000000520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6",
    x: "000000000000000043bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611",
    y: "000000000000000014fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7d35245d1692e8ee1"
}

curve! {
    Brainpool512, brainpool512, "brainpoolP512r1 (RFC 5639 §3.7).", uint: U512, octets: U64,
    p: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3", non_residue_p: 2,
    n: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069", non_residue_n: 7,
    a: "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
    b: "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
    x: "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
    y: "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892"
}
