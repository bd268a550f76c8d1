//! Certificates element by element: nothing may stand where nothing is expected, and bounds hold to the last byte.

use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::KeyType;
use tessera_verifier::x509::{TrustAnchor, validate};

use crate::code;
use crate::keys::Signer;
use crate::maker::{
    Template, alternative_names, basic_constraints, element, extension, name, sequence,
    signature_algorithm,
};
use crate::x509::{Family, ISSUER, POLICY, after, chain_of};

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: [u8; 2] = [5, 0];

/// DER as a tree; the value of an extension counts as constructed.
#[derive(Clone)]
enum Node {
    Plain(u8, Vec<u8>),
    Made(u8, Vec<Node>),
}

impl Node {
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let [tag, length, rest @ ..] = *bytes else {
            return None;
        };
        let (length, rest) = match (*length, rest) {
            (0x82, [high, low, rest @ ..]) => {
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            (0x81, [length, rest @ ..]) => (usize::from(*length), rest),
            (length, rest) => (usize::from(length), rest),
        };
        let (content, rest) = rest.split_at_checked(length)?;
        *bytes = rest;
        if tag & 0x20 != 0 || *tag == OCTET_STRING {
            Some(Self::Made(*tag, Self::all(content)?))
        } else {
            Some(Self::Plain(*tag, content.to_vec()))
        }
    }

    fn all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut nodes = Vec::new();
        while !bytes.is_empty() {
            nodes.push(Self::read(&mut bytes)?);
        }
        Some(nodes)
    }

    fn write(&self) -> Vec<u8> {
        match self {
            Self::Plain(tag, content) => element(*tag, &[content]),
            Self::Made(tag, nodes) => {
                let parts: Vec<Vec<u8>> = nodes.iter().map(Self::write).collect();
                element(*tag, &[&parts.concat()])
            }
        }
    }

    /// This tree once for each constructed node, with a NULL more at that node's end.
    fn with_one_more(&self) -> Vec<Self> {
        let Self::Made(tag, nodes) = self else {
            return Vec::new();
        };
        let null = || Self::Plain(NULL[0], Vec::new());
        let mut all = vec![Self::Made(*tag, [&nodes[..], &[null()]].concat())];
        for (at, node) in nodes.iter().enumerate() {
            for changed in node.with_one_more() {
                let mut nodes = nodes.clone();
                nodes[at] = changed;
                all.push(Self::Made(*tag, nodes));
            }
        }
        all
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::Made(_, nodes) => nodes,
            Self::Plain(..) => &[],
        }
    }
}

/// A certificate over `tbs`, whose algorithm it repeats, by this key.
fn signed(tbs: &Node, signer: &Signer) -> Vec<u8> {
    let content = tbs.write();
    let signature = signer.sign(&content).unwrap();
    let (r, s) = signature.split_at(signature.len() / 2);
    let number = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap();
        let sign: &[u8] = if bytes[start] >= 0x80 { &[0] } else { &[] };
        element(2, &[sign, &bytes[start..]])
    };
    let value = sequence(&[&number(r), &number(s)]);
    sequence(&[
        &content,
        &tbs.parts()[2].write(),
        &element(BIT_STRING, &[&[0], &value]),
    ])
}

fn tbs_of(der: &[u8]) -> Node {
    Node::read(&mut &*der).unwrap().parts()[0].clone()
}

fn verdict(family: &Family, chain: &[Vec<u8>]) -> Result<(), &'static str> {
    let anchor = code(TrustAnchor::from_certificate(&family.root()))?;
    code(validate(chain, &[anchor], &POLICY).map(|_| ()))
}

/// Names are compared as they stand, and a list of names may have kinds that mean nothing here; all else ends where it
/// should.
#[test]
fn nothing_may_follow_in_any_element() {
    const NAMES: [usize; 2] = [3, 5];
    let family = Family::new(KeyType::P256);
    let [leaf, authority] = <[Vec<u8>; 2]>::try_from(family.chain()).unwrap();
    let (leaf, authority) = (tbs_of(&leaf), tbs_of(&authority));
    let chain = |leaf: &Node, authority: &Node| {
        vec![
            signed(leaf, &family.authority),
            signed(authority, &family.root),
        ]
    };
    assert_eq!(verdict(&family, &chain(&leaf, &authority)), Ok(()));
    for (is_leaf, tbs) in [(true, &leaf), (false, &authority)] {
        let mut accepted = 0;
        let mut refused = 0;
        for changed in tbs.with_one_more() {
            let same = |at: usize| tbs.parts()[at].write() == changed.parts()[at].write();
            if !NAMES.iter().all(|at| same(*at)) {
                continue;
            }
            let chain = match is_leaf {
                true => chain(&changed, &authority),
                false => chain(&leaf, &changed),
            };
            match verdict(&family, &chain) {
                Ok(()) => accepted += 1,
                Err(code) => {
                    assert_eq!(code, "malformed");
                    refused += 1;
                }
            }
        }
        // The list of alternative names.
        assert_eq!(accepted, usize::from(is_leaf));
        assert!(refused >= 12, "{refused}");
    }
}

#[test]
fn nothing_may_follow_in_a_certificate_or_a_signature() {
    let family = Family::new(KeyType::P256);
    let [leaf, authority] = <[Vec<u8>; 2]>::try_from(family.chain()).unwrap();
    let whole = Node::read(&mut &*leaf).unwrap();
    let [tbs, algorithm, Node::Plain(BIT_STRING, value)] = whole.parts() else {
        unreachable!("a certificate has three parts")
    };
    let judged = |parts: &[Vec<u8>]| {
        let leaf = element(SEQUENCE, &[&parts.concat()]);
        verdict(&family, &[leaf, authority.clone()])
    };
    let [tbs, algorithm] = [tbs, algorithm].map(Node::write);
    let bits = |value: &[u8]| element(BIT_STRING, &[value]);
    let [head, der @ ..] = value.as_slice() else {
        unreachable!("whole octets")
    };
    assert_eq!(*head, 0);
    assert_eq!(
        judged(&[tbs.clone(), algorithm.clone(), bits(value)]),
        Ok(())
    );
    let malformed = Err("malformed");
    let null = NULL.to_vec();
    assert_eq!(
        judged(&[tbs.clone(), algorithm.clone(), bits(value), null.clone()]),
        malformed
    );
    let after = bits(&[&[0], der, &NULL].concat());
    assert_eq!(judged(&[tbs.clone(), algorithm.clone(), after]), malformed);
    let within = match Node::read(&mut &*der).unwrap() {
        Node::Made(tag, parts) => Node::Made(
            tag,
            [&parts[..], &[Node::Plain(NULL[0], Vec::new())]].concat(),
        ),
        plain => plain,
    };
    let within = bits(&[&[0], &within.write()[..]].concat());
    assert_eq!(judged(&[tbs.clone(), algorithm.clone(), within]), malformed);
    let unused = bits(&[&[1], der].concat());
    assert_eq!(judged(&[tbs, algorithm, unused]), malformed);
}

/// A key makes signatures with the algorithm of its kind alone, whatever the certificate says.
#[test]
fn the_algorithm_is_that_of_the_key_above() {
    let family = Family::new(KeyType::P256);
    let chain = family.chain();
    let Node::Made(tag, mut parts) = tbs_of(&chain[0]) else {
        unreachable!("constructed")
    };
    parts[2] = Node::read(&mut &*signature_algorithm(KeyType::P384)).unwrap();
    let leaf = signed(&Node::Made(tag, parts), &family.authority);
    assert_eq!(
        verdict(&family, &[leaf, chain[1].clone()]),
        Err("unsupported_algorithm")
    );
}

#[test]
fn bounds_are_exact() {
    let family = Family::new(KeyType::P256);
    let chain = family.chain();
    let of = |count: usize| verdict(&family, &vec![chain[0].clone(); count]);
    assert_eq!(of(8), Err("issuer_untrusted"));
    assert_eq!(of(9), Err("too_large"));
    let bytes = |count: usize| verdict(&family, &[vec![SEQUENCE; count], chain[1].clone()]);
    assert_eq!(bytes(16 * 1024), Err("malformed"));
    assert_eq!(bytes(16 * 1024 + 1), Err("too_large"));
    let extensions = |count: u8| {
        let more = (0..count).map(|index| extension(&[0x2a, index], false, &NULL));
        after(|family| family.leaf_says.extensions = more.collect())
    };
    assert_eq!(extensions(32), Ok(()));
    assert_eq!(extensions(33), Err("too_large"));
    let names = |count: usize| {
        let names = vec!["https://a.example"; count];
        after(|family| family.leaf_says.extensions = vec![alternative_names(&names, &[])])
    };
    assert_eq!(names(64), Ok(()));
    assert_eq!(names(65), Err("too_large"));
    let serial =
        |count: usize| after(|family| family.leaf_says.serial = element(2, &[&vec![1; count]]));
    assert_eq!(serial(20), Ok(()));
    assert_eq!(serial(21), Err("malformed"));
}

#[test]
fn extensions_that_mean_nothing_here_and_those_of_another_form() {
    let with = |more: Vec<u8>| after(|family| family.leaf_says.extensions.push(more));
    // Policies and identifiers of keys, even where they are critical.
    for id in [32, 14, 35] {
        assert_eq!(
            with(extension(&[0x55, 0x1d, id], true, &NULL)),
            Ok(()),
            "{id}"
        );
    }
    let usage = |bits: &[u8]| {
        let usage = extension(&[0x55, 0x1d, 15], true, &element(BIT_STRING, &[bits]));
        after(|family| family.leaf_says.extensions[0] = usage)
    };
    assert_eq!(usage(&[7, 0x80]), Ok(()));
    assert_eq!(usage(&[7, 0x80, 0x80]), Ok(()));
    assert_eq!(usage(&[7, 0x80, 0, 0x80]), Err("malformed"));
    assert_eq!(usage(&[8, 0x80]), Err("malformed"));
    assert_eq!(usage(&[0]), Err("malformed"));
    // A name whose tag takes more than one octet.
    let names = sequence(&[&element(0x9f, &[&[0x81, 0]])]);
    assert_eq!(
        after(|family| family.leaf_says.extensions[1] = extension(&[0x55, 0x1d, 17], false, &names)),
        Err("malformed")
    );
}

/// The anchor is the caller's: sent along, it is not one authority more.
#[test]
fn an_anchor_sent_along_does_not_count() {
    let mut family = Family::new(KeyType::P256);
    family.root_says.extensions[0] = basic_constraints(true, Some(1));
    let root = family.root();
    let anchors = [TrustAnchor::from_certificate(&root).unwrap()];
    let with = |chain: &[Vec<u8>]| code(validate(chain, &anchors, &POLICY).map(|_| ()));
    let with_root = [family.chain(), vec![root.clone()]].concat();
    assert_eq!(with(&with_root), Ok(()));
    // Another certificate of the same root does.
    let with_another = [family.chain(), vec![family.root()]].concat();
    assert_eq!(with(&with_another), Err("issuer_untrusted"));
    // Nor is it a leaf.
    assert_eq!(with(&[root]), Err("issuer_untrusted"));
    // Another authority of the same names, by the root's key, is one more.
    let second = Signer::fresh(KeyType::P256);
    let middle = Template::new("root", "middle", &[basic_constraints(true, None)]);
    let mut below = family.authority_says.clone();
    below.issuer = name("middle");
    let chain = [
        family.leaf_says.sign(&family.leaf, &family.authority),
        below.sign(&family.authority, &second),
        middle.sign(&second, &family.root),
    ];
    assert_eq!(verdict(&family, &chain), Err("issuer_untrusted"));
    family.root_says.extensions[0] = basic_constraints(true, Some(2));
    assert_eq!(verdict(&family, &chain), Ok(()));
}

#[test]
fn a_port_is_of_digits() {
    let chain = chain_of(&[ISSUER], &["b.example"]);
    assert!(chain.speaks_for("https://b.example:443/x"));
    for iss in [
        "https://b.example:x",
        "https://b.example:44a/",
        "https://b.example:-1",
    ] {
        assert!(!chain.speaks_for(iss), "{iss}");
    }
}
