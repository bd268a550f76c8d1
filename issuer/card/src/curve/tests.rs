#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::hex::hex;
use proptest::prelude::*;

/// The defined curves hold together: the generator lies on the curve and its order is the one given.
#[test]
fn generators_have_the_order_given() {
    fn check<C: Arithmetic>() {
        let generator = ProjectivePoint::<C>::generator();
        let minus_one = -<C as CurveArithmetic>::Scalar::ONE;
        assert!(encode::<C>(&generator).is_some_and(|octets| decode::<C>(&octets).is_some()));
        // (n − 1)·G = −G, so n·G is the point at infinity and no smaller multiple was used.
        assert!(generator * minus_one == -generator);
    }
    for (curve, _, _) in Curve::ALL {
        on_curve!(curve, C => check::<C>());
    }
}

/// X9.62 ECParameters of `C`, with the number at `changed` changed: p, a, b, the base point, n, the cofactor.
fn explicit<C: Arithmetic>(changed: usize) -> Vec<u8> {
    let octets = |element: C::FieldElement| {
        let written = element.to_repr();
        let octets: &[u8] = written.as_ref();
        octets.to_vec()
    };
    let order = C::ORDER.as_ref().to_be_bytes();
    let order: &[u8] = order.as_ref();
    let mut prime = octets(-C::FieldElement::ONE);
    *prime.last_mut().unwrap() |= 1;
    // A generator of somebody's choice, whose public keys could be anybody's (CVE-2020-0601).
    let generator = ProjectivePoint::<C>::generator();
    let base = match changed {
        3 => generator + generator,
        _ => generator,
    };
    let mut numbers = [
        prime,
        octets(C::EQUATION_A),
        octets(C::EQUATION_B),
        encode::<C>(&base).unwrap(),
        order.to_vec(),
        vec![1],
    ];
    if changed != 3
        && let Some(number) = numbers.get_mut(changed)
    {
        *number.last_mut().unwrap() ^= 2;
    }
    let [prime, a, b, base, order, cofactor] = numbers;
    let object = |tag, value: &[u8]| tlv::encode(tag, value).unwrap();
    let integer = |number: &[u8]| object(2, &[&[0], trimmed(number)].concat());
    let field = [object(6, PRIME_FIELD.as_bytes()), integer(&prime)].concat();
    let equation = [object(4, &a), object(4, &b)].concat();
    let fields = [
        object(2, &[1]),
        object(0x30, &field),
        object(0x30, &equation),
        object(4, &base),
        integer(&order),
        object(2, &cofactor),
    ];
    object(0x30, &fields.concat())
}

/// Doc 9303-12 §4.4.1: explicit parameters, each number of which has to be the known curve's.
#[test]
fn explicit_parameters_are_those_of_a_known_curve() {
    for (curve, _, _) in Curve::ALL {
        let known = on_curve!(curve, C => explicit::<C>(6));
        assert_eq!(Curve::from_parameters(&known), Ok(curve));
        for changed in 0..6 {
            let other = on_curve!(curve, C => explicit::<C>(changed));
            let refused = Curve::from_parameters(&other).map_err(|error| error.code());
            assert_eq!(refused, Err("unsupported_algorithm"), "{curve:?} {changed}");
        }
    }
}

/// RFC 6979 §A.2.5, A.2.6, A.2.7: signatures of "sample" with SHA-256, SHA-384 and SHA-512.
#[test]
fn signatures_of_rfc_6979() {
    use crate::algorithms::DigestAlgorithm::{Sha256, Sha384, Sha512};
    for (curve, digest, point, r, s) in [
        (
            Curve::P256,
            Sha256,
            "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            Curve::P384,
            Sha384,
            "04EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC138015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720",
            "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
            "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
        ),
        (
            Curve::P521,
            Sha512,
            "0401894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F5023A400493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746A28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFEAA2BFDFCF5",
            "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
            "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
        ),
    ] {
        let hash = digest.digest(b"sample");
        let (point, r, s) = (hex(point), hex(r), hex(s));
        assert!(curve.verify(&point, &hash, &r, &s), "{curve:?}");
        assert!(
            !curve.verify(&point, &digest.digest(b"simple"), &r, &s),
            "{curve:?}"
        );
        assert!(!curve.verify(&point, &hash, &s, &r), "{curve:?}");
        assert!(!curve.verify(&point, &hash, &[], &s), "{curve:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn arbitrary_parameters_points_and_signatures_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..140), which in 0_usize..9) {
        let (curve, _, _) = Curve::ALL[which];
        prop_assert!(Curve::from_parameters(&bytes).is_err());
        let _ = der_signature(&bytes);
        if curve.has_point(&bytes) {
            prop_assert!(bytes.len() == 1 + curve.coordinate());
        }
        prop_assert!(!curve.verify(&bytes, &[1; 32], &bytes, &bytes));
    }
}
